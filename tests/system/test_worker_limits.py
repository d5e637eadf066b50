"""Worker processes that grow too large, have done enough, or never come up; servers that hand over, and a disk that is full."""

import contextlib
import os
import signal
import socket
import sqlite3
import subprocess
import threading

import httpx2
import pytest

pytestmark = pytest.mark.slow
MIB = 2**20


def jobs_in(data):
    """State and attempts of every job."""
    with contextlib.closing(sqlite3.connect(data / "server" / "jobs.sqlite")) as connection:
        return connection.execute("SELECT state, attempts FROM jobs ORDER BY created_at").fetchall()


def in_thread(work) -> tuple[threading.Thread, list]:
    """Run something beside the test; the list gets what it returns."""
    results: list = []
    thread = threading.Thread(target=lambda: results.append(work()))
    thread.start()
    return thread, results


def test_an_edit_that_takes_too_much_memory_fails_with_a_reason_and_the_next_one_is_served(tmp_path, start, body):
    server = start(
        *("--hoard-bytes", str(600 * MIB), "--steps", "200", "--step-seconds", "0.05"),
        RETOUCH_WORKERS__MEMORY_BYTES=str(400 * MIB),
        RETOUCH_QUEUE__MAX_ATTEMPTS="2",
        RETOUCH_QUEUE__LEASE_SECONDS="600",
    )
    (worker,) = server.workers

    answer = server.post(body(), timeout=120)

    assert answer.status_code == 500
    assert answer.json()["error"]["code"] == "engine_crashed"
    assert "memory" in answer.json()["message"]
    assert jobs_in(tmp_path / "data") == [("failed", 2)], "it was tried twice"
    assert server.workers != [worker]


def test_a_worker_that_has_done_its_edits_is_followed_by_another_one(tmp_path, start, body, wait_until):
    server = start(RETOUCH_WORKERS__RECYCLE_AFTER_JOBS="1")
    (first,) = server.workers
    assert server.post(body(), timeout=60).status_code == 200
    wait_until(lambda: server.workers not in ([], [first]), 120)
    assert server.post(body(), timeout=60).status_code == 200
    assert jobs_in(tmp_path / "data") == [("succeeded", 1), ("succeeded", 1)]


def test_a_server_whose_workers_die_at_their_start_says_so_and_ends_cleanly(start, wait_until):
    server = start("--stillborn", ready=False)

    def engine_state() -> str:
        return httpx2.get(f"{server.url}/ready").json()["checks"]["engine"]

    wait_until(lambda: engine_state() == "worker_dies_at_start", 120)
    assert httpx2.get(f"{server.url}/health").status_code == 200
    assert server.stop() == 0


def test_a_server_that_drains_says_so_closes_connections_and_still_accepts_for_a_while(tmp_path, start):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(30)
        server = start(NOTIFY_SOCKET=str(tmp_path / "notify"), RETOUCH_SERVER__DRAIN_SECONDS="4")
        assert manager.recv(100) == b"READY=1"
        assert "connection" not in httpx2.get(f"{server.url}/health").headers

        server.process.send_signal(signal.SIGTERM)

        assert manager.recv(100) == b"STOPPING=1"
        late = httpx2.get(f"{server.url}/ready")
    assert late.status_code == 503
    assert late.json()["checks"]["server"] == "draining"
    assert late.headers["connection"] == "close"
    assert server.process.wait(60) == 0


def test_two_servers_share_a_port_and_either_may_leave(tmp_path, start):
    first = start(ready=False, RETOUCH_SERVER__REUSE_PORT="true")
    port = first.url.rpartition(":")[2]
    second = start("--port", port, data=tmp_path / "other", ready=False, RETOUCH_SERVER__REUSE_PORT="true")
    assert second.url == first.url
    assert first.stop() == 0
    assert {httpx2.get(f"{second.url}/health", timeout=60).status_code for _ in range(5)} == {200}


def test_a_client_that_a_hurried_server_cuts_off_is_told_to_come_again_and_no_traceback_is_logged(
    tmp_path, start, body, wait_until
):
    with (tmp_path / "log").open("wb") as log:
        server = start("--steps", "1000", "--step-seconds", "0.05", stderr=log)
        waiting, answers = in_thread(lambda: server.post(body(), timeout=120))
        wait_until(lambda: jobs_in(tmp_path / "data") == [("running", 1)])

        server.process.send_signal(signal.SIGTERM)
        wait_until(lambda: not accepts(server.url))
        server.process.send_signal(signal.SIGTERM)

        waiting.join(60)
        assert server.process.wait(60) == 0
    assert (answers[0].status_code, answers[0].json()["error"]["code"]) == (503, "aborted")
    assert answers[0].headers["retry-after"]
    said = (tmp_path / "log").read_text()
    assert "cut off" in said
    assert "Traceback" not in said
    assert "ERROR" not in said


def accepts(url: str) -> bool:
    with contextlib.suppress(httpx2.HTTPError):
        return httpx2.get(f"{url}/health").is_success
    return False


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 6 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", folder], check=False, capture_output=True
    )
    if mounted.returncode != 0:
        pytest.skip("needs root, to mount a small file system")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def fill(disk, *, leaving_bytes):
    """Leave so much room on a disk."""
    stats = os.statvfs(disk)
    (disk / "ballast").write_bytes(b"x" * (stats.f_bavail * stats.f_frsize - leaving_bytes))


def test_on_a_full_disk_an_edit_fails_for_that_reason_and_those_behind_it_are_done_once_there_is_room(
    small_disk, start, body, wait_until
):
    data = small_disk / "data"
    server = start("--steps", "30", "--step-seconds", "0.05", data=data, RETOUCH_QUEUE__LEASE_SECONDS="5")
    assert server.post(body(), timeout=60).status_code == 200
    first, failed = in_thread(lambda: server.post(body(), timeout=120))
    wait_until(lambda: [state for state, _ in jobs_in(data)] == ["succeeded", "running"])
    second, done = in_thread(lambda: server.post(body(), timeout=120))
    wait_until(lambda: len(jobs_in(data)) == 3)

    fill(small_disk, leaving_bytes=200_000)  # room for a line in the database, not for a picture

    first.join(120)
    assert (failed[0].status_code, failed[0].json()["error"]["code"]) == (503, "storage_failed")
    (small_disk / "ballast").unlink()
    second.join(120)
    assert done[0].status_code == 200

    fill(small_disk, leaving_bytes=0)
    refused = server.post(body(), timeout=60)
    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "storage_failed")
    assert len(jobs_in(data)) == 3, "what can't be kept is not accepted"
    (small_disk / "ballast").unlink()
    assert server.post(body(), timeout=60).status_code == 200
    assert [state for state, _ in jobs_in(data)] == ["succeeded", "failed", "succeeded", "succeeded"]
