"""The Faust application: it hosts the worker, the agent, the timer and the pages; our log carries.

Faust's own consumer, producer and tables are off. A service feeds the agent through an in-memory channel, a chunk at a
time, and commits when the agent says that the chunk is durable.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
from collections.abc import Mapping
from functools import partial
from typing import Any, Final

import faust
from faust.app.base import App, BootStrategy
from mode import Service

from processors.agent import Carrier, Chunk
from processors.dead_letters import Seal
from processors.departure import Departure
from processors.emit import Emitter
from processors.engine import Core, Derivation
from processors.feed import SOURCE, Feed
from processors.library_logs import to_structlog
from processors.outputs import WRITTEN, Outputs
from processors.page import readiness
from processors.parts import Parts
from processors.recovery import Recovery
from processors.settings import Settings
from processors.telemetry import Telemetry
from processors.watchdog import Watchdog
from schemas import topics
from schemas.clock import clock_from
from schemas.garbage import collect_seldom
from schemas.identity_key import load_identity_key
from schemas.kafka_settings import read_kafka_settings
from schemas.letter_keys import seal_alone
from schemas.log import Log
from schemas.log_open import open_log
from schemas.registry import open_codec

_NO_BROKER: Final = "kafka://127.0.0.1:9092"
"""Faust wants an address; nothing ever connects to it."""

_DEFAULT_CONFIG: Final = "value-streams.yaml"


class PartitionsDiffer(ValueError):  # noqa: N818 - a broken set-up, shown to whoever made it
    """The state topic has another partition count than the source: state could not stand beside its stream."""


class _Boot(BootStrategy):
    """Faust without Kafka."""

    enable_kafka = False
    enable_kafka_consumer = False
    enable_kafka_producer = False


class _App(App):
    BootStrategy = _Boot


def main(settings: Settings) -> None:
    """Run the processors until SIGTERM or SIGINT.

    Raises SystemExit with a code when the worker had to leave, and LogUnavailable, PartitionsDiffer, BadIdentityKey,
    BadKafkaSettings or what the value-stream file's reader raises when it cannot start.
    """
    more = read_kafka_settings(settings.kafka_settings.get_secret_value())
    log = open_log(settings.kafka or None, settings.data, settings=more)
    try:
        serve(settings, log, derivation_of(settings))
    finally:
        log.close()


def derivation_of(settings: Settings) -> Derivation:
    """Return how the configured value streams derive rows."""
    from processors.derivation import DERIVATION_VERSION
    from processors.facts import ENCODING, attributes_of_rules
    from processors.measures import Measures
    from processors.partition import Partition
    from schemas.definition_file import load

    definition = load(settings.config or settings.data / _DEFAULT_CONFIG)
    clock = clock_from(settings.clock)
    streams = sorted(stream.name for stream in definition.value_streams)
    packing = (DERIVATION_VERSION, ENCODING, sorted(attributes_of_rules(definition)), streams)
    return Derivation(
        new_core=lambda: Core(
            Partition(definition, settings.generation), Measures(definition, clock(), settings.generation)
        ),
        version=f"{DERIVATION_VERSION}/{definition.derived_version}",
        packing=hashlib.sha256(repr(packing).encode()).hexdigest()[:16],
    )


def serve(settings: Settings, log: Log, derivation: Derivation) -> None:
    """Run a worker on a log that is open already; see `main`."""
    to_structlog()
    collect_seldom()
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    app = _application(settings)
    worker = faust.Worker(
        app, loop=loop, quiet=True, override_logging=False, redirect_stdouts=False, stdout=io.StringIO()
    )
    departure = Departure(lambda: _stop_soon(loop, worker), settings.leave_seconds)
    watchdog = _wire(app, settings, log, derivation, departure)
    try:
        worker.execute_from_commandline()
    except SystemExit:
        if departure.code is not None:
            raise SystemExit(departure.code) from None
    finally:
        watchdog.stop()


def _application(settings: Settings) -> App:
    return _App(
        "vsm-processors",
        broker=_NO_BROKER,
        datadir=settings.data / "faust",
        autodiscover=False,
        web_enabled=settings.process_port != 0,
        web_host=settings.host,
        web_bind=settings.host,
        web_port=settings.process_port or 6066,
        topic_disable_leader=True,
    )


def _wire(app: App, settings: Settings, log: Log, derivation: Derivation, departure: Departure) -> Watchdog:
    """Make every part and hang it into the application."""
    sealed = _seal(settings)
    codec = open_codec(settings.schema_registry.get_secret_value() or None)
    parts = Parts(
        settings=settings,
        log=log,
        codec=codec,
        outputs=Outputs(codec, _counts(log)),
        telemetry=Telemetry(),
        departure=departure,
        watchdog=Watchdog(settings.stall_seconds, departure),
    )
    feed = Feed(parts, Recovery(parts, derivation))
    _host(app, feed, Carrier(parts, feed.ownership, sealed), parts.watchdog)
    _emit_every_second(app, Emitter(parts, feed.ownership, clock_from(settings.clock)), parts)
    _pages(app, feed, parts)
    return parts.watchdog


def _host(app: App, feed: Feed, carrier: Carrier, watchdog: Watchdog) -> None:
    """Hang the feed and the agent into the application; the channel between them holds what was handed over."""
    chunks = app.channel()

    @app.agent(chunks)
    async def process(stream: Any) -> None:  # noqa: ANN401 - Faust's stream is untyped
        async for chunk in stream:
            await carrier.take(chunk)

    @app.service
    class FeedService(Service):
        """The feed's thread, for as long as the worker runs."""

        async def on_start(self) -> None:
            loop = asyncio.get_running_loop()
            app.flow_control.resume()  # the consumer that would do this is off

            def send(chunk: Chunk) -> None:
                asyncio.run_coroutine_threadsafe(chunks.send(value=chunk), loop)

            watchdog.start()
            feed.start(send)

        async def on_stop(self) -> None:
            await asyncio.to_thread(feed.stop)


