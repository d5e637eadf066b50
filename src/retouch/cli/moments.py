"""Spans and moments as people type them."""

import re
from datetime import UTC, datetime
from typing import Final

from retouch.errors import InvalidValueError

__all__ = ["moment_of", "seconds_of"]

_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}
_SPAN: Final = re.compile(r"(\d{1,6})([smhdw])|0", re.ASCII)


def seconds_of(option: str, text: str) -> float:
    """Return a span in seconds. Raises ``InvalidValueError``, which names the option.

    >>> seconds_of("--grace", "24h"), seconds_of("--grace", "0")
    (86400.0, 0.0)
    """
    span = _SPAN.fullmatch(text.strip().lower())
    if span is None:
        raise InvalidValueError(option, "a number and one of s, m, h, d or w, such as 24h", text)
    return 0.0 if span[1] is None else float(int(span[1]) * _SECONDS[span[2]])


def moment_of(option: str, text: str, now: float) -> float:
    """Return a moment in seconds since the epoch: a span from now, or a date or time, in UTC where it names no zone.

    Raises
    ------
    InvalidValueError
        It is neither.

    >>> moment_of("--expires", "90d", 0.0), moment_of("--expires", "1970-01-02", 0.0)
    (7776000.0, 86400.0)
    """
    if _SPAN.fullmatch(text.strip().lower()) is not None:
        return now + seconds_of(option, text)
    try:
        moment = datetime.fromisoformat(text.strip())
        return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError) as exc:
        raise InvalidValueError(option, "a span such as 90d, or a date such as 2030-01-31", text) from exc
