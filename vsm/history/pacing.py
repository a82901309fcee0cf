"""How long to wait before an API is asked again: its own words on limits, else longer each time; pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

MOST_TRIES: Final = 8
"""How often one question is asked before it is given up."""

MOST_SECONDS: Final = 3_700.0
"""A limit of an hour is waited out; whoever says more is not believed."""

_LIMITED: Final = frozenset({403, 429})
_BROKEN: Final = frozenset({500, 502, 503, 504})
_SECONDARY_SECONDS: Final = 60.0
_LEAST_SECONDS: Final = 1.0
_MOST_DIGITS: Final = 20
_REMAINING: Final = ("x-ratelimit-remaining", "ratelimit-remaining")
_RESET: Final = ("x-ratelimit-reset", "ratelimit-reset")
_EPOCH_FROM: Final = 1_000_000_000.0
"""A reset of this or more is a time, of less a number of seconds."""


def is_limit(status: int, headers: Mapping[str, str], body: str) -> bool:
    """Tell whether an answer says that too much was asked; a 403 without a word of limits is a refusal."""
    if status not in _LIMITED:
        return False
    return status != 403 or "retry-after" in headers or _remaining(headers) == 0 or "rate limit" in body.lower()  # noqa: PLR2004


def is_broken(status: int) -> bool:
    """Tell whether an answer is a failure that passes."""
    return status in _BROKEN


def pause(headers: Mapping[str, str], tried: int, now: float) -> float:
    """Return the seconds to wait after a limit or a failure that was answered `tried` times; never below 0."""
    if (told := _retry_after(headers, now)) is not None:
        return told
    if _remaining(headers) == 0 and (reset := _until_reset(headers, now)) is not None:
        return reset
    return min(2.0 ** (tried - 1), _SECONDARY_SECONDS)


def limited_pause(headers: Mapping[str, str], tried: int, now: float) -> float:
    """Return the seconds to wait after a limit, 1 or more: as told, else a minute and twice as long each time."""
    told = "retry-after" in headers or _remaining(headers) == 0
    if told:
        return max(pause(headers, tried, now), _LEAST_SECONDS)
    return min(_SECONDARY_SECONDS * 2.0 ** (tried - 1), MOST_SECONDS)


def rest(headers: Mapping[str, str], now: float) -> float:
    """Return the seconds to wait after a good answer: 0, until the limit's end where nothing is left."""
    return (_until_reset(headers, now) or 0.0) if _remaining(headers) == 0 else 0.0


def _remaining(headers: Mapping[str, str]) -> int | None:
    text = next((headers[name] for name in _REMAINING if name in headers), "")
    return int(text) if _is_number(text) else None


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS


def _until_reset(headers: Mapping[str, str], now: float) -> float | None:
    text = next((headers[name] for name in _RESET if name in headers), "")
    if not _is_number(text):
        return None
    at = float(text)
    return _bounded(at - _its_now(headers, now) if at >= _EPOCH_FROM else at)


def _its_now(headers: Mapping[str, str], now: float) -> float:
    """Return the time by the API's own clock, which its reset is told by; ours where it tells none."""
    told = _date(headers.get("date", ""))
    return now if told is None else told


def _retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Return what `Retry-After` says: a number of seconds, or a date."""
    text = headers.get("retry-after", "")
    if _is_number(text):
        return _bounded(float(text))
    at = _date(text)
    return None if at is None else _bounded(at - _its_now(headers, now))


def _date(text: str) -> float | None:
    try:
        at = parsedate_to_datetime(text)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def _bounded(seconds: float) -> float:
    return min(max(seconds, 0.0), MOST_SECONDS)


def shown(seconds: float, now: float) -> str:
    """Return when a wait ends, for people."""
    return datetime.fromtimestamp(now + seconds, UTC).strftime("%H:%M:%S UTC")
