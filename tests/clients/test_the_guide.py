"""The guide to clients shows what the drivers run, and names the versions that are tried."""

import re
import textwrap
from pathlib import Path

import pytest
from tests.clients.environments import DRIVERS
from tests.clients.roster import CLIENTS, LANGCHAIN

GUIDE = (Path(__file__).resolve().parents[2] / "docs" / "clients.md").read_text()
BLOCKS = re.findall(r"```(?:python|js|sh)\n(.*?)```", GUIDE, flags=re.DOTALL)
DRIVER_FILES = [path for path in DRIVERS.iterdir() if path.suffix in (".py", ".mjs")]
SHOWN = sorted(path for path in DRIVER_FILES if re.search(r"^ *(?:#|//) docs:", path.read_text(), re.MULTILINE))


def shown_parts(driver):
    """The parts of a driver between ``docs:`` and ``end``, as the guide has them."""
    parts = re.findall(r"^ *(?:#|//) docs:\n(.*?)^ *(?:#|//) end$", driver, flags=re.DOTALL | re.MULTILINE)
    parts = [textwrap.dedent(part).strip() for part in parts]
    command = re.fullmatch(r'COMMAND = """\n(.*)\n"""', parts[0], flags=re.DOTALL)
    return parts if command is None else [command[1].replace("\\\\", "\\")]


@pytest.mark.parametrize("driver", SHOWN, ids=lambda path: path.name)
def test_the_guide_shows_what_the_driver_runs(driver):
    assert "\n\n".join(shown_parts(driver.read_text())) in [block.strip() for block in BLOCKS]


def test_the_guide_shows_nothing_that_no_driver_runs():
    assert len(SHOWN) == len(BLOCKS)


@pytest.mark.parametrize("package", sorted({name for each in [*CLIENTS.values(), LANGCHAIN] for name in each.packages}))
def test_the_guide_names_the_version_that_is_tried(package):
    assert f"`{package}`" in GUIDE


def test_every_driver_is_tried():
    tried = {client.driver for client in CLIENTS.values()}
    assert {path.name for path in SHOWN} <= tried | {LANGCHAIN.driver}
