"""The line between a supervisor and one of its worker processes: short messages over a socket pair.

Nothing on it is the truth, which is in the database; what can't be sent at once may be dropped. That the other side has died is
told by the line's end, at once and by the kernel, whatever way it died.
"""

import contextlib
import select
import socket
import threading
from typing import Final, Self

__all__ = ["Channel", "socket_pair"]

_MAX_UNSENT_BYTES: Final = 65_536
_READ_BYTES: Final = 65_536


def socket_pair() -> tuple["Channel", socket.socket]:
    """Return the supervisor's end, and the socket to hand to the worker."""
    mine, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    return Channel(mine), theirs


class Channel:
    """One end. ``send`` may be called by any thread, ``receive`` by one.

    Parameters
    ----------
    end : socket.socket
        Is closed with the channel.
    """

    def __init__(self, end: socket.socket) -> None:
        end.setblocking(False)
        self._socket = end
        self._sending = threading.Lock()
        self._unsent = b""
        self._received = b""

    @classmethod
    def of_descriptor(cls, descriptor: int) -> Self:
        """Return the end that this process inherited."""
        return cls(socket.socket(fileno=descriptor))

    def fileno(self) -> int:
        """Return its descriptor, -1 when it is closed; selectors ask for it."""
        return self._socket.fileno()

    def send(self, *words: str) -> None:
        """Send a message without waiting; it is dropped where the other side has not read for long, or is gone.

        Parameters
        ----------
        words : str
            Without spaces and line ends.
        """
        with self._sending, contextlib.suppress(OSError):
            if len(self._unsent) < _MAX_UNSENT_BYTES:
                self._unsent += " ".join(words).encode("ascii") + b"\n"
            self._unsent = self._unsent[self._socket.send(self._unsent) :]

    def wait(self) -> None:
        """Return when there is something to receive, or the end."""
        waiting = select.poll()
        waiting.register(self._socket, select.POLLIN)
        waiting.poll()

    def receive(self) -> list[list[str]] | None:
        """Return the messages that have come, each as its words, without waiting; None when the other side is gone."""
        try:
            data = self._socket.recv(_READ_BYTES)
        except BlockingIOError:
            return []
        except OSError:
            return None
        if not data:
            return None
        *lines, self._received = (self._received + data).split(b"\n")
        return [line.decode("ascii").split(" ") for line in lines]

    def close(self) -> None:
        """Hang up."""
        self._socket.close()
