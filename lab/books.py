"""Keeps the books of a run: turns what is over into truth, one entity at a time, and adds up every number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from lab.flow import flow
from lab.ledger import STEPS, Visit
from lab.organisation import DAY, STREAMS, WINDOW_DAYS, Hours, Stream
from lab.release import Release
from lab.releasing import PRODUCTION
from lab.samples import Samples
from lab.sending import MICROS
from lab.service import Ended
from lab.trouble import Trouble
from lab.truth import (
    Entity,
    TrueChange,
    TrueDeployment,
    TrueDora,
    TrueIncident,
    TrueItem,
    TrueOrigin,
    TrueStep,
    TrueStream,
    TrueVisit,
)
from lab.work import Change, Item
from lab.working import working


class Books:
    """The books of a whole run up to `end` (seconds); every entity is handed to `keep` as it is written."""

    def __init__(self, end: int, keep: Callable[[Entity], None], streams: Sequence[Stream] = STREAMS) -> None:
        self._end = end
        self._keep = keep
        self._streams = {stream.name: _StreamBook(stream, end) for stream in streams}

    def book(self, stream: str, ended: Ended) -> None:
        """Write down what is over."""
        book = self._streams[stream]
        for item in ended.items:
            if truth := self._item(stream, item):
                book.item(truth, ended)
                self._keep(truth)
        for change in ended.changes:
            if truth_of_change := self._change(stream, change):
                self._keep(truth_of_change)
            if change.seen:
                self._keep(self._origin(stream, change))
        for release in ended.releases:
            if truth_of_release := self._release(stream, release):
                book.deployment(truth_of_release, release)
                self._keep(truth_of_release)
        for trouble in ended.troubles:
            if trouble.detected <= self._end:
                self._keep(self._trouble(stream, trouble))

    def streams(self) -> dict[str, TrueStream]:
        """Return every stream's numbers; the books are closed."""
        return {name: book.close() for name, book in self._streams.items()}

    def _item(self, stream: str, item: Item) -> TrueItem | None:
        visits = item.visits(self._end)
        if not visits:
            return None
        life, hours = flow(item, visits, self._end), self._streams[stream].hours
        for visit in visits:
            if visit.finished is None and life.finished is not None:
                visit.finished, visit.untold = life.finished, True
        opened = [change.uri for change in item.changes if self._until(change.opened) is not None]
        return TrueItem(
            value_stream=stream,
            item_id=item.uri,
            kind=item.kind,
            created_at=_micros(life.created),
            started_at=_micros(life.started),
            finished_at=_micros(life.finished),
            process_seconds=life.process,
            wait_seconds=life.wait,
            unaccounted_seconds=life.unaccounted,
            path_process_seconds=life.path_process,
            effort_seconds=life.effort,
            flow_working_seconds=None if life.finished is None else working(hours, life.started, life.finished),
            changes=tuple(opened),
            visits=tuple(_visit(visit, item.kind, hours) for visit in visits),
        )

    def _change(self, stream: str, change: Change) -> TrueChange | None:
        if self._until(change.opened) is None:
            return None
        deployed = self._until(change.deployed)
        return TrueChange(
            value_stream=stream, change_id=change.uri, item_ids=tuple(sorted(item.uri for item in change.items)),
            first_commit_at=_micros(change.first_commit), opened_at=_micros(self._until(change.offered)),
            first_reviewed_at=_micros(self._until(change.reviewed)), merged_at=_micros(self._until(change.merged)),
            deployed_at=_micros(deployed), deployment_id=change.deployment if deployed is not None else None,
            left_censored=change.left_censored and deployed is not None,
        )  # fmt: skip

    def _origin(self, stream: str, change: Change) -> TrueOrigin:
        named, listed = change.mistaken_until(self._end), change.listed if self._until(change.merged) else []
        meant = {item.uri for item in change.meant if item.ticket is not None}
        return TrueOrigin(
            value_stream=stream, change_id=change.uri, tickets=tuple(sorted(meant)),
            mistaken=tuple(sorted({item.uri for item in (*named, *listed)} - meant)),
            commits=tuple(change.seen), service=change.service, opened=self._until(change.opened) is not None,
        )  # fmt: skip

    def _release(self, stream: str, release: Release) -> TrueDeployment | None:
        begun = release.queued if release.started is not None else release.finished
        if not release.told or begun > self._end:
            return None
        over = release.finished <= self._end
        failed = over and self._until(release.found) is not None
        outcome = ("success" if release.success else "failure") if over else None
        return TrueDeployment(
            value_stream=stream, deployment_id=release.uri, service=release.service, environment=release.environment,
            commit=release.sha, started_at=_micros(self._until(release.started)),
            finished_at=_micros(self._until(release.finished)), outcome=outcome,
            change_ids=tuple(sorted(change.uri for change in release.changes)) if over else (),
            left_censored=release.left_censored, failed=failed, why=release.why if failed else "",
            is_rework=release.rework, recovered_at=_micros(self._until(release.recovered)),
        )  # fmt: skip

    def _trouble(self, stream: str, trouble: Trouble) -> TrueIncident:
        return TrueIncident(
            value_stream=stream, incident_id=trouble.uri, service=trouble.service,
            detected_at=trouble.detected * MICROS, resolved_at=_micros(self._until(trouble.resolved)),
            deployment_id=trouble.cause, attribution=trouble.attribution, innocent=trouble.innocent,
        )  # fmt: skip

    def _until(self, at: int | None) -> int | None:
        return at if at is not None and at <= self._end else None


