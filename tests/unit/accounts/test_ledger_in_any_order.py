"""The ledger after any sequence of what can happen to edits and keys."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.unit.accounts.conftest import PRICE, open_service, result_of

from retouch.accounts.audit import audit_ledger
from retouch.accounts.keys import KeyTerms
from retouch.errors import OutOfCreditsError
from retouch.jobs.models import JobState

IMAGES = st.integers(1, 4)
ANY = st.integers(0, 1000)


class LedgerMachine(RuleBasedStateMachine):
    """A model beside the real thing: the credits of each key, and what is held for each edit."""

    def __init__(self):
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.service = open_service(f"sqlite:///{Path(self.folder.name) / 'jobs.sqlite'}")
        self.number = 0
        self.free = []
        self.keys = []
        self.spent = 0
        self.held = {}

    def teardown(self):
        self.service.store.close()
        self.folder.cleanup()

    @initialize(credits=st.lists(st.integers(0, 60), min_size=2, max_size=3))
    def make_keys(self, credits):
        for given in credits:
            key, _ = self.service.accounts.keys.create(KeyTerms("one", is_unlimited=False), given)
            self.keys.append(key.id)
            self.free.append(given)

    @rule(index=ANY, amount=st.integers(-20, 40).filter(bool))
    def grant(self, index, amount):
        who = index % len(self.keys)
        self.service.accounts.ledger.grant(self.keys[who], amount)
        self.free[who] += amount

    @rule(index=ANY, images=IMAGES)
    def accept(self, index, images):
        who, cost = index % len(self.keys), images * PRICE
        self.number += 1
        job_id = f"job-{self.number}"
        if self.free[who] < cost:
            with pytest.raises(OutOfCreditsError):
                self.service.accept(job_id, self.keys[who], num_images=images)
            return
        self.service.accept(job_id, self.keys[who], num_images=images)
        self.free[who] -= cost
        self.held[job_id] = (who, images)

    def some_job(self, index):
        """A job that has not ended, running or not; the store refuses what can't be."""
        return sorted(self.held)[index % len(self.held)]

    @precondition(lambda self: self.held)
    @rule(index=ANY)
    def start(self, index):
        statement = (
            "UPDATE jobs SET state = 'running', worker_id = 'worker', lease_until = 9e9, attempts = attempts + 1 "
            "WHERE id = ? AND state = 'queued'"
        )
        with self.service.database.begin() as connection:
            connection.exec_driver_sql(statement, (self.some_job(index),))

    @precondition(lambda self: self.held)
    @rule(index=ANY, made=IMAGES)
    def succeed(self, index, made):
        job_id = self.some_job(index)
        made = min(made, self.held[job_id][1])
        if self.service.store.finish(job_id, "worker", JobState.SUCCEEDED, result_of(made)) is not None:
            assert self.service.accounts.ledger.charged_for(job_id) == made * PRICE
            self.end(job_id, made * PRICE)

    @precondition(lambda self: self.held)
    @rule(index=ANY, state=st.sampled_from([JobState.FAILED, JobState.MODERATED, JobState.CANCELLED]))
    def fail(self, index, state):
        job_id = self.some_job(index)
        if self.service.store.finish(job_id, "worker", state, None) is not None:
            self.end(job_id, 0)

    @precondition(lambda self: self.held)
    @rule(index=ANY)
    def cancel(self, index):
        job_id = self.some_job(index)
        if self.service.store.cancel(job_id).state.is_final:
            self.end(job_id, 0)

    @precondition(lambda self: self.held)
    @rule(index=ANY)
    def put_back(self, index):
        job = self.service.store.release(self.some_job(index), "worker")
        if job is not None and job.state.is_final:
            self.end(job.id, 0)

    @rule()
    def stall(self):
        """Every worker dies: what was started twice has failed, what was to be aborted is cancelled, the rest runs again."""
        with self.service.database.begin() as connection:
            connection.exec_driver_sql("UPDATE jobs SET lease_until = 0 WHERE state = 'running'")
        for job in self.service.store.requeue_stalled(max_attempts=2):
            if job.state.is_final:
                self.end(job.id, 0)

    def end(self, job_id, cost):
        who, images = self.held.pop(job_id)
        self.free[who] += images * PRICE - cost
        self.spent += cost

    @invariant()
    def the_books_are_right(self):
        balances = [self.service.accounts.keys.get(key_id).balance for key_id in self.keys]
        assert balances == self.free
        audit = audit_ledger(self.service.database)
        assert audit.faults == ()
        assert (audit.charged, audit.open_holds) == (self.spent, len(self.held))


TestLedgerMachine = LedgerMachine.TestCase
TestLedgerMachine.settings = settings(max_examples=20, stateful_step_count=25, deadline=None)
