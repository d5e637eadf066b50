"""The pages can't drift: their code runs, their modules exist, their links lead somewhere."""

import importlib
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from skimage.data import coffee

from retouch.editor.instructions.parser import parse
from retouch.errors import UnsupportedInstructionError

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
README = (ROOT / "README.md").read_text()
SERVER = "http://127.0.0.1:8000"


def code_blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", page.read_text()):
        if not target.startswith(("http://", "https://")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_every_module_that_the_architecture_names_exists() -> None:
    text = (ROOT / "docs" / "architecture" / "README.md").read_text()
    names = set(re.findall(r"`(retouch(?:\.[a-z_]+)+)`", text))
    assert len(names) > 20
    for name in names:
        importlib.import_module(name)


def test_every_package_is_in_the_architecture() -> None:
    text = (ROOT / "docs" / "architecture" / "README.md").read_text()
    for path in (ROOT / "src" / "retouch").iterdir():
        if path.name.startswith(("_", ".")) or path.suffix == ".typed":
            continue
        assert f"`retouch.{path.stem}" in text, f"docs/architecture does not mention retouch.{path.stem}"


def test_ci_runs_the_command_that_the_readme_tells() -> None:
    command = next(block for block in code_blocks(README, "sh") if "scripts/check" in block)
    told = [part.strip() for part in command.strip().split("&&")]
    run = (ROOT / ".ci" / "run").read_text().replace("--quiet --disable-pip-version-check ", "")
    positions = [run.find(part) for part in told]
    assert -1 not in positions, f".ci/run lacks {told[positions.index(-1)]}"
    assert positions == sorted(positions)
    assert command.strip() in (ROOT / "CONTRIBUTING.md").read_text()


def test_the_readme_names_the_python_versions_that_the_package_takes() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["requires-python"] == ">=3.11"
    assert "Python 3.11" in README


@pytest.fixture
def working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the reader's photo in it, and a data folder of its own."""
    Image.fromarray(coffee()).save(tmp_path / "photo.jpg", quality=95)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def server(working_folder: Path) -> Iterator[str]:
    """`retouch serve`, as the README starts it, on a free port."""
    command = [sys.executable, "-u", "-m", "retouch", "serve", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        for line in process.stdout or ():
            if found := re.search(r"http://127\.0\.0\.1:\d+", line):
                yield found.group()
                break
        else:
            pytest.fail("the server did not say where it listens")
    finally:
        process.terminate()
        process.communicate(timeout=30)


@pytest.mark.slow
def test_the_readmes_shell_examples_run(working_folder: Path) -> None:
    examples = [
        line for block in code_blocks(README, "sh") for line in block.splitlines() if line.startswith("retouch edit")
    ]
    assert len(examples) == 2
    bin_folder = str(Path(sys.executable).parent)
    for line in examples:
        environment = {**os.environ, "PATH": bin_folder + os.pathsep + os.environ["PATH"]}
        subprocess.run(line, shell=True, check=True, env=environment, capture_output=True)
    assert (working_folder / "edited.png").exists()
    assert (working_folder / "balloon-mask.png").exists()


@pytest.mark.slow
def test_the_readmes_python_examples_run(server: str, working_folder: Path) -> None:
    blocks = code_blocks(README, "python")
    assert len(blocks) == 2
    for block in blocks:
        done = subprocess.run(
            [sys.executable, "-c", block.replace(SERVER, server)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert "/files/" in done.stdout or "% of the picture changed" in done.stdout
    assert (working_folder / "blue-cup.png").exists()


def instruction_guide(heading_refused: str = "## What it can't do") -> tuple[list[str], list[str]]:
    """The sentences of the guide: those that are understood, and those that are refused."""
    understood, refused = (ROOT / "docs" / "instructions.md").read_text().split(heading_refused)
    return re.findall(r"^- (.+)$", understood, re.MULTILINE), re.findall(r"^- (.+)$", refused, re.MULTILINE)


@pytest.mark.parametrize("sentence", instruction_guide()[0])
def test_the_guides_sentences_are_understood(sentence: str) -> None:
    assert parse(sentence, image_count=3).operations


@pytest.mark.parametrize("sentence", instruction_guide()[1])
def test_what_the_guide_says_is_refused_is_refused(sentence: str) -> None:
    with pytest.raises(UnsupportedInstructionError):
        parse(sentence, image_count=2)
