"""``retouch models pull flux``: the weights from the hub, by its own client, checked, and only the files that are needed.

Imports no torch. Files are fetched over plain HTTP by the client's ``http_get``, which goes on behind what is there: the client's
``hf_hub_download`` throws a broken download away, 10 GB in the worst case. Every file is then compared with the hub's size and
digest (SHA-256 of large files, git's of small ones).
"""

import errno
import fnmatch
import hashlib
import shutil
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from retouch.engines.flux.options import KONTEXT_REPOSITORY
from retouch.engines.flux.source import NEEDED_FILES
from retouch.errors import ModelFileError
from retouch.types import Progress, ProgressCallback

__all__ = ["license_terms", "pull_checkpoint"]

POLL_SECONDS: Final = 0.5
SPARE_BYTES: Final = 1_000_000_000
_CHUNK: Final = 2**20
_PARTS: Final = ".incomplete"


@dataclass(frozen=True, slots=True)
class _RemoteFile:
    """A file of the repository: its name, size, and SHA-256 (of a large file) or git's digest (of a small one)."""

    name: str
    size: int
    sha256: str | None
    git: str | None


def license_terms(repository: str) -> str:
    """Return what a user must know before the weights are fetched, in plain words."""
    if repository == KONTEXT_REPOSITORY:
        about = (
            "The weights of FLUX.1 Kontext [dev] belong to Black Forest Labs and are not part of Retouch. Their license, the "
            "FLUX.1 [dev] Non-Commercial License, allows research and private use; it allows no commercial use of the model "
            "without an agreement with its authors. What it says of the pictures that you make, read there."
        )
    else:
        about = (
            f"The weights in {repository} come under a license of their own, which is not Retouch's. What is derived from a "
            "FLUX.1 [dev] model allows no commercial use of the model without an agreement with its authors."
        )
    return (
        f"{about} The license: https://huggingface.co/{repository}. The download needs an account that has accepted it on that "
        "page, and that account's token, in the variable HF_TOKEN or from `hf auth login`."
    )


def pull_checkpoint(
    folder: Path,
    *,
    repository: str = KONTEXT_REPOSITORY,
    revision: str | None = None,
    with_transformer: bool = True,
    endpoint: str | None = None,
    on_progress: ProgressCallback | None = None,
) -> Path:
    """Fetch a checkpoint into a folder. What is there and intact is kept; a file that was cut off goes on where it ended.

    Parameters
    ----------
    folder : Path
    repository, revision : str
        On the hub; the newest revision when left out.
    with_transformer : bool
        False leaves out the transformer's weights, for those who bring them as a single file; its configuration comes still.
    endpoint : str, optional
        Of the hub; its client's own setting (``HF_ENDPOINT``) when left out.
    on_progress : callable, optional
        Called with megabytes.

    Returns
    -------
    Path
        The folder, complete and checked.

    Raises
    ------
    ModelFileError
        No access, no such repository, no network, no space, or what came is not what the hub says; each says what to do.
    """
    try:
        from huggingface_hub import HfApi
    except ImportError as exc:
        raise ModelFileError("Fetching the weights needs huggingface_hub: pip install 'retouch[flux]'.") from exc
    with _explained(repository, revision):
        info = HfApi(endpoint=endpoint).model_info(repository, revision=revision, files_metadata=True)
        files = _needed(info.siblings or (), with_transformer=with_transformer)
        if not any(file.name == "model_index.json" for file in files):
            raise ModelFileError(
                f"{repository} holds no checkpoint in the diffusers layout: it has no model_index.json."
            )
        folder.mkdir(parents=True, exist_ok=True)
        _require_space(folder, files)
        for file in files:
            if not _is_intact(folder / file.name, file):
                with _reported(folder, files, file, on_progress):
                    _fetch(folder, file, repository, info.sha or revision or "main", endpoint)
    shutil.rmtree(folder / _PARTS, ignore_errors=True)
    if on_progress is not None:
        total = _megabytes(sum(file.size for file in files))
        on_progress(Progress(total, total, "complete and checked"))
    return folder