def _emit_every_second(app: App, emitter: Emitter, parts: Parts) -> None:
    @app.timer(parts.settings.emit_seconds)
    async def emit() -> None:
        with parts.departure.on_error("measurements could not be computed"):
            await emitter.emit()


def _pages(app: App, feed: Feed, parts: Parts) -> None:
    telemetry, generation = parts.telemetry, parts.settings.generation
    telemetry.generation.set(generation)

    @app.page("/metrics")
    async def metrics(view: Any, _request: Any) -> Any:  # noqa: ANN401 - Faust's views are untyped
        return view.bytes(telemetry.page(), content_type="text/plain; version=0.0.4")

    @app.page("/health/live")
    async def live(view: Any, _request: Any) -> Any:  # noqa: ANN401
        return view.json({"live": True})

    @app.page("/health/ready")
    async def ready(view: Any, _request: Any) -> Any:  # noqa: ANN401
        body = readiness(feed.ownership.holdings(), ready=feed.ready, generation=generation)
        return view.json(body, status=200 if body["ready"] else 503)


def _seal(settings: Settings) -> Seal:
    told = settings.identity_key.get_secret_value()
    key = load_identity_key(told, settings.data, may_make=not settings.kafka)
    return partial(seal_alone, identity_key=key)


def _counts(log: Log) -> Mapping[str, int]:
    """Return the partition count of every topic we write. Raises PartitionsDiffer."""
    counts = {topic: log.partitions(topic) for topic in WRITTEN}
    if counts[topics.STATE.name] != (source := log.partitions(SOURCE)):
        raise PartitionsDiffer(f"{topics.STATE.name} has {counts[topics.STATE.name]} partitions, {SOURCE} has {source}")
    return counts


def _stop_soon(loop: asyncio.AbstractEventLoop, worker: faust.Worker) -> None:
    """Stop the worker from any thread."""
    asyncio.run_coroutine_threadsafe(worker.stop(), loop)
