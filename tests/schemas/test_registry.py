"""The registry's edge: ids for our schemas, schemas for anybody's ids, and errors that say whose fault they are."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from schemas.avro_schemas import KINDS, newest
from schemas.codec import BadRecord, Codec
from schemas.log import LogUnavailable
from schemas.registry import SUBJECTS, Registry, RegistryRefused, RegistryUnavailable, open_codec
from schemas.state import EntityRecord
from schemas.topics import TOPICS
from tests.builders.schema_registry import RegistryServer, schema_registry

RECORD = EntityRecord(value_stream="s", entity="e", encoding=1, facts=b"\x00")


@pytest.fixture
def server() -> Iterator[RegistryServer]:
    """A registry with nothing in it."""
    with schema_registry() as running:
        yield running


@pytest.fixture
def registry(server: RegistryServer) -> Iterator[Registry]:
    """Our edge to it."""
    registry = Registry(server.url)
    yield registry
    registry.close()


def test_every_topic_has_a_subject() -> None:
    """Each value's schema is registered under its topic's name."""
    assert sorted(SUBJECTS.values()) == sorted(f"{topic.name}-value" for topic in TOPICS)


def test_a_schema_registered_again_has_the_same_id(registry: Registry) -> None:
    """Every process registers at its start; the second finds what the first made."""
    text = newest(EntityRecord).text

    assert registry.register("subject", text) == registry.register("subject", text)


def test_a_schema_is_found_by_its_id(registry: Registry) -> None:
    """What was registered comes back as it was."""
    text = newest(EntityRecord).text

    assert registry.schema_of(registry.register("subject", text)) == text


def test_an_unknown_id_is_a_lookup_error(registry: Registry) -> None:
    """The registry answers and does not know it."""
    with pytest.raises(LookupError, match="404"):
        registry.schema_of(7)


def test_an_incompatible_schema_is_refused(registry: Registry) -> None:
    """The reason of the registry is passed on."""
    registry.register("subject", newest(EntityRecord).text)
    schema = json.loads(newest(EntityRecord).text)
    schema["fields"].append({"name": "new", "type": "string"})

    with pytest.raises(RegistryRefused, match="incompatible"):
        registry.register("subject", json.dumps(schema))


@pytest.mark.parametrize("status", [500, 503, 429])
def test_an_overloaded_registry_is_an_outage(server: RegistryServer, registry: Registry, status: int) -> None:
    """What may pass is an outage of the log's kind, never a bad record."""
    server.status = status

    with pytest.raises(LogUnavailable, match=str(status)):
        registry.schema_of(1)


def test_an_absent_registry_is_an_outage() -> None:
    """Nobody listens there."""
    with pytest.raises(RegistryUnavailable):
        open_codec("http://127.0.0.1:1")


def test_a_codec_with_a_registry_writes_its_ids(server: RegistryServer) -> None:
    """A record names the id that the registry gave."""
    codec = open_codec(server.url)

    data = codec.encode(RECORD)

    assert server.schemas[int.from_bytes(data[1:5], "big") - 1] == newest(EntityRecord).text


def test_another_process_reads_what_was_written(server: RegistryServer) -> None:
    """A codec that never saw the id asks for it."""
    data = open_codec(server.url).encode(RECORD)

    assert open_codec(server.url).decode(data, EntityRecord) == RECORD


def test_an_id_nobody_registered_is_an_unknown_schema(server: RegistryServer) -> None:
    """It becomes a dead letter with its own reason."""
    with pytest.raises(BadRecord) as bad:
        open_codec(server.url).decode(b"\x00\x00\x00\x03\xe7rest", EntityRecord)
    assert bad.value.unknown_schema


def test_without_a_registry_records_are_single_objects() -> None:
    """No address, no registry."""
    assert open_codec(None).encode(RECORD) == Codec().encode(RECORD)


def test_every_value_gets_an_id(server: RegistryServer) -> None:
    """Opening the codec registers all of them."""
    open_codec(server.url)

    assert len(server.subjects) == len(KINDS)
