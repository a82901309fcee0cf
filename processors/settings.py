"""What the processor process is told by its environment: `VSM_*` variables."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """The processors' settings. Every field is the variable `VSM_` and its name in capitals."""

    model_config = SettingsConfigDict(env_prefix="VSM_", frozen=True, extra="ignore", hide_input_in_errors=True)

    kafka: str = Field(default="", description="Bootstrap servers, HOST:PORT[,...]; empty: the local log under data.")
    kafka_settings: SecretStr = Field(
        default=SecretStr(""),
        description="librdkafka's settings, TLS and SASL: a JSON object, or a file of one or of name=value lines.",
    )
    data: Path = Field(default=Path("vsm-data"), description="Directory of the local log and of generated keys.")
    config: Path | None = Field(default=None, description="Value-stream file; empty: one stream `default`.")
    identity_key: SecretStr = Field(
        default=SecretStr(""),
        description="Hex key that seals dead letters; empty: DATA/identity.key. The same for every process; with Kafka "
        "it is never made here.",
    )
    clock: str = Field(default="", description="ISO 8601 time that pins the clock; empty: the wall clock.")
    schema_registry: SecretStr = Field(
        default=SecretStr(""),
        description="URL of a schema registry, user and password in it if need be; empty: single-object encoding.",
    )
    generation: int = Field(
        default=1, ge=1, lt=1 << 24, description="Generation of the derivation; raised, every row is written again."
    )
    host: str = Field(default="127.0.0.1", description="Address that the telemetry page listens on.")
    process_port: int = Field(default=0, ge=0, lt=1 << 16, description="Port of the telemetry page; 0: none.")
    chunk_records: int = Field(default=1_000, ge=1, description="Records taken from the log at once.")
    emit_seconds: float = Field(default=1.0, gt=0, description="Seconds between two emissions of measurements.")
    append_timeout_seconds: float = Field(
        default=30.0, gt=0, description="Seconds an append may take before the worker leaves for a restart."
    )
    fence_seconds: float = Field(
        default=26.0,
        ge=0,
        description="Seconds of the session that must be left before state is written; above the log's append timeout.",
    )
    stall_seconds: float = Field(
        default=60.0, gt=0, description="Seconds without progress, with work waiting, after which the worker leaves."
    )
    leave_seconds: float = Field(
        default=15.0, gt=0, description="Seconds that leaving in order may take before the process ends at once."
    )
    log_level: str = Field(default="info", description="Least level that is logged: debug, info, warning, error.")
    dead_letter_run: int = Field(default=200, ge=1, description="Dead letters in a row that stop a partition's worker.")
    dead_letter_share: float = Field(
        default=0.5, gt=0, le=1, description="Share of dead letters in the window that stops a partition's worker."
    )
    dead_letter_window: int = Field(default=1_000, ge=1, description="Records over which that share is taken.")
