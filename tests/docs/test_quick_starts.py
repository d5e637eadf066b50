"""Every code block of the quick starts runs, in order, as a reader would run them: one shell, and one server beside it."""

import io
import os
import re
import shutil
import signal
import subprocess
import sys
import tomllib
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from retouch.settings import Settings

DOCS = Path(__file__).resolve().parents[2] / "docs"
QUICK_STARTS = sorted((DOCS / "quickstart").glob("*.md"))
SERVER = "http://127.0.0.1:8000"
RUN = ("python", "sh")
SHOWN_ONLY = ("text", "toml", "diff")
SERVES = re.compile(r"^retouch serve\b", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A code block, and why it is not run, where its page says so."""

    language: str
    code: str
    reason: str | None


def blocks_of(page: Path) -> list[Block]:
    found = re.findall(
        r"(?:<!-- not run by the tests: ([^\n]+) -->\n)?^```(\w*)\n(.*?)^```$",
        page.read_text(),
        re.DOTALL | re.MULTILINE,
    )
    return [Block(language, code, reason or None) for reason, language, code in found]


class Reader:
    """Somebody with a terminal in an empty folder, who does what the page says."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = SERVER
        self._shell = folder.parent / "environment.sh"
        self._shell.write_text("")
        kept = {name: value for name, value in os.environ.items() if not name.startswith("RETOUCH_")}
        self._environment = {
            **kept,
            "PATH": str(Path(sys.executable).parent) + os.pathsep + kept["PATH"],
            "XDG_DATA_HOME": str(folder.parent / "share"),
            "RETOUCH_SERVER__PORT": "0",  # the only thing that is not as on the page: port 8000 may be taken
        }

    def run(self, block: Block) -> None:
        code = block.code.replace(SERVER, self.url)
        if block.language == "python":
            # The variables that the shell exported are a program's, too.
            (self.folder.parent / "program.py").write_text(code)
            code = f"python {self.folder.parent / 'program.py'}"
        script = f"set -eo pipefail\n. {self._shell}\n{code}\nexport -p > {self._shell}\n"
        done = subprocess.run(
            ["bash", "-c", script], cwd=self.folder, env=self._environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{block.code}\n{done.stdout}\n{done.stderr}"

    @contextmanager
    def serving(self, block: Block):
        with subprocess.Popen(
            ["bash", "-c", f"exec {block.code.strip()}"],
            cwd=self.folder,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as process:
            try:
                lines = []
                while (line := process.stdout.readline()) and not line.startswith("Stop it"):
                    lines.append(line)
                assert line, f"the server ended with {process.wait()}: {''.join(lines)}"
                self.url = re.search(r"http://[\d.]+:\d+", "".join(lines)).group()
                yield
            finally:
                process.send_signal(signal.SIGINT)  # Ctrl-C
                process.wait(60)


def follow(page: Path, folder: Path) -> None:
    """Do what a page says, up to its end."""
    folder.mkdir()
    reader = Reader(folder)
    blocks = iter([block for block in blocks_of(page) if block.language in RUN and block.reason is None])
    for block in blocks:
        if SERVES.search(block.code):
            with reader.serving(block):
                for each in blocks:
                    reader.run(each)
        else:
            reader.run(block)


def share_changed(before: Path, after: Path) -> float:
    """Of the first picture, brought to the second one's size, how much looks different."""
    with Image.open(before) as first, Image.open(after) as second:
        assert second.format == {".png": "PNG", ".jpg": "JPEG"}[after.suffix]
        second_pixels = np.asarray(second.convert("RGB"), float)
        first_pixels = np.asarray(first.convert("RGB").resize(second.size, Image.Resampling.LANCZOS), float)
    return float((np.abs(first_pixels - second_pixels).max(axis=2) > 40).mean())


@pytest.fixture(autouse=True)
def _programs() -> None:
    for program in ("bash", "curl"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")


@pytest.mark.slow
def test_an_applications_developer_follows_the_page(tmp_path):
    folder = tmp_path / "work"
    follow(DOCS / "quickstart" / "application.md", folder)
    for edited in ("edited.png", "edited-too.png"):
        assert 0.02 < share_changed(folder / "photo.jpg", folder / edited) < 0.6
    assert b'"b64_json"' in (folder / "answer.json").read_bytes()


@pytest.mark.slow
def test_somebody_with_a_photo_follows_the_page(tmp_path):
    folder = tmp_path / "work"
    follow(DOCS / "quickstart" / "photo.md", folder)
    for edited in ("blue.png", "splash.png", "card.jpg"):
        assert share_changed(folder / "photo.jpg", folder / edited) > 0.005
    with Image.open(folder / "photo.jpg") as photo, Image.open(folder / "splash.png") as splash:
        assert splash.size == photo.size
    assert Image.open(io.BytesIO((folder / "splash-mask.png").read_bytes())).getextrema() != ((0, 0),)


@pytest.mark.slow
def test_somebody_who_sets_up_a_service_follows_the_page(tmp_path):
    folder = tmp_path / "work"
    follow(DOCS / "quickstart" / "service.md", folder)
    assert b"images" in (folder / "answer.json").read_bytes()
    assert (folder / "service-data").is_dir()


def test_there_is_a_quick_start_for_each_of_the_three():
    assert [page.stem for page in QUICK_STARTS] == ["application", "photo", "service"]


@pytest.mark.parametrize("page", QUICK_STARTS, ids=lambda page: page.stem)
def test_every_block_is_run_or_says_why_not(page):
    blocks = blocks_of(page)
    assert len(blocks) == page.read_text().count("\n```") / 2
    assert {block.language for block in blocks} <= {*RUN, *SHOWN_ONLY}
    assert any(block.reason is None for block in blocks if block.language in RUN)


@pytest.mark.parametrize("page", [*QUICK_STARTS, DOCS / "moving-from-the-hosted-api.md"], ids=lambda page: page.stem)
def test_every_settings_file_that_is_shown_is_one(page):
    texts = [block.code for block in blocks_of(page) if block.language == "toml"]
    texts += re.findall(r"^cat >>? \S+\.toml <<'END'\n(.*?)^END$", page.read_text(), re.DOTALL | re.MULTILINE)
    for text in texts:
        Settings.model_validate(tomllib.loads(text))
