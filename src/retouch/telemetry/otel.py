"""Spans to an OpenTelemetry collector, over OTLP/HTTP. The only importer of opentelemetry, which is an extra."""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from retouch._version import __version__
from retouch.errors import ConfigurationError
from retouch.telemetry.spans import Value

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import SpanProcessor

__all__ = ["OtelTracer", "TraceOptions", "create_tracer"]

_EXPORT_SECONDS: Final = 5
_MISSING: Final = (
    "telemetry.otlp_endpoint is set, but OpenTelemetry is not installed. Install it with `pip install 'retouch[telemetry]'`, or "
    "leave the setting out."
)


@dataclass(frozen=True, slots=True)
class TraceOptions:
    """Where traces go.

    Attributes
    ----------
    endpoint : str
        Base URL of a collector that takes OTLP/HTTP; ``/v1/traces`` is added.
    headers : mapping of str to str
        Sent along, for a collector that wants a key.
    share : float
        Of the traces that begin here, 0 to 1, the share that is recorded. A caller's own decision is followed.
    """

    endpoint: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    share: float = 1.0


def create_tracer(options: TraceOptions, role: str) -> "OtelTracer":
    """Return a tracer that sends spans to a collector in the background.

    Parameters
    ----------
    options : TraceOptions
    role : str
        What this process does: "api", "worker".

    Raises
    ------
    ConfigurationError
        The extra is not installed.
    """
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as exc:
        raise ConfigurationError(_MISSING) from exc
    url = f"{options.endpoint.rstrip('/')}/v1/traces"
    exporter = OTLPSpanExporter(endpoint=url, headers=dict(options.headers), timeout=_EXPORT_SECONDS)
    return OtelTracer(BatchSpanProcessor(exporter, schedule_delay_millis=1000), role, options.share)


class OtelTracer:
    """Records spans with the OpenTelemetry SDK, without touching the process's global tracer.

    Parameters
    ----------
    processor : SpanProcessor
        Gets the spans.
    role : str
        What this process does.
    share : float
        Of the traces that begin here, 0 to 1.
    """

    def __init__(self, processor: "SpanProcessor", role: str, share: float = 1.0) -> None:
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        named = {"service.name": "retouch", "service.version": __version__, "retouch.role": role}
        sampler = ParentBased(TraceIdRatioBased(share))
        self._provider = TracerProvider(sampler=sampler, resource=Resource(named), shutdown_on_exit=False)
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("retouch", __version__)
        self._format = TraceContextTextMapPropagator()

    @contextlib.contextmanager
    def span(
        self, name: str, parent: str | None, started_at: float | None, kind: str, attributes: dict[str, Value]
    ) -> Iterator[None]:
        """Record a span around a block."""
        from opentelemetry.trace import SpanKind, Status, StatusCode

        context = None if parent is None else self._format.extract({"traceparent": parent})
        with self._tracer.start_as_current_span(
            name,
            context=context,
            kind=SpanKind[kind.upper()],
            attributes={f"retouch.{key}": value for key, value in attributes.items()},
            start_time=None if started_at is None else int(started_at * 1e9),
            record_exception=False,  # its text may hold a prompt
            set_status_on_exception=False,
        ) as made:
            try:
                yield
            except BaseException as exc:
                made.set_attribute("error.type", getattr(exc, "code", type(exc).__name__))
                made.set_status(Status(StatusCode.ERROR))
                raise

    def traceparent(self) -> str | None:
        """Return where the trace goes on; None outside of every span."""
        carrier: dict[str, Any] = {}
        self._format.inject(carrier)
        return carrier.get("traceparent")

    def close(self) -> None:
        """Send what is left, for a few seconds at most."""
        self._provider.shutdown()
