"""A server process under its clients: killed, stopped, left, and asked for too much."""

import contextlib
import io
import sqlite3
from concurrent.futures import ThreadPoolExecutor

import httpx2
import numpy as np
import pytest
from PIL import Image
from skimage.data import astronaut

from retouch.images.geometry import fit_pixels, plan_fit

pytestmark = pytest.mark.slow
QUICK_LEASE = {"RETOUCH_QUEUE__LEASE_SECONDS": "1"}
LONG_EDIT = ("--steps", "1000", "--step-seconds", "0.05")


@pytest.fixture
def states(tmp_path):
    """Read state and attempts of every job from the server's database."""

    def read() -> list[tuple[str, int]]:
        path = tmp_path / "data" / "server" / "jobs.sqlite"
        if not path.exists():
            return []
        with contextlib.closing(sqlite3.connect(path)) as connection:
            return connection.execute("SELECT state, attempts FROM jobs ORDER BY created_at").fetchall()

    return read


@pytest.fixture
def finished(tmp_path):
    """The folder of results, and the file that came last."""

    class Finished:
        folder = tmp_path / "data" / "server" / "results"

        def newest(self) -> bytes:
            return max(self.folder.rglob("*.png"), key=lambda path: path.stat().st_mtime).read_bytes()

    return Finished()


def test_an_answer_is_edited_again_by_its_url_although_nothing_is_fetched_from_this_machine(start, body):
    server = start()
    answer = server.post(body(seed=1)).json()["images"][0]
    again = server.post(body(seed=2, image_url=answer["url"]))
    assert again.status_code == 200
    refused = server.post(body(image_url=f"{server.url}/health"))
    assert refused.json()["error"]["code"] == "address_not_allowed"


def test_an_edit_over_a_real_connection(start, body):
    server = start()
    assert "open: any key" in server.greeting
    answer = server.post(body(num_images=2, seed=1))
    assert answer.status_code == 200
    for image in answer.json()["images"]:
        file = httpx2.get(image["url"], headers={"Range": "bytes=0-1"})
        assert (file.status_code, file.content) == (206, b"\xff\xd8")


def test_a_job_whose_process_is_killed_in_the_middle_runs_again_after_the_next_start(start, body, states, wait_until):
    server = start(*LONG_EDIT, **QUICK_LEASE)
    lost = server.post_in_vain(body())
    wait_until(lambda: states() == [("running", 1)])
    server.kill()
    lost.join(20)
    assert states() == [("running", 1)]

    start(**QUICK_LEASE)

    wait_until(lambda: states() == [("succeeded", 2)])


def test_an_edit_of_an_answer_that_is_killed_in_the_middle_still_knows_the_first_input(
    start, body, states, finished, wait_until
):
    server = start(**QUICK_LEASE)
    answer = server.post(body(seed=1)).json()["images"][0]
    server.kill()
    server = start(*LONG_EDIT, **QUICK_LEASE)
    again = body(seed=2, parent=answer["url"], output_format="png")
    del again["image_url"]
    lost = server.post_in_vain(again)
    wait_until(lambda: states() == [("succeeded", 1), ("running", 1)])
    server.kill()
    lost.join(20)
    for path in finished.folder.rglob(f"{answer['file_name']}*"):
        path.unlink()

    start(**QUICK_LEASE)
    wait_until(lambda: states() == [("succeeded", 1), ("succeeded", 2)])

    first = astronaut()[64:448]
    plain = fit_pixels(first, plan_fit(512, 384, aspect_ratio=None, keep_size=False))
    last = np.asarray(Image.open(io.BytesIO(finished.newest())))
    assert 0.9 < (last == plain).all(axis=2).mean() < 1


def test_a_job_that_kills_every_process_fails_at_last(start, body, states, wait_until):
    server = start(*LONG_EDIT, **QUICK_LEASE)
    lost = server.post_in_vain(body())
    wait_until(lambda: states() == [("running", 1)])
    server.kill()
    lost.join(20)

    server = start(*LONG_EDIT, **QUICK_LEASE)
    wait_until(lambda: states() == [("running", 2)])
    server.kill()

    start(**QUICK_LEASE)
    wait_until(lambda: states() == [("failed", 2)])


def test_a_client_that_goes_away_stops_its_edit(start, body, states, wait_until):
    server = start(*LONG_EDIT)
    with pytest.raises(httpx2.ReadTimeout):
        server.post(body(), timeout=1.0)
    wait_until(lambda: states() == [("cancelled", 1)])


def test_a_server_that_is_told_to_stop_lets_the_running_edit_finish(start, body, states, wait_until):
    server = start("--steps", "10", "--step-seconds", "0.1")
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(server.post, body())
        wait_until(lambda: states() == [("running", 1)])
        status = server.stop()
        assert answer.result().status_code == 200
    assert status == 0


def test_a_server_that_must_stop_now_stops_the_running_edit(start, body, states, wait_until):
    server = start(*LONG_EDIT, RETOUCH_SERVER__SHUTDOWN_SECONDS="1")
    lost = server.post_in_vain(body())
    wait_until(lambda: states() == [("running", 1)])
    server.stop()
    lost.join(20)
    assert states() == [("cancelled", 1)]


def test_a_body_that_is_too_large_is_answered_even_though_the_client_is_still_sending(start, body):
    server = start(RETOUCH_LIMITS__MAX_BODY_BYTES="3000000")
    answer = server.post(body(image_url="data:image/png;base64," + "A" * 5_000_000))
    assert answer.status_code == 413


def test_many_clients_at_once_are_all_served_and_the_loop_stays_awake(start, body):
    server = start("--step-seconds", "0.02")
    with ThreadPoolExecutor(12) as pool:
        edits = [pool.submit(server.post, body(seed=seed + 1)) for seed in range(8)]
        beats = [httpx2.get(f"{server.url}/health").elapsed.total_seconds() for _ in range(20)]
        assert [edit.result().status_code for edit in edits] == [200] * 8
    assert sorted(beats)[len(beats) // 2] < 0.5