class _StepBook:
    def __init__(self) -> None:
        self.process, self.wait, self.lead = Samples(), Samples(), Samples()
        self.arrivals = self.completions = self.returned = self.open = self.standing = 0
        self._evidence: Counter[str] = Counter()

    def visit(self, visit: TrueVisit, end: int) -> None:
        begun = visit.started_at if visit.queued_at is None else visit.queued_at
        if begun is not None:
            self.arrivals += 1
            self.standing += ((visit.finished_at or end) - begun) // MICROS
        if visit.finished_at is None:
            self.open += 1
            return
        self.completions += 1
        self.returned += visit.returned
        if visit.evidence:
            self._evidence[visit.evidence] += 1
        self.process.add(visit.process_seconds)
        self.wait.add(visit.wait_seconds)
        self.lead.add(visit.lead_seconds)

    def close(self) -> TrueStep:
        passed = self.completions - self.returned
        step = TrueStep(
            process=self.process.quantiles(), wait=self.wait.quantiles(), lead=self.lead.quantiles(),
            arrivals=self.arrivals, completions=self.completions, returned=self.returned, work_in_progress=self.open,
            evidence=dict(self._evidence), standing_seconds=self.standing,
            complete_accurate_ratio=passed / self.completions if self.completions else None,
        )  # fmt: skip
        for samples in (self.process, self.wait, self.lead):
            samples.close()
        return step


class _DoraBook:
    def __init__(self) -> None:
        self.lead, self.recovery = Samples(), Samples()
        self.all = self.good = self.failed = self.rework = 0

    def deployment(self, truth: TrueDeployment, release: Release) -> None:
        if truth.finished_at is None:
            return
        self.all += 1
        self.good += truth.outcome == "success"
        self.failed += truth.failed
        self.rework += truth.is_rework
        if truth.failed and truth.recovered_at is not None:
            self.recovery.add((truth.recovered_at - truth.finished_at) // MICROS)
        if not truth.left_censored:
            for change in release.changes:
                self.lead.add(release.finished - (change.first_commit or release.finished))

    def close(self) -> TrueDora:
        dora = TrueDora(
            deployments=self.all, successful=self.good, failed=self.failed, rework=self.rework,
            change_lead_time=self.lead.quantiles(), recovery=self.recovery.quantiles(),
            change_fail_ratio=self.failed / self.all if self.all else None,
            rework_ratio=self.rework / self.all if self.all else None,
        )  # fmt: skip
        self.lead.close()
        self.recovery.close()
        return dora


class _StreamBook:
    def __init__(self, stream: Stream, end: int) -> None:
        self._stream = stream
        self.hours = stream.hours
        self._end = end
        self._steps = {step: _StepBook() for step in STEPS}
        self._dora = _DoraBook()
        self._flow = Samples()
        self._kinds: Counter[str] = Counter()
        self._items = self._finished = self._load = self._active = self._charged = 0

    def item(self, truth: TrueItem, _: Ended) -> None:
        self._items += 1
        if truth.process_seconds is not None:
            self._active += truth.process_seconds
            self._charged += truth.process_seconds + (truth.wait_seconds or 0)
        for visit in truth.visits:
            if visit.counted:
                self._steps[visit.step].visit(visit, self._end * MICROS)
        if truth.finished_at is not None:
            self._finished += 1
            if truth.kind is not None:
                self._kinds[truth.kind] += 1
            if truth.started_at is not None:
                self._flow.add((truth.finished_at - truth.started_at) // MICROS)
        elif truth.started_at is not None:
            self._load += 1

    def deployment(self, truth: TrueDeployment, release: Release) -> None:
        if truth.environment == PRODUCTION:
            self._dora.deployment(truth, release)

    def close(self) -> TrueStream:
        steps = {name: step.close() for name, step in self._steps.items()}
        standing = {name: step.standing_seconds for name, step in steps.items() if name != STEPS[0]}
        rolled: float | None = 1.0
        for step in steps.values():
            ratio = step.complete_accurate_ratio
            rolled = None if rolled is None or ratio is None else rolled * ratio
        time = self._flow.quantiles()
        self._flow.close()
        return TrueStream(
            deployer=self._stream.deployer,
            planted_constraint=self._stream.limits_at_the_end,
            constraint=max(standing, key=lambda name: standing[name]),
            available_seconds=_available(self.hours, self._end),
            planted_rework=self._stream.rework,
            rolled_complete_accurate_ratio=rolled,
            steps=steps,
            items=self._items,
            finished_items=self._finished,
            flow_load=self._load,
            flow_time=time,
            flow_efficiency_ratio=self._active / self._charged if self._charged else None,
            kinds=dict(self._kinds),
            dora=self._dora.close(),
        )


def _visit(visit: Visit, kind: str | None, hours: Hours | None) -> TrueVisit:
    return TrueVisit(
        step=visit.step, visit=visit.number, queued_at=_micros(visit.queued), started_at=_micros(visit.started),
        finished_at=_micros(visit.finished), wait_seconds=visit.wait, process_seconds=visit.process,
        lead_seconds=None if visit.untold else visit.lead, unaccounted_seconds=visit.unaccounted,
        wait_working_seconds=working(hours, visit.queued, visit.started),
        process_working_seconds=None if visit.untold else working(hours, visit.started, visit.finished),
        lead_working_seconds=None if visit.untold else working(hours, visit.queued, visit.finished),
        sent_back=visit.sent_back, returned=visit.returned, counted=visit.counted, kind=kind,
        evidence=visit.verdict.evidence if visit.verdict else "", started_by=visit.started_by,
    )  # fmt: skip


def _available(hours: Hours | None, end: int) -> float:
    worked = working(hours, end - WINDOW_DAYS * DAY, end)
    return float(WINDOW_DAYS * DAY if worked is None else worked)


def _micros(seconds: int | None) -> int | None:
    return None if seconds is None else seconds * MICROS
