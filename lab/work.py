"""What the organisation works on: tickets, commits, changes, and the items whose visits the lab knows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal

from msgspec import Struct, field

from lab.judging import Setback, judge
from lab.ledger import Ledger, Visit
from lab.planted import Account
from schemas.event_types import rank
from schemas.identity import commit_uri

Happening = Literal[
    "ticket_created", "committed", "opened_draft", "offered", "reviewed", "sent_back", "review_over", "run_queued",
    "run_started", "run_finished", "run_failed", "in_test", "going_live", "live",
]  # fmt: skip
"""What can happen to an item: the ledger's methods."""

_RANK: Final[dict[Happening, int]] = {
    "ticket_created": rank("ticket.created"),
    "committed": rank("commit.created"),
    "opened_draft": rank("change.created"),
    "offered": rank("change.created"),
    "reviewed": rank("change.reviewed"),
    "sent_back": rank("change.reviewed"),
    "review_over": rank("change.merged"),
    "run_queued": rank("pipelinerun.queued"),
    "run_started": rank("pipelinerun.started"),
    "run_finished": rank("pipelinerun.finished"),
    "run_failed": rank("pipelinerun.finished"),
    "in_test": rank("service.deployed"),
    "going_live": rank("deployment.started"),
    "live": rank("service.deployed"),
}


FINAL: Final = frozenset({"Done", "Won't Do"})
"""The statuses that close a ticket."""

Happened = tuple[int, int, int, Happening, bool, str, str]
"""(time, tie rank, order, what, counted, the class of who did it, the change that it happened to)."""

_BY_HUMANS: Final = frozenset({"reviewed", "sent_back"})
_BY_BOTS: Final = frozenset({"going_live", "live"})

_SHIPPED: Final = frozenset({"in_test", "going_live", "live"})


class Commit(Struct, frozen=True, kw_only=True):
    """One commit; `at` is its author time. `committer` None: the author. `distinct`: no branch had it before.

    `path` is the one file that it touches.
    """

    sha: str
    at: int
    message: str
    author: Account
    committer: Account | None = None
    distinct: bool = True
    path: str = "src/main.py"


class Ticket(Struct, kw_only=True):
    """One ticket of the tracker as it stands now."""

    key: str
    number: int
    issue_type: str
    summary: str
    created: int
    reporter: Account
    status: str = "To Do"
    parent: str | None = None


class Item(Struct, kw_only=True):
    """One unit of flow: its identity, its kind, and what happened to it."""

    uri: str
    kind: str | None
    ticket: Ticket | None = None
    happened: list[Happened] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    moves: list[tuple[int, bool]] = field(default_factory=list)
    """When the ticket changed its status, and whether to a final one."""
    setbacks: list[Setback] = field(default_factory=list)
    """What showed its work to be wrong after it was passed on, reviews and builds left aside."""

    def note(self, at: int, what: Happening, *, counted: bool = True, by: str = "human", of: str = "") -> None:
        """Write down that it happened; a deployment that carries two of its changes happened once."""
        self.happened.append((at, _RANK[what], len(self.happened), what, counted, by, of))

    def moved(self, at: int, status: str) -> None:
        """Write down the ticket's new status."""
        if self.moves and self.moves[-1][1] and status not in FINAL:
            self.setbacks.append(Setback(at=at, evidence="reopened"))
        self.moves.append((at, status in FINAL))

    def visits(self, end: int) -> list[Visit]:
        """Return the visits that follow from what happened up to `end` (seconds)."""
        ledger = Ledger()
        for at, _, _, what, counted, by, of in sorted(self._once()):
            if at <= end:
                ledger.counted, ledger.by, ledger.of = counted, by, of
                getattr(ledger, what)(at)
        judge(ledger.visits, self.setbacks, end)
        return ledger.visits

    def _once(self) -> Iterable[Happened]:
        """Return what happened, one deployment of several of its changes once; counted if one of them counts it."""
        shipped: dict[tuple[int, Happening], Happened] = {}
        for one in self.happened:
            at, _, _, what, counted, *_ = one
            if what not in _SHIPPED:
                yield one
            elif counted or (at, what) not in shipped:
                shipped[at, what] = one
        yield from shipped.values()


