"""Read all settings from where they may stand: command line, environment, TOML file, defaults, in that order."""

import os
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from pydantic import Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from retouch.errors import ConfigurationError, shorten
from retouch.settings.accounts import AccountSettings
from retouch.settings.database import DatabaseSettings
from retouch.settings.flux import FluxSettings
from retouch.settings.groups import (
    EngineSettings,
    LimitSettings,
    QueueSettings,
    ServerSettings,
)
from retouch.settings.provenance import ProvenanceSettings
from retouch.settings.remote import RemoteSettings, RoutingSettings
from retouch.settings.safety import SafetySettings
from retouch.settings.storage import StorageSettings
from retouch.settings.telemetry import TelemetrySettings
from retouch.settings.workers import WorkerSettings

__all__ = ["ENVIRONMENT_PREFIX", "Settings", "load_settings"]

ENVIRONMENT_PREFIX: Final = "RETOUCH_"
CONFIG_VARIABLE: Final = "RETOUCH_CONFIG"


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
    accounts: AccountSettings = Field(
        default=AccountSettings(),
        description="What edits cost, and what is kept of requests. Keys are made with `retouch keys`.",
    )
    limits: LimitSettings = Field(default=LimitSettings(), description="What one request may cost.")
    queue: QueueSettings = Field(default=QueueSettings(), description="How edits wait and run.")
    workers: WorkerSettings = Field(
        default=WorkerSettings(), description="How worker processes work, and when they are replaced."
    )
    storage: StorageSettings = Field(default=StorageSettings(), description="Where results are kept, and for how long.")
    database: DatabaseSettings = Field(
        default=DatabaseSettings(), description="Where jobs, keys and accounts are kept."
    )
    engine: EngineSettings = Field(default=EngineSettings(), description="Which engine carries out edits.")
    flux: FluxSettings = Field(default=FluxSettings(), description="How the FLUX engine runs.")
    remote: RemoteSettings = Field(default=RemoteSettings(), description="The server behind the engine `remote`.")
    routing: RoutingSettings = Field(
        default=RoutingSettings(), description="Which engine gets an edit when the engine is `auto`."
    )
    safety: SafetySettings = Field(default=SafetySettings(), description="What the server guards against.")
    provenance: ProvenanceSettings = Field(
        default=ProvenanceSettings(), description="What answers say about their origin."
    )
    telemetry: TelemetrySettings = Field(default=TelemetrySettings(), description="Metrics, log lines and traces.")

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


def _likely_meant(name: str) -> str:
    """A second sentence with the names that are there: the nearest, or all of them where none is near."""
    group, _, field = name.partition(".")
    known, prefix, what = list(Settings.model_fields), "", "The groups"
    if field:
        inner = Settings.model_fields[group].annotation if group in Settings.model_fields else None
        known, prefix, what = list(getattr(inner, "model_fields", ())), f"{group}.", f"The settings of {group}"
    near = get_close_matches(field or group, known, n=1)
    if near:
        return f" Did you mean {prefix}{near[0]}?"
    return f" {what}: {', '.join(known)}." if known else ""


def _explain(error: ValidationError) -> str:
    """One sentence a problem: which setting, what rule, what value. A key is never shown."""
    sentences = []
    for problem in error.errors(include_url=False):
        name = ".".join(str(part) for part in problem["loc"])
        if problem["type"] == "extra_forbidden":
            sentences.append(f"There is no setting {name}.{_likely_meant(name)}")
            continue
        # A whole group is shown no more than its keys would be.
        secret = "." not in name or any(
            word in name
            for word in ("key", "token", "secret", "header", "storage.options", "storage.url", "database.url")
        )
        received = "" if secret else f"; received {shorten(problem['input'])}"
        sentences.append(f"The setting {name} is wrong: {problem['msg']}{received}.")
    return " ".join(sentences)
