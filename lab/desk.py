"""The desk of one service: whatever is done there goes out as the tools' hooks and into the lab's own books."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import Struct

from lab.chance import Chance
from lab.organisation import DAY, HOST, HOUR, OWNER, Stream, folder_of, repository_of
from lab.payloads import github, github_running, jira
from lab.planted import HOSTING, PEOPLE, REVIEW_BOT, Account
from lab.sending import Outbox
from lab.work import Change, Commit, Item, Ticket
from schemas.identity import change_uri, ticket_uri

KINDS: Final = (
    ("Story", "feature", 0.55),
    ("Bug", "defect", 0.25),
    ("Risk", "risk", 0.08),
    ("Tech Debt", "debt", 0.12),
)
"""Issue types, the kind of work each stands for, and their shares."""

EPIC_LASTS: Final = 21 * DAY
"""Seconds in which an epic takes up new tickets."""

_THINGS: Final = ("parser", "basket", "index", "ledger", "gateway", "cache", "session", "report", "quota", "ranking")


class Numbers(Struct, kw_only=True):
    """Running numbers of the whole organisation's tools and of one stream's tracker project."""

    ticket: int = 100
    change: int = 0
    run: int = 0
    deployment: int = 0
    incident: int = 0


class Desk:
    """Does things at a given time (whole seconds): sends the hooks and notes what happened to the items."""

    def __init__(
        self, stream: Stream, service: str, chance: Chance, outbox: Outbox, tracker: Numbers, own: Numbers
    ) -> None:
        """`tracker` counts the stream's tickets; `own` the numbers of this service's tools."""
        self.stream = stream
        self.service = service
        self.chance = chance
        self.outbox = outbox
        self.own = own
        self.main = chance.sha()
        self.live_images: dict[str, str] = {}
        self._tracker = tracker
        self._used: set[int] = set()
        self._epic: Ticket | None = None
        self.repository = repository_of(stream, service)
        self._repository = f"{HOST}/{OWNER}/{self.repository}"

    # --- times and people

    def odd(self, at: int) -> int:
        """Return the first odd second from `at` on at which nothing happened here yet: work happens at odd seconds."""
        at |= 1
        while at in self._used:
            at += 2
        self._used.add(at)
        return at

    def even(self, at: int) -> int:
        """Return the first even second from `at` on at which nothing happened here yet: deployments keep to those."""
        return self.odd(at) + 1

    def forget_times(self, before: int) -> None:
        """Forget the seconds used before a time that nothing reaches back to any more."""
        self._used = {at for at in self._used if at >= before}

    def person(self) -> Account:
        """Return one of the team's accounts."""
        return self.chance.random.choice(PEOPLE)

    def other_than(self, author: Account) -> Account:
        """Return an account of the team that is not the author's."""
        return self.chance.random.choice([account for account in PEOPLE if account is not author])

    # --- tickets

    def ticket(self, at: int, *, issue_type: str | None = None) -> Item:
        """Create a ticket and with it an item."""
        name, kind, _ = next(k for k in KINDS if k[0] == issue_type) if issue_type else self._kind()
        parent = self._parent(at) if self.chance.happens(0.5) else None
        ticket = self._new_ticket(name, at, parent)
        item = Item(uri=ticket_uri("jira", ticket.key), kind=kind, ticket=ticket)
        item.note(at, "ticket_created")
        return item

    def move(self, item: Item, status: str, at: int) -> None:
        """Move the item's ticket to another status; nothing without a ticket."""
        ticket = item.ticket
        if ticket is None or ticket.status == status:
            return
        before, ticket.status = ticket.status, status
        item.moved(at, status)
        self._jira(at, jira.updated(ticket, at, self.person(), jira.moved(before, status), self._next_run()))

    def edit(self, item: Item, at: int) -> None:
        """Change something about the ticket that moves nothing."""
        if item.ticket is not None:
            by = self.person()
            changed = jira.edited("assignee", "", by.name)
            self._jira(at, jira.updated(item.ticket, at, by, changed, self._next_run()))

    def _new_ticket(self, issue_type: str, at: int, parent: str | None = None) -> Ticket:
        self._tracker.ticket += 1
        ticket = Ticket(
            key=f"{self.stream.project}-{self._tracker.ticket}",
            number=self._tracker.ticket,
            issue_type=issue_type,
            created=at,
            reporter=self.person(),
            summary=f"Improve the {self.chance.random.choice(_THINGS)}",
            parent=parent,
        )
        self._jira(at, jira.created(ticket))
        return ticket

    def _parent(self, at: int) -> str | None:
        """Return the key of the epic of that time. Epics hold work and are none: no item counts for one."""
        if self._epic is None or at > self._epic.created + EPIC_LASTS:
            self._epic = self._new_ticket("Epic", self.odd(at - HOUR))
            for status, after in (("In Progress", 2 * HOUR), ("Done", EPIC_LASTS + DAY)):
                when, before = self.odd(self._epic.created + after), self._epic.status
                self._epic.status = status
                moved = jira.moved(before, status)
                self._jira(when, jira.updated(self._epic, when, self.person(), moved, self._next_run()))
        return self._epic.key if self._epic.created < at else None

    # --- changes

    def change(
        self, items: list[Item], author: Account, branch: str, title: str, body: str = "", mistaken: Sequence[Item] = ()
    ) -> Change:
        """Begin a change: it has a branch, but no pull request yet. Without items it is its own.

        It belongs to `mistaken`, too, which it only names.
        """
        self.own.change += 1
        number = self.own.change
        uri = change_uri(self._repository, number)
        if not items:
            items = [Item(uri=uri, kind=None)]
        items = [*items, *mistaken]
        change = Change(
            number=number, uri=uri, branch=branch, title=title, author=author, items=items, service=self.service,
            mistaken=list(mistaken), github_id=910_000_000 + number, base=self.main,
            body=body or "Please have a look.",
        )  # fmt: skip
        for item in items:
            item.changes.append(change)
        return change

    def commit(self, change: Change, at: int, message: str) -> Commit:
        """Author a commit on the change's branch; it is not seen before it is pushed."""
        commit = Commit(sha=self.chance.sha(), at=at, message=message, author=change.author, path=self._path())
        change.commits.append(commit)
        return commit

    def push(self, change: Change, commits: Sequence[Commit], at: int) -> None:
        """Push commits to the change's branch; an open pull request is synchronized and built.

        Only now can anybody know of them, and of what the first of them began.
        """
        if at <= self.outbox.end:
            change.first_commit = change.first_commit or commits[0].at
            for commit in commits:
                change.seen.append(commit.sha)
                change.pushed(commit, commits[-1].sha)
        created = not change.head
        before = change.head or change.base
        change.head = commits[-1].sha
        pusher = self.other_than(change.author) if self.chance.happens(0.1) else change.author
        body = github.push(self.repository, change.branch, before, commits, pusher, created=created)
        self._github(at, "push", body)
        if change.opened is not None:
            self._pull_request("synchronize", change, at, change.author, before=before, after=change.head)
            self.build(change, change.head, change.branch, at)

    def open(self, change: Change, at: int, *, draft: bool) -> None:
        """Open the pull request."""
        change.opened = at
        change.draft = draft
        if at <= self.outbox.end:
            change.told()
        self._pull_request("opened", change, at, change.author)
        if draft:
            change.note(at, "opened_draft")
        else:
            self._offer(change, at)
        self.build(change, change.head, change.branch, at)

    def ready(self, change: Change, at: int) -> None:
        """Take a draft out of its draft state."""
        change.draft = False
        self._pull_request("ready_for_review", change, at, change.author)
        self._offer(change, at)

    def remark(self, change: Change, at: int) -> None:
        """Let the review bot comment; that starts no review."""
        self._github(at, "pull_request_review", self._review(change, at, REVIEW_BOT, "commented"))

    def review(self, change: Change, at: int, decision: str) -> None:
        """Review as a human: approved, changes_requested or commented."""
        reviewer = self.other_than(change.author)
        if change.reviewed is None:
            change.reviewed = at
        change.note(at, "sent_back" if decision == "changes_requested" else "reviewed")
        self._github(at, "pull_request_review", self._review(change, at, reviewer, decision))

    def abandon(self, change: Change, at: int) -> None:
        """Close the pull request unmerged."""
        change.closed = at
        change.note(at, "review_over")
        self._pull_request("closed", change, at, change.author)

    def reopen(self, change: Change, at: int) -> None:
        """Open a closed pull request again."""
        change.closed = None
        self._pull_request("reopened", change, at, change.author)
        self._offer(change, at)

    def merge(self, change: Change, at: int) -> None:
        """Merge by one of the three methods; the branch goes, the main branch is pushed and built."""
        change.closed = change.merged = at
        change.merged_by = self.person()
        commits = self._merged_commits(change, at)
        if at <= self.outbox.end:
            change.seen += [commit.sha for commit in commits if commit.sha not in change.seen]
        change.merge_sha = commits[-1].sha
        change.note(at, "review_over")
        self._pull_request("closed", change, at, change.merged_by)
        body = github.push(self.repository, "main", self.main, commits, change.merged_by, created=False)
        self._github(at, "push", body)
        self._github(at, "delete", github.branch_deleted(self.repository, change.branch, change.merged_by, at))
        self.main = change.merge_sha
        self.build(change, change.merge_sha, "main", at)

    def build(self, change: Change, sha: str, branch: str, at: int) -> None:
        """Run the workflow for a commit; a failed first attempt is run again.

        Nothing tells that a second attempt was asked for but its begin and its end, and now and then the request for a
        first one is lost.
        """
        self.own.run += 1
        number = self._tool_id(self.own.run)
        created = self.odd(at + self.chance.between(2, 20))
        queued, landed = created, branch == "main"
        for attempt in (1, 2):
            started = self.odd(queued + self.chance.between(5, 240))
            finished = self.odd(started + self.chance.around(420))
            success = attempt == 2 or not self.chance.happens(self.stream.failed_build)  # noqa: PLR2004 - the second attempt passes
            run = github_running.Run(
                repo=self.repository, number=number, attempt=attempt, sha=sha, branch=branch,
                event="push" if landed else "pull_request", created=created, queued=queued, started=started,
                finished=finished, success=success, actor=change.author,
            )  # fmt: skip
            asked = attempt == 1 and not self.chance.happens(0.03)
            hooks = (("requested", queued), ("in_progress", started), ("completed", finished))
            for action, when in hooks if asked else hooks[1:]:
                self._github(when, "workflow_run", github_running.workflow_run(action, run, when))
            if asked or started <= self.outbox.end:
                change.note(queued, "run_queued", landed=landed)
            change.note(started, "run_started", landed=landed)
            change.note(finished, "run_finished" if success else "run_failed", landed=landed)
            if success:
                break
            queued = self.odd(finished + self.chance.between(60, 1_200))

    def deployment_number(self) -> int:
        """Return the number of a new deployment."""
        self.own.deployment += 1
        return self._tool_id(self.own.deployment)

    def _offer(self, change: Change, at: int) -> None:
        if change.offered is None:
            change.offered = at
        change.note(at, "offered")

    def _merged_commits(self, change: Change, at: int) -> list[Commit]:
        by = change.merged_by or change.author
        method = self.chance.random.choices(("squash", "merge", "rebase"), (5, 3, 2))[0]
        if method == "squash" or change.listed:
            notes = "".join(f"\n- {one.ticket.key} {one.ticket.summary}" for one in change.listed if one.ticket)
            message = f"{change.title} (#{change.number})\n{notes}"
            return [self._landing(at, message.rstrip("\n"), change.author)]
        if method == "merge":
            message = f"Merge pull request #{change.number} from {OWNER}/{change.branch}\n\n{change.title}"
            kept = [msgspec.structs.replace(commit, distinct=False) for commit in change.commits]
            return [*kept, self._landing(at, message, by)]
        return [msgspec.structs.replace(commit, sha=self.chance.sha(), committer=by) for commit in change.commits]

    def _landing(self, at: int, message: str, author: Account) -> Commit:
        return Commit(
            sha=self.chance.sha(), at=at, message=message, author=author, committer=HOSTING, path=self._path()
        )

    def _path(self) -> str:
        return f"{folder_of(self.stream, self.service)}src/main.py"

    def _kind(self) -> tuple[str, str, float]:
        return self.chance.random.choices(KINDS, [share for _, _, share in KINDS])[0]

    def _review(self, change: Change, at: int, who: Account, decision: str) -> github.Body:
        self.own.run += 1
        return github.review(self.repository, change, at, who, decision, self._tool_id(self.own.run))

    def _pull_request(self, action: str, change: Change, at: int, sender: Account, **more: str) -> None:
        self._github(at, "pull_request", github.pull_request(action, self.repository, change, at, sender, **more))

    def _next_run(self) -> int:
        self.own.run += 1
        return self._tool_id(self.own.run)

    def _tool_id(self, number: int) -> int:
        return (sum(self.service.encode()) % 1_000 + 1_000) * 10_000_000 + number

    def _github(self, at: int, event: str, body: github.Body) -> None:
        self.outbox.send(at, "github", github.headers(event, self.outbox.guid()), body)

    def _jira(self, at: int, body: jira.Body) -> None:
        self.outbox.send(at, "jira", jira.headers(self.outbox.guid().replace("-", "")), body)
