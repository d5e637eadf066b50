"""What systemd hands to a service, and what it wants to hear: a listening socket, and the notes of when it is ready and stops.

See sd_listen_fds(3) and sd_notify(3). A socket that outlives the process makes a restart that no client notices.
"""

import contextlib
import os
import socket
from typing import Final

__all__ = ["inherited_listener", "notify"]

_FIRST_DESCRIPTOR: Final = 3
_VARIABLES: Final = ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES")


def inherited_listener() -> socket.socket | None:
    """Return the socket that this process was started with, None when there is none; children don't inherit it."""
    given = {name: os.environ.pop(name, "") for name in _VARIABLES}
    if given["LISTEN_PID"] != str(os.getpid()) or given["LISTEN_FDS"] in ("", "0"):
        return None
    os.set_inheritable(_FIRST_DESCRIPTOR, False)
    return socket.socket(fileno=_FIRST_DESCRIPTOR)


def notify(state: str) -> None:
    """Tell systemd how the service is, such as ``READY=1``; without systemd, nobody."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):  # in the abstract namespace
        address = "\0" + address[1:]
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.sendto(state.encode("ascii"), address)
