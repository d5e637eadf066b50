"""``retouch serve`` as a person starts it."""

import re
import socket
import subprocess
import sys

import httpx2
import pytest

pytestmark = pytest.mark.slow


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "retouch", "serve", *arguments]


def refused(environment, *arguments: str) -> str:
    done = subprocess.run(command(*arguments), capture_output=True, text=True, timeout=60, env=environment, check=False)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "listens" not in done.stdout
    return " ".join(done.stderr.split())


def test_it_serves_the_builtin_editor(tmp_path, environment, body):
    process = subprocess.Popen(
        command("--port", "0", "--data-dir", str(tmp_path)),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
    )
    try:
        url = re.search(r"http://\S+", process.stdout.readline()).group()
        answer = httpx2.post(
            f"{url}/v1/images/generations",
            json=body(prompt="Make it black and white."),
            headers={"Authorization": "Bearer key"},
            timeout=120,
        )
        assert answer.status_code == 200
        assert answer.json()["meta"]["engine"].startswith("builtin/")
    finally:
        process.terminate()
        status = process.wait(60)
        process.stdout.close()
    assert status == 0


def test_a_port_that_is_in_use_is_a_clear_error(tmp_path, environment):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = refused(environment, "--port", str(port), "--data-dir", str(tmp_path))
    assert f"port {port}: another program is using it" in said


def test_an_address_that_others_reach_needs_keys(tmp_path, environment):
    assert "without any API key" in refused(environment, "--host", "0.0.0.0", "--data-dir", str(tmp_path))


def test_a_setting_that_is_wrong_is_named(tmp_path, environment):
    said = refused({**environment, "RETOUCH_QUEUE__WORKERS": "many"}, "--data-dir", str(tmp_path))
    assert "queue.workers" in said


def test_an_engine_that_is_not_there_is_named(tmp_path, environment):
    assert "builtin" in refused(environment, "--engine", "none", "--data-dir", str(tmp_path))
