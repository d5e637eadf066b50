"""What an operator can set, and where it is read from: command line, environment, TOML file, defaults, in that order.

Built once, by the command line, with ``load_settings``. Only ``retouch.server.app`` and ``retouch.cli`` see these objects; the
layers below get small frozen values. ``docs/reference/settings.md`` is generated from the descriptions here.
"""

import hashlib
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from retouch.engines.flux.options import (
    KONTEXT_REPOSITORY,
    FluxOptions,
    Offload,
    Precision,
    Preset,
    ReferenceMode,
    TextPrecision,
)
from retouch.errors import ConfigurationError, shorten
from retouch.kontext import ASPECT_RATIOS

__all__ = [
    "EngineSettings",
    "FluxSettings",
    "LimitSettings",
    "QueueSettings",
    "SafetySettings",
    "ServerSettings",
    "Settings",
    "StorageSettings",
    "load_settings",
]

ENVIRONMENT_PREFIX: Final = "RETOUCH_"
CONFIG_VARIABLE: Final = "RETOUCH_CONFIG"
_LOOPBACK_HOSTS: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_MIB: Final = 2**20

NameList = Annotated[tuple[str, ...], NoDecode]
"""Several names; in the environment, separated by commas."""


class _Group(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


def _split_commas(value: Any) -> Any:
    """Turn the environment's "a, b" into a list; a TOML array passes through."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


class ServerSettings(_Group):
    """Where the server listens, and who may use it."""

    host: str = Field(
        default="127.0.0.1",
        description="Address to listen on. Any address other than loopback needs keys, or the server refuses to start.",
    )
    port: int = Field(
        default=8000, ge=0, le=65535, description="TCP port. 0 lets the system choose a free one, which is printed."
    )
    public_url: str | None = Field(
        default=None,
        pattern=r"^https?://[A-Za-z0-9.\-:\[\]]+(/[A-Za-z0-9._~\-/]*)?$",
        description="Base of the result URLs, such as `https://retouch.example.org`. Left out, each answer uses the scheme and "
        "Host of its request, which suits clients that reach the server under several names.",
    )
    api_keys: Annotated[tuple[SecretStr, ...], NoDecode] = Field(
        default=(),
        description="Keys that clients send as `Authorization: Bearer KEY`, each of 16 characters or more. Prefer "
        "`api_key_hashes` where the configuration is written down.",
    )
    api_key_hashes: NameList = Field(
        default=(), description="SHA-256 of further keys, as 64 hexadecimal digits: `printf %s KEY | sha256sum`."
    )
    cors_origins: NameList = Field(
        default=(),
        description="Web origins that may call the API from a browser, such as `https://app.example.org`, or `*`. Left out: "
        "every origin where keys are needed (a page without the key gets nowhere), pages on this machine where they are not.",
    )
    trusted_proxies: NameList = Field(
        default=("127.0.0.1", "::1"),
        description="Addresses of reverse proxies whose `X-Forwarded-Proto` and `X-Forwarded-For` are believed.",
    )
    shutdown_seconds: float = Field(
        default=30,
        ge=0,
        le=3600,
        description="Seconds that running requests get to finish when the server is told to stop.",
    )

    _split = field_validator("api_keys", "api_key_hashes", "cors_origins", "trusted_proxies", mode="before")(
        _split_commas
    )

    @field_validator("api_keys")
    @classmethod
    def _long_enough(cls, keys: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        if any(set("[]\"' ") & set(key.get_secret_value()) for key in keys):
            raise ValueError("keys are separated by commas, without brackets, quotes or spaces")
        if any(len(key.get_secret_value()) < 16 for key in keys):
            raise ValueError("a key needs at least 16 characters; `openssl rand -hex 24` makes one")
        return keys

    @field_validator("api_key_hashes")
    @classmethod
    def _sha256(cls, hashes: tuple[str, ...]) -> tuple[str, ...]:
        lowered = tuple(item.lower() for item in hashes)
        if any(len(item) != 64 or set(item) - set("0123456789abcdef") for item in lowered):
            raise ValueError("a hash has 64 hexadecimal digits; `printf %s KEY | sha256sum` makes one")
        return lowered

    @property
    def key_digests(self) -> frozenset[str]:
        """SHA-256 of every key that is let in, in hexadecimal. Empty when none is configured."""
        hashed = (hashlib.sha256(key.get_secret_value().encode()).hexdigest() for key in self.api_keys)
        return frozenset(hashed) | frozenset(self.api_key_hashes)

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the server."""
        return self.host in _LOOPBACK_HOSTS


class LimitSettings(_Group):
    """What one request may cost."""

    max_body_bytes: int = Field(
        default=100 * _MIB,
        ge=1024,
        description="Bytes of a request body. The default holds four photos of 18 MiB as data URIs.",
    )
    max_image_bytes: int = Field(
        default=32 * _MIB,
        ge=1024,
        description="Bytes of one input picture, sent or fetched. Camera JPEGs have 5 to 20 MiB.",
    )
    max_image_pixels: int = Field(
        default=64_000_000,
        ge=1,
        description="Pixels of one input picture, checked before it is decoded. The default takes a 61-megapixel camera.",
    )
    body_timeout_seconds: float = Field(
        default=60,
        gt=0,
        description="Seconds in which a request body must arrive, so that slow senders can't hold all places.",
    )
    fetch_timeout_seconds: float = Field(
        default=20, gt=0, description="Seconds in which one picture's URL must deliver."
    )
    max_concurrent_uploads: int = Field(
        default=4,
        ge=1,
        description="Request bodies that are read or whose pictures are fetched at the same time; times `max_body_bytes`, "
        "this bounds the memory they take. Further requests wait.",
    )


class QueueSettings(_Group):
    """How edits wait and run."""

    workers: int = Field(
        default=1,
        ge=0,
        le=64,
        description="Edits that run at the same time in this process. One edit already uses several cores. 0 only accepts, for "
        "another process on the same data directory to run.",
    )
    max_waiting: int = Field(
        default=32, ge=1, description="Edits that may wait. One more is answered with 429 and a `Retry-After`."
    )
    deadline_seconds: float = Field(
        default=300,
        gt=0,
        description="Seconds from acceptance in which an edit must be finished; then it is stopped and fails.",
    )
    lease_seconds: float = Field(
        default=30,
        ge=1,
        description="Seconds without a sign of life after which a running edit counts as stalled and is run again.",
    )
    max_attempts: int = Field(
        default=2, ge=1, description="How often an edit is started in all, when the process that ran it died."
    )


class StorageSettings(_Group):
    """Where results are kept, and for how long."""

    data_dir: Path | None = Field(
        default=None,
        description="Folder for results, waiting edits, models and object packs. Left out: `$XDG_DATA_HOME/retouch`, or "
        "`~/.local/share/retouch`.",
    )
    retention_hours: float = Field(
        default=24 * 7,
        ge=0,
        description="Hours after which a result file and its job are deleted. 0 keeps them for ever. The default gives clients "
        "a week to fetch. The first input that a result was made from is kept as long as the result, so that editing the result "
        "again can go back to it.",
    )


class EngineSettings(_Group):
    """Which engine carries out edits."""

    default: str = Field(default="builtin", min_length=1, description="Name of the engine for requests that name none.")


class FluxSettings(_Group):
    """How the engine "flux" runs FLUX.1 Kontext. Needs the extra `retouch[flux]`."""

    folder: Path | None = Field(
        default=None,
        description="The checkpoint, a folder in the diffusers layout; `models/flux` in the data folder when not set.",
    )
    lora_folder: Path | None = Field(
        default=None,
        description="LoRAs that requests may name: `.safetensors` files, by their names without the ending; `models/loras` in "
        "the data folder when not set.",
    )
    device: str = Field(default="cuda", min_length=1, description='Where it runs: "cuda", "cuda:1", "mps", "cpu".')
    precision: Precision = Field(
        default="auto",
        description='What the transformer\'s weights are held in: "bfloat16" is what they were trained in, "fp8" and "int8" take '
        'half of that. "auto" takes the most faithful that fits the memory that is free, and says why.',
    )
    text_precision: TextPrecision = Field(
        default="auto",
        description='What the weights of the text encoder are held in: "full", "fp8" or "int8". "auto" means full unless it does '
        "not fit.",
    )
    offload: Offload = Field(
        default="auto",
        description='What waits in system memory: "none", the text "encoders", each "model" while another works, or all blocks, '
        '"group" by group. "auto" takes the first that fits.',
    )
    vae_tiling: bool | None = Field(
        default=None,
        description="Whether pictures are encoded and decoded in tiles, which takes less memory and can differ a little. Left "
        "out: only where it is needed.",
    )
    transformer_file: Path | None = Field(
        default=None,
        description="A single file with the transformer's weights, `.safetensors` or `.gguf`, in place of the folder's.",
    )
    repository: str = Field(
        default=KONTEXT_REPOSITORY,
        pattern=r"^[A-Za-z0-9][\w.\-]*/[\w.\-]+$",
        description="Name of the checkpoint on the hub, looked for in the hub's local cache where no folder holds one. It is "
        "fetched by `retouch models pull flux` alone.",
    )
    revision: str | None = Field(default=None, description="Branch, tag or commit of the repository.")
    num_inference_steps: int = Field(
        default=28, ge=1, le=100, description="Denoising steps of a picture; 28 is what the model's authors use."
    )
    max_sequence_length: int = Field(
        default=512,
        ge=16,
        le=512,
        description="Tokens of a prompt; a longer one is refused. 512 is the most the model reads.",
    )
    batch_size: int = Field(
        default=1, ge=1, le=64, description="Pictures of one forward pass. A megapixel fills most cards alone."
    )
    reproducible: bool = Field(
        default=True,
        description="Whether every pass is padded to `batch_size`, so that a picture's bytes don't depend on what shares its "
        "passes. False is faster under partial load.",
    )
    reference_mode: ReferenceMode = Field(
        default=ReferenceMode.STITCH,
        description="How several input pictures are shown to the model: side by side (`stitch`), or each as tokens of its own, "
        "on a plane of its own (`tokens`) or on one plane side by side (`offset`).",
    )

    preset: Preset = Field(
        default=Preset.EXACT,
        description='What fidelity is given for speed. "exact" computes as diffusers does, to the bit. "balanced" compiles and '
        'takes the fastest attention that proves itself: low bits may differ. "fast" also extrapolates steps (needs '
        "`retouch[flux-fast]`) and multiplies in float8 where the card does: small details may differ.",
    )
    warm_up: Annotated[tuple[str, ...] | None, NoDecode] = Field(
        default=None,
        description='Aspect ratios, such as "1:1" and "16:9", that are run once at the start, so that no request pays for it; '
        "the server is ready after that. Left out: the square one on a card, none on a CPU.",
    )

    _split = field_validator("warm_up", mode="before")(_split_commas)

    @field_validator("warm_up")
    @classmethod
    def _check_warm_up(cls, names: tuple[str, ...] | None) -> tuple[str, ...] | None:
        unknown = [name for name in names or () if name not in ASPECT_RATIOS]
        if unknown:
            raise ValueError(f"there is no aspect ratio {unknown[0]!r}; known: {', '.join(ASPECT_RATIOS)}")
        return names

    def options(self) -> FluxOptions:
        """Return what the engine is built with."""
        return FluxOptions(**self.model_dump(exclude={"lora_folder", "folder"}))


class SafetySettings(_Group):
    """What the server guards against."""

    check_pictures: bool = Field(
        default=True,
        description="Whether pictures are checked on their way in and out, by each request's `safety_tolerance`. False lets "
        "everything through, and every answer says so.",
    )
    allow_private_addresses: bool = Field(
        default=False,
        description="Whether picture URLs may lead to loopback, private and link-local addresses. Only for a server whose "
        "callers may see the whole inner network.",
    )


class Settings(BaseSettings):
    """All settings."""

    model_config = SettingsConfigDict(
        env_prefix=ENVIRONMENT_PREFIX,
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        validate_default=True,
        nested_model_default_partial_update=True,
    )

    server: ServerSettings = Field(default=ServerSettings(), description="Where it listens, and who may use it.")
    limits: LimitSettings = Field(default=LimitSettings(), description="What one request may cost.")
    queue: QueueSettings = Field(default=QueueSettings(), description="How edits wait and run.")
    storage: StorageSettings = Field(default=StorageSettings(), description="Where results are kept, and for how long.")
    engine: EngineSettings = Field(default=EngineSettings(), description="Which engine carries out edits.")
    flux: FluxSettings = Field(default=FluxSettings(), description="How the FLUX engine runs.")
    safety: SafetySettings = Field(default=SafetySettings(), description="What the server guards against.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read the command line's values first, then the environment, then the TOML file."""
        return (init_settings, env_settings, TomlConfigSettingsSource(settings_cls))


def load_settings(config: Path | None = None, overrides: Mapping[str, Mapping[str, Any]] | None = None) -> Settings:
    """Read the settings.

    Parameters
    ----------
    config : Path, optional
        A TOML file with a table per group; left out, the file that ``RETOUCH_CONFIG`` names, if it does.
    overrides : mapping of group to mapping of field to value, optional
        What the command line says. None as a value means that it says nothing.

    Raises
    ------
    ConfigurationError
        A file can't be read, a name is unknown or a value breaks its rule. Names the setting, the rule and the value.
    """
    named = os.environ.get(CONFIG_VARIABLE)
    path = config or (Path(named) if named else None)
    _check_file(path)
    _check_environment(os.environ)
    said = {
        group: {name: value for name, value in values.items() if value is not None}
        for group, values in (overrides or {}).items()
    }

    class ConfiguredSettings(Settings):
        model_config = SettingsConfigDict(toml_file=path)

    try:
        return ConfiguredSettings(**{group: values for group, values in said.items() if values})  # type: ignore[arg-type]
    except ValidationError as exc:
        raise ConfigurationError(_explain(exc)) from exc
    except SettingsError as exc:
        raise ConfigurationError(
            f"An environment variable that starts with {ENVIRONMENT_PREFIX} can't be read."
        ) from exc


def _check_file(path: Path | None) -> None:
    """Say what is wrong with the TOML file before pydantic-settings, which takes a missing one for an empty one."""
    if path is None:
        return
    try:
        with path.open("rb") as file:
            tomllib.load(file)
    except OSError as exc:
        raise ConfigurationError(f"The configuration file {path} can't be read: {exc.strerror}.") from exc
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise ConfigurationError(f"The configuration file {path} is not valid TOML: {exc}.") from exc


def _check_environment(environment: Mapping[str, str]) -> None:
    """Refuse a variable whose group does not exist: pydantic-settings looks only for those that do."""
    for name in environment:
        group, separator, _ = name.removeprefix(ENVIRONMENT_PREFIX).partition("__")
        if name.startswith(ENVIRONMENT_PREFIX) and separator and group.lower() not in Settings.model_fields:
            groups = ", ".join(Settings.model_fields)
            raise ConfigurationError(
                f"The environment variable {name} names no group of settings. The groups: {groups}."
            )


def _explain(error: ValidationError) -> str:
    """One sentence a problem: which setting, what rule, what value. A key is never shown."""
    sentences = []
    for problem in error.errors(include_url=False):
        name = ".".join(str(part) for part in problem["loc"])
        if problem["type"] == "extra_forbidden":
            sentences.append(f"There is no setting {name}.")
            continue
        secret = "key" in name
        received = "" if secret else f"; received {shorten(problem['input'])}"
        sentences.append(f"The setting {name} is wrong: {problem['msg']}{received}.")
    return " ".join(sentences)
