"""A client whose server dies under it sends its request again, and gets the one edit that it asked for."""

import contextlib
import threading

import httpx2
import pytest
import sqlalchemy as sa

from retouch.database.connection import connect
from retouch.jobs.tables import JOBS

pytestmark = pytest.mark.slow
LONG_EDIT = ("--steps", "1000", "--step-seconds", "0.05")
QUICK_LEASE = {"RETOUCH_QUEUE__LEASE_SECONDS": "1"}


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    if request.param == "postgresql":
        return request.getfixturevalue("postgres_url")
    return f"sqlite:///{tmp_path / 'elsewhere.sqlite'}"


@pytest.fixture
def states(url):
    """Read state and attempts of every job."""
    engine = connect(url)

    def read():
        with contextlib.suppress(sa.exc.DatabaseError), engine.connect() as connection:
            rows = connection.execute(sa.select(JOBS.c.state, JOBS.c.attempts).order_by(JOBS.c.created_at))
            return [tuple(row) for row in rows]
        return []

    yield read
    engine.dispose()


def ask(server, body):
    headers = {"authorization": "Bearer key", "idempotency-key": "order-1234"}
    return httpx2.post(f"{server.url}/v1/images/generations", json=body, headers=headers, timeout=60)


def test_after_a_crash_the_same_request_gets_the_edit_that_was_accepted(start, body, states, url, wait_until):
    settings = {**QUICK_LEASE, "RETOUCH_DATABASE__URL": url}
    server = start(*LONG_EDIT, **settings)

    def ask_in_vain():
        with contextlib.suppress(httpx2.HTTPError):
            ask(server, body())

    lost = threading.Thread(target=ask_in_vain)
    lost.start()
    wait_until(lambda: states() == [("running", 1)])
    server.kill()
    lost.join(20)

    answer = ask(start(**settings), body())

    assert answer.status_code == 200
    assert answer.headers["idempotent-replayed"] == "true"
    assert httpx2.get(answer.json()["data"][0]["url"]).status_code == 200
    assert states() == [("succeeded", 2)]
