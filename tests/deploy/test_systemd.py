"""The units are ones that systemd takes, shut in, and given longer to stop than Retouch takes."""

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from tests.deploy.artefacts import DEPLOY, passes, seconds, tool

from retouch.settings import load_settings

UNITS = DEPLOY / "systemd"
NAMES = ("retouch.socket", "retouch.service", "retouch-worker@.service", "retouch-workers.target")
MOST_EXPOSED = 2.0
"""Of 10, as systemd counts it; what it calls OK."""


def value_of(unit: str, key: str) -> str:
    return re.findall(rf"^{key}=(.*)$", (UNITS / unit).read_text("utf-8"), re.M)[-1]


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The units in a folder, calling a program that exists here."""
    for name in NAMES:
        text = (UNITS / name).read_text("utf-8")
        (tmp_path / name.replace("@.", "@1.")).write_text(text.replace("/opt/retouch/bin/retouch", "/bin/true"))
    return tmp_path


def test_systemd_takes_the_units(installed: Path) -> None:
    analyze = tool("systemd-analyze", "checks units")
    passes(analyze, "verify", "--man=no", *(installed / name.replace("@.", "@1.") for name in NAMES))


@pytest.mark.parametrize("name", ["retouch.service", "retouch-worker@1.service"])
def test_the_services_are_shut_in(installed: Path, name: str) -> None:
    analyze = tool("systemd-analyze", "checks units")
    threshold = str(round(MOST_EXPOSED * 10))
    passes(analyze, "security", "--offline=true", f"--threshold={threshold}", installed / name)


def test_api_and_workers_are_shut_in_alike() -> None:
    def hardening(name: str) -> str:
        return (UNITS / name).read_text("utf-8").partition("User=retouch\n")[2].partition("[Install]")[0]

    assert hardening("retouch.service") == hardening("retouch-worker@.service") != ""


def test_services_get_longer_to_stop_than_retouch_takes() -> None:
    server = load_settings(UNITS / "retouch.toml").server
    assert (
        seconds(value_of("retouch.service", "TimeoutStopSec")) > server.drain_seconds + 2 * server.shutdown_seconds + 15
    )
    assert seconds(value_of("retouch-worker@.service", "TimeoutStopSec")) > server.shutdown_seconds + 15


def test_a_worker_is_replaced_before_the_kernel_kills_it() -> None:
    limit = load_settings(UNITS / "retouch.toml").workers.memory_bytes
    for unit in ("retouch.service", "retouch-worker@.service"):
        most = int(value_of(unit, "MemoryMax").removesuffix("G")) * 2**30
        assert 0 < limit < most


AS_SYSTEMD = (
    "import os, sys; os.dup2(int(sys.argv[1]), 3); os.environ |= {'LISTEN_PID': str(os.getpid()), 'LISTEN_FDS': '1'}; "
    "os.execv(sys.executable, [sys.executable, *sys.argv[2:]])"
)
"""Hands over a socket as descriptor 3."""


def test_a_socket_that_other_machines_reach_is_refused_without_a_key(tmp_path: Path) -> None:
    """Whatever `server.host` says: it is the socket's unit that decides."""
    with socket.create_server(("0.0.0.0", 0)) as listener:
        server = ["-m", "retouch", "serve", "--data-dir", str(tmp_path)]
        done = subprocess.run(
            [sys.executable, "-c", AS_SYSTEMD, str(listener.fileno()), *server],
            pass_fds=[listener.fileno()],
            env={name: value for name, value in os.environ.items() if not name.startswith("RETOUCH_")},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert done.returncode == 2
    assert "0.0.0.0" in done.stderr
    assert "retouch keys create" in done.stderr
