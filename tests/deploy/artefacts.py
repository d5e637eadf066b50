"""What deploy/ holds, read for the tests."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
DOCKERFILE = ROOT / "Dockerfile"
SETTINGS_FILES = sorted(DEPLOY.rglob("retouch.toml"))
_VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")


def tool(name: str, why: str) -> str:
    """Return the path of a program beside the interpreter or on the path; skip the test where there is none."""
    beside = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
    found = shutil.which(name, path=beside)
    if found is None:
        pytest.skip(f"{name} is not installed, which {why}")
    return found


def passes(*command: str | Path, cwd: Path = ROOT) -> None:
    """Run a linter; what it says is the message of the failure."""
    done = subprocess.run(
        [str(word) for word in command], cwd=cwd, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def artefacts() -> dict[str, str]:
    """Every file that is deployed, and the page about it, by its path in the repository."""
    files = [DOCKERFILE, ROOT / "docs" / "operating" / "deployment.md", *DEPLOY.rglob("*")]
    return {str(each.relative_to(ROOT)): each.read_text("utf-8") for each in files if each.is_file()}


def compose_example() -> dict[str, str]:
    """The variables of .env.example; those without a value get one."""
    lines = (DEPLOY / "compose" / ".env.example").read_text("utf-8").splitlines()
    pairs = [line.lstrip("# ").split("=", 1) for line in lines if re.match(r"(# )?[A-Z_]+=", line)]
    return {name: value or "a" * 64 for name, value in pairs}


def compose_file(name: str = "compose.yaml") -> Any:
    """The compose file as Compose sees it: merged and with its variables filled in."""
    given = compose_example()

    def fill(match: re.Match[str]) -> str:
        return (
            given.get(match[1]) or (match[3] if match[2] == "-" else "") or pytest.fail(f"{match[1]} is not documented")
        )

    return yaml.safe_load(_VARIABLE.sub(fill, (DEPLOY / "compose" / name).read_text("utf-8")))


def seconds(text: str) -> float:
    """A span as Compose, systemd and nginx write it."""
    number, unit = re.fullmatch(r"(\d+)(m?s|m|h)?", text).groups()  # type: ignore[union-attr]
    return float(number) * {None: 1, "s": 1, "m": 60, "h": 3600, "ms": 0.001}[unit]