def _needed(siblings: Sequence[Any], *, with_transformer: bool) -> list[_RemoteFile]:
    """Return the files to fetch, the small ones first: a missing permission then shows at once."""
    files = []
    for sibling in siblings:
        name = str(sibling.rfilename)
        inside = not Path(name).is_absolute() and ".." not in Path(name).parts
        weights = name.startswith("transformer/") and name.endswith(".safetensors")
        # fnmatch's star crosses folders, and a checkpoint has none inside its parts.
        wanted = any(
            fnmatch.fnmatch(name, pattern) and name.count("/") == pattern.count("/") for pattern in NEEDED_FILES
        )
        if inside and wanted and (with_transformer or not weights):
            large = sibling.lfs
            files.append(_RemoteFile(name, int(sibling.size or 0), large.sha256 if large else None, sibling.blob_id))
    return sorted(files, key=lambda file: (file.size, file.name))


def _require_space(folder: Path, files: Sequence[_RemoteFile]) -> None:
    missing = sum(file.size for file in files) - _bytes_there(folder, files)
    free = shutil.disk_usage(folder).free
    if missing + SPARE_BYTES > free:
        raise ModelFileError(
            f"The disk is too full: {missing / 1e9:.1f} GB are to be fetched and {free / 1e9:.1f} GB are free. Free some space, "
            "or give another folder with --to."
        )


def _fetch(folder: Path, file: _RemoteFile, repository: str, commit: str, endpoint: str | None) -> None:
    """Fetch a file, behind the part of it that an earlier run has left, and give it its name when it is whole and checked."""
    from huggingface_hub import hf_hub_url
    from huggingface_hub.file_download import http_get
    from huggingface_hub.utils._headers import build_hf_headers
    from huggingface_hub.utils.tqdm import silent_tqdm

    part = _part(folder, file)
    part.parent.mkdir(exist_ok=True)
    if _size(part) > file.size:
        part.unlink()
    with part.open("ab") as out:
        http_get(
            hf_hub_url(repository, file.name, revision=commit, endpoint=endpoint),
            out,
            resume_size=out.tell(),
            expected_size=file.size,
            headers=build_hf_headers(),
            tqdm_class=silent_tqdm,
        )
    if not _is_intact(part, file):
        part.unlink()
        raise ModelFileError(
            f"{file.name} arrived damaged: its size or checksum is not the one that the hub names. It was removed; run the "
            "command again."
        )
    (folder / file.name).parent.mkdir(parents=True, exist_ok=True)
    part.replace(folder / file.name)


def _part(folder: Path, file: _RemoteFile) -> Path:
    """Return where a file grows. Its digest is in the name: the part of another revision is another part."""
    return folder / _PARTS / f"{file.name.replace('/', '--')}.{(file.sha256 or file.git or 'unknown')[:16]}"


def _is_intact(path: Path, file: _RemoteFile) -> bool:
    """Whether a file is there, and is what the hub says it is."""
    return path.is_file() and path.stat().st_size == file.size and _digest_agrees(path, file)


def _digest_agrees(path: Path, file: _RemoteFile) -> bool:
    if file.sha256 is None and file.git is None:
        return True
    digest = hashlib.sha256() if file.sha256 else hashlib.sha1(f"blob {file.size}\0".encode(), usedforsecurity=False)
    with path.open("rb") as source:
        while chunk := source.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest() == (file.sha256 or file.git)


@contextmanager
def _reported(
    folder: Path, files: Sequence[_RemoteFile], file: _RemoteFile, on_progress: ProgressCallback | None
) -> Iterator[None]:
    """Report the megabytes on disk while a file is fetched: however the client fetches, they are what counts."""
    if on_progress is None:
        yield
        return
    total, done = _megabytes(sum(each.size for each in files)), threading.Event()

    def report() -> None:
        on_progress(Progress(min(_megabytes(_bytes_there(folder, files)), total), total, f"fetching {file.name}"))

    def watch() -> None:
        while not done.wait(POLL_SECONDS):
            report()

    watcher = threading.Thread(target=watch, daemon=True)
    report()
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


