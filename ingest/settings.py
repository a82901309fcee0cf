"""What an operator may set of the ingester; read once at the start from `VSM_*` variables."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


class Settings(BaseSettings):
    """Every setting of the ingest process, with unit, default and meaning."""

    model_config = SettingsConfigDict(env_prefix="VSM_", frozen=True, extra="ignore", hide_input_in_errors=True)

    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=8080, ge=1, le=65_535, description="Port to listen on.")
    tls_cert: Path | None = Field(
        default=None, description="Certificate chain, PEM; with VSM_TLS_KEY: listen with TLS."
    )
    tls_key: Path | None = Field(default=None, description="The certificate's private key, PEM.")
    tls_client_ca: Path | None = Field(
        default=None,
        description="Authority of client certificates, PEM: every connection has to show one (mutual TLS).",
    )
    kafka: str = Field(
        default="", description="Bootstrap servers of Kafka; empty: the local log in the data directory."
    )
    kafka_settings: SecretStr = Field(
        default=SecretStr(""),
        description="librdkafka's settings, TLS and SASL: a JSON object, or a file of one or of name=value lines.",
    )
    schema_registry: SecretStr = Field(
        default=SecretStr(""),
        description="URL of a schema registry, user and password in it if need be; empty: single-object encoding.",
    )
    data: Path = Field(default=Path("vsm-data"), description="Data directory: local log, identity key, import token.")
    config: Path = Field(default=Path("value-streams.yaml"), description="The value-stream file.")
    identity_key: SecretStr = Field(
        default=SecretStr(""),
        description="Key of pseudonyms and seals, hexadecimal; empty: DATA/identity.key. The same for every process; "
        "with Kafka it is never made here.",
    )
    import_token: SecretStr = Field(
        default=SecretStr(""), description="Bearer token of POST /imports; empty: DATA/import.token, if it is there."
    )
    spool_dir: Path | None = Field(
        default=None, description="Durable directory that takes records while the broker is away; unset: 503 instead."
    )
    spool_bytes: int = Field(default=1_073_741_824, ge=1_048_576, description="Most bytes the spool may hold.")
    clock: str = Field(default="", description="Pins the clock to this ISO time; empty: the real clock.")
    metrics_peers: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="Comma-separated loopback URLs whose metrics pages are appended to /metrics."
    )
    body_bytes: int = Field(default=25_000_000, ge=1_024, description="Largest body in bytes, after decompression.")
    body_seconds: float = Field(default=60.0, gt=0, description="Longest time a body may take, however large.")
    body_grace_seconds: float = Field(default=5.0, gt=0, description="Time before the minimum rate of a body counts.")
    body_bytes_per_second: int = Field(default=16_384, ge=1, description="Minimum rate of a body, after the grace.")
    header_seconds: float = Field(default=8.0, gt=0, le=60, description="Longest time for headers, or idle between.")
    publish_seconds: float = Field(default=5.0, gt=0, description="Longest wait for the log before spool or 503.")
    in_flight: int = Field(default=1_000, ge=1, description="Most requests that may wait for the log at once.")
    in_flight_bytes: int = Field(default=256_000_000, ge=1, description="Most bytes of bodies in memory at once.")
    import_facts: int = Field(default=10_000, ge=1, description="Most facts in one import request.")
    drain_seconds: float = Field(
        default=0.5, ge=0, le=20, description="Time between readiness turning red and the listener closing."
    )
    stop_seconds: float = Field(
        default=15.0, gt=0, le=25, description="Longest wait for requests under way at the end."
    )
    close_seconds: float = Field(default=8.0, gt=0, le=25, description="Longest wait for the log to close at the end.")
    log_level: str = Field(default="info", description="Least level that is logged: debug, info, warning, error.")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        """Refuse half of what TLS needs: without the rest the listener would be open."""
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("VSM_TLS_CERT and VSM_TLS_KEY go together")
        if self.tls_client_ca is not None and self.tls_cert is None:
            raise ValueError("VSM_TLS_CLIENT_CA needs VSM_TLS_CERT and VSM_TLS_KEY")
        return self

    @field_validator("metrics_peers", mode="before")
    @classmethod
    def _listed(cls, text: object) -> object:
        """Read a comma-separated list."""
        return tuple(part.strip() for part in text.split(",") if part.strip()) if isinstance(text, str) else text
