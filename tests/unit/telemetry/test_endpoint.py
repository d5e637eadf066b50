import socket

import httpx2
import pytest

from retouch.errors import ConfigurationError
from retouch.telemetry import catalog
from retouch.telemetry.endpoint import showing
from retouch.telemetry.ledger import Ledger
from retouch.telemetry.processes import Desk
from retouch.telemetry.service import MetricsAccess

TOKEN = "a-token-for-prometheus"


@pytest.fixture
def desk(tmp_path):
    ledger = Ledger()
    ledger.add(catalog.JOBS_ENDED, ("fake", "succeeded"), 3)
    desk = Desk(tmp_path / "metrics", "crew", ledger)
    with desk.taken():
        yield desk


def test_a_machine_with_workers_alone_shows_its_numbers_to_itself(desk) -> None:
    with showing(desk, "127.0.0.1", 0, MetricsAccess()) as port:
        answer = httpx2.get(f"http://127.0.0.1:{port}/metrics")
        assert 'retouch_jobs_ended_total{engine="fake",state="succeeded"} 3.0' in answer.text
        assert httpx2.get(f"http://127.0.0.1:{port}/").status_code == 404
        rebound = httpx2.get(f"http://127.0.0.1:{port}/metrics", headers={"host": "rebound.example.org"})
        assert (rebound.status_code, rebound.text) == (401, "")


def test_with_a_token_only_whoever_sends_it_may_read(desk) -> None:
    with showing(desk, "127.0.0.1", 0, MetricsAccess("key", TOKEN)) as port:
        url = f"http://127.0.0.1:{port}/metrics"
        assert httpx2.get(url).status_code == 401
        assert httpx2.get(url, headers={"authorization": "Bearer wrong"}).status_code == 401
        assert httpx2.get(url, headers={"authorization": f"Bearer {TOKEN}"}).status_code == 200


def test_a_worker_does_not_show_its_numbers_to_strangers(desk) -> None:
    with pytest.raises(ConfigurationError, match="metrics_token"), showing(desk, "0.0.0.0", 0, MetricsAccess()):
        pass


def test_a_port_that_is_taken_is_a_matter_of_the_operator(desk) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with (
            pytest.raises(ConfigurationError, match="worker_metrics_port"),
            showing(desk, "127.0.0.1", port, MetricsAccess()),
        ):
            pass
