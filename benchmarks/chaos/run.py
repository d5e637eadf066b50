"""The experiment: clients that do not give up, somebody who kills, and the books afterwards."""

import base64
import io
import random
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import numpy as np
import sqlalchemy as sa
from PIL import Image

from benchmarks.chaos.service import Service
from retouch.accounts.accounts import Accounts
from retouch.accounts.keys import KeyTerms
from retouch.accounts.ledger import EntryKind
from retouch.accounts.prices import Prices
from retouch.accounts.tables import CREDIT_ENTRIES, REQUESTS
from retouch.database.connection import connect
from retouch.jobs.store import JobStore
from retouch.jobs.tables import JOBS

PRICE = 7
CLIENTS = 8
WORKERS = 2
_PATIENCE_SECONDS = 600.0


@dataclass
class Report:
    """What was done to the service, and what came of the edits."""

    database: str
    jobs: int
    seconds: float = 0.0
    attacks: Counter[str] = field(default_factory=Counter)
    answers: Counter[int] = field(default_factory=Counter)
    requests_sent: int = 0
    accepted: int = 0
    states: Counter[str] = field(default_factory=Counter)
    attempts: Counter[int] = field(default_factory=Counter)
    ends: Counter[int] = field(default_factory=Counter)
    log_rows: Counter[int] = field(default_factory=Counter)
    jobless_rows: Counter[str] = field(default_factory=Counter)
    credits_lost: int = 0
    missing_files: int = 0
    restart_seconds: list[float] = field(default_factory=list)
    exit_status: int | None = None

    @property
    def faults(self) -> list[str]:
        """Each way in which a promise was broken."""
        checks = {
            f"{self.answers[200]} of {self.jobs} requests were answered": self.answers[200] == self.jobs,
            f"{self.accepted} jobs for {self.jobs} requests": self.accepted == self.jobs,
            f"states {dict(self.states)}": self.states == {"succeeded": self.jobs},
            f"ends of holds by job {dict(self.ends)}": self.ends == {1: self.jobs},
            f"rows of the request log by job {dict(self.log_rows)}": self.log_rows == {1: self.jobs},
            f"{self.credits_lost} credits differ": self.credits_lost == 0,
            f"{self.missing_files} result files are missing": self.missing_files == 0,
            f"exit status {self.exit_status}": self.exit_status == 0,
        }
        return [fault for fault, is_kept in checks.items() if not is_kept]


def run(folder: Path, *, jobs: int, seed: int, database_url: str | None = None, pause_seconds: float = 6.0) -> Report:
    """Have ``jobs`` edits made while the service is under attack; return what came of them."""
    server_folder = folder / "data" / "server"
    server_folder.mkdir(parents=True, mode=0o700)
    engine = connect(database_url or f"sqlite:///{server_folder / 'jobs.sqlite'}")
    JobStore(engine).create_schema()
    accounts = Accounts.of(engine, Prices())
    key, secret = accounts.keys.create(KeyTerms("chaos", is_unlimited=False), credits=PRICE * jobs)
    settings = {
        "RETOUCH_QUEUE__WORKERS": str(WORKERS),
        "RETOUCH_QUEUE__LEASE_SECONDS": "3",
        "RETOUCH_QUEUE__MAX_ATTEMPTS": "50",
        "RETOUCH_QUEUE__MAX_WAITING": "1000",
        "RETOUCH_ACCOUNTS__CREDITS_PER_IMAGE": str(PRICE),
    }
    if database_url is not None:
        settings["RETOUCH_DATABASE__URL"] = database_url
    report = Report(engine.dialect.name, jobs)
    service = Service(folder, settings)
    began, finished = time.monotonic(), threading.Event()
    # One client for all threads: to make one costs some 30 ms of CPU, which the service needs to start again.
    with service.running(), httpx2.Client(timeout=60) as client, ThreadPoolExecutor(CLIENTS + 1) as pool:
        attacker = pool.submit(_attack, service, engine, random.Random(seed), finished, report, pause_seconds)
        for status, sent in pool.map(lambda index: _edit(client, service, secret, index), range(jobs)):
            report.answers[status] += 1
            report.requests_sent += sent
        finished.set()
        attacker.result()
    report.seconds = time.monotonic() - began
    report.exit_status = service.exit_status
    report.restart_seconds = service.restart_seconds
    _audit(engine, key.id, report, server_folder)
    engine.dispose()
    return report


