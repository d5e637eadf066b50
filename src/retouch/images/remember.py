"""Slow functions of pictures, whose results are kept for the next edit of the same picture."""

import hashlib
import inspect
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import wraps
from threading import Lock
from typing import Final, ParamSpec, TypeVar, cast

import numpy as np

from retouch.telemetry.catalog import CACHE
from retouch.telemetry.measures import count

__all__ = ["MOST_BYTES", "forget_all", "remembered"]

P = ParamSpec("P")
T = TypeVar("T")

MOST_BYTES: Final = 96 * 2**20
"""Of all results together: some thirty pictures of a megapixel. What is larger than a third of it is not kept at all."""

_kept: OrderedDict[bytes, tuple[object, int]] = OrderedDict()
_lock = Lock()


def remembered(*, but_for: tuple[str, ...] = ()) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Keep the latest results of the function that is decorated, by the content of its arguments.

    The result must follow from the arguments alone. They, and it, are arrays, numbers, words, enumerations, None, and tuples or
    dataclasses of these.

    Parameters
    ----------
    but_for : tuple of str
        Arguments, of any type, that don't decide the result: a store of models, a checkpoint, a generator that is not used.

    Returns
    -------
    callable
        Gives the same results; their arrays are read-only, since others get them too. Safe to share between threads, two of
        which may compute the same thing at once.

    Raises
    ------
    TypeError
        When called with an argument of another type.

    Notes
    -----
    All decorated functions share ``MOST_BYTES``; what was not used for the longest time goes first. A key costs one pass of
    BLAKE2b over the arguments, about 1 ms a megabyte.
    """

    def decorate(function: Callable[P, T]) -> Callable[P, T]:
        name = f"{function.__module__}.{function.__qualname__}".encode()
        signature = inspect.signature(function)

        @wraps(function)
        def remembering(*args: P.args, **kwargs: P.kwargs) -> T:
            bound = signature.bind(*args, **kwargs)
            bound.apply_defaults()
            deciding = tuple(value for each, value in bound.arguments.items() if each not in but_for)
            key = _digest(name, deciding)
            with _lock:
                known = _kept.get(key)
                if known is not None:
                    _kept.move_to_end(key)
            count(CACHE, function.__name__, "miss" if known is None else "hit")
            if known is not None:
                return cast(T, known[0])
            result = function(*args, **kwargs)
            _keep(key, result, _freeze(result))
            return result

        return remembering

    return decorate


def forget_all() -> None:
    """Drop every result that is kept."""
    with _lock:
        _kept.clear()


def _keep(key: bytes, result: object, size: int) -> None:
    if size > MOST_BYTES // 3:
        return
    with _lock:
        _kept[key] = result, size
        _kept.move_to_end(key)
        total = sum(each for _, each in _kept.values())
        while total > MOST_BYTES:
            total -= _kept.popitem(last=False)[1][1]


def _digest(name: bytes, deciding: tuple[object, ...]) -> bytes:
    digest = hashlib.blake2b(name, digest_size=16)
    _feed(digest, deciding)
    return digest.digest()


def _feed(digest: hashlib.blake2b, value: object) -> None:
    """Feed a value's type and content to a digest."""
    if isinstance(value, np.ndarray):
        digest.update(f"{value.dtype.str}{value.shape}".encode())
        digest.update(np.ascontiguousarray(value).data)
    elif isinstance(value, Enum) or value is None or isinstance(value, bool | int | float | str | np.generic):
        digest.update(f"{type(value).__name__} {value!r};".encode())
    elif isinstance(value, tuple):
        digest.update(f"tuple {len(value)};".encode())
        for part in value:
            _feed(digest, part)
    elif is_dataclass(value) and not isinstance(value, type):
        digest.update(type(value).__qualname__.encode())
        for part in fields(value):
            _feed(digest, getattr(value, part.name))
    else:
        raise TypeError(f"results can't be remembered by an argument of type {type(value).__name__}")


def _freeze(value: object) -> int:
    """Make the arrays of a value read-only and return how many bytes they take."""
    if isinstance(value, np.ndarray):
        value.setflags(write=False)
        return value.nbytes
    if isinstance(value, tuple):
        return sum(_freeze(part) for part in value)
    if is_dataclass(value) and not isinstance(value, type):
        return sum(_freeze(getattr(value, part.name)) for part in fields(value))
    return 0
