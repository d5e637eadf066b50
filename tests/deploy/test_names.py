"""Commands, settings and variables that stand in what is deployed exist in Retouch."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from tests.deploy.artefacts import DEPLOY, SETTINGS_FILES, artefacts, compose_example, compose_file

from retouch.cli import app
from retouch.settings import Settings, load_settings
from retouch.settings.reading import CONFIG_VARIABLE, ENVIRONMENT_PREFIX

FREE_TABLES = ("storage.options", "accounts.credits_by_model")
COMMANDS = typer.main.get_command(app)


def known_variables() -> set[str]:
    return {CONFIG_VARIABLE} | {
        f"{ENVIRONMENT_PREFIX}{group}__{name}".upper()
        for group, field in Settings.model_fields.items()
        for name in field.annotation.model_fields  # type: ignore[union-attr]
    }


@pytest.mark.parametrize("path", artefacts())
def test_every_variable_of_retouch_is_a_setting(path: str) -> None:
    named = set(re.findall(r"\bRETOUCH_[A-Z0-9_]*[A-Z0-9]", artefacts()[path]))
    assert named <= known_variables()


def test_every_setting_that_is_named_exists() -> None:
    groups = "|".join(Settings.model_fields)
    for path, text in artefacts().items():
        for group, name in re.findall(rf"(?<![\w./-])({groups})\.(?!md\b)([a-z_]+)(?![\w(./])", text):
            fields = Settings.model_fields[group].annotation.model_fields  # type: ignore[union-attr]
            assert name in fields, f"{path}: {group}.{name}"


@pytest.mark.parametrize("path", SETTINGS_FILES, ids=lambda path: path.parent.name)
def test_a_settings_file_is_accepted(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RETOUCH_STORAGE__DATA_DIR", raising=False)
    monkeypatch.setenv("RETOUCH_TELEMETRY__METRICS_TOKEN", "sixteen characters")
    load_settings(path)


def test_the_environment_of_the_examples_is_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in compose_file()["services"]["api"]["environment"].items():
        monkeypatch.setenv(name, value)
    settings = load_settings(DEPLOY / "compose" / "retouch.toml")
    assert settings.server.key_digests
    assert settings.telemetry.metrics_token is not None


def test_the_secrets_of_the_cluster_are_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    for line in (DEPLOY / "kubernetes" / "example" / "secret.env.example").read_text("utf-8").splitlines():
        name, _, value = line.partition("=")
        monkeypatch.setenv(name, value)
    assert load_settings(DEPLOY / "kubernetes" / "base" / "retouch.toml").database.url is not None


def _called() -> Iterator[tuple[str, list[str]]]:
    """Each command line of Retouch in what is deployed: of containers, of units, and in prose."""
    for name, service in compose_file()["services"].items():
        if "retouch" in service["image"]:
            yield f"compose {name}", service.get("command", ["serve"])
    for path in (DEPLOY / "kubernetes").rglob("*.yaml"):
        for document in yaml.safe_load_all(path.read_text("utf-8")):
            for container in _containers(document):
                if "args" in container:
                    yield f"{path.name} {container['name']}", container["args"]
    for path, text in artefacts().items():
        for line in re.findall(r"(?:^|(?<!-u)[\s`/=])retouch ((?!retouch\b)[a-z][^`\n#|>&;]*)", text, re.M):
            yield path, shlex.split(line)


def _containers(document: object) -> Iterator[dict[str, object]]:
    if isinstance(document, dict):
        yield from document.get("containers", [])
        for value in document.values():
            yield from _containers(value)


@pytest.mark.parametrize(
    ("where", "words"), [pytest.param(*each, id=f"{each[0]}: {' '.join(each[1])}") for each in _called()]
)
def test_a_command_that_is_called_exists_with_its_options(where: str, words: list[str]) -> None:
    command: Any = COMMANDS
    rest = list(words)
    while hasattr(command, "commands") and rest:
        name = rest.pop(0)
        assert name in command.commands, f"{where}: there is no command {name!r}"
        command = command.commands[name]
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word.split("=")[0] for word in rest if word.startswith("--")} <= known


def test_many_commands_are_found() -> None:
    assert {"serve", "worker", "database", "keys", "storage"} <= {words[0] for _, words in _called()}


def test_the_example_of_the_environment_has_no_secret_in_it() -> None:
    text = (DEPLOY / "compose" / ".env.example").read_text("utf-8")
    assert all(name in compose_example() for name in ("POSTGRES_PASSWORD", "STORE_SECRET_KEY", "METRICS_TOKEN"))
    assert not re.findall(r"^(?!#)\w*(?:PASSWORD|KEY|TOKEN|HASH)=\S+", text, re.M)
