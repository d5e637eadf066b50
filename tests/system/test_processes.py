"""Worker processes that die, hang, stop, and work for a server that has none."""

import contextlib
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import threading

import httpx2
import pytest
from tests.system.conftest import FAKE_SERVER, read_greeting

pytestmark = pytest.mark.slow
LONG_EDIT = ("--steps", "1000", "--step-seconds", "0.05")


@pytest.fixture
def jobs(tmp_path):
    """Read state and attempts of every job."""

    def read() -> list[tuple[str, int]]:
        with contextlib.closing(sqlite3.connect(tmp_path / "data" / "server" / "jobs.sqlite")) as connection:
            return connection.execute("SELECT state, attempts FROM jobs ORDER BY created_at").fetchall()

    return read


def test_a_worker_that_is_killed_is_replaced_and_its_edit_runs_again_at_once(start, body, jobs, wait_until):
    server = start("--steps", "40", "--step-seconds", "0.05", RETOUCH_QUEUE__LEASE_SECONDS="600")
    answers = []
    waiting = threading.Thread(target=lambda: answers.append(server.post(body(), timeout=120)))
    waiting.start()
    wait_until(lambda: jobs() == [("running", 1)])
    (worker,) = server.workers

    os.kill(worker, signal.SIGSEGV)

    waiting.join(120)
    assert answers[0].status_code == 200
    assert jobs() == [("succeeded", 2)], "its lease would have lasted for ten minutes"
    assert server.workers != [worker]


def test_an_engine_that_does_not_listen_is_killed_after_its_deadline_and_others_are_served(
    start, body, jobs, wait_until
):
    server = start(
        *LONG_EDIT,
        RETOUCH_QUEUE__DEADLINE_SECONDS="3",
        RETOUCH_WORKERS__GRACE_SECONDS="1",
        RETOUCH_QUEUE__LEASE_SECONDS="600",
    )
    (worker,) = server.workers
    lost = server.post_in_vain(body())
    wait_until(lambda: jobs() == [("running", 1)])

    os.kill(worker, signal.SIGSTOP)  # as an engine that holds the interpreter in native code: no thread of it runs

    wait_until(lambda: jobs() == [("failed", 1)])
    lost.join(20)
    wait_until(lambda: server.workers not in ([], [worker]), 60)


def test_a_worker_whose_supervisor_is_gone_puts_its_edit_back_and_ends(start, body, jobs, wait_until):
    server = start(*LONG_EDIT)
    lost = server.post_in_vain(body())
    wait_until(lambda: jobs() == [("running", 1)])
    (worker,) = server.workers

    server.process.kill()

    lost.join(20)
    wait_until(lambda: jobs() == [("queued", 0)])
    wait_until(lambda: not os.path.exists(f"/proc/{worker}") or b"Z" in _state_of(worker))


def _state_of(pid: int) -> bytes:
    with contextlib.suppress(OSError), open(f"/proc/{pid}/stat", "rb") as file:
        return file.read().split()[2]
    return b"Z"


def test_a_server_without_workers_is_served_by_a_crew_that_stands_alone(tmp_path, start, body, environment, wait_until):
    server = start(ready=False, RETOUCH_QUEUE__WORKERS="0")
    assert httpx2.get(f"{server.url}/ready").json()["checks"]["engine"] == "no_worker"
    command = [sys.executable, str(FAKE_SERVER), "--data", str(tmp_path / "data"), "--crew", "1"]
    crew = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    try:
        wait_until(server.is_ready, 60)
        assert server.post(body(), timeout=60).status_code == 200
    finally:
        crew.terminate()
        status = crew.wait(60)
    assert status == 0


def test_a_socket_that_outlives_the_server_makes_a_restart_that_no_client_notices(tmp_path, environment):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/health"
        statuses, finished = [], threading.Event()

        def hammer():
            while not finished.is_set():
                statuses.append(httpx2.get(url, timeout=60).status_code)

        first = _start_with_socket(listener, tmp_path, environment)
        client = threading.Thread(target=hammer)
        client.start()
        second = _start_with_socket(listener, tmp_path, environment)
        first.terminate()
        assert first.wait(60) == 0
        first.stdout.close()
        for _ in range(20):
            httpx2.get(url, timeout=60)
        finished.set()
        client.join(60)
        second.terminate()
        assert second.wait(60) == 0
        second.stdout.close()
    assert len(statuses) > 0
    assert set(statuses) == {200}


def _start_with_socket(listener, tmp_path, environment) -> subprocess.Popen:
    """Start a server as systemd does: the socket is descriptor 3, and LISTEN_PID is its own."""
    code = (
        "import os, sys; os.dup2(int(sys.argv[1]), 3); os.environ |= {'LISTEN_PID': str(os.getpid()), 'LISTEN_FDS': '1'}; "
        "os.execv(sys.executable, [sys.executable, *sys.argv[2:]])"
    )
    command = [sys.executable, "-c", code, str(listener.fileno()), str(FAKE_SERVER), "--data", str(tmp_path / "data")]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
        pass_fds=[listener.fileno()],
    )
    read_greeting(process)
    return process


def test_the_server_itself_loads_nothing_that_only_an_edit_needs(tmp_path, environment, body):
    command = [sys.executable, "-m", "retouch", "serve", "--port", "0", "--data-dir", str(tmp_path)]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**environment, "RETOUCH_QUEUE__WORKERS": "0"},
    )
    with process:
        url = re.search(r"http://\S+", read_greeting(process)).group()
        accepted = httpx2.post(f"{url}/v1/edits", json=body(), headers={"Authorization": "Bearer key"}, timeout=60)
        with open(f"/proc/{process.pid}/maps") as file:
            loaded = file.read()
        process.terminate()
    assert accepted.status_code == 202
    assert "numpy" in loaded, "the list tells of libraries"
    assert [name for name in ("/cv2/", "/onnxruntime/", "/scipy/", "/skimage/", "/numba/") if name in loaded] == []
