"""Run the application: take the port, say where it listens, serve until told to stop."""

import asyncio
import errno
import ipaddress
import socket
import threading
from pathlib import Path
from types import FrameType
from typing import Final

import uvicorn
from fastapi import FastAPI

from retouch.errors import ConfigurationError
from retouch.server.connection import ConnectionRules, connection_class
from retouch.server.readiness import Readiness
from retouch.server.systemd import inherited_listener, notify
from retouch.server.telemetry import log_options
from retouch.settings import Settings
from retouch.settings.groups import LimitSettings
from retouch.telemetry.logs import configure_logs

__all__ = ["listen", "run"]

_REASONS: Final = {
    errno.EADDRINUSE: "another program is using it; stop that one, or choose another --port",
    errno.EACCES: "this user may not use it; choose a --port above 1023",
    errno.EADDRNOTAVAIL: "this machine has no such address; choose another --host",
}
_BACKLOG: Final = 128


def listen(host: str, port: int, *, reuse_port: bool = False) -> socket.socket:
    """Take the port, or the socket that systemd has taken for this process.

    Raises
    ------
    ConfigurationError
        It can't be had; says why, and what to do.
    """
    inherited = inherited_listener()
    if inherited is not None:
        return inherited
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (socket.gaierror, UnicodeError) as exc:
        raise ConfigurationError(f"There is no address named {host!r} to listen on. Choose another --host.") from exc
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if reuse_port:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as exc:
        listener.close()
        reason = _REASONS.get(exc.errno or 0, exc.strerror or "the system gives no reason")
        raise ConfigurationError(f"Can't listen on {host} port {port}: {reason}.") from exc
    return listener


def run(app: FastAPI, settings: Settings, listener: socket.socket, data_directory: Path) -> None:
    """Serve until a signal says to stop; then let running requests finish, for a while.

    Raises
    ------
    ConfigurationError
        There is no key, and other machines reach the socket, which systemd may have taken anywhere.
    """
    configure_logs(log_options(settings))
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.server.trusted_proxies),
        forwarded_allow_ips=list(settings.server.trusted_proxies),
        http=connection_class(_connection_rules(settings.limits)),
        ws="none",
        h11_max_incomplete_event_size=settings.limits.max_header_bytes,
        timeout_graceful_shutdown=max(1, round(settings.server.shutdown_seconds)),
    )
    config.load()
    readiness = app.state.services.readiness
    has_keys = app.state.services.accounts.keys.any_exist()
    if not has_keys and not settings.server.key_digests:
        _check_that_it_is_local(listener)
    greeting = _greeting(settings, listener, data_directory, has_keys=has_keys)
    _Server(config, greeting, readiness, drain_seconds=settings.server.drain_seconds).run(sockets=[listener])


def _check_that_it_is_local(listener: socket.socket) -> None:
    """Refuse a socket that other machines reach: of one from systemd, ``server.host`` says nothing."""
    if listener.family not in (socket.AF_INET, socket.AF_INET6):
        return
    host = listener.getsockname()[0]
    if not ipaddress.ip_address(host.partition("%")[0]).is_loopback:
        raise ConfigurationError(
            f"The socket that this server was given listens on {host}, and there is no API key: it would be open to whoever "
            "reaches it. Make a key with `retouch keys create`, or have the socket listen on 127.0.0.1."
        )


def _connection_rules(limits: LimitSettings) -> ConnectionRules:
    return ConnectionRules(
        max_connections=limits.max_connections,
        header_timeout_seconds=limits.header_timeout_seconds,
        idle_timeout_seconds=limits.idle_timeout_seconds,
    )


class _Server(uvicorn.Server):
    """Says where it listens once it does, and takes a call to stop for a regular end."""

    def __init__(self, config: uvicorn.Config, greeting: str, readiness: Readiness, *, drain_seconds: float) -> None:
        super().__init__(config)
        self._greeting = greeting
        self._readiness = readiness
        self._drain_seconds = drain_seconds

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            notify("READY=1")
            print(self._greeting, flush=True)  # noqa: T201 - for the person at the terminal, and for scripts that wait for it

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End running requests, then what works behind them; uvicorn would tear both out of the event loop when it is hurried."""
        await super().shutdown(sockets)
        if self.force_exit:
            cut_off = list(self.server_state.tasks)
            for task in cut_off:
                task.cancel()
            await asyncio.gather(*cut_off, return_exceptions=True)
            await self.lifespan.shutdown()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - the signature of a signal handler
        """Be ready no more, stop accepting, and end once running requests are done; a second signal ends at once.

        Uvicorn's own handler would raise the signal again after a clean end, and the exit status would tell of a failure.
        """
        if self._readiness.is_draining:
            self.force_exit = self.should_exit = True
            return
        self._readiness.drain()
        notify("STOPPING=1")
        if self._drain_seconds > 0:
            later = threading.Timer(self._drain_seconds, self._stop_accepting)
            later.daemon = True
            later.start()
        else:
            self._stop_accepting()

    def _stop_accepting(self) -> None:
        self.should_exit = True


def _greeting(settings: Settings, listener: socket.socket, data_directory: Path, *, has_keys: bool) -> str:
    server = settings.server
    if has_keys:
        access = f"a key is needed; {len(server.key_digests)} configured, others shown by `retouch keys list`"
    elif server.key_digests:
        access = f"a key is needed; {len(server.key_digests)} configured"
    else:
        access = "open: any key is accepted, from this machine only"
    return "\n".join(
        (
            f"Retouch listens on {_where(listener)}",
            "  beside  the API at /v1, its reference at /docs, the guide at /guide",
            f"  engine  {settings.engine.default}",
            f"  data    {data_directory}",
            f"  access  {access}",
            f"  checks  {'pictures, by safety_tolerance' if settings.safety.check_pictures else 'none'}",
            "Stop it with Ctrl-C.",
        )
    )


def _where(listener: socket.socket) -> str:
    name = listener.getsockname()
    if listener.family not in (socket.AF_INET, socket.AF_INET6):
        return f"the socket {name}"
    host = f"[{name[0]}]" if ":" in name[0] else name[0]
    return f"http://{host}:{name[1]} (open it to edit on a page)"