def _bytes_there(folder: Path, files: Sequence[_RemoteFile]) -> int:
    """Count finished files and the parts of unfinished ones."""
    return sum(_size(folder / file.name) or _size(_part(folder, file)) for file in files)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # not there yet, or just renamed
        return 0


def _megabytes(count: int) -> int:
    return -(-count // 1_000_000)


@contextmanager
def _explained(repository: str, revision: str | None) -> Iterator[None]:
    """Turn the client's errors into what happened and what to do; their own text, which may hold addresses, is not repeated."""
    import httpx2
    from huggingface_hub.errors import (
        GatedRepoError,
        HfHubHTTPError,
        HFValidationError,
        LocalEntryNotFoundError,
        OfflineModeIsEnabled,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    offline = ModelFileError(
        "The hub can't be reached. Check the network, and HF_ENDPOINT and HTTPS_PROXY where you use them; then run the command "
        "again: it goes on where it ended."
    )
    try:
        yield
    except GatedRepoError as exc:
        raise ModelFileError(_gate_message(repository, exc)) from exc
    except RevisionNotFoundError as exc:
        raise ModelFileError(
            f"{repository} has no revision {str(revision)[:60]!r}. Leave --revision out for the newest."
        ) from exc
    except RepositoryNotFoundError as exc:
        raise ModelFileError(
            f"The hub knows no repository {repository!r}, or your token may not see it. Check the spelling, and HF_TOKEN."
        ) from exc
    except HFValidationError as exc:
        raise ModelFileError(
            f"{repository[:80]!r} is no name of a repository; one looks like {KONTEXT_REPOSITORY}."
        ) from exc
    except OfflineModeIsEnabled as exc:
        raise ModelFileError(
            "HF_HUB_OFFLINE is set, which forbids downloads. Unset it and run the command again."
        ) from exc
    except HfHubHTTPError as exc:
        raise ModelFileError(_status_message(exc)) from exc
    except (LocalEntryNotFoundError, httpx2.TransportError, ConnectionError, TimeoutError) as exc:
        cause = exc.__cause__
        if isinstance(cause, HfHubHTTPError):
            raise ModelFileError(_status_message(cause)) from exc
        raise offline from exc
    except OSError as exc:
        if exc.errno == errno.ENOSPC:
            raise ModelFileError(
                "The disk became full. Free some space, or give another folder with --to; what has arrived is kept."
            ) from exc
        if exc.errno in (errno.EACCES, errno.EROFS, errno.EPERM):
            raise ModelFileError("The folder for the weights can't be written to. Give another one with --to.") from exc
        raise ModelFileError("A file did not arrive whole. Run the command again: it goes on where it ended.") from exc


def _gate_message(repository: str, error: Any) -> str:
    page = f"https://huggingface.co/{repository}"
    if _status(error) == 401:
        return (
            f"{repository} asks for an account: no token was sent, or one that the hub does not know. Make one at "
            "https://huggingface.co/settings/tokens, then set HF_TOKEN or run `hf auth login`."
        )
    return (
        f"Your account has not accepted the license of {repository}, or its token may not read gated repositories. Open {page}, "
        "accept, and run the command again."
    )


def _status_message(error: Any) -> str:
    status = _status(error)
    if status in (401, 403):
        return "The hub refuses the token. Make a new one with read access, and set HF_TOKEN or run `hf auth login`."
    if status == 404:
        return "The hub does not have a file that its own list names. Try again, or give another --revision."
    if status == 429:
        return "The hub asks for patience: too many requests. Run the command again in some minutes."
    return f"The hub answered with an error (HTTP {status}). Run the command again in some minutes: it goes on where it ended."


def _status(error: Any) -> int:
    return int(getattr(getattr(error, "response", None), "status_code", 0))
