"""The bodies of Trello's webhooks, typed: only the fields that a translation needs."""

from __future__ import annotations

import msgspec
from msgspec import UNSET, Struct, UnsetType


class Named(Struct, frozen=True, gc=False):
    """A list, a label or an attachment."""

    id: str = ""
    name: str | None = None
    url: str | None = None


class Board(Struct, frozen=True, gc=False):
    """A board; the short link stands in its address."""

    id: str = ""
    short: str | None = msgspec.field(name="shortLink", default=None)


class Card(Struct, frozen=True, gc=False):
    """A card, as far as an action changed it; its name tells the kind of work and is not kept."""

    id: str
    short: str | None = msgspec.field(name="shortLink", default=None)
    name: str | None = None
    closed: bool | None = None
    complete: bool | None = msgspec.field(name="dueComplete", default=None)


class Old(Struct, frozen=True, gc=False):
    """What an action changed, as it was: unset where it did not."""

    closed: bool | UnsetType | None = UNSET
    complete: bool | UnsetType | None = msgspec.field(name="dueComplete", default=UNSET)


class Data(Struct, frozen=True):
    """What an action was done to."""

    card: Card
    board: Board = Board()
    list: Named | None = None
    before: Named | None = msgspec.field(name="listBefore", default=None)
    after: Named | None = msgspec.field(name="listAfter", default=None)
    old: Old = Old()
    label: Named | None = None
    attachment: Named | None = None
    member: str | None = msgspec.field(name="idMember", default=None)


class Member(Struct, frozen=True, gc=False):
    """Who did it; the user name tells a bot and is not kept."""

    id: str | None = None
    username: str | None = None


class Action(Struct, frozen=True):
    """One action; `date` is when it was done."""

    data: Data
    date: str | None = None
    by: Member | None = msgspec.field(name="memberCreator", default=None)


class Body(Struct, frozen=True):
    """A delivery about a card; the board it is watched by is not read."""

    action: Action
