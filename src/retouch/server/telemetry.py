"""From the settings to what the processes of this installation tell of themselves. Knows nothing of HTTP, as the workers."""

from pathlib import Path

from retouch.settings import Settings
from retouch.telemetry.logs import LogOptions
from retouch.telemetry.otel import TraceOptions
from retouch.telemetry.service import MetricsAccess, TelemetryOptions

__all__ = ["log_options", "metrics_access", "telemetry_options"]


def log_options(settings: Settings) -> LogOptions:
    """Return how log lines look."""
    telemetry = settings.telemetry
    return LogOptions(telemetry.log_format, telemetry.log_level, telemetry.log_prompts)


def metrics_access(settings: Settings) -> MetricsAccess:
    """Return who may read the numbers."""
    token = settings.telemetry.metrics_token
    return MetricsAccess(settings.telemetry.metrics, None if token is None else token.get_secret_value())


def telemetry_options(settings: Settings, folder: Path) -> TelemetryOptions:
    """Return what a process keeps and sends.

    Parameters
    ----------
    settings : Settings
    folder : Path
        The private one of the server.
    """
    telemetry = settings.telemetry
    traces = None
    if telemetry.otlp_endpoint is not None:
        traces = TraceOptions(telemetry.otlp_endpoint, telemetry.header_values, telemetry.trace_share)
    return TelemetryOptions(None if telemetry.metrics == "off" else folder / "metrics", traces)
