"""What the sink process is told by its environment: `VSM_*` variables."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from sinks.clickhouse.address import parsed


class Settings(BaseSettings):
    """The sinks' settings. Every field is the variable `VSM_` and its name in capitals."""

    model_config = SettingsConfigDict(env_prefix="VSM_", frozen=True, extra="ignore", hide_input_in_errors=True)

    kafka: str = Field(default="", description="Bootstrap servers, HOST:PORT[,...]; empty: the local log under data.")
    kafka_settings: SecretStr = Field(
        default=SecretStr(""),
        description="librdkafka's settings, TLS and SASL: a JSON object, or a file of one or of name=value lines.",
    )
    data: Path = Field(default=Path("vsm-data"), description="Directory of the local log and the embedded tables.")
    identity_key: SecretStr = Field(
        default=SecretStr(""),
        description="Hex key that seals dead letters; empty: DATA/identity.key. The same for every process; with Kafka "
        "it is never made here.",
    )
    schema_registry: SecretStr = Field(
        default=SecretStr(""),
        description="URL of a schema registry, user and password in it if need be; empty: single-object encoding.",
    )
    clock: str = Field(default="", description="ISO 8601 time that pins the clock; empty: the wall clock.")
    sinks: str = Field(default="clickhouse,prometheus", description="Which sinks run, separated by commas.")
    host: str = Field(default="127.0.0.1", description="Address that the metrics page listens on.")
    sink_port: int = Field(
        default=9108, ge=0, lt=1 << 16, description="Port of /metrics, /health/live, /health/ready; 0: none."
    )
    clickhouse: SecretStr = Field(
        default=SecretStr(""),
        description="ClickHouse HTTP address, http(s)://USER:PASSWORD@HOST:PORT, user and password percent-encoded; "
        "empty: embedded in data.",
    )
    active_generation: int = Field(
        default=0, ge=0, lt=1 << 24, description="Generation that views show, set at the start; 0: as it stands."
    )
    batch_rows: int = Field(default=10_000, ge=1, description="Rows of all tables after which they are written.")
    batch_bytes: int = Field(
        default=32 << 20, ge=1, description="Bytes of records after which fewer rows are written; bounds memory."
    )
    flush_seconds: float = Field(default=0.2, gt=0, description="Seconds after which fewer rows are written.")
    retry_seconds: float = Field(default=5.0, gt=0, description="Longest pause between two tries of a block.")
    sql_port: int = Field(
        default=0, ge=0, lt=1 << 16, description="Port of the loopback ClickHouse HTTP front (embedded only); 0: none."
    )
    sql_writable: bool = Field(default=False, description="Whether the front also takes statements that write.")
    sql_queries: int = Field(default=4, ge=1, description="Queries the front runs at once; more wait.")
    sql_seconds: float = Field(default=60.0, gt=0, description="Longest run of one query of the front.")
    sql_memory_bytes: int = Field(default=2 << 30, ge=1 << 20, description="Most memory one query of the front takes.")
    log_level: str = Field(default="info", description="Least level that is logged: debug, info, warning, error.")
    max_series: int = Field(default=500_000, ge=1, description="Most measured series the metrics page holds.")

    @field_validator("clickhouse")
    @classmethod
    def _address(cls, url: SecretStr) -> SecretStr:
        if url:
            parsed(url.get_secret_value())
        return url

    @field_validator("sinks")
    @classmethod
    def _known(cls, text: str) -> str:
        unknown = {name.strip() for name in text.split(",")} - {"clickhouse", "prometheus"}
        if unknown:
            raise ValueError(f"unknown sink {', '.join(sorted(unknown))!r}: known are clickhouse, prometheus")
        return text

    @property
    def chosen(self) -> frozenset[str]:
        """The names of the sinks to run."""
        return frozenset(name.strip() for name in self.sinks.split(","))
