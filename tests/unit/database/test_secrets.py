import itertools
from concurrent.futures import ThreadPoolExecutor

import pytest

from retouch.database.connection import connect
from retouch.database.schema import upgrade
from retouch.database.secrets import SharedSecret


@pytest.fixture
def database(tmp_path):
    engine = connect(f"sqlite:///{tmp_path / 'jobs.sqlite'}")
    upgrade(engine)
    yield engine
    engine.dispose()


def test_a_secret_is_made_once_and_every_process_gets_it(database):
    numbers = itertools.count()

    def ask(_):
        return SharedSecret(database, "webhooks", lambda: f"secret {next(numbers)}").value()

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(ask, range(8)))) == 1


def test_secrets_of_different_names_differ(database):
    assert SharedSecret(database, "a", lambda: "1").value() != SharedSecret(database, "b", lambda: "2").value()


def test_what_a_version_before_left_in_a_file_is_taken_over(database, tmp_path):
    (tmp_path / "secret").write_text("of old")
    assert SharedSecret(database, "a", lambda: "new", file_of_old=tmp_path / "secret").value() == "of old"
    (tmp_path / "secret").unlink()
    assert SharedSecret(database, "a", lambda: "new", file_of_old=tmp_path / "secret").value() == "of old"
