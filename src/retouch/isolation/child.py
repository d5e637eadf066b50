"""One decoder child, seen from the process that started it."""

import contextlib
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import tempfile
import weakref
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from retouch.errors import ConfigurationError
from retouch.isolation.messages import Answer, MisbehaviorError, Order, output_bytes_for, read_answer, receive, send

__all__ = ["ChildLostError", "DecoderChild", "IsolationRules", "TookTooLongError"]

_START_SECONDS: Final = 60.0
_NOT_STARTED: Final = "The process that decodes pictures can't be started; the log says why."
_LIBRARY_PATHS: Final = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
_ENVIRONMENT: Final = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"}
_START: Final = (
    "import json, sys; given = json.loads(sys.argv[1]); sys.path[:] = given['path']; "
    "from retouch.isolation.serving import serve; serve(*given['arguments'])"
)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class IsolationRules:
    """What decoder children may cost.

    Attributes
    ----------
    children : int
        At most so many at a time, in each process that decodes.
    memory_bytes : int
        Of one picture, on top of what a child needs before it sees one.
    seconds : float
        Of one picture: on the clock, and of processor time.
    max_pixels : int
        The most that an order will allow.
    pictures_per_child : int
        After which a child is replaced, so that nothing a picture left in its memory stays for long. To start one takes as
        long as decoding some hundred small pictures.
    """

    children: int = 2
    memory_bytes: int = 2 * 2**30
    seconds: float = 30.0
    max_pixels: int = 64_000_000
    pictures_per_child: int = 1000


class ChildLostError(Exception):
    """The child died, or had to be ended."""


class TookTooLongError(ChildLostError):
    """It did not answer in time, or used up its processor time."""


class DecoderChild:
    """A process that decodes, and that can open no file, no socket and no program.

    It is a new interpreter, not a fork: it has none of the server's memory, files or environment, so no key and no database.

    Parameters
    ----------
    rules : IsolationRules

    Raises
    ------
    ConfigurationError
        It can't be started.
    """

    def __init__(self, rules: IsolationRules) -> None:
        self.pictures = 0
        self._rules = rules
        with contextlib.ExitStack() as unless_started:
            try:
                self._input_fd, self._output_fd = (_shared_memory(name, unless_started) for name in ("input", "output"))
                self._channel, theirs = socket.socketpair()
                unless_started.enter_context(self._channel)
                with theirs:
                    self._process = _start(rules, theirs.fileno(), self._input_fd, self._output_fd)
            except OSError as exc:
                _log.warning("no decoder child can be started: %s", exc.strerror)
                raise ConfigurationError(_NOT_STARTED) from exc
            unless_started.pop_all()
        self._end = weakref.finalize(self, _end, self._process, self._channel, (self._input_fd, self._output_fd))
        try:
            self.is_shut_in = bool(json.loads(receive(self._channel, seconds=_START_SECONDS))["is_shut_in"])
        except (OSError, EOFError, ValueError, MisbehaviorError) as exc:
            self._end()
            raise ConfigurationError(_NOT_STARTED) from exc

    @property
    def is_alive(self) -> bool:
        """Whether it can take an order."""
        return self._end.alive and self._process.poll() is None

    def ask(self, order: Order, *data: "bytes | memoryview") -> Answer:
        """Have an order carried out.

        Parameters
        ----------
        order : Order
        *data : bytes
            What goes into the input memory, one after the other.

        Raises
        ------
        TookTooLongError, ChildLostError
            It did not survive the picture.
        """
        self.pictures += 1
        _fill(self._input_fd, data)
        try:
            send(self._channel, order.to_json())
            return read_answer(receive(self._channel, seconds=self._rules.seconds), order)
        except TimeoutError as exc:
            self._end()
            raise TookTooLongError from exc
        except MisbehaviorError as exc:
            _log.warning("a decoder child answered with %s; it was ended", exc)
            self._end()
            raise ChildLostError from exc
        except (EOFError, OSError) as exc:
            self._end()
            status = self._process.returncode
            _log.warning("a decoder child ended with status %s over a picture", status)
            raise (TookTooLongError if status == -signal.SIGXCPU else ChildLostError) from exc

    def take(self, offset: int, shape: tuple[int, ...]) -> "npt.NDArray[np.uint8]":
        """Return a copy of a part of the output memory; what the child does to it later changes nothing.

        Raises
        ------
        ChildLostError
            There is less than the child said.
        """
        taken = np.empty(shape, np.uint8)
        view = taken.reshape(-1).data
        while view:
            count = os.preadv(self._output_fd, [view], offset)
            if count == 0:
                _log.warning("a decoder child wrote less than it said; it was ended")
                self._end()
                raise ChildLostError
            offset += count
            view = view[count:]
        return taken

    def rest(self) -> None:
        """Give the memory of the last picture back."""
        for fd in (self._input_fd, self._output_fd):
            os.ftruncate(fd, 0)

    def close(self) -> None:
        """End it."""
        self._end()


def _start(rules: IsolationRules, channel_fd: int, input_fd: int, output_fd: int) -> "subprocess.Popen[bytes]":
    output_bytes = output_bytes_for(rules.max_pixels)
    arguments = [channel_fd, input_fd, output_fd, rules.memory_bytes, output_bytes, rules.seconds]
    given = json.dumps({"path": [entry or os.getcwd() for entry in sys.path], "arguments": arguments})
    kept = {name: os.environ[name] for name in _LIBRARY_PATHS if name in os.environ}
    return subprocess.Popen(  # noqa: S603 - this interpreter, with a fixed program
        [sys.executable, "-I", "-c", _START, given],
        env={**kept, **_ENVIRONMENT},
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        pass_fds=(channel_fd, input_fd, output_fd),
        start_new_session=True,  # Ctrl-C is for the server, which ends its children itself
    )


def _end(process: "subprocess.Popen[bytes]", channel: socket.socket, memories: tuple[int, ...]) -> None:
    channel.close()
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    process.wait()
    for fd in memories:
        os.close(fd)


def _shared_memory(name: str, unless_started: contextlib.ExitStack) -> int:
    """Return a descriptor of memory that has no name in the file system; the stack closes it.

    It is read and written, never mapped: nobody can pull it away from under a reader.
    """
    if hasattr(os, "memfd_create"):
        fd = os.memfd_create(f"retouch-{name}")
    else:
        fd, path = tempfile.mkstemp(prefix="retouch-")
        os.unlink(path)
    unless_started.callback(os.close, fd)
    return fd


def _fill(fd: int, sections: "tuple[bytes | memoryview, ...]") -> None:
    os.ftruncate(fd, 0)
    offset = 0
    for section in sections:
        view = memoryview(section)
        while view:
            written = os.pwrite(fd, view, offset)
            offset += written
            view = view[written:]
