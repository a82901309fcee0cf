"""The lab's own bookkeeping of an item's visits: one method for each thing that can happen to it.

Written against the standard map by hand, so that it does not share a line with the processors' rules. The methods must
be called in the order of time; times are whole seconds.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from msgspec import Struct

STEPS: Final = ("Backlog", "Develop", "Review", "Build", "Verify", "Deploy")


_QUEUED_BY_A_FACT: Final = frozenset({"Backlog", "Review", "Build", "Verify"})


EVIDENCE: Final = ("changes_requested", "failed_build", "failed_test", "reopened", "reverted", "rolled_back")
"""What shows that a stay was not complete and accurate; of two at one time the first here stands."""


class Verdict(NamedTuple):
    """What showed a stay to be wrong, and when (seconds)."""

    at: int
    evidence: str


class Visit(Struct, kw_only=True):
    """One stay in one step, still being written. `counted` is false where another item counts the same visit.

    `gap_from` is the item's latest finish before something queued the visit; None where nothing did. `untold`: nobody
    said when it ended; by `finished` the whole item was done. `failed`: a build that failed ended it.
    `of` is the change that opened it, '' for none.
    """

    step: str
    number: int
    queued: int | None = None
    gap_from: int | None = None
    started: int | None = None
    finished: int | None = None
    sent_back: bool = False
    verdict: Verdict | None = None
    counted: bool = True
    untold: bool = False
    started_by: str | None = None
    of: str = ""
    failed: bool = False

    def find_wrong(self, verdict: Verdict) -> None:
        """Write down what showed it to be wrong, unless something did before."""
        self.verdict = min(self.verdict or verdict, verdict, key=lambda v: (v.at, EVIDENCE.index(v.evidence)))

    @property
    def returned(self) -> bool:
        """Whether something showed it to be wrong."""
        return self.verdict is not None

    @property
    def began(self) -> int:
        """When the visit was first seen."""
        return next(at for at in (self.queued, self.started, self.finished, 0) if at is not None)

    @property
    def wait(self) -> int | None:
        """Seconds from queue to start; None where one is unknown."""
        return None if self.queued is None or self.started is None else self.started - self.queued

    @property
    def process(self) -> int | None:
        """Seconds from start to finish; None where one is unknown."""
        return None if self.started is None or self.finished is None or self.untold else self.finished - self.started

    @property
    def unaccounted(self) -> int | None:
        """Seconds of a finished stay that are neither wait nor process; None where its length is unknown."""
        return None if self.lead is None else self.lead - (self.wait or 0) - (self.process or 0)

    @property
    def lead(self) -> int | None:
        """Seconds from queue to finish; None where one is unknown."""
        return None if self.queued is None or self.finished is None else self.finished - self.queued


class Ledger:
    """The visits of one item.

    The caller sets before each call `counted`, whether this item counts what opens, and `by`, who does it
    (human or bot), and `of`, the change that it happens to.
    """

    def __init__(self) -> None:
        self.visits: list[Visit] = []
        self.counted = True
        self.by = "human"
        self.of = ""
        self._open: dict[str, Visit] = {}
        self._numbers = dict.fromkeys(STEPS, 0)
        self._latest_finish: int | None = None
        self._picked_up = False
        self._offered = False
        self._verifying = False
        self._releasing = False
        self._correcting = False

    def ticket_created(self, at: int) -> None:
        """The work is written down: it waits in the backlog."""
        if "Backlog" not in self._open:
            self._begin("Backlog", queued=at)

    def committed(self, at: int) -> None:
        """A commit was authored; only the first one picks the item up."""
        if self._picked_up:
            return
        self._picked_up = True
        self._end("Backlog", at)
        self._begin("Develop", queued=self._latest_finish, started=at)

    def opened_draft(self, at: int) -> None:
        """A change was opened as a draft: work is picked up, but not offered for review."""
        if not self._picked_up:
            self._picked_up = True
            self._end("Backlog", at)

    def offered(self, at: int) -> None:
        """A change is open and ready for review; the first one ends development."""
        self.opened_draft(at)
        if not self._offered:
            self._offered = True
            self._end("Develop", at)
        self._resubmit(at)
        if "Review" not in self._open:
            self._begin("Review", queued=at)

    def reviewed(self, at: int) -> None:
        """A human looked at the change."""
        self._resubmit(at)
        review = self._open.get("Review")
        if review is None:
            self._begin("Review", started=at)
        elif review.started is None:
            review.started, review.started_by = at, self.by

    def sent_back(self, at: int) -> None:
        """A human asked for changes: the item goes back to development."""
        self.reviewed(at)
        self._end("Review", at).sent_back = True
        for visit in reversed(self.visits):
            if visit.step == "Develop":
                visit.find_wrong(Verdict(at, "changes_requested"))
                break
        self._begin("Develop", queued=at, started=at)
        self._correcting = True

    def review_over(self, at: int) -> None:
        """The change was merged, or abandoned."""
        self._resubmit(at)
        self._end("Review", at)

    def run_queued(self, at: int) -> None:
        """A build was asked for."""
        if "Build" not in self._open:
            self._begin("Build", queued=at)

    def run_started(self, at: int) -> None:
        """A build began."""
        build = self._open.get("Build")
        if build is None:
            self._begin("Build", started=at)
        elif build.started is None:
            build.started, build.started_by = at, self.by

    def run_finished(self, at: int) -> None:
        """A build ended well."""
        self._end("Build", at)

    def run_failed(self, at: int) -> None:
        """A build ended, and had failed."""
        self._end("Build", at).failed = True

    def in_test(self, at: int) -> None:
        """The change is in an environment before production; only the first time counts."""
        if not self._verifying:
            self._verifying = True
            self._begin("Verify", queued=at)

    def going_live(self, at: int) -> None:
        """The deployment that brings the change to production began."""
        if not self._releasing:
            self._releasing = True
            self._end("Verify", at)
        if "Deploy" not in self._open:
            self._begin("Deploy", queued=self._latest_finish, started=at)

    def live(self, at: int) -> None:
        """The change is in production."""
        if not self._releasing:
            self._releasing = True
            if "Verify" in self._open:
                self._end("Verify", at)
        if "Deploy" not in self._open:
            self._begin("Deploy", queued=self._latest_finish)
        self._end("Deploy", at)

    def _resubmit(self, at: int) -> None:
        if self._correcting:
            self._correcting = False
            self._end("Develop", at)
            self._begin("Review", queued=at, returned=True)

    def _begin(
        self, step: str, *, queued: int | None = None, started: int | None = None, returned: bool = False
    ) -> Visit:
        self._numbers[step] += 1
        visit = Visit(step=step, number=self._numbers[step], queued=queued, started=started, counted=self.counted)
        visit.of = self.of
        visit.started_by = None if started is None else self.by
        if queued is not None and step in _QUEUED_BY_A_FACT and not returned:
            visit.gap_from = self._latest_finish
        self.visits.append(visit)
        self._open[step] = visit
        return visit

    def _end(self, step: str, at: int) -> Visit:
        visit = self._open.get(step) or self._begin(step)
        del self._open[step]
        visit.finished = at
        self._latest_finish = at
        return visit
