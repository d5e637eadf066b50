"""Log lines of the service: structlog renders what any part, uvicorn and other libraries included, says through ``logging``."""

import logging
import sys
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Literal, TextIO, cast

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from retouch.telemetry.context import current, hidden
from retouch.telemetry.redact import clean, one_line
from retouch.telemetry.spans import traceparent

__all__ = ["LogOptions", "configure_logs"]

_MOST_FRAMES: Final = 30
_QUIET: Final = ("uvicorn", "httpcore", "httpx", "sqlalchemy.engine", "PIL", "asyncio", "alembic", "opentelemetry")
"""Libraries that are only heard from WARNING on, whatever the level: below it they write down requests and statements."""
_OWN: Final = ("event", "level", "logger", "timestamp")


@dataclass(frozen=True, slots=True)
class LogOptions:
    """How log lines look.

    Attributes
    ----------
    format : {"text", "json"}
    level : {"debug", "info", "warning", "error"}
    show_prompts : bool
        Whether prompts may stand in log lines.
    """

    format: Literal["text", "json"] = "text"
    level: Literal["debug", "info", "warning", "error"] = "info"
    show_prompts: bool = False


def configure_logs(options: LogOptions, *, stream: TextIO | None = None) -> None:
    """Have everything that this process logs written to ``stream`` (standard error when left out), one line an event.

    Only a process of the service calls this: a library leaves logging to its application.
    """
    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_context,
        _write_out_exception,
        _Cleaner(show_prompts=options.show_prompts),
    ]
    renderer: Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False) if options.format == "json" else _as_text
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
            keep_exc_info=False,
        )
    )
    root = logging.getLogger()
    for before in list(root.handlers):
        if isinstance(before.formatter, structlog.stdlib.ProcessorFormatter):
            root.removeHandler(before)
    root.addHandler(handler)
    root.setLevel(options.level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    logging.captureWarnings(capture=True)


def _add_context(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Add what the running code works for; what the line says itself comes first."""
    for name, value in current().items():
        event.setdefault(name, value)
    trace = traceparent()
    if trace is not None:
        event.setdefault("trace_id", trace.split("-")[1])
    return event


def _write_out_exception(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Replace an exception by its class, its message and where it came from."""
    error = _exception_of(event.pop("exc_info", None))
    event.pop("stack_info", None)
    if error is not None:
        event["error"] = type(error).__name__
        event["error_message"] = str(error)
        event["error_at"] = _frames(error)
    return event


def _exception_of(info: Any) -> BaseException | None:
    if info is True:
        info = sys.exc_info()
    if isinstance(info, BaseException):
        return info
    if isinstance(info, tuple):
        return cast("tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None]", info)[1]
    return None


def _frames(error: BaseException) -> list[str]:
    """Where an exception, and what led to it, came from; innermost last. Places in the code, no values."""
    lines: list[str] = []
    led_to: str | None = None
    cause: BaseException | None = error
    while cause is not None and len(lines) < 2 * _MOST_FRAMES:
        found = traceback.extract_tb(cause.__traceback__)[-_MOST_FRAMES:]
        here = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in found]
        name = type(cause).__name__
        lines = [*here, *([] if led_to is None else [f"this {name} led to {led_to}"]), *lines]
        led_to = name
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    return lines


class _Cleaner:
    """Makes every value one bounded line without secrets, and, unless they may be shown, without prompts."""

    def __init__(self, *, show_prompts: bool) -> None:
        self._show_prompts = show_prompts

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        """Clean one event."""
        secret = () if self._show_prompts else hidden()
        return {one_line(str(name), 60): _clean_value(value, secret) for name, value in event.items()}


def _clean_value(value: Any, secret: tuple[str, ...]) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, list | tuple):
        return [_clean_value(each, secret) for each in value[: 2 * _MOST_FRAMES]]
    if isinstance(value, Mapping):
        return one_line(clean(repr(dict(value)), secret))
    return one_line(clean(str(value), secret))


def _as_text(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    """One line for people: time, level, logger, words, values. The places of an exception follow, indented, on their own."""
    places = event.pop("error_at", [])
    values = " ".join(f"{name}={_text_value(value)}" for name, value in event.items() if name not in _OWN)
    head = f"{event['timestamp']} {event['level'].upper():7} {event['logger']}: {event['event']}"
    return "\n    ".join([f"{head} {values}".rstrip(), *places])


def _text_value(value: Any) -> str:
    text = str(value)
    return repr(text) if not text or " " in text or "=" in text else text
