"""The `mappings` of a value-stream file: tools that have no adapter, and what their deliveries become."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from schemas.event import ActorClass, Outcome, WorkKind
from schemas.event_types import RANKED
from schemas.mapping import DEPLOYED, SUBJECTS, Account, Entity, MappedEvent, Path, Proof, ToolMapping, Value
from schemas.mapping_values_text import (
    header_of,
    path_of,
    read_conditions,
    read_entity,
    read_links,
    read_value,
)
from schemas.names_text import each_once
from schemas.sources_text import TOOLS
from schemas.steps_text import ACTORS, CUSTOM
from schemas.yaml_node import Node, nearest

MAPPING_KEYS: Final = ("tool", "proof", "event_type", "delivery_id", "events", "ignores")
PROOF_KEYS: Final = ("scheme", "header", "prefix", "encoding", "several")
EVENT_KEYS: Final = (
    "when", "unless", "each", "type", "subject", "at", "order", "url", "state", "outcome", "environment", "work_kind",
    "labels", "actor", "links", "attributes", "quantities", "told_apart",
)  # fmt: skip
ACTOR_KEYS: Final = ("id", "name", "class")
SCHEMES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "basic_auth": (), "bearer_token": (), "buildkite_signature": (),
        "hmac_sha1_of_body_and_url": ("header",), "hmac_sha256": ("header", "prefix", "encoding", "several"),
        "slack": (), "standard_webhooks": (), "token_header": ("header",),
    }
)  # fmt: skip
"""How a tool may prove its deliveries -> what of it the mapping says; the header always."""

ENCODINGS: Final = ("hex", "base64")
TOOL: Final = re.compile(r"[a-z][a-z0-9_-]{0,31}")
"""The name of a mapped tool: it stands in addresses, labels and uris."""

_OWN: Final = frozenset({"import", "links", "vsm"})
"""What imports and corrections are told and counted as: a tool of this name would be taken for them."""

ATTRIBUTE: Final = re.compile(r"[a-z][a-z0-9_]{0,31}")
"""The name of an attribute or a quantity."""

WRITTEN: Final = frozenset({"environment_raw", "implausible_time", "future_time", "paths", "routed_by"})
"""The attributes that the product writes itself."""

MOST_RULES: Final = 200
"""The most rules of one mapping."""

MAPPABLE: Final = tuple(name for name in RANKED if name.partition(".")[0] in SUBJECTS)
"""The types that a rule may make; and `custom.` ones."""

_TYPE: Final = re.compile(r"[a-z]+\.[a-z_]+")
_NOTHING: Final = Value(constant="")
_NOBODY: Final = Entity(kind="", name=_NOTHING)


def read_mappings(node: Node | None) -> tuple[ToolMapping, ...]:
    """Return the mappings that a list describes; () where there is none. Problems are noted on it."""
    nodes = node.items() if node is not None else []
    mappings = tuple(_mapping(child) for child in nodes)
    each_once(nodes, [mapping.tool for mapping in mappings], "mapping of")
    return mappings


def _mapping(node: Node) -> ToolMapping:
    fields = node.fields(MAPPING_KEYS, required=("tool", "proof", "events"))
    proofs = fields["proof"].one_or_many() if "proof" in fields else []
    advice = "add a rule: '- {type: ..., subject: {...}, at: $...}'"
    rules = fields["events"].some("no events", advice) if "events" in fields else []
    if len(rules) > MOST_RULES:
        fields["events"].complain(f"there are {len(rules)} rules", f"at most {MOST_RULES}")
    typed = "event_type" in fields
    return ToolMapping(
        tool=_tool(fields["tool"]) if "tool" in fields else "",
        proofs=tuple(_proof(child) for child in proofs),
        event_type=read_value(fields["event_type"], each=False) if typed else None,
        delivery_id=read_value(fields["delivery_id"], each=False) if "delivery_id" in fields else None,
        events=tuple(_event(child, typed=typed) for child in rules),
        ignores=fields["ignores"].texts() if "ignores" in fields else (),
    )


def _tool(node: Node) -> str:
    tool = node.text()
    if tool in TOOLS:
        node.complain(f"'{tool}' has an adapter of its own", "choose another name, such as 'acmeci'")
    elif tool in _OWN:
        node.complain(f"'{tool}' is what our own facts are from", "choose another name, such as 'acmeci'")
    elif tool and not TOOL.fullmatch(tool):
        node.complain(f"'{tool[:40]}' cannot be a tool", "lower-case letters, digits, '_', '-'; at most 32")
    return tool


def _proof(node: Node) -> Proof:
    fields = node.fields(PROOF_KEYS, required=("scheme",))
    scheme = fields["scheme"].word(SCHEMES) if "scheme" in fields else ""
    takes = SCHEMES.get(scheme, PROOF_KEYS)
    for name, child in fields.items():
        if name != "scheme" and name not in takes:
            child.complain(f"'{scheme}' has no '{name}'", "leave it out")
    if "header" in takes and scheme and "header" not in fields and node.is_mapping():
        node.complain("'header' is missing", "add 'header: x-acme-signature'")
    return Proof(
        scheme=scheme,
        header=header_of(fields["header"]) if "header" in fields else "",
        prefix=fields["prefix"].text() if "prefix" in fields else "",
        encoding=fields["encoding"].word(ENCODINGS) if "encoding" in fields else ENCODINGS[0],
        several=fields["several"].flag() if "several" in fields else False,
    )


def _event(node: Node, *, typed: bool) -> MappedEvent:
    fields = node.fields(EVENT_KEYS, required=("type", "subject", "at"))
    each = "each" in fields
    when, types = read_conditions(fields.get("when"), each=each, kinds=True)
    if types and not typed:
        fields["when"].complain("the mapping says no 'event_type'", "add 'event_type: {header: x-acme-event}' to it")
    event_type = _type(fields["type"]) if "type" in fields else ""
    values = {name: _value(fields, name, each=each) for name in ("order", "url", "state", "environment")}
    return MappedEvent(
        type=event_type,
        subject=_subject(fields["subject"], event_type, each=each) if "subject" in fields else _NOBODY,
        at=read_value(fields["at"], each=each) if "at" in fields else _NOTHING,
        event_types=types,
        when=when,
        unless=read_conditions(fields.get("unless"), each=each)[0],
        each=path_of(fields["each"], each=False) if each else None,
        outcome=_closed(fields, "outcome", tuple(Outcome), each=each),
        work_kind=_closed(fields, "work_kind", tuple(WorkKind), each=each),
        labels=_paths(fields.get("labels"), each=each),
        actor=_actor(fields["actor"], each=each) if "actor" in fields else None,
        links=read_links(fields["links"], each=each) if "links" in fields else (),
        attributes=_attributes(fields.get("attributes"), each=each),
        quantities=_quantities(fields.get("quantities"), each=each),
        told_apart=_told_apart(fields.get("told_apart"), each=each),
        **values,
    )


def _type(node: Node) -> str:
    text = node.text()
    known = text in MAPPABLE or (text.startswith(CUSTOM) and _TYPE.fullmatch(text) is not None)
    if text and not known:
        node.complain(f"'{text[:40]}' is no event type", nearest(text, MAPPABLE))
        return ""
    return text


def _subject(node: Node, event_type: str, *, each: bool) -> Entity:
    found = read_entity(node, each=each)
    wanted = "deployment" if event_type in DEPLOYED else SUBJECTS.get(event_type.partition(".")[0])
    if event_type and found.kind and wanted and found.kind != wanted:
        node.complain(f"{event_type} happens to a {wanted}", f"write {{{wanted}: ...}}")
    return found


def _value(fields: Mapping[str, Node], name: str, *, each: bool) -> Value | None:
    return read_value(fields[name], each=each) if name in fields else None


def _closed(fields: Mapping[str, Node], name: str, allowed: tuple[str, ...], *, each: bool) -> Value | None:
    return read_value(fields[name], each=each, allowed=allowed) if name in fields else None


def _paths(node: Node | None, *, each: bool) -> tuple[Path, ...]:
    return tuple(path_of(child, each=each) for child in node.one_or_many()) if node is not None else ()


def _actor(node: Node, *, each: bool) -> Account:
    fields = node.fields(ACTOR_KEYS)
    return Account(
        id=_value(fields, "id", each=each),
        name=_value(fields, "name", each=each),
        actor_class=_closed(fields, "class", (*ACTORS, ActorClass.UNKNOWN.value), each=each),
    )


def _attributes(node: Node | None, *, each: bool) -> dict[str, Value]:
    entries = node.entries() if node is not None else {}
    for name, child in entries.items():
        if name in WRITTEN:
            child.complain(f"'{name}' is written by itself", "leave it out")
        elif not ATTRIBUTE.fullmatch(name):
            child.complain(f"'{name[:40]}' cannot be an attribute", "lower-case letters, digits, '_'; at most 32")
    return {name: read_value(child, each=each) for name, child in entries.items()}


def _quantities(node: Node | None, *, each: bool) -> dict[str, Path]:
    entries = node.entries() if node is not None else {}
    for name, child in entries.items():
        if not ATTRIBUTE.fullmatch(name):
            child.complain(f"'{name[:40]}' cannot be a quantity", "such as duration_seconds")
    return {name: path_of(child, each=each) for name, child in entries.items()}


def _told_apart(node: Node | None, *, each: bool) -> tuple[Value, ...] | None:
    return None if node is None else tuple(read_value(child, each=each) for child in node.items())
