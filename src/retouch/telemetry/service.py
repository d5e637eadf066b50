"""Begin to listen: what each process of the service does once, when it starts."""

import contextlib
import hmac
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from retouch.telemetry.ledger import Ledger
from retouch.telemetry.measures import listening
from retouch.telemetry.otel import TraceOptions, create_tracer
from retouch.telemetry.processes import Desk, machine_folder
from retouch.telemetry.spans import tracing

__all__ = ["MetricsAccess", "TelemetryOptions", "telling"]


@dataclass(frozen=True, slots=True)
class MetricsAccess:
    """Who may read the numbers.

    Attributes
    ----------
    rule : {"off", "key", "local"}
        As the setting ``telemetry.metrics``.
    token : str or None
        Opens them, and nothing else.
    """

    rule: Literal["off", "key", "local"] = "key"
    token: str | None = field(default=None, repr=False)

    def is_token(self, authorization: str) -> bool:
        """Whether the value of an ``Authorization`` header holds the token."""
        scheme, _, given = authorization.partition(" ")
        if self.token is None or scheme.lower() != "bearer":
            return False
        return hmac.compare_digest(given.strip().encode(), self.token.encode())


@dataclass(frozen=True, slots=True)
class TelemetryOptions:
    """What the processes of a service tell.

    Attributes
    ----------
    metrics_folder : Path or None
        Private, where the processes of all machines that share it leave their numbers; None keeps none.
    traces : TraceOptions or None
        None records no traces.
    """

    metrics_folder: Path | None = None
    traces: TraceOptions | None = None


@contextlib.contextmanager
def telling(options: TelemetryOptions, role: str) -> Iterator[Desk | None]:
    """Keep numbers and record traces for as long as the block lasts; yield where the numbers are, None when none are kept.

    Log lines are a matter of the whole process: see ``configure_logs``.

    Parameters
    ----------
    options : TelemetryOptions
    role : str
        What this process does: "api", "worker".

    Raises
    ------
    ConfigurationError
        The folder can't be written, or the extra for traces is not installed.
    """
    with contextlib.ExitStack() as stack:
        if options.traces is not None:
            tracer = create_tracer(options.traces, role)
            stack.callback(tracer.close)
            stack.enter_context(tracing(tracer))
        if options.metrics_folder is None:
            yield None
            return
        ledger = Ledger()
        desk = Desk(machine_folder(options.metrics_folder), role, ledger)
        stack.enter_context(desk.taken())
        stack.enter_context(listening(ledger))
        yield desk
