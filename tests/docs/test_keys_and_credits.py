"""docs/operating/keys-and-credits.md: what it shows runs, and says what there is."""

import json
import re
import shlex
import tomllib
from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from retouch.accounts.principal import Scope
from retouch.cli import app
from retouch.cli import keys as keys_command
from retouch.server.admin_fields import CREDITS, TERMS, read_body
from retouch.settings import Settings

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "operating" / "keys-and-credits.md").read_text()


def code_blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


def test_the_first_command_makes_a_key(monkeypatch, tmp_path):
    monkeypatch.setenv("RETOUCH_STORAGE__DATA_DIR", str(tmp_path))
    program, *arguments = shlex.split(code_blocks("sh")[0])
    assert program == "retouch"
    outcome = CliRunner().invoke(app, arguments)
    assert outcome.exit_code == 0, outcome.output
    assert "rt_" in outcome.stdout


def test_every_command_and_option_that_is_named_exists():
    commands = get_command(keys_command.app).commands
    shown = set(re.findall(r"retouch keys ([a-z]+)", PAGE)) | {"show", "enable"}
    assert shown == set(commands)
    parameters = [each for command in commands.values() for each in command.params]
    options = {option for each in parameters for option in (*each.opts, *each.secondary_opts)}
    named = set(re.findall(r"(--[a-z][a-z-]+)", PAGE))
    assert named
    assert named <= options


def test_the_prices_are_settings():
    (text,) = code_blocks("toml")
    prices = Settings.model_validate(tomllib.loads(text)).accounts.prices()
    assert prices.of_image("flux/dev/image-to-image", "builtin") == 2
    assert prices.of_image("another", "builtin") == 1
    assert prices.of_image("another", "another") == 4


def test_the_key_that_is_made_over_http_has_fields_that_there_are():
    body = json.loads(re.search(r"-d '(.*)'", PAGE)[1])
    assert read_body(body, (*TERMS, CREDITS))["images_per_day"] == 100


@pytest.mark.parametrize("setting", re.findall(r"`(?:accounts|server)\.([a-z_]+)`", PAGE))
def test_every_setting_that_is_named_exists(setting):
    fields = Settings.model_fields
    assert setting in {*fields["accounts"].annotation.model_fields, *fields["server"].annotation.model_fields}


def test_every_scope_and_every_limit_has_its_row():
    for name in (*Scope, "requests_per_minute", "images_per_day", "max_unfinished", "max_waiting"):
        assert re.search(rf"^\|.*`{name}` \|", PAGE, re.MULTILINE), name
