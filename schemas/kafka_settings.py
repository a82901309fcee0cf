"""librdkafka's own settings, for a cluster that asks for TLS or SASL: from a file or a text, checked, never shown."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

VARIABLE: Final = "VSM_KAFKA_SETTINGS"

_OURS: Final = frozenset(
    {
        "acks", "auto.offset.reset", "bootstrap.servers", "enable.auto.commit", "enable.idempotence", "group.id",
        "isolation.level", "message.max.bytes", "message.timeout.ms", "metadata.broker.list",
        "partition.assignment.strategy", "request.required.acks", "session.timeout.ms", "transactional.id",
    }
)  # fmt: skip
"""What the log's promises rest on: nobody else sets it."""


class BadKafkaSettings(ValueError):  # noqa: N818 - a broken configuration, shown to whoever wrote it
    """Settings that cannot be used; names the setting or the line, and shows no secret."""


def read_kafka_settings(given: str) -> Mapping[str, str]:
    """Return the settings of `given`: a JSON object, or the path of a file with one or with `name=value` lines.

    Names and values are librdkafka's (`security.protocol`, `ssl.ca.location`, `sasl.username`, ...). Empty gives none.
    Raises BadKafkaSettings, also for a name that librdkafka does not know.
    """
    if not given.strip():
        return {}
    settings = _object(given, VARIABLE) if given.lstrip().startswith("{") else _of_file(Path(given.strip()))
    taken = sorted(settings.keys() & _OURS)
    if taken:
        raise BadKafkaSettings(f"{VARIABLE}: {', '.join(taken)} cannot be set here")
    _check(settings)
    return settings


def _of_file(path: Path) -> Mapping[str, str]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as bad:
        raise BadKafkaSettings(f"{VARIABLE}: {path} cannot be read: {type(bad).__name__}") from bad
    return _object(text, str(path)) if text.lstrip().startswith("{") else _lines(text, path)


def _object(text: str, where: str) -> Mapping[str, str]:
    try:
        found = msgspec.json.decode(text, type=dict[str, str | bool | int | float])
    except msgspec.DecodeError as bad:
        raise BadKafkaSettings(f"{where} must be a JSON object of names and values: {bad}") from bad
    return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in found.items()}


def _lines(text: str, path: Path) -> Mapping[str, str]:
    settings = {}
    for number, line in enumerate(text.splitlines(), start=1):
        said = line.strip()
        if not said or said.startswith(("#", "!")):
            continue
        name, equals, value = said.partition("=")
        if not equals:
            raise BadKafkaSettings(f"{path}:{number}: a line is `name=value`")
        settings[name.strip()] = value.strip()
    return settings


def _check(settings: Mapping[str, str]) -> None:
    """Let librdkafka look at the settings. Raises BadKafkaSettings."""
    from confluent_kafka import KafkaException
    from confluent_kafka.admin import AdminClient

    from schemas.kafka_errors import QUIET

    try:
        AdminClient({"log_level": QUIET, **settings})
    except KafkaException as bad:
        raise BadKafkaSettings(f"{VARIABLE}: {bad.args[0].str()}") from bad
