"""librdkafka's settings as an operator gives them: text or file, checked before anything starts, secrets unseen."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from ingest.settings import Settings as IngestSettings
from processors.settings import Settings as ProcessorSettings
from schemas.kafka_settings import BadKafkaSettings, read_kafka_settings
from sinks.settings import Settings as SinkSettings

PASSWORD = "planted-password"
LINES = f"""\
# how we reach the cluster
security.protocol = SASL_SSL
sasl.mechanism=PLAIN
sasl.username=vsm

sasl.password={PASSWORD}=
"""
TEXT = '{"security.protocol": "ssl", "enable.ssl.certificate.verification": false, "socket.timeout.ms": 5000}'


def test_nothing_is_no_settings() -> None:
    """Without any the client is as it was."""
    assert read_kafka_settings(" ") == {}


def test_text_is_a_json_object() -> None:
    """A JSON object stands for itself; its values become librdkafka's words."""
    assert read_kafka_settings(TEXT) == {
        "security.protocol": "ssl", "enable.ssl.certificate.verification": "false", "socket.timeout.ms": "5000",
    }  # fmt: skip


def test_file_of_lines(tmp_path: Path) -> None:
    """A file of properties is read line by line; a value may hold an equals sign, a comment says nothing."""
    file = tmp_path / "kafka.properties"
    file.write_text(LINES)

    assert read_kafka_settings(str(file)) == {
        "security.protocol": "SASL_SSL", "sasl.mechanism": "PLAIN", "sasl.username": "vsm",
        "sasl.password": f"{PASSWORD}=",
    }  # fmt: skip


def test_file_of_json(tmp_path: Path) -> None:
    """A file may hold the JSON object in place of lines."""
    file = tmp_path / "kafka.json"
    file.write_text(TEXT)

    assert read_kafka_settings(str(file)) == read_kafka_settings(TEXT)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ('{"sasl.pasword": "planted-password"}', 'No such configuration property: "sasl.pasword"'),
        ('{"socket.timeout.ms": "planted-password"}', "socket.timeout.ms"),
        ('{"security.protocol": "sasl_ssl", "sasl.mechanism": "PLAIN"}', "sasl.username and sasl.password must be set"),
        ('{"acks": "1"}', "acks cannot be set here"),
        ('{"sasl.password": ["planted-password"]}', "must be a JSON object of names and values"),
        ('{"sasl.password": "planted-password"', "must be a JSON object of names and values"),
        ("/nowhere/at/all", "/nowhere/at/all cannot be read"),
    ],
)
def test_bad_settings_are_told_without_secrets(given: str, told: str) -> None:
    """What cannot be used is named, and no secret of it is shown."""
    with pytest.raises(BadKafkaSettings) as bad:
        read_kafka_settings(given)

    assert (told in str(bad.value), PASSWORD in str(bad.value)) == (True, False)


def test_bad_line_is_told_by_its_number(tmp_path: Path) -> None:
    """A line that is none is told by file and line, not shown."""
    file = tmp_path / "kafka.properties"
    file.write_text(f"sasl.username=vsm\n{PASSWORD}\n")
    with pytest.raises(BadKafkaSettings) as bad:
        read_kafka_settings(str(file))

    assert str(bad.value) == f"{file}:2: a line is `name=value`"


@pytest.mark.parametrize("settings", [IngestSettings, ProcessorSettings, SinkSettings])
def test_printed_settings_show_stars(settings: type[IngestSettings | ProcessorSettings | SinkSettings]) -> None:
    """A process's settings, printed, show stars in their place."""
    printed = repr(settings(kafka_settings=SecretStr(f'{{"sasl.password": "{PASSWORD}"}}')))

    assert ("***" in printed, PASSWORD in printed) == (True, False)
