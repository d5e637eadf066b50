"""What an operator can set, and where it is read from: command line, environment, TOML file, defaults, in that order.

Built once, by the command line, with ``load_settings``. Only ``retouch.server.app`` and ``retouch.cli`` see these objects; the
layers below get small frozen values. ``docs/reference/settings.md`` is generated from the descriptions here.
"""

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
from retouch.settings.reading import ENVIRONMENT_PREFIX, Settings, load_settings
from retouch.settings.remote import RemoteSettings, RoutingSettings
from retouch.settings.safety import SafetySettings
from retouch.settings.storage import StorageSettings
from retouch.settings.telemetry import TelemetrySettings
from retouch.settings.workers import WorkerSettings

__all__ = [
    "ENVIRONMENT_PREFIX",
    "AccountSettings",
    "DatabaseSettings",
    "EngineSettings",
    "FluxSettings",
    "LimitSettings",
    "ProvenanceSettings",
    "QueueSettings",
    "RemoteSettings",
    "RoutingSettings",
    "SafetySettings",
    "ServerSettings",
    "Settings",
    "StorageSettings",
    "TelemetrySettings",
    "WorkerSettings",
    "load_settings",
]
