"""Read a PyTorch state dict in the format from before 1.6, without PyTorch and without running what the file says.

The file is a row of pickles (magic number, protocol, system facts, the state dict, the list of storage keys) followed by
the raw storages. Unpickling is what makes such files dangerous, so only the four names that a state dict needs resolve.

References
----------
PyTorch, ``torch/serialization.py``, the "legacy" branch of ``load`` describes the layout.
"""

import pickle
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
import numpy.typing as npt

from retouch.errors import ModelFileError

__all__ = ["read_state_dict"]

_MAGIC_NUMBER: Final = 0x1950A86A20F9469CFC6C
_PROTOCOL_VERSION: Final = 1001
_STORAGE_DTYPES: Final[Mapping[str, str]] = {"FloatStorage": "<f4", "LongStorage": "<i8"}


@dataclass(frozen=True, slots=True)
class _StorageKind:
    """Stands for a torch storage class in the pickle."""

    dtype: str


@dataclass(slots=True)
class _Storage:
    """A storage whose data follows after the pickles."""

    dtype: str
    length: int
    data: npt.NDArray[Any] | None = None


@dataclass(frozen=True, slots=True)
class _Tensor:
    """A strided view of a storage."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def array(self) -> npt.NDArray[Any]:
        """Return the values, in C order. Raises ``ValueError`` for a view that leaves its storage."""
        assert self.storage.data is not None
        reach = sum((extent - 1) * stride for extent, stride in zip(self.shape, self.strides, strict=True))
        if min((self.offset, *self.shape, *self.strides), default=0) < 0 or self.offset + reach >= self.storage.length:
            raise ValueError("a tensor reaches outside its storage")
        values = self.storage.data[self.offset :]
        byte_strides = [stride * values.itemsize for stride in self.strides]
        return np.ascontiguousarray(np.lib.stride_tricks.as_strided(values, self.shape, byte_strides, writeable=False))


def read_state_dict(path: Path) -> dict[str, npt.NDArray[Any]]:
    """Read the tensors of a state dict.

    Parameters
    ----------
    path : Path
        A file written by ``torch.save`` in the layout from before 1.6, on a little-endian machine.

    Returns
    -------
    dict of str to ndarray
        float32 and int64 arrays, in the file's order.

    Raises
    ------
    ModelFileError
        The file is something else, is truncated, or asks for anything but tensors.
    """
    try:
        with path.open("rb") as file:
            return _read(file)
    except (pickle.UnpicklingError, EOFError, ValueError, TypeError, AttributeError, KeyError, IndexError) as exc:
        raise ModelFileError("A weight file is no PyTorch state dict in the layout that Retouch reads.") from exc


def _read(file: BinaryIO) -> dict[str, npt.NDArray[Any]]:
    storages: dict[str, _Storage] = {}
    for expected in (_MAGIC_NUMBER, _PROTOCOL_VERSION):
        if _StateDictUnpickler(file, storages).load() != expected:
            raise ValueError("not the expected header")
    if not _StateDictUnpickler(file, storages).load()["little_endian"]:
        raise ValueError("big-endian storages")
    tensors = _StateDictUnpickler(file, storages).load()
    for key in _StateDictUnpickler(file, storages).load():
        _read_storage(file, storages[key])
    return {name: tensor.array() for name, tensor in tensors.items()}


def _read_storage(file: BinaryIO, storage: _Storage) -> None:
    length = int.from_bytes(file.read(8), "little", signed=True)
    if length != storage.length:
        raise ValueError("a storage has another length than announced")
    dtype = np.dtype(storage.dtype)
    raw = file.read(length * dtype.itemsize)
    if len(raw) != length * dtype.itemsize:
        raise EOFError("a storage is truncated")
    storage.data = np.frombuffer(raw, dtype)


class _StateDictUnpickler(pickle.Unpickler):
    """Resolves what a state dict needs and nothing else."""

    def __init__(self, file: BinaryIO, storages: dict[str, _Storage]) -> None:
        super().__init__(file)
        self._storages = storages

    def find_class(self, module: str, name: str) -> Callable[..., Any] | _StorageKind:
        """Return a stand-in for one of the allowed names."""
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _rebuild_tensor
        if module == "torch" and name in _STORAGE_DTYPES:
            return _StorageKind(_STORAGE_DTYPES[name])
        raise pickle.UnpicklingError(f"a state dict has no business with {module}.{name}")

    def persistent_load(self, pid: tuple[Any, ...]) -> _Storage:
        """Return the storage that a ("storage", kind, key, location, length, view) tuple names."""
        tag, kind, key, _location, length, view = pid
        if tag != "storage" or view is not None or not isinstance(kind, _StorageKind):
            raise pickle.UnpicklingError("not a plain storage")
        return self._storages.setdefault(key, _Storage(kind.dtype, int(length)))


def _rebuild_tensor(
    storage: _Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: Any
) -> _Tensor:
    """Stand in for ``torch._utils._rebuild_tensor_v2``; what follows the strides concerns gradients only."""
    return _Tensor(storage, offset, tuple(shape), tuple(strides))
