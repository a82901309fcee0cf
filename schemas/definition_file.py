"""The value-stream file: YAML text to a Definition, or every problem with its line, column and a suggestion."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

import msgspec

from schemas.calendar_text import read_calendar
from schemas.definition import (
    DIALECTS,
    ROUTE_TO_LIVE,
    SELECTABLE,
    Definition,
    ServicePaths,
    Source,
    ValueStream,
    standard_map,
)
from schemas.event import UNROUTED
from schemas.mappings_text import read_mappings
from schemas.names_text import each_once, name_of
from schemas.services_text import read_services
from schemas.sources_text import read_source
from schemas.steps_text import read_steps
from schemas.targets_text import read_targets
from schemas.yaml_node import Node, read
from schemas.yaml_tree import Problem

ROOT_KEYS: Final = ("version", "sources", "mappings", "services", "value_streams")
STREAM_KEYS: Final = (
    "name", "family", "owner", "select", "calendar", "steps", "environments", "targets", "services", "cost", "dialect",
)  # fmt: skip
COST_KEYS: Final = ("per_hour", "currency")
ALL: Final = "*"
"""The selector that claims everything."""

_QUOTE: Final = "'"


class BadDefinition(ValueError):  # noqa: N818 - an expected outcome, shown to whoever wrote the file
    """The file cannot be used; `problems` says why, in the file's order."""

    def __init__(self, name: str, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda p: (p.line, p.column)))
        super().__init__("\n".join(problem.render(name) for problem in self.problems))


def load(path: Path) -> Definition:
    """Read and parse a file; see `parse`. A secret's file is named from the directory of this one on.

    Raises BadDefinition, OSError.
    """
    found = parse(path.read_bytes(), name=str(path))
    folder = path.absolute().parent
    return msgspec.structs.replace(found, sources=tuple(_from(folder, source) for source in found.sources))


def parse(source: bytes | str, name: str = "value-streams.yaml") -> Definition:
    """Parse a file's bytes (UTF-8) or text.

    Raises BadDefinition with every problem found, and nothing else whatever the source is.
    """
    root, problems = read(source)
    definition = _definition(root) if not problems else None
    if problems or definition is None:
        raise BadDefinition(name, problems)
    return definition


def _from(folder: Path, source: Source) -> Source:
    """Return a source whose secrets' files are named in full."""
    parts = (secret.partition(":") for secret in source.secrets)
    secrets = tuple(f"file:{folder / rest}" if kind == "file" else f"{kind}:{rest}" for kind, _, rest in parts)
    return msgspec.structs.replace(source, secrets=secrets)


def _definition(root: Node) -> Definition:
    fields = root.fields(ROOT_KEYS, required=("version", "value_streams"))
    version = fields.get("version")
    if version is not None and not version.says("1", plain=True):
        version.complain(f"version {version.shown().strip(_QUOTE)} is not known", "write 'version: 1'")
    services = read_services(fields.get("services"))
    source_nodes = fields["sources"].items() if "sources" in fields else []
    mappings = read_mappings(fields.get("mappings"))
    mapped = [mapping.tool for mapping in mappings if mapping.tool]
    sources = tuple(read_source(node, mapped) for node in source_nodes)
    each_once(source_nodes, [f"{s.tool}/{s.name}" if s.name else "" for s in sources], "source")
    streams = _streams(fields["value_streams"], services) if "value_streams" in fields else ()
    return Definition(version=version_of(streams), sources=sources, mappings=mappings, value_streams=streams)


def version_of(streams: tuple[ValueStream, ...]) -> str:
    """Return the version of a definition: what rows depend on, and after a `+` what numbers do besides, `0` nothing."""
    ordered = sorted(streams, key=lambda s: s.name)
    derived_from = [
        msgspec.structs.replace(stream, family=None, owner=None, targets={}, cost_per_hour=None, currency="")
        for stream in ordered
    ]
    judged_by = [
        (stream.name, stream.targets, stream.cost_per_hour, stream.currency)
        for stream in ordered
        if stream.targets or stream.cost_per_hour is not None
    ]
    return f"{_hash(derived_from)}+{_hash(judged_by)[:8] if judged_by else 0}"


def _hash(of: object) -> str:
    return hashlib.sha256(msgspec.json.encode(of, order="sorted")).hexdigest()[:12]


def _streams(node: Node, services: tuple[ServicePaths, ...]) -> tuple[ValueStream, ...]:
    nodes = node.some("no value stream", "add '- {name: default, select: [\"*\"]}'")
    streams = tuple(_stream(child, services) for child in nodes)
    each_once(nodes, [stream.name for stream in streams], "value stream")
    return streams


def _stream(node: Node, services: tuple[ServicePaths, ...]) -> ValueStream:
    fields = node.fields(STREAM_KEYS, required=("name", "select"))
    name = name_of(fields.get("name"))
    if name == UNROUTED:
        fields["name"].complain(f"'{UNROUTED}' is where unclaimed events go", "choose another name")
    environments = _environments(fields["environments"]) if "environments" in fields else ROUTE_TO_LIVE
    steps = read_steps(fields["steps"]) if "steps" in fields else standard_map(environments)
    cost = _cost(fields["cost"]) if "cost" in fields else (None, "")
    return ValueStream(
        name=name,
        family=fields["family"].text() if "family" in fields else None,
        owner=fields["owner"].text() if "owner" in fields else None,
        select=_selectors(fields["select"]) if "select" in fields else (),
        steps=steps,
        environments=environments,
        calendar=read_calendar(fields["calendar"]) if "calendar" in fields else None,
        targets=read_targets(fields["targets"], [step.name for step in steps]) if "targets" in fields else {},
        services=read_services(fields.get("services")) + services,
        cost_per_hour=cost[0],
        currency=cost[1],
        dialect=fields["dialect"].word(DIALECTS) if "dialect" in fields else DIALECTS[-1],
    )


def _cost(node: Node) -> tuple[float | None, str]:
    """Return what an hour costs, and in which currency."""
    fields = node.fields(COST_KEYS, required=COST_KEYS)
    return (
        fields["per_hour"].number() if "per_hour" in fields else None,
        fields["currency"].text() if "currency" in fields else "",
    )


def _environments(node: Node) -> tuple[str, ...]:
    nodes = node.some("no environment", f"leave 'environments' out for {', '.join(ROUTE_TO_LIVE)}")
    environments = tuple(child.text() for child in nodes)
    each_once(nodes, environments, "environment")
    return environments or ROUTE_TO_LIVE


def _selectors(node: Node) -> tuple[Mapping[str, str], ...]:
    nodes = node.some("no selector: the stream would claim nothing", '- "*" claims everything')
    return tuple(_selector(child) for child in nodes)


def _selector(node: Node) -> Mapping[str, str]:
    if node.says(ALL, plain=False):
        return {"repository": ALL}
    selector = {field: value.text() for field, value in node.fields(SELECTABLE).items()}
    if node.is_empty():
        node.complain("a selector names at least one field", f'one of {", ".join(SELECTABLE)}, or "*"')
    return selector
