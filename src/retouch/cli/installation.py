"""What an operator has set about engines and folders, for the commands that edit, serve and examine alike."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from retouch.engines.registry import EngineRegistry
    from retouch.settings import Settings

__all__ = ["configured_registry", "data_folder", "read_settings_if_any"]

_PREFIX = "RETOUCH_"
"""Of the environment variables that are settings; named here too, so that finding none needs no import."""


def read_settings_if_any(config: Path | None, *, data_dir: Path | None, engine: str | None = None) -> "Settings | None":
    """Return the settings, where anything is set by a file or in the environment; None spares a quarter of a second of imports.

    Raises
    ------
    ConfigurationError
        A setting is wrong.
    """
    if config is None and not any(name.startswith(_PREFIX) for name in os.environ):
        return None
    from retouch.settings import load_settings

    return load_settings(config, {"storage": {"data_dir": data_dir}, "engine": {"default": engine}})


def data_folder(settings: "Settings") -> Path:
    """Return where models, packs and the server's own files are."""
    from retouch.library import default_data_directory

    return (settings.storage.data_dir or default_data_directory()).expanduser().absolute()


def configured_registry(settings: "Settings", *, is_server: bool = False) -> "EngineRegistry":
    """Return the engines as they are set; a server decodes what a remote engine gets as it decodes what clients send."""
    from retouch.isolation.pool import create_decoder
    from retouch.library import create_registry

    flux, remote = settings.flux, settings.remote.options()
    isolation = settings.limits.isolation() if is_server else None
    return create_registry(
        data_folder(settings),
        flux_folder=flux.folder,
        flux_options=flux.options(),
        lora_folder=flux.lora_folder,
        remote=remote,
        routing=settings.routing.options(has_remote=remote is not None),
        remote_decoder=lambda: create_decoder(isolation),
    )
