"""The value-stream file: YAML text to a Definition, or every problem with its line, column and a suggestion."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

import msgspec

from schemas.calendar_text import read_calendar
from schemas.definition import (
    ROUTE_TO_LIVE,
    SELECTABLE,
    Definition,
    Rule,
    ServicePaths,
    Source,
    Step,
    ValueStream,
    standard_map,
)
from schemas.event import UNROUTED, ActorClass
from schemas.event_types import RANKED
from schemas.yaml_node import Node, Problem, nearest, read

TOOLS: Final = (
    "github", "gitlab", "gitea", "bitbucket_cloud", "bitbucket_server", "jira", "linear", "trello", "azure_devops",
    "servicenow", "jenkins", "circleci", "buildkite", "tekton", "sonarqube", "argocd", "argo_rollouts", "flux",
    "spinnaker", "launchdarkly", "pagerduty", "opsgenie", "grafana", "alertmanager", "sentry",
    "cdevents", "cloudevents",
)  # fmt: skip
"""How tools are spelled in paths, sources and events."""

RULES: Final = ("queue", "start", "finish", "returned", "blocked", "unblocked")
_STREAM_KEYS: Final = (
    "name", "family", "owner", "select", "calendar", "steps", "environments", "targets", "services",
)  # fmt: skip
_STEP_KEYS: Final = ("name", "status", "value_adding", *RULES)
_SOURCE_KEYS: Final = ("tool", "name", "secret", "secrets", "insecure", "rate_per_second", "environments")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_TARGET: Final = re.compile(r"(?:[^.]+\.)?(?:flow_time|lead|process|wait)_p(?:50|85|95)")
_DURATION: Final = re.compile(r"\d+(?:\.\d+)?[smhdw]")
_TYPE: Final = re.compile(r"[a-z]+\.[a-z_]+")


class BadDefinition(ValueError):  # noqa: N818 - an expected outcome, shown to whoever wrote the file
    """The file cannot be used; `problems` says why, in the file's order."""

    def __init__(self, name: str, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda p: (p.line, p.column)))
        super().__init__("\n".join(problem.render(name) for problem in self.problems))


def load(path: Path) -> Definition:
    """Read and parse a file. Raises BadDefinition, OSError."""
    return parse(path.read_text(encoding="utf-8"), name=str(path))


def parse(text: str, name: str = "value-streams.yaml") -> Definition:
    """Parse a file's text. Raises BadDefinition with every problem found."""
    root, problems = read(text)
    definition = _definition(root) if not problems else None
    if problems or definition is None:
        raise BadDefinition(name, problems)
    return definition


def _definition(root: Node) -> Definition:
    fields = root.fields(("version", "sources", "services", "value_streams"), required=("version", "value_streams"))
    if (version := fields.get("version")) is not None and version.value != 1:
        version.complain(f"version {version.value} is not known", "write 'version: 1'")
    services = _services(fields.get("services"))
    sources = tuple(_source(node) for node in _list(fields.get("sources")))
    nodes = _list(fields.get("value_streams"))
    streams = tuple(_stream(node, services) for node in nodes)
    _unique(nodes, [stream.name for stream in streams], "value stream")
    _unique(_list(fields.get("sources")), [f"{s.tool}/{s.name}" for s in sources], "source")
    return Definition(version=version_of(streams), sources=sources, value_streams=streams)


def version_of(streams: tuple[ValueStream, ...]) -> str:
    """Return a short hash of what derivations depend on: streams without owners, families and targets."""
    derived_from = [
        msgspec.structs.replace(stream, family=None, owner=None, targets={})
        for stream in sorted(streams, key=lambda s: s.name)
    ]
    return hashlib.sha256(msgspec.json.encode(derived_from, order="sorted")).hexdigest()[:12]


def _list(node: Node | None) -> list[Node]:
    return node.items() if node is not None else []


def _texts(node: Node | None) -> tuple[str, ...]:
    return tuple(child.text() for child in node.one_or_many()) if node is not None else ()


def _unique(nodes: list[Node], names: list[str], what: str) -> None:
    seen: set[str] = set()
    for node, name in zip(nodes, names, strict=False):
        if name in seen:
            node.complain(f"{what} '{name}' stands twice", "names are unique")
        seen.add(name)


def _name(node: Node | None) -> str:
    if node is None:
        return ""
    text = node.text()
    if text and not _NAME.fullmatch(text):
        node.complain(f"'{text}' cannot be a name", "letters, digits, '.', '_', '-'; at most 63")
    return text


def _source(node: Node) -> Source:
    fields = node.fields(_SOURCE_KEYS, required=("tool", "name"))
    tool = fields["tool"].word(TOOLS) if "tool" in fields else ""
    secret = [fields["secret"]] if "secret" in fields else []
    secrets = tuple(_secret(s) for s in [*secret, *_list(fields.get("secrets"))])
    insecure = fields["insecure"].flag() if "insecure" in fields else False
    if not secrets and not insecure:
        node.complain("a source needs a secret", "add 'secret: {env: NAME}', or 'insecure: true' to take anything")
    return Source(
        tool=tool,
        name=_name(fields.get("name")),
        secrets=secrets,
        insecure=insecure,
        rate_per_second=fields["rate_per_second"].number() if "rate_per_second" in fields else None,
        environments={k: v.text() for k, v in fields["environments"].entries().items()}
        if "environments" in fields
        else {},
    )


