"""``retouch database``: what it says and does, on the files that an operator may have."""

import json

import pytest
from typer.testing import CliRunner

from retouch.cli import app
from retouch.database.connection import connect
from retouch.database.schema import status_of


def run(*arguments: str, code: int = 0):
    outcome = CliRunner().invoke(app, ["database", *arguments])
    assert outcome.exit_code == code, outcome.output
    return outcome


def test_the_status_of_no_database_is_that_there_is_none_and_makes_none(tmp_path):
    assert "not made yet" in run("status", "--data-dir", str(tmp_path)).stdout
    assert list(tmp_path.iterdir()) == []


def test_an_upgrade_makes_the_database_where_the_server_looks_for_it(tmp_path):
    said = run("upgrade", "--data-dir", str(tmp_path)).stdout
    assert "0001" in said
    assert "which is the newest" in said
    engine = connect(f"sqlite:///{tmp_path / 'server' / 'jobs.sqlite'}")
    assert status_of(engine).pending == ()
    engine.dispose()


def test_the_status_names_the_steps_that_are_pending(tmp_path):
    (tmp_path / "server").mkdir()
    (tmp_path / "server" / "jobs.sqlite").touch()
    before = json.loads(run("status", "--json", "--data-dir", str(tmp_path)).stdout)
    run("upgrade", "--data-dir", str(tmp_path))
    after = json.loads(run("status", "--json", "--data-dir", str(tmp_path)).stdout)
    assert before["revision"] is None
    assert before["pending"][0].startswith("0001: ")
    assert (after["revision"], after["pending"]) == (after["newest"], [])
    assert "which is the newest" in run("status", "--data-dir", str(tmp_path)).stdout


def test_the_password_of_the_database_is_never_printed(monkeypatch):
    monkeypatch.setenv("RETOUCH_DATABASE__URL", "postgresql://me:hunter2@127.0.0.1:9/retouch?connect_timeout=1")
    outcome = run("status", code=1)
    assert "can't be used at present" in outcome.output
    assert "hunter2" not in outcome.output


def test_a_password_in_the_query_of_the_url_is_not_printed_either(monkeypatch, postgres_url):
    joint = "&" if "?" in postgres_url else "?"
    monkeypatch.setenv("RETOUCH_DATABASE__URL", f"{postgres_url}{joint}password=hunter2")
    outcome = run("status")
    assert "password=hidden" in outcome.stdout
    assert "hunter2" not in outcome.output


@pytest.mark.parametrize("url", ["mysql://me:hunter2@h/db", "sqlite:///relative.sqlite", "sqlite://", "hunter2"])
def test_a_url_that_cant_be_used_is_refused_without_showing_it(monkeypatch, url):
    monkeypatch.setenv("RETOUCH_DATABASE__URL", url)
    outcome = run("status", code=2)
    assert "database.url" in outcome.output
    assert "hunter2" not in outcome.output
