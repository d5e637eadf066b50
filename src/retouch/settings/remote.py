"""The settings of the engines "remote" and "auto"."""

from typing import Annotated, Any

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import NoDecode

from retouch.engines.remote.options import RemoteOptions, RemoteProtocol
from retouch.engines.routing import RoutingOptions
from retouch.settings.groups import Group, NameList, split_commas

__all__ = ["RemoteSettings", "RoutingSettings"]


class RemoteSettings(Group):
    """The server that makes the edits of the engine "remote"."""

    url: str | None = Field(
        default=None,
        description="Base of the remote API with its version, as its clients have it: `http://10.0.0.5:8000/v1`, "
        "`https://api.aimlapi.com/v1`, `https://api.bfl.ai/v1`. Without it there is no remote server.",
    )
    protocol: RemoteProtocol = Field(
        default="openai",
        description='What it speaks: "openai" for image servers of your own (`/images/edits` as a form), "retouch" for another '
        'Retouch, "aimlapi" for the AI/ML API, "bfl" for Black Forest Labs.',
    )
    model: str | None = Field(
        default=None,
        min_length=1,
        pattern=r"^[A-Za-z0-9._:/@\-]+$",
        description="The model that it is asked for. Left out: the one that the client named, for the hosted APIs; none for the "
        "others, which mostly have one.",
    )
    api_key: SecretStr | None = Field(
        default=None,
        description="Your key for it. Sent to it alone, over https or within a private network, and never logged.",
    )
    image_field: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z_]+(\[\])?$",
        description="Name of the form's pictures for servers that take only one: `image[]` for some of stable-diffusion.cpp's. "
        "Left out: `image` for one picture and `image[]` for several, as OpenAI's clients have it.",
    )
    timeout_seconds: float = Field(
        default=120,
        gt=0,
        le=3600,
        description="Seconds for one edit, with every attempt, polling and the download of the picture. Keep it below "
        "`queue.deadline_seconds`.",
    )
    max_attempts: int = Field(
        default=3,
        ge=1,
        le=10,
        description="How often an order is sent that could not be delivered, or that was answered with 429 or a 5xx status. "
        "Random waits lie between, and what `Retry-After` asks for.",
    )
    breaker_failures: int = Field(
        default=5,
        ge=1,
        description="Failures in a row after which the server is left alone, so that clients are told at once.",
    )
    breaker_seconds: float = Field(
        default=30, gt=0, description="Seconds that it is left alone; then a single request tries whether it is back."
    )

    @model_validator(mode="after")
    def _check(self) -> "RemoteSettings":
        self.options()
        return self

    def options(self) -> RemoteOptions | None:
        """Return what the engine is built with; None without a URL. Raises ``ConfigurationError`` for a URL that can't be."""
        if self.url is None:
            return None
        key = None if self.api_key is None else self.api_key.get_secret_value()
        return RemoteOptions(**{**self.model_dump(exclude={"api_key"}), "api_key": key})


class RoutingSettings(Group):
    """Which engine gets an edit when the engine is "auto"."""

    order: NameList | None = Field(
        default=None,
        description="Engines by name. The first is asked; when it refuses the instruction, the next one is. Left out: `builtin`, "
        "then `remote` where `remote.url` is set.",
    )
    models: dict[str, Annotated[tuple[str, ...], NoDecode]] = Field(
        default={},
        description="By the model that the client names, an order of its own. A table in the TOML file "
        '(`"flux/kontext-pro/image-to-image" = ["remote"]`), JSON in the environment.',
    )
    max_running: int = Field(
        default=0,
        ge=0,
        description="Edits of one engine that may run side by side before the next one of the order is asked instead; 0 for any "
        "number. Counted per process; has an effect with several `queue.workers`.",
    )

    _split = field_validator("order", mode="before")(split_commas)

    @field_validator("models", mode="before")
    @classmethod
    def _one_or_several(cls, value: Any) -> Any:
        return {model: split_commas(names) for model, names in value.items()} if isinstance(value, dict) else value

    @model_validator(mode="after")
    def _check(self) -> "RoutingSettings":
        self.options(has_remote=False)
        return self

    def options(self, *, has_remote: bool) -> RoutingOptions:
        """Return what the engine is built with. Raises ``ConfigurationError`` for an order that can't be."""
        order = self.order if self.order is not None else ("builtin", "remote") if has_remote else ("builtin",)
        return RoutingOptions(order, dict(self.models), self.max_running)