def _secret(node: Node) -> str:
    fields = node.fields(("env", "file", "value"))
    if len(fields) != 1:
        node.complain("a secret is one reference", "{env: NAME}, {file: PATH} or {value: TEXT}")
        return ""
    kind, child = next(iter(fields.items()))
    return f"{kind}:{child.text()}"


def _services(node: Node | None) -> tuple[ServicePaths, ...]:
    found = []
    for child in _list(node):
        fields = child.fields(("service", "repositories", "paths"), required=("service", "repositories"))
        found.append(
            ServicePaths(
                service=_name(fields.get("service")),
                repositories=_texts(fields.get("repositories")),
                paths=_texts(fields.get("paths")),
            )
        )
    return tuple(found)


def _stream(node: Node, services: tuple[ServicePaths, ...]) -> ValueStream:
    fields = node.fields(_STREAM_KEYS, required=("name", "select"))
    name = _name(fields.get("name"))
    if name == UNROUTED:
        fields["name"].complain(f"'{UNROUTED}' is where unclaimed events go", "choose another name")
    environments = _texts(fields.get("environments")) or ROUTE_TO_LIVE
    calendar = fields.get("calendar")
    return ValueStream(
        name=name,
        family=fields["family"].text() if "family" in fields else None,
        owner=fields["owner"].text() if "owner" in fields else None,
        select=_selectors(fields.get("select")),
        steps=_steps(fields["steps"]) if "steps" in fields else standard_map(environments),
        environments=environments,
        calendar=read_calendar(calendar) if calendar is not None else None,
        targets=_targets(fields.get("targets")),
        services=services + _services(fields.get("services")),
    )


def _selectors(node: Node | None) -> tuple[Mapping[str, str], ...]:
    found = []
    for child in _list(node):
        if child.value == "*":
            found.append({"repository": "*"})
            continue
        selector = {field: value.text() for field, value in child.fields(SELECTABLE).items()}
        if not selector:
            child.complain("a selector names at least one field", f'one of {", ".join(SELECTABLE)}, or "*"')
        found.append(selector)
    if node is not None and not found:
        node.complain("no selector: the stream would claim nothing", '- "*" claims everything')
    return tuple(found)


def _steps(node: Node) -> tuple[Step, ...]:
    nodes = node.items()
    steps = tuple(_step(child) for child in nodes)
    _unique(nodes, [step.name for step in steps], "step")
    if not steps:
        node.complain("no steps", "leave 'steps' out for the standard map")
    return steps


def _step(node: Node) -> Step:
    fields = node.fields(_STEP_KEYS, required=("name",))
    rules = {name: _rule(fields[name]) for name in RULES if name in fields}
    status = _texts(fields.get("status"))
    if status and {"queue", "start", "finish"} & rules.keys():
        fields["status"].complain("'status' stands in place of queue, start and finish", "keep one of the two")
    if not status and not {"queue", "start", "finish"} & rules.keys():
        node.complain("the step has no rule", "add 'queue', 'start' or 'finish', or 'status'")
    return Step(
        name=fields["name"].text() if "name" in fields else "",
        status=status,
        value_adding=fields["value_adding"].flag() if "value_adding" in fields else True,
        **rules,
    )


def _rule(node: Node) -> Rule:
    fields = node.fields(("on", "where", "by", "first"), required=("on",))
    on = fields["on"].one_or_many() if "on" in fields else []
    for child in on:
        text = child.text()
        if text and not _TYPE.fullmatch(text):
            child.complain(f"'{text}' is no event type", nearest(text, RANKED))
        elif text and text not in RANKED and not text.startswith("custom."):
            child.complain(f"no tool sends '{text}'", nearest(text, RANKED))
    where = fields["where"].entries() if "where" in fields else {}
    by = fields["by"].one_or_many() if "by" in fields else []
    return Rule(
        on=tuple(str(child.value) for child in on),
        where={field: _texts(value) for field, value in where.items()},
        by=tuple(child.word([str(c) for c in ActorClass]) for child in by),
        first=fields["first"].flag() if "first" in fields else False,
    )


def _targets(node: Node | None) -> dict[str, str]:
    found = {}
    for name, child in (node.entries() if node is not None else {}).items():
        text = child.text()
        if not _TARGET.fullmatch(name):
            child.complain(f"'{name}' is no target", "flow_time_p85, or STEP.wait_p85, STEP.process_p50, STEP.lead_p95")
        elif not _DURATION.fullmatch(text):
            child.complain(f"'{text}' is no duration", "such as 4h, 3d or 90m")
        found[name] = text
    return found
