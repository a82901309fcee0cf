"""How a change comes to be: from the ticket over commits, reviews and rework to its merge, planned backward from it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from lab.announcing import packaged
from lab.desk import Desk
from lab.organisation import HOUR, LEAD_IN, OWNER
from lab.planted import UPDATER, Account
from lab.work import Change, Commit, Item

MINUTE: Final = 60

NAMES_ANOTHER: Final = 0.06
"""Share of the changes with a ticket's key in their branch whose title mentions a ticket they were not made for."""

STALE_BRANCH: Final = 0.15
"""Share of the changes with a ticket's key in their title alone that go on in the branch of another ticket."""

LISTS_TICKETS: Final = 0.4
"""Share of the changes without a ticket that are release notes: the message they land with lists tickets."""

LOOKS_LIKE_A_KEY: Final = 0.1
"""Share of the titles with a word that looks like a ticket's key and is none."""
Act = Callable[[int], object]


class Course:
    """Things to be done one after another, each some time after the one before."""

    def __init__(self) -> None:
        self._acts: list[tuple[int, Act]] = []

    def after(self, seconds: int, act: Act) -> None:
        """Add something to do so many seconds after what was added before."""
        self._acts.append((seconds, act))

    def run_until(self, last: int, desk: Desk) -> None:
        """Do everything so that the last thing is done at about `last`."""
        total = sum(seconds for seconds, _ in self._acts)
        shrink = min(1.0, (LEAD_IN - HOUR) / total) if total else 1.0
        self._run(last - int(total * shrink), shrink, desk)

    def run_from(self, start: int, desk: Desk) -> None:
        """Do everything, counting from `start`."""
        self._run(start, 1.0, desk)

    def _run(self, start: int, shrink: float, desk: Desk) -> None:
        at = start
        for seconds, act in self._acts:
            at = desk.odd(at + int(seconds * shrink))
            act(at)


