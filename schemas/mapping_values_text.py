"""The values, entities and links of a mapping's rules, as they are written; problems are noted on their nodes."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Final

from schemas.event import LinkKind
from schemas.mapping import COMPANIONS, READERS, SUBJECTS, Condition, Entity, EntityLink, Path, Value
from schemas.mapping_paths import BadPath, is_path, read_path
from schemas.yaml_node import Node

VALUE_KEYS: Final = ("path", "header", "map", "otherwise", "missing", "as")
KINDS: Final = tuple(sorted(set(SUBJECTS.values())))
"""The kinds of entities that a subject or a link's target may be."""

BESIDE: Final = tuple(sorted(set(COMPANIONS.values())))
"""What may stand beside an entity's id."""

NO_BESIDE: Final = "repository"
"""A companion that is a kind of entity, too: beside another kind it is none."""

LINK_KINDS: Final = tuple(kind.value for kind in LinkKind)
SLUG: Final = "slug"
HEADER: Final = re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]{1,64}")
"""A header's name, in lower case."""

EVENT_TYPE: Final = "event_type"
"""The key of a condition that speaks of the delivery's event type."""

_NOTHING: Final = Path("$", ())
_NO_VALUE: Final = Value(constant="")


def read_value(node: Node, *, each: bool, allowed: Collection[str] = ()) -> Value:
    """Return where a text comes from; `each`: the rule has elements; `allowed`: what its own words may be.

    A text is a constant or a path, a list is its parts joined with `/`, a mapping says more.
    """
    if node.is_mapping():
        return _said(node, each=each, allowed=allowed)
    children = node.one_or_many()
    if not children:
        return _NO_VALUE
    if children[0] is not node:
        return Value(parts=tuple(read_value(child, each=each) for child in children))
    text = node.text()
    if is_path(text):
        return Value(paths=(path_of(node, each=each),))
    return Value(constant=node.word(allowed) if allowed else text)


def _said(node: Node, *, each: bool, allowed: Collection[str]) -> Value:
    fields = node.fields(VALUE_KEYS)
    if ("path" in fields) == ("header" in fields):
        node.complain("a value comes from a path or from a header", "{path: $.name} or {header: x-name}")
    if "otherwise" in fields and "map" not in fields:
        fields["otherwise"].complain("'otherwise' stands for words that 'map' does not list", "add 'map', or 'missing'")
    words = fields["map"].entries() if "map" in fields else {}
    return Value(
        paths=tuple(path_of(p, each=each) for p in fields["path"].one_or_many()) if "path" in fields else (),
        header=header_of(fields["header"]) if "header" in fields else None,
        words={word: _word(child, allowed) for word, child in words.items()} if "map" in fields else None,
        otherwise=_word(fields["otherwise"], allowed) if "otherwise" in fields else None,
        missing=_word(fields["missing"], allowed) if "missing" in fields else None,
        slug=fields["as"].word((SLUG,)) == SLUG if "as" in fields else False,
    )


def _word(node: Node, allowed: Collection[str]) -> str:
    return node.word(allowed) if allowed else node.text()


def path_of(node: Node, *, each: bool) -> Path:
    """Return a path; the element's only where there are elements."""
    text = node.text()
    if not text:
        return _NOTHING
    try:
        found = read_path(text)
    except BadPath as bad:
        node.complain(str(bad), "such as $.build.id, $.commits[*].sha or $['odd name'][0]")
        return _NOTHING
    if found.of_element and not each:
        node.complain("'$each' is an element of 'each', and there is none", "begin at the body, '$', or add 'each'")
    return found


def header_of(node: Node) -> str:
    """Return a header's name in lower case."""
    name = node.text().lower()
    if name and not HEADER.fullmatch(name):
        node.complain(f"'{name[:40]}' is no header's name", "such as x-acme-event")
    return name


def read_conditions(
    node: Node | None, *, each: bool, kinds: bool = False
) -> tuple[tuple[Condition, ...], tuple[str, ...]]:
    """Return the conditions on paths, and the event types asked for (`kinds`: they may be); () where all is free."""
    conditions: list[Condition] = []
    types: tuple[str, ...] = ()
    for key, child in (node.entries() if node is not None else {}).items():
        if key == EVENT_TYPE and kinds:
            types = child.texts()
        elif is_path(key):
            conditions.append(Condition(_path_key(key, child, each=each), child.texts()))
        else:
            child.complain(f"'{key[:40]}' is no condition", "write a path such as $.build.result, or 'event_type'")
    return tuple(conditions), types


def _path_key(text: str, node: Node, *, each: bool) -> Path:
    try:
        found = read_path(text)
    except BadPath as bad:
        node.complain(str(bad), "such as $.build.result")
        return _NOTHING
    if found.of_element and not each:
        node.complain("'$each' is an element of 'each', and there is none", "begin at the body, '$', or add 'each'")
    return found


def read_entity(node: Node, *, each: bool, readers: bool = False) -> Entity:
    """Return the entity that a mapping names by one kind and what may stand beside its id; `readers`: or keys."""
    kinds = (*KINDS, *READERS) if readers else KINDS
    fields = node.fields((*kinds, *BESIDE))
    named = [kind for kind in fields if kind in kinds and (kind != NO_BESIDE or len(fields) == 1)]
    if len(named) != 1:
        if node.is_mapping() and (fields or node.is_empty()):
            node.complain("an entity has one kind", f"one of {', '.join(kinds)}")
        return Entity(kind="", name=_NO_VALUE)
    kind = named[0]
    companion = COMPANIONS.get(kind)
    for other, child in fields.items():
        if other not in {kind, companion}:
            child.complain(f"'{other}' says nothing of a {kind}", "leave it out")
    if kind == "branch" and NO_BESIDE not in fields:
        node.complain("a branch needs its repository", "add 'repository: $.repository.url'")
    return Entity(
        kind=kind,
        name=read_value(fields[kind], each=each),
        beside=read_value(fields[companion], each=each) if companion in fields else None,
    )


def read_links(node: Node, *, each: bool) -> tuple[EntityLink, ...]:
    """Return the links that a list describes."""
    return tuple(found for child in node.items() if (found := _link(child, each=each)) is not None)


def _link(node: Node, *, each: bool) -> EntityLink | None:
    fields: Mapping[str, Node] = node.fields((*LINK_KINDS, "confidence"))
    named = [kind for kind in fields if kind in LINK_KINDS]
    if len(named) != 1:
        if node.is_mapping() and (fields or node.is_empty()):
            node.complain("a link is of one kind", f"one of {', '.join(LINK_KINDS)}")
        return None
    confidence = fields["confidence"].number() if "confidence" in fields else 1.0
    if confidence > 1:
        fields["confidence"].complain("a confidence is at most 1", "such as 0.8")
    target = read_entity(fields[named[0]], each=each, readers=True)
    return EntityLink(kind=LinkKind(named[0]), target=target, confidence=min(confidence, 1.0))
