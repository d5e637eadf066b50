"""What a device has free, as torch and the system tell it."""

from pathlib import Path
from typing import Final

import torch

from retouch.engines.flux.plan import DeviceFacts
from retouch.errors import EngineError

__all__ = ["read_device"]

_CGROUP: Final = Path("/sys/fs/cgroup")


def read_device(device: str) -> DeviceFacts:
    """Return what a device has free now.

    Raises
    ------
    EngineError
        torch can't use the device.
    """
    system = _free_system_bytes()
    if device.startswith("cuda"):
        if not torch.cuda.is_available():
            raise EngineError(
                "The FLUX engine is set to run on a GPU, and this machine has none that torch can use. Install a CUDA build of "
                'torch, or set the device to "cpu" (minutes to hours for one picture).'
            )
        try:
            free, _ = torch.cuda.mem_get_info(device)
            name, capability = torch.cuda.get_device_name(device), torch.cuda.get_device_capability(device)
        except (RuntimeError, ValueError, AssertionError) as exc:
            raise EngineError(f"There is no device {device!r}; this machine has {torch.cuda.device_count()}.") from exc
        return DeviceFacts("cuda", name, free, system, capability)
    if device.startswith("mps"):
        if not torch.backends.mps.is_available():
            raise EngineError(
                'The device "mps" is not there: it needs a Mac with Apple silicon. Set the device to "cpu".'
            )
        return DeviceFacts("mps", "this Mac", system, system)
    if device != "cpu":
        raise EngineError(f'There is no device {device!r}. Known: "cuda", "cuda:1", "mps", "cpu".')
    return DeviceFacts("cpu", "this machine", system, system)


def _free_system_bytes() -> int:
    """Return what the system can still give, in a container what the container may still take."""
    import psutil

    available = int(psutil.virtual_memory().available)
    try:
        limit = int((_CGROUP / "memory.max").read_text())
        used = int((_CGROUP / "memory.current").read_text())
        return max(0, min(available, limit - used))
    except (OSError, ValueError):  # no such limit: "max", or another system
        return available