class Developer:
    """Plans and does the work on one change."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._chance = desk.chance

    def items(self, course: Course, count: int, *, issue_type: str | None = None) -> list[Item]:
        """Create the tickets of a change at the beginning of a course; the list fills when the course runs."""
        created: list[Item] = []
        for _ in range(count):
            gap = self._chance.between(2, 40) * MINUTE
            course.after(gap, lambda at: created.append(self._desk.ticket(at, issue_type=issue_type)))
        if self._chance.happens(0.3):
            course.after(self._chance.between(1, 30) * MINUTE, lambda at: self._desk.edit(created[0], at))
        course.after(self._chance.around(self._desk.stream.backlog), lambda _: None)
        return created

    def ordinary(
        self, course: Course, items: list[Item], done: list[Change], others: Sequence[Item], *, keyed: bool
    ) -> None:
        """Plan commits, pull request, reviews, rework and merge (or, now and then, its abandonment).

        `items` is filled by the course before the change begins; without tickets (`keyed` False) it gets the
        change's own. Now and then it names one of `others`, too, which it has nothing to do with; a change without
        tickets now and then lands with a list of some.
        """
        desk, chance, stream = self._desk, self._chance, self._desk.stream
        author = desk.person()
        named_in = chance.random.choices(("both", "branch", "title"), (8, 1, 1))[0] if keyed else "nowhere"
        change: list[Change] = []
        course.after(MINUTE, lambda at: change.append(self._begin(items, author, named_in, others=_before(others, at))))
        if not keyed and chance.happens(LISTS_TICKETS):
            course.after(1, lambda at: change[0].listed.extend(self._some(_before(others, at))))
        self._commits(course, change, pushes=chance.between(1, 2))
        draft = chance.happens(0.15)
        course.after(chance.between(1, 20) * MINUTE, lambda at: desk.open(change[0], at, draft=draft))
        if draft:
            self._push(course, change, chance.between(1, 2), chance.around(4 * HOUR))
            course.after(chance.around(2 * HOUR), lambda at: desk.ready(change[0], at))
        course.after(chance.between(5, 60), lambda at: self._in_review(change[0], at))
        if chance.happens(0.6):
            course.after(chance.between(20, 200), lambda at: desk.remark(change[0], at))
        self._reviews(course, change, stream.review_wait)
        self._finish(course, change, done)

    def urgent(self, course: Course, items: list[Item], done: list[Change], *, folder: str) -> None:
        """Plan a quick change: one commit, a quick look or none, merged."""
        desk, chance = self._desk, self._chance
        author = desk.person()
        change: list[Change] = []
        course.after(MINUTE, lambda _: change.append(self._begin(items, author, "both", folder)))
        self._push(course, change, 1, 10 * MINUTE)
        course.after(chance.between(60, 300), lambda at: desk.open(change[0], at, draft=False))
        if chance.happens(0.7):
            course.after(chance.around(10 * MINUTE), lambda at: desk.review(change[0], at, "approved"))
        course.after(chance.between(2, 8) * MINUTE, lambda at: self._merged(change[0], at, done))

    def revert(self, course: Course, original: Change, done: list[Change]) -> None:
        """Plan the change that takes another one back, as GitHub's button makes it: it names what that one named."""
        desk = self._desk
        change: list[Change] = []
        course.after(MINUTE, lambda _: change.append(self._begin_revert(original)))
        self._push(course, change, 1, 60)
        course.after(30, lambda at: desk.open(change[0], at, draft=False))
        course.after(self._chance.around(5 * MINUTE), lambda at: desk.review(change[0], at, "approved"))
        course.after(MINUTE, lambda at: self._merged(change[0], at, done))

    def update(self, course: Course, done: list[Change]) -> None:
        """Plan a bot's dependency update: no ticket, one commit, approved by a human or merged as it is."""
        desk, chance = self._desk, self._chance
        change: list[Change] = []
        course.after(0, lambda _: change.append(self._bump()))
        self._push(course, change, 1, 5)
        course.after(chance.between(2, 30), lambda at: desk.open(change[0], at, draft=False))
        if chance.happens(0.7):
            course.after(chance.around(9 * HOUR), lambda at: desk.review(change[0], at, "approved"))
        course.after(chance.between(5, 90) * MINUTE, lambda at: self._merged(change[0], at, done))

    def _begin(
        self, items: list[Item], author: Account, named_in: str, folder: str = "feature", others: Sequence[Item] = ()
    ) -> Change:
        keys = [item.ticket.key for item in items if item.ticket]
        slug = self._chance.random.choice(("tidy", "faster", "clearer", "safer"))
        in_branch = named_in in {"both", "branch"}
        rest = f"{keys[0]}-{slug}" if in_branch else f"{slug}{self._chance.sha()[:6]}x"
        titled = keys if named_in in {"both", "title"} or len(keys) > 1 else []
        title = " ".join([*titled, f"make it {slug}"])
        if self._chance.happens(LOOKS_LIKE_A_KEY):
            title += self._chance.random.choice((" in UTF-8", " with SHA-256", " for CVE-2024"))
        mistaken: list[Item] = []
        if others and in_branch and self._chance.happens(NAMES_ANOTHER):
            mistaken = [self._chance.random.choice(others)]
            title += f", like {_key(mistaken[0])}"
        elif others and named_in == "title" and self._chance.happens(STALE_BRANCH):
            mistaken = [self._chance.random.choice(others)]
            rest = f"{_key(mistaken[0])}-{slug}"
        change = self._desk.change(items, author, self._branch(folder, author, rest), title, mistaken=mistaken)
        items[:] = change.meant
        return change

    def _some(self, items: list[Item]) -> list[Item]:
        return self._chance.random.sample(items, min(len(items), 4))

    def _branch(self, folder: str, author: Account, rest: str) -> str:
        """Return a branch's name: in a folder, or as people call theirs, by a login or a mail address."""
        own = self._chance.random.choices(("", "login", "mail", "web"), (80, 12, 3, 5))[0]
        if folder != "feature" or not own:
            return f"{folder}/{rest}"
        if own == "web":
            return f"{author.login}-patch-{rest}"
        return f"{author.login if own == 'login' else author.mail}/{rest}"

    def _begin_revert(self, original: Change) -> Change:
        items = original.meant if original.meant[0].ticket is not None else []
        branch, title = f"revert-{original.number}-{original.branch}", f'Revert "{original.title}"'
        body = f"Reverts {OWNER}/{self._desk.repository}#{original.number}"
        return self._desk.change(items, self._desk.person(), branch, title, body, original.mistaken)

    def _bump(self) -> Change:
        return self._desk.change([], UPDATER, f"dependabot/pip/lib{self._chance.sha()[:5]}x", "Bump a library")

    def _in_review(self, change: Change, at: int) -> None:
        for item in change.meant:
            self._desk.move(item, "In Review", at)

    def _commits(self, course: Course, change: list[Change], *, pushes: int) -> None:
        chance, median = self._chance, self._desk.stream.develop
        course.after(chance.between(5, 90) * MINUTE, lambda _: None)
        for push in range(pushes):
            self._push(course, change, chance.between(1, 3), max(60, chance.around(median / pushes, 0.4, 2.0)))
            if push == 0:
                course.after(chance.between(1, 9) * MINUTE, lambda at: self._picked_up(change[0], at))

    def _push(self, course: Course, change: list[Change], commits: int, seconds: int) -> None:
        desk, made = self._desk, list[Commit]()
        for index in range(commits):
            gap = 30 if index == 0 else max(1, seconds // commits)
            course.after(gap, lambda at: made.append(desk.commit(change[0], at, self._message(change[0]))))
        course.after(max(30, seconds // commits), lambda at: desk.push(change[0], made, at))

    def _picked_up(self, change: Change, at: int) -> None:
        for item in change.meant:
            self._desk.move(item, "In Progress", at)

    def _reviews(self, course: Course, change: list[Change], wait: int) -> None:
        desk, chance = self._desk, self._chance
        if chance.happens(0.04):
            course.after(chance.between(10, 60) * MINUTE, lambda _: None)
            return
        course.after(chance.around(wait, 0.4, 2.0), lambda _: None)
        for _ in range(2):
            if not chance.happens(desk.stream.rework):
                break
            course.after(chance.between(1, 30), lambda at: desk.review(change[0], at, "changes_requested"))
            self._push(course, change, chance.between(1, 2), chance.around(3 * HOUR))
            if chance.happens(0.15):
                return
            course.after(chance.around(2 * HOUR), lambda _: None)
        if chance.happens(0.3):
            course.after(chance.between(1, 30), lambda at: desk.review(change[0], at, "commented"))
        course.after(chance.between(5, 45) * MINUTE, lambda at: desk.review(change[0], at, "approved"))

    def _finish(self, course: Course, change: list[Change], done: list[Change]) -> None:
        desk, chance = self._desk, self._chance
        course.after(chance.between(5, 90) * MINUTE, lambda _: None)
        if chance.happens(0.06):
            course.after(30, lambda at: desk.abandon(change[0], at))
            if chance.happens(0.6):
                course.after(chance.between(5, 30) * MINUTE, lambda at: self._dropped(change[0], at))
                return
            course.after(chance.between(1, 5) * HOUR, lambda at: desk.reopen(change[0], at))
        course.after(chance.between(10, 600), lambda at: self._merged(change[0], at, done))

    def _dropped(self, change: Change, at: int) -> None:
        for item in change.meant:
            self._desk.move(item, "Won't Do", at)

    def _merged(self, change: Change, at: int, done: list[Change]) -> None:
        self._desk.merge(change, at)
        packaged(self._desk, change.merge_sha or "", self._desk.odd(at + self._chance.between(30, 90)))
        done.append(change)

    def _message(self, change: Change) -> str:
        keys = [item.ticket.key for item in change.meant if item.ticket]
        if keys and f"/{keys[0]}-" in change.branch and self._chance.happens(0.7):
            return f"{keys[0]}: another step\n\nCo-authored-by: {change.author.name} <{change.author.mail}>"
        return "Another step"


def _before(items: Sequence[Item], at: int) -> list[Item]:
    """Return the items whose tickets were there before a time."""
    return [item for item in items if item.ticket is not None and item.ticket.created < at]


def _key(item: Item) -> str:
    return item.ticket.key if item.ticket is not None else ""