class Change(Struct, kw_only=True):
    """One pull request as it stands now, and the items it belongs to by what its branch and title name.

    `mistaken`: those of them that it has nothing to do with. `listed`: those that the message it lands with lists.
    """

    number: int
    uri: str
    branch: str
    title: str
    author: Account
    items: list[Item]
    service: str = ""
    mistaken: list[Item] = field(default_factory=list)
    listed: list[Item] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    """The hashes of its commits that were pushed, those it landed as too."""
    github_id: int
    body: str = "Please have a look."
    first_commit: int | None = None
    opened: int | None = None
    offered: int | None = None
    reviewed: int | None = None
    closed: int | None = None
    merged: int | None = None
    draft: bool = False
    base: str = ""
    head: str = ""
    commits: list[Commit] = field(default_factory=list)
    merge_sha: str | None = None
    merged_by: Account | None = None
    deployed: int | None = None
    deployment: str | None = None
    left_censored: bool = False
    early: list[tuple[int, str]] = field(default_factory=list)
    """What was pushed before there was a pull request: when each commit was authored, and the head of its push."""

    @property
    def meant(self) -> list[Item]:
        """What it was made for."""
        mistaken = {item.uri for item in self.mistaken}
        return [item for item in self.items if item.uri not in mistaken]

    def mistaken_until(self, end: int) -> list[Item]:
        """Return what a pushed change named by mistake up to a time: in its branch, and in its title if it has one."""
        opened = self.opened is not None and self.opened <= end
        return [item for item in self.mistaken if opened or self._names(item)]

    def pushed(self, commit: Commit, head: str) -> None:
        """Write down a pushed commit in the items that its branch names; in the others once there is a pull request."""
        if self.opened is None:
            self.early.append((commit.at, head))
        self._committed(commit.at, self.items if self.opened is not None else self._named())

    def told(self) -> None:
        """Write down anew what was pushed before the pull request told all that it is for."""
        for at, _ in self.early:
            for item in self._named():
                item.happened = [one for one in item.happened if (one[0], one[3]) != (at, "committed")]
            self._committed(at, self.items)
        self.early = []

    def _committed(self, at: int, items: list[Item]) -> None:
        first = min((item.uri for item in items), default="")
        for item in items:
            item.note(at, "committed", counted=item.uri == first, by=self._by("committed"), of=self.uri)

    def _named(self) -> list[Item]:
        return [item for item in self.items if self._names(item)]

    def loose(self) -> list[Item]:
        """Return what its pushes are while nothing names what they are part of: an item each."""
        found: dict[str, Item] = {}
        if not self._named():
            for at, head in self.early:
                found.setdefault(head, Item(uri=commit_uri(head), kind=None)).note(
                    at, "committed", by=self._by("committed")
                )
        return list(found.values())

    def _names(self, item: Item) -> bool:
        return item.ticket is not None and f"{item.ticket.key}-" in self.branch

    def set_back(self, setback: Setback) -> None:
        """Write down in each of its items that what it brought was taken back."""
        for item in self.items:
            item.setbacks.append(setback)

    def note(self, at: int, what: Happening, *, landed: bool = False) -> None:
        """Write down what happened to it in each of its items; the smallest item id counts the visit.

        `landed`: it happened to the commit it became, which belongs to the tickets that its message lists, if any.
        """
        items = self.listed if landed and self.listed else self.items
        first = min(item.uri for item in items)
        for item in items:
            item.note(at, what, counted=item.uri == first, by=self._by(what), of=self.uri)

    def _by(self, what: Happening) -> str:
        """Return the class of who did it: humans review, bots deploy, everything else is the author's."""
        if what in _BY_HUMANS:
            return "human"
        return "bot" if what in _BY_BOTS or self.author.bot else "human"
