"""Engines by name: built when first asked for, kept until closed."""

from collections.abc import Callable, Mapping
from threading import RLock

from retouch.engines.base import Capabilities, Engine
from retouch.errors import NotFoundError

__all__ = ["EngineRegistry"]


class EngineRegistry:
    """Builds each engine once, on demand, and hands the same instance to every thread.

    Parameters
    ----------
    factories : mapping of str to callable
        By name; a factory must be cheap, the work belongs in ``Engine.load``.
    default : str
        The engine for requests that name none.
    """

    def __init__(self, factories: Mapping[str, Callable[[], Engine]], *, default: str) -> None:
        self._factories = dict(factories)
        self._engines: dict[str, Engine] = {}
        self._capabilities: dict[str, Capabilities] = {}
        self._lock = RLock()  # an engine that passes edits on loads the others while it is loaded itself
        self.default = default

    @property
    def names(self) -> tuple[str, ...]:
        """The names that ``get`` knows."""
        return tuple(self._factories)

    def get(self, name: str | None = None) -> Engine:
        """Return the engine of that name, loaded.

        Raises
        ------
        NotFoundError
            No engine has that name.
        ModelFileError
            Loading failed for want of a weight file.
        """
        wanted = name or self.default
        with self._lock:
            if wanted not in self._engines:
                engine = self._factory(wanted)()
                engine.load()
                self._engines[wanted] = engine
            return self._engines[wanted]

    def capabilities(self, name: str) -> Capabilities:
        """Return what the engine of that name can do, without loading it, and without waiting for one that is being loaded.

        Raises
        ------
        NotFoundError
            No engine has that name.
        ConfigurationError
            What it needs is not installed.
        """
        if name not in self._capabilities:
            self._capabilities[name] = self._factory(name)().capabilities
        return self._capabilities[name]

    def _factory(self, name: str) -> Callable[[], Engine]:
        if name not in self._factories:
            raise NotFoundError("engine", name, f"Available: {', '.join(self._factories)}.")
        return self._factories[name]

    def close(self) -> None:
        """Close every engine that was built."""
        with self._lock:
            for engine in self._engines.values():
                engine.close()
            self._engines.clear()
