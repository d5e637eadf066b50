"""An environment of its own for each client, installed once and kept in pytest's cache folder."""

import hashlib
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

DRIVERS = Path(__file__).with_name("drivers")
UNREACHABLE = re.compile(
    r"NewConnectionError|ConnectTimeout|ReadTimeout|ProxyError|NameResolution"
    r"|ENOTFOUND|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EAI_AGAIN|ENETUNREACH"
)
INSTALL_SECONDS = 480


def command_of(driver: str, packages: Sequence[str], cache: Path) -> list[str]:
    """Return the command that runs a driver with its client, which is installed first where it is not there yet."""
    if driver.endswith(".mjs"):
        return [_needed("node"), str(_node_copy(driver, packages, cache))]
    if not packages:
        return [sys.executable, str(DRIVERS / driver)]
    return [str(_kept(("pip", *packages), cache, _install_python) / "bin" / "python"), str(DRIVERS / driver)]


def _node_copy(driver: str, packages: Sequence[str], cache: Path) -> Path:
    """A copy of the driver beside its packages: Node looks for them from where the file is."""
    folder = _kept(("npm", *packages), cache, _install_node)
    for name in ("cases.mjs", driver):
        shutil.copyfile(DRIVERS / name, folder / name)
    return folder / driver


def _kept(key: tuple[str, ...], cache: Path, install) -> Path:
    """The folder of an environment; an unfinished one never has its name."""
    digest = hashlib.sha256("\0".join((sys.version, *key)).encode()).hexdigest()[:16]
    folder = cache / digest
    if not folder.is_dir():
        unfinished = cache / f"{digest}-unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        install(unfinished, key[1:])
        unfinished.rename(folder)
    return folder


def _install_python(folder: Path, packages: Sequence[str]) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    pip = [sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python")]
    # Compiling all of a large client takes longer than compiling what it imports when it is run.
    _run([*pip, "install", "--no-compile", "--no-warn-script-location", *packages], folder)


def _install_node(folder: Path, packages: Sequence[str]) -> None:
    folder.mkdir(parents=True)
    (folder / "package.json").write_text(json.dumps({"private": True, "type": "module"}))
    if packages:
        _run([_needed("npm"), "install", "--no-audit", "--no-fund", "--ignore-scripts", *packages], folder)


def _run(command: Sequence[str], folder: Path) -> None:
    """Install; without a network this skips, and whatever else goes wrong fails."""
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        pytest.skip(f"the package registry took more than {INSTALL_SECONDS} s")
    if done.returncode == 0:
        return
    if UNREACHABLE.search(done.stderr):
        pytest.skip("the package registry can't be reached")
    pytest.fail(f"{' '.join(command)}\n{done.stderr[-2000:]}")


def _needed(program: str) -> str:
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"{program} is not installed")
    return found
