"""The page of numbers of a machine that has workers and no API: one path, on a port of its own."""

import contextlib
import re
import threading
from collections.abc import Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

from retouch.errors import ConfigurationError
from retouch.telemetry.exposition import CONTENT_TYPE, expose, readings_of
from retouch.telemetry.processes import Desk
from retouch.telemetry.service import MetricsAccess

__all__ = ["showing"]

_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_LOOPBACK_HOST: Final = re.compile(r"(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?", re.IGNORECASE)
_REQUEST_SECONDS: Final = 5.0


@contextlib.contextmanager
def showing(desk: Desk, host: str, port: int, access: MetricsAccess) -> Iterator[int]:
    """Show the numbers for as long as the block lasts; yield the port.

    Parameters
    ----------
    desk : Desk
        Taken.
    host : str
        To listen on.
    port : int
        0 takes a free one.
    access : MetricsAccess
        With a token, whoever sends it may read; without, whoever is on this machine.

    Raises
    ------
    ConfigurationError
        Strangers could read the numbers, or the port can't be had.
    """
    if host not in _LOOPBACK and access.token is None:
        raise ConfigurationError(
            f"The metrics would be shown on {host} to whoever reaches it. Set telemetry.metrics_token, or listen on 127.0.0.1."
        )
    try:
        server = ThreadingHTTPServer((host, port), _handler(desk, access))
    except OSError as exc:
        raise ConfigurationError(
            f"The metrics can't be shown on {host} port {port}: {exc.strerror}. Choose another telemetry.worker_metrics_port."
        ) from exc
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, name="metrics", daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(desk: Desk, access: MetricsAccess) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = _REQUEST_SECONDS
        server_version = "Retouch"
        sys_version = ""

        def do_GET(self) -> None:
            if self.path != "/metrics":
                self._answer(HTTPStatus.NOT_FOUND)
            elif not self._may_read():
                self._answer(HTTPStatus.UNAUTHORIZED)
            else:
                series, colleagues = desk.everyone()
                self._answer(HTTPStatus.OK, expose(series, readings_of(colleagues)))

        def _may_read(self) -> bool:
            if access.token is not None:
                return access.is_token(self.headers.get("authorization", ""))
            return _LOOPBACK_HOST.fullmatch(self.headers.get("host", "")) is not None

        def _answer(self, status: HTTPStatus, page: bytes = b"") -> None:
            self.send_response(status)
            self.send_header("content-type", CONTENT_TYPE)
            self.send_header("content-length", str(len(page)))
            self.send_header("cache-control", "no-store")
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *_arguments: object) -> None:
            """Write no line a scrape."""

    return Handler
