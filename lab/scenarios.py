"""What the lab plants and how: the organisation as it is, and others that each have one thing more to be found out."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from typing import Final, Literal

from msgspec import Struct
from msgspec.structs import replace

from lab.organisation import DAY, HOUR, STREAMS, Hours, Paces, Stream
from lab.sending import MICROS, SentDelivery
from lab.simulate import deliveries
from lab.trunk import one_trunk

Way = Literal["http", "in process"]


class Loss(Struct, frozen=True, kw_only=True):
    """Deliveries that never arrive: each with a chance of its own, and all within an outage.

    The outage begins so many seconds before the end of the run and lasts so many; 0 for none.
    """

    each: float
    outage_before_end: int = 0
    outage_lasts: int = 0


class Scenario(Struct, frozen=True, kw_only=True):
    """One organisation, how many items it works on, and what is done to its deliveries.

    `way`: sent over HTTP through the whole pipeline, or handed to adapters, routing, engine and measures in process.
    """

    name: str
    about: str
    streams: tuple[Stream, ...]
    items: int = 240
    way: Way = "in process"
    loss: Loss | None = None


def happened(scenario: Scenario, seed: int, end_micros: int) -> Iterator[SentDelivery]:
    """Yield the deliveries of a run in the order of arrival, had none been lost."""
    every = deliveries(seed, scenario.items, end_micros, scenario.streams)
    return iter(one_trunk(every)) if any(stream.repository for stream in scenario.streams) else every


def arriving(loss: Loss | None, every: Iterable[SentDelivery], seed: int, end_micros: int) -> Iterator[SentDelivery]:
    """Yield what arrives of some deliveries: all, without a loss."""
    chance = random.Random(f"{seed}/lost")
    return (one for one in every if loss is None or not _lost(loss, one, end_micros, chance))


def _lost(loss: Loss, one: SentDelivery, end_micros: int, chance: random.Random) -> bool:
    begins = end_micros - loss.outage_before_end * MICROS
    unlucky = chance.random() < loss.each
    return unlucky or begins <= one.at < begins + loss.outage_lasts * MICROS


_CHECKOUT, _SEARCH, _PLATFORM = STREAMS

_SHIFTED: Final = (
    replace(
        _CHECKOUT,
        later=Paces(from_day=39, constraint="Develop", develop=66 * HOUR, review_wait=6 * HOUR, verify=4 * HOUR),
    ),
    replace(
        _SEARCH,
        later=Paces(from_day=39, constraint="Review", develop=10 * HOUR, review_wait=58 * HOUR, verify=3 * HOUR),
    ),
    replace(
        _PLATFORM, min_period=4 * DAY,
        later=Paces(from_day=39, constraint="Verify", develop=10 * HOUR, review_wait=5 * HOUR, verify=62 * HOUR),
    ),
)  # fmt: skip

_BALANCED: Final = tuple(
    replace(
        stream, constraint="", rework=0.1, develop=26 * HOUR, review_wait=20 * HOUR, verify=24 * HOUR,
        min_period=2 * DAY,
    )
    for stream in STREAMS
)  # fmt: skip

_MONOREPO: Final = (
    replace(
        _PLATFORM, name="mono", project="MON", services=("mono-gateway", "mono-auth"), repository="mono-platform",
        develop=110 * HOUR,
    ),
)  # fmt: skip
"""Each change stands in Deploy once more until the other service has it too: Develop has to be slower to limit it."""

_GITOPS: Final = (
    replace(_SEARCH, name="fleet", project="FLT", services=("fleet-router", "fleet-tracker")),
    replace(_SEARCH, name="tags", project="TAG", services=("tags-api", "tags-store-api")),
)

_CALENDARS: Final = (
    replace(
        _CHECKOUT, name="berlin", project="BER", services=("berlin-web", "berlin-api"),
        hours=Hours(zone="Europe/Berlin", holidays=("2025-12-24", "2025-12-25", "2025-12-26", "2025-12-31")),
    ),
    replace(
        _PLATFORM, name="boston", project="BOS", services=("boston-gateway", "boston-auth"),
        hours=Hours(zone="America/New_York", holidays=("2025-11-27", "2025-12-25")),
    ),
    replace(
        _SEARCH, name="adelaide", project="ADL", services=("adelaide-index", "adelaide-api"),
        hours=Hours(zone="Australia/Adelaide", holidays=("2025-12-25", "2025-12-26")),
    ),
)  # fmt: skip

SCENARIOS: Final = (
    Scenario(
        name="base", way="http", items=300, streams=STREAMS,
        about="three streams, each limited by another step; tools, troubles and mistakes as they are",
    ),
    Scenario(
        name="shifted constraint", streams=_SHIFTED,
        about="in the middle of the run another step becomes the one that limits the stream",
    ),
    Scenario(
        name="balanced", streams=_BALANCED,
        about="Develop, Review and Verify hold about the same work: no step limits the stream",
    ),
    Scenario(
        name="lost webhooks", items=600, streams=STREAMS,
        about="every twentieth delivery is lost on its way, and all of six hours",
        loss=Loss(each=0.05, outage_before_end=12 * DAY, outage_lasts=6 * HOUR),
    ),
    Scenario(
        name="lost one by one", items=600, streams=STREAMS,
        about="every twentieth delivery is lost on its way, each for itself: there is no outage",
        loss=Loss(each=0.05),
    ),
    Scenario(
        name="much under way", items=900, streams=STREAMS,
        about="three times as much work: enough is open at the end that the ages of it have quantiles",
    ),
    Scenario(
        name="monorepo", items=120, streams=_MONOREPO,
        about="two services in one repository, told apart by the folders that commits touch",
    ),
    Scenario(
        name="GitOps", items=160, streams=_GITOPS,
        about="a repository of manifests: deployments are told by image digest or tag, never by the code's revision",
    ),
    Scenario(
        name="calendars", streams=_CALENDARS,
        about="working time in zones whose clocks change within the run, with holidays",
    ),
)  # fmt: skip
"""The first is the base; every other is the base with one thing changed."""
