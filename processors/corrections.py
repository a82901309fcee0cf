"""What people corrected in an entity's links: the tools' facts, links that were denied out, asserted ones in; pure.

Of several corrections of one link the latest stands, whenever the tools' facts are from. A denied ticket is denied by
its bare key too. An asserted cause of an incident stands in place of every cause that tools tell. What is corrected of
an entity that no tool has told of yet derives nothing until one has.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from processors.facts import Fact, FactLink
from schemas.event import LinkKind
from schemas.event_types import LINK_ASSERTED, LINK_DENIED
from schemas.identity import bare_ticket_uri, entity_kind

CORRECTIONS: Final = frozenset({LINK_ASSERTED, LINK_DENIED})
"""The types of facts that correct others."""

Told = tuple[LinkKind, str]
"""One link of a subject: its kind and target."""

NOTHING: Final[frozenset[Told]] = frozenset()
"""What is denied where nobody corrects anything."""


def corrected(facts: Sequence[Fact]) -> tuple[list[Fact], frozenset[Told]]:
    """Return the facts that tools told, in their order, as people corrected them; and the links that they denied."""
    corrections = [fact for fact in facts if fact.type in CORRECTIONS]
    if not corrections:
        return list(facts), NOTHING
    verdicts = {(link.kind, link.uri): (fact.type, link) for fact in corrections for link in fact.links}
    denied = frozenset(told for told, (verdict, _) in verdicts.items() if verdict == LINK_DENIED)
    asserted = tuple(link for verdict, link in verdicts.values() if verdict == LINK_ASSERTED)
    tickets = [(kind, uri) for kind, uri in denied if entity_kind(uri) == "ticket"]
    struck = denied | {(kind, bare_ticket_uri(uri.rpartition("/")[2])) for kind, uri in tickets}
    causes = any(link.kind is LinkKind.CAUSED_BY for link in asserted)
    told = [fact for fact in facts if fact.type not in CORRECTIONS]
    kept = [replace(fact, links=_kept(fact.links, struck, causes=causes)) for fact in told]
    if kept:
        kept[-1] = replace(kept[-1], links=(*kept[-1].links, *asserted))
    return kept, denied


def _kept(links: Sequence[FactLink], struck: frozenset[Told], *, causes: bool) -> tuple[FactLink, ...]:
    """Return the links that stand; none that tells a cause where people have told it."""
    return tuple(x for x in links if (x.kind, x.uri) not in struck and not (causes and x.kind is LinkKind.CAUSED_BY))
