"""``retouch keys``: from an empty folder to keys that are made, changed, rotated and paid for."""

import json
import time

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from retouch.accounts.keys import KeyStore
from retouch.accounts.secret import digest_of
from retouch.accounts.tables import KEYS
from retouch.cli import app
from retouch.database.connection import connect


@pytest.fixture
def keys(tmp_path):
    """Run ``retouch keys`` on a folder."""

    def run(*arguments: str, code: int = 0):
        outcome = CliRunner().invoke(app, ["keys", *arguments, "--data-dir", str(tmp_path)])
        assert outcome.exit_code == code, outcome.output
        return outcome

    return run


@pytest.fixture
def store(tmp_path):
    """The keys of the folder, as the server reads them."""
    engine = connect(f"sqlite:///{tmp_path / 'server' / 'jobs.sqlite'}")
    yield KeyStore(engine)
    engine.dispose()


def test_without_a_database_there_are_no_keys_and_none_is_made_by_looking(keys, tmp_path):
    for command in (["list"], ["show", "x"], ["audit"]):
        assert "retouch keys create" in keys(*command, code=2).output
    assert list(tmp_path.iterdir()) == []


def test_a_key_is_made_and_its_secret_opens_it(keys, store, tmp_path):
    said = keys("create", "phone app", "--credits", "100", "--expires", "90d", "--images-per-day", "50").stdout
    secret = next(line for line in said.splitlines() if line.startswith("rt_"))
    key = store.authenticate(digest_of(secret)).key
    assert (key.terms.name, key.balance, key.terms.is_unlimited, key.terms.images_per_day) == (
        "phone app",
        100,
        False,
        50,
    )
    assert key.terms.expires_at == pytest.approx(time.time() + 90 * 86_400, abs=300)
    assert (tmp_path / "server").stat().st_mode & 0o077 == 0


def test_everything_is_there_as_json(keys):
    made = json.loads(keys("create", "boss", "--scope", "admin", "--scope", "edit", "--json").stdout)
    assert (made["scopes"], made["unlimited"]) == (["admin", "edit"], True)
    (listed,) = json.loads(keys("list", "--json").stdout)
    shown = json.loads(keys("show", "boss", "--json").stdout)
    assert listed == shown == {name: value for name, value in made.items() if name != "secret"}


def test_a_list_shows_whole_ids_and_no_secret(keys):
    made = json.loads(keys("create", "[b]x", "--json").stdout)
    said = keys("list").stdout
    assert made["id"] in said
    assert "[b]x" in said
    assert made["secret"] not in said
    assert made["secret"][:7] in said


def test_a_disabled_key_is_enabled_again(keys):
    keys("create", "one")
    assert "disabled" in keys("disable", "one").stdout
    assert "disabled" in keys("list").stdout
    assert "valid" in keys("enable", "one").stdout


def test_a_rotation_prints_the_new_secret_and_keeps_the_old_one_for_the_grace(keys, store):
    old = json.loads(keys("create", "one", "--json").stdout)["secret"]
    new = json.loads(keys("rotate", "one", "--grace", "2h", "--json").stdout)["secret"]
    assert store.authenticate(digest_of(new)).valid_until is None
    assert store.authenticate(digest_of(old)).valid_until == pytest.approx(time.time() + 7200, abs=300)
    assert "--grace must be" in keys("rotate", "one", "--grace", "soon", code=2).output


def test_terms_are_set_and_taken_away(keys):
    keys("create", "one", "--max-waiting", "3", "--expires", "2100-01-01")
    changed = json.loads(
        keys("set", "one", "--name", "two", "--requests-per-minute", "60", "--expires", "none", "--json").stdout
    )
    assert (changed["name"], changed["requests_per_minute"], changed["expires_at"], changed["max_waiting"]) == (
        "two",
        60,
        None,
        3,
    )
    changed = json.loads(
        keys("set", "two", "--max-waiting", "none", "--priority", "-5", "--no-unlimited", "--json").stdout
    )
    assert (changed["max_waiting"], changed["priority"], changed["unlimited"]) == (None, -5, False)


def test_credits_are_given_and_taken_back(keys):
    keys("create", "one", "--credits", "10")
    assert json.loads(keys("credit", "one", "5", "--note", "invoice 7", "--json").stdout)["credits"] == 15
    assert json.loads(keys("credit", "one", "-20", "--json").stdout)["credits"] == -5


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["show", "nobody"], "no key named 'nobody'"),
        (["set", "one"], "Nothing to change"),
        (["set", "one", "--max-waiting", "x"], "--max-waiting must be"),
        (["set", "one", "--max-waiting", "0"], "max_waiting must be"),
        (["set", "one", "--scope", "root"], "--scope must be one of edit, read, admin"),
        (["set", "one", "--expires", "someday"], "--expires must be a span"),
        (["create", "x", "--expires", "2001-01-01"], "expires_at must be a time to come"),
        (["create", ""], "name must be"),
        (["credit", "one", "0"], "credits must be"),
    ],
)
def test_what_is_wrong_is_said_with_what_is_allowed(keys, arguments, said):
    keys("create", "one")
    assert said in " ".join(keys(*arguments, code=2).output.split())


def test_the_audit_passes_a_ledger_that_adds_up_and_fails_one_that_does_not(keys, tmp_path):
    keys("create", "one", "--credits", "10")
    assert "Everything adds up" in keys("audit").stdout
    engine = connect(f"sqlite:///{tmp_path / 'server' / 'jobs.sqlite'}")
    with engine.begin() as connection:
        connection.execute(sa.update(KEYS).values(balance=11))
    engine.dispose()
    said = keys("audit", code=1).stdout
    assert "has a balance of 11; its entries add up to 10" in " ".join(said.split())
    assert json.loads(keys("audit", "--json", code=1).stdout)["entries"] == 1


def test_an_empty_database_of_a_server_has_no_keys_yet_and_says_how_to_make_one(monkeypatch, postgres_url):
    monkeypatch.setenv("RETOUCH_DATABASE__URL", postgres_url)
    outcome = CliRunner().invoke(app, ["keys", "list"])
    assert outcome.exit_code == 2
    assert "Make one with: retouch keys create NAME" in outcome.output
