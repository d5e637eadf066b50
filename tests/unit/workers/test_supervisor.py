"""The supervisor goes on, whatever its workers do."""

import sys
import threading

from retouch.jobs.signals import JobSignals
from retouch.workers.supervisor import SupervisionRules, Supervisor

BABBLES = """
import os, sys
os.write(int(sys.argv[sys.argv.index("--channel") + 1]), b"started job not-a-number\\n\\xff\\n")
"""


class Undertaker:
    """Notes who was buried."""

    def __init__(self) -> None:
        self.buried: set[str] = set()
        self.is_needed = threading.Semaphore(0)

    def bury_worker(self, worker_id: str) -> None:
        self.buried.add(worker_id)
        self.is_needed.release()


def test_a_worker_that_says_nonsense_is_buried_and_followed_by_another_one(caplog):
    undertaker = Undertaker()
    supervisor = Supervisor(
        [sys.executable, "-S", "-c", BABBLES],
        1,
        signals=JobSignals(),
        housekeeper=undertaker,
        rules=SupervisionRules(),
    )
    supervisor.start()
    for _ in range(2):
        assert undertaker.is_needed.acquire(timeout=60)
    supervisor.stop()
    assert len(undertaker.buried) >= 2
    assert "stumbled" in caplog.text
