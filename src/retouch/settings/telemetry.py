"""The settings of what the service tells of itself."""

from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import NoDecode

from retouch.settings.groups import Group, split_commas

__all__ = ["TelemetrySettings"]


class TelemetrySettings(Group):
    """Metrics, log lines and traces."""

    metrics: Literal["off", "key", "local"] = Field(
        default="key",
        description='Who may read `/metrics`. "key": whoever sends `metrics_token` or an admin key; where no keys are '
        'configured, whoever is on this machine. "local": also, without any key, programs on this machine; not behind a '
        'reverse proxy on the same machine, which makes everybody look local. "off": nobody, and no numbers are kept.',
    )
    metrics_token: SecretStr | None = Field(
        default=None,
        min_length=16,
        description="What Prometheus sends as `Authorization: Bearer TOKEN`, 16 characters or more. It opens `/metrics` and "
        "nothing else, so that the monitoring needs no admin key.",
    )
    worker_metrics_port: int | None = Field(
        default=None,
        ge=0,
        le=65535,
        description="Port on which `retouch worker` shows the metrics of its machine. Left out: none. Needed only on machines "
        "without a `retouch serve` on the same data folder, whose `/metrics` shows them already.",
    )
    worker_metrics_host: str = Field(
        default="127.0.0.1",
        description="Address for `worker_metrics_port`. Any address other than loopback needs `metrics_token`, or the worker "
        "refuses to start.",
    )
    log_format: Literal["text", "json"] = Field(
        default="text", description='How log lines look: "text" for people, "json" for a log store.'
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info",
        description='From which level on events are logged. "info" has one line a request and one a job.',
    )
    log_prompts: bool = Field(
        default=False,
        description="Whether prompts may stand in log lines. They are what people wrote in private, so this is for debugging.",
    )
    otlp_endpoint: str | None = Field(
        default=None,
        pattern=r"^https?://[^\s@?#]+$",
        description="Base URL of an OpenTelemetry collector that takes OTLP over HTTP, such as `http://127.0.0.1:4318`. Left "
        "out: no traces. Needs the extra `retouch[telemetry]`.",
    )
    otlp_headers: Annotated[tuple[SecretStr, ...], NoDecode] = Field(
        default=(), description="Headers for the collector, each as `name=value`, such as a key that it wants."
    )
    trace_share: float = Field(
        default=1.0,
        ge=0,
        le=1,
        description="Share of the traces that begin here which is recorded. What a caller's `traceparent` says is followed.",
    )

    _split = field_validator("otlp_headers", mode="before")(split_commas)

    @field_validator("otlp_headers")
    @classmethod
    def _named(cls, headers: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        if any(not each.get_secret_value().partition("=")[0].strip() for each in headers):
            raise ValueError("each header is name=value")
        return headers

    @property
    def header_values(self) -> dict[str, str]:
        """The headers by name."""
        pairs: list[tuple[str, Any, str]] = [each.get_secret_value().partition("=") for each in self.otlp_headers]
        return {name.strip().lower(): value.strip() for name, _, value in pairs}
