"""Take away from this process what decoding does not need: memory, time, files, programs, the network, other processes.

Resource limits work wherever Python has ``resource``. The filter of system calls is Linux's seccomp, for the two architectures
whose numbers are listed here; elsewhere it is left out, and ``shut_in`` says so.
"""

import ctypes
import os
import platform
import struct
import sys
from collections.abc import Iterable
from typing import Final

__all__ = ["CpuAllowance", "limit_resources", "shut_in"]

_PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP = 4, 38, 22
_SECCOMP_MODE_FILTER: Final = 2
_ALLOW: Final = 0x7FFF0000
_FAIL: Final = 0x00050000
"""With the error number in the lower half: the call fails, the process lives."""
_EPERM, _ENOSYS = 1, 38
_LOAD, _EQUALS, _GREATER, _ANY_BIT, _RETURN = 0x20, 0x15, 0x25, 0x45, 0x06
_NUMBER_AT, _ARCH_AT, _FIRST_ARGUMENT_AT, _SECOND_ARGUMENT_AT = 0, 4, 16, 24
_CLONE_THREAD: Final = 0x00010000

_ARCHITECTURES: Final = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_CLONE: Final = {"x86_64": 56, "aarch64": 220}
_CLONE3: Final = 435
_PRLIMIT: Final = {"x86_64": 302, "aarch64": 261}
_FCNTL: Final = {"x86_64": 72, "aarch64": 25}
_F_SETFL: Final = 4
"""Up to here fcntl is about flags. Beyond, F_SETOWN and F_SETSIG have the kernel send signals to processes of the same user."""
_ALLOWED: Final[dict[str, tuple[int, ...]]] = {
    # read write close fstat poll lseek mmap mprotect munmap brk rt_sigaction rt_sigprocmask rt_sigreturn pread64 pwrite64
    # readv writev select sched_yield mremap madvise nanosleep getpid sendto recvfrom sendmsg recvmsg shutdown exit
    # ftruncate gettimeofday getrusage sysinfo sigaltstack gettid futex sched_getaffinity set_tid_address clock_gettime
    # clock_nanosleep exit_group pselect6 ppoll set_robust_list getcpu getrandom membarrier rseq
    "x86_64": (
        *(0, 1, 3, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 17, 18),
        *(19, 20, 23, 24, 25, 28, 35, 39, 44, 45, 46, 47, 48, 60),
        *(77, 96, 98, 99, 131, 186, 202, 204, 218, 228),
        *(230, 231, 270, 271, 273, 309, 318, 324, 334),
    ),
    # The same, without poll and select, which this architecture does not have.
    "aarch64": (
        *(63, 64, 57, 80, 62, 222, 226, 215, 214, 134, 135, 139, 67, 68),
        *(65, 66, 124, 216, 233, 101, 172, 206, 207, 211, 212, 210, 93),
        *(46, 169, 165, 179, 132, 178, 98, 123, 96, 113),
        *(115, 94, 72, 73, 99, 168, 278, 283, 293),
    ),
}
"""Numbers of the system calls that decoding and answering need. What opens a file, a socket or a program is not among them."""


def limit_resources(*, memory_bytes: int, output_bytes: int) -> None:
    """Cap this process: further address space, bytes in a file, no core dumps, few open files.

    Parameters
    ----------
    memory_bytes : int
        On top of what the process has mapped by now.
    output_bytes : int
        The largest file it may write.
    """
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (output_bytes, output_bytes))
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    mapped = _mapped_bytes()
    if mapped is not None:
        resource.setrlimit(resource.RLIMIT_AS, (mapped + memory_bytes, mapped + memory_bytes))


class CpuAllowance:
    """Ends this process when one picture takes too much processor time, also when nobody watches it any more.

    Parameters
    ----------
    seconds : float
        For one picture, of all threads together.
    """

    def __init__(self, seconds: float) -> None:
        import resource

        self._resource = resource
        self._seconds = max(1, round(seconds))

    def renew(self) -> None:
        """Begin the count again, for the next picture."""
        used = self._resource.getrusage(self._resource.RUSAGE_SELF)
        until = int(used.ru_utime + used.ru_stime) + 1 + self._seconds
        self._resource.setrlimit(self._resource.RLIMIT_CPU, (until, self._resource.RLIM_INFINITY))


def shut_in() -> bool:
    """Forbid this process and its threads every system call that decoding does not need; tell whether this system can do that.

    From then on no file can be opened, no socket made, no program started and no process looked into: those calls fail.
    It can't be undone.
    """
    machine = platform.machine()
    if sys.platform != "linux" or machine not in _ARCHITECTURES:
        return False
    control = ctypes.CDLL(None).prctl
    control.argtypes = [ctypes.c_int, *[ctypes.c_ulong] * 4]
    control(_PR_SET_DUMPABLE, 0, 0, 0, 0)  # nobody of the same user looks into the memory
    if control(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return False
    program = _filter(machine)
    code = ctypes.create_string_buffer(program, len(program))
    header = ctypes.create_string_buffer(struct.pack("H6xP", len(program) // 8, ctypes.addressof(code)))
    return bool(control(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.addressof(header), 0, 0) == 0)


def _filter(machine: str) -> bytes:
    """Return the filter: a list of what may be called, threads instead of processes, limits of this process alone, flags."""
    lines = [
        *_unless(_ARCH_AT, _ARCHITECTURES[machine], _FAIL | _EPERM),
        (_LOAD, 0, 0, _NUMBER_AT),
        # clone3 hides its flags in memory; without it libc falls back to clone.
        *_when(_CLONE3, [(_RETURN, 0, 0, _FAIL | _ENOSYS)]),
        *_when(_CLONE[machine], _allow_if((_ANY_BIT, 0, 1, _CLONE_THREAD))),
        *_when(_PRLIMIT[machine], _allow_if((_EQUALS, 0, 1, 0))),
        *_when(_FCNTL[machine], _allow_if((_GREATER, 1, 0, _F_SETFL), at=_SECOND_ARGUMENT_AT)),
        *(line for number in _ALLOWED[machine] for line in _when(number, [(_RETURN, 0, 0, _ALLOW)])),
        (_RETURN, 0, 0, _FAIL | _EPERM),
    ]
    return b"".join(struct.pack("HBBI", *line) for line in lines)


_Line = tuple[int, int, int, int]


def _when(number: int, then: Iterable[_Line]) -> list[_Line]:
    """Carry out some lines that return when the loaded number is this one."""
    lines = list(then)
    return [(_EQUALS, 0, len(lines), number), *lines]


def _unless(place: int, value: int, verdict: int) -> list[_Line]:
    return [(_LOAD, 0, 0, place), (_EQUALS, 1, 0, value), (_RETURN, 0, 0, verdict)]


def _allow_if(test: _Line, *, at: int = _FIRST_ARGUMENT_AT) -> list[_Line]:
    """Allow the call when an argument passes the test, which jumps over the next line when it doesn't."""
    return [(_LOAD, 0, 0, at), test, (_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _FAIL | _EPERM)]


def _mapped_bytes() -> int | None:
    """Return how much address space this process has; None where the system does not tell."""
    try:
        with open("/proc/self/statm", "rb") as statm:
            return int(statm.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return None
