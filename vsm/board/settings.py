"""What the board process is told by its environment: `VSM_*` variables."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from sinks.clickhouse.address import parsed


class Settings(BaseSettings):
    """The board's settings. Every field is the variable `VSM_` and its name in capitals."""

    model_config = SettingsConfigDict(env_prefix="VSM_", frozen=True, extra="ignore", hide_input_in_errors=True)

    data: Path = Field(default=Path("vsm-data"), description="Data directory whose running stack is asked.")
    config: Path | None = Field(default=None, description="Value-stream file; empty: the one that DATA runs with.")
    clickhouse: SecretStr = Field(
        default=SecretStr(""),
        description="ClickHouse HTTP address, http(s)://USER:PASSWORD@HOST:PORT, user and password percent-encoded; "
        "empty: the tables of data.",
    )
    host: str = Field(
        default="127.0.0.1", description="Address that the API listens on. It asks nobody for a password."
    )
    board_port: int = Field(default=8090, ge=1, lt=1 << 16, description="Port of the API.")
    board_seconds: float = Field(default=30.0, gt=0, description="Seconds after which a question is given up.")
    board_questions: int = Field(default=2, ge=1, description="Questions answered at once; more wait.")
    board_items: int = Field(default=1_000, ge=1, description="Items listed in an answer unless it is asked for more.")
    log_level: str = Field(default="info", description="Least level that is logged: debug, info, warning, error.")

    @field_validator("clickhouse")
    @classmethod
    def _address(cls, url: SecretStr) -> SecretStr:
        if url:
            parsed(url.get_secret_value())
        return url
