"""Real processes that share a folder, and die in it."""

import os
import subprocess
import sys
import time

import pytest

from retouch.errors import ConfigurationError
from retouch.telemetry import catalog
from retouch.telemetry.ledger import Ledger
from retouch.telemetry.processes import Desk

WORKER = """
import sys, time
from pathlib import Path
from retouch.telemetry import catalog
from retouch.telemetry.ledger import Ledger
from retouch.telemetry.processes import Desk
ledger = Ledger()
desk = Desk(Path(sys.argv[1]), "worker", ledger)
with desk.taken():
    ledger.add(catalog.JOBS_ACCEPTED, ("fake",), int(sys.argv[2]))
    ledger.add(catalog.UPLOADS, (), 1)
    desk._write()
    print(desk.place, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "metrics" / "this-machine"


@pytest.fixture
def worker(folder):
    """Start a worker process that has counted so many jobs; the fixture ends them all."""
    started = []

    def start(jobs: int) -> subprocess.Popen:
        process = subprocess.Popen(
            [sys.executable, "-c", WORKER, str(folder), str(jobs)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        process.place = int(process.stdout.readline())
        return process

    yield start
    for process in started:
        process.kill()
        process.wait(20)
        process.stdin.close()
        process.stdout.close()


def accepted(desk: Desk) -> float:
    return desk.everyone()[0][catalog.JOBS_ACCEPTED.name, ("fake",)][0]


def test_the_numbers_of_all_processes_add_up(folder, worker) -> None:
    ledger = Ledger()
    desk = Desk(folder, "api", ledger)
    with desk.taken():
        ledger.add(catalog.JOBS_ACCEPTED, ("fake",), 1)
        worker(10), worker(100)
        series, colleagues = desk.everyone()
        assert accepted(desk) == 111
        assert series[catalog.UPLOADS.name, ()] == [2]
        assert sorted(colleague.role for colleague in colleagues) == ["api", "worker", "worker"]
        assert all(colleague.memory > 2**20 for colleague in colleagues)


def test_a_killed_process_keeps_its_counts_and_loses_its_gauges(folder, worker) -> None:
    desk = Desk(folder, "api", Ledger())
    with desk.taken():
        victim = worker(10)
        victim.kill()
        victim.wait(20)
        series, colleagues = desk.everyone()
        assert accepted(desk) == 10
        assert series[catalog.UPLOADS.name, ()] == [0]
        assert [colleague.role for colleague in colleagues] == ["api"]


def test_processes_that_die_again_and_again_leave_one_place_and_no_count_behind(folder, worker) -> None:
    desk = Desk(folder, "api", Ledger())
    with desk.taken():
        for _ in range(4):
            victim = worker(10)
            assert victim.place == 1
            victim.kill()
            victim.wait(20)
        assert accepted(desk) == 40
        assert desk.everyone()[0][catalog.PROCESS_STARTS.name, ("worker",)] == [4]
        assert len(list(folder.glob("*.json"))) <= 2


def test_the_first_process_of_a_machine_begins_at_zero(folder) -> None:
    first = Ledger()
    with Desk(folder, "api", first).taken():
        first.add(catalog.JOBS_ACCEPTED, ("fake",), 5)
    later = Desk(folder, "api", Ledger())
    with later.taken():
        assert (catalog.JOBS_ACCEPTED.name, ("fake",)) not in later.everyone()[0]


def test_what_a_colleague_is_writing_or_has_spoilt_does_not_break_the_page(folder, worker) -> None:
    desk = Desk(folder, "api", Ledger())
    with desk.taken():
        victim = worker(10)
        victim.kill()
        victim.wait(20)
        (folder / f"{victim.place}.json").write_bytes(b"{}\n[[")
        assert desk.everyone()[1]


def test_the_folder_is_for_this_user_alone(folder) -> None:
    with Desk(folder, "api", Ledger()).taken():
        assert folder.stat().st_mode & 0o777 == 0o700


def test_a_folder_that_cannot_be_made_is_a_matter_of_the_operator(tmp_path) -> None:
    (tmp_path / "file").write_text("in the way")
    with (
        pytest.raises(ConfigurationError, match=r"telemetry\.metrics"),
        Desk(tmp_path / "file" / "x", "api", Ledger()).taken(),
    ):
        pass


def test_machines_that_left_long_ago_are_forgotten(folder) -> None:
    gone, recent = folder.parent / "gone", folder.parent / "recent"
    for other in (gone, recent):
        other.mkdir(parents=True)
        (other / "door").touch()
        (other / "0.json").write_text("{}\n[]")
    os.utime(gone / "0.json", (time.time() - 3 * 24 * 3600,) * 2)
    with Desk(folder, "api", Ledger()).taken():
        assert not gone.exists()
        assert recent.exists()