def _edit(client: httpx2.Client, service: Service, secret: str, index: int) -> tuple[int, int]:
    """Ask for an edit until there is an answer, as a client with an idempotency key may; return the status and the tries."""
    body = {"model": "flux/kontext-max/image-to-image", "prompt": "Add a bird", "image_url": _PHOTO, "seed": index + 1}
    headers = {"Authorization": f"Bearer {secret}", "Idempotency-Key": f"chaos-{index}"}
    until, tries, status = time.monotonic() + _PATIENCE_SECONDS, 0, 0
    while status != 200 and time.monotonic() < until:
        tries += 1
        try:
            answer = client.post(f"{service.url}/v1/images/generations", json=body, headers=headers)
            status = answer.status_code
        except httpx2.HTTPError:
            status = 0
        if status != 200:
            time.sleep(0.2)
    return status, tries


def _attack(
    service: Service,
    engine: sa.Engine,
    rng: random.Random,
    finished: threading.Event,
    report: Report,
    pause_seconds: float,
) -> None:
    attacks = {
        "kill -9 of a worker": lambda: service.kill_worker(rng.randrange(100)),
        "kill -9 of the API": lambda: service.kill_api(with_workers=False),
        "kill -9 of both": lambda: service.kill_api(with_workers=True),
    }
    if engine.dialect.name == "postgresql":
        attacks["end of all database connections"] = lambda: _end_connections(engine)
    names = [*attacks, "kill -9 of a worker"]  # the commonest accident
    while not finished.wait(rng.uniform(0.5, 1.5) * pause_seconds):
        name = rng.choice(names)
        attacks[name]()
        report.attacks[name] += 1


def _end_connections(engine: sa.Engine) -> None:
    others = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    with engine.connect() as connection:
        connection.execute(sa.text(others))


def _audit(engine: sa.Engine, key_id: str, report: Report, folder: Path) -> None:
    """Read the books: each job once, each charge once, each result there."""
    ends = [EntryKind.SETTLE.value, EntryKind.RELEASE.value]
    with engine.connect() as connection:
        rows = connection.execute(sa.select(JOBS.c.id, JOBS.c.state, JOBS.c.attempts, JOBS.c.result)).all()
        ended = connection.scalars(sa.select(CREDIT_ENTRIES.c.job_id).where(CREDIT_ENTRIES.c.kind.in_(ends))).all()
        charged = connection.scalar(
            sa.select(sa.func.sum(CREDIT_ENTRIES.c.charged)).where(CREDIT_ENTRIES.c.key_id == key_id)
        )
        balance = connection.scalar(
            sa.select(sa.func.sum(CREDIT_ENTRIES.c.amount)).where(CREDIT_ENTRIES.c.key_id == key_id)
        )
        logged = connection.execute(sa.select(REQUESTS.c.job_id, REQUESTS.c.status, REQUESTS.c.error_code)).all()
    report.accepted = len(rows)
    report.states = Counter(row.state for row in rows)
    report.attempts = Counter(row.attempts for row in rows)
    report.ends = Counter(Counter(ended).values())
    report.log_rows = Counter(Counter(row.job_id for row in logged if row.job_id is not None).values())
    report.jobless_rows = Counter(
        f"{row.status} {row.error_code or ''}".strip() for row in logged if row.job_id is None
    )
    report.credits_lost = abs(PRICE * report.jobs - int(charged or 0)) + abs(int(balance or 0))
    stored = {path.name for path in (folder / "results").rglob("*") if path.is_file()}
    named = [image["name"] for row in rows if row.result for image in row.result["images"]]
    report.missing_files = sum(name not in stored for name in named)


def _photo() -> str:
    noise = np.random.default_rng(0).integers(0, 255, (24, 32, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).resize((256, 192), Image.Resampling.BICUBIC).save(buffer, "PNG")
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"


_PHOTO = _photo()
