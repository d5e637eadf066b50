"""Whoever keeps books about jobs, in the very transactions that accept and end them."""

from typing import Protocol

import sqlalchemy as sa

from retouch.jobs.models import Job, NewJob

__all__ = ["JobObserver"]


class JobObserver(Protocol):
    """Takes part in the transactions of the job store, so that no crash can part a job from what is written of it."""

    def accepted(self, connection: sa.Connection, new: NewJob, /) -> None:
        """A job is about to be accepted. Raising a ``RetouchError`` refuses it, and nothing of it stays."""

    def ended(self, connection: sa.Connection, job: Job, /) -> None:
        """A job has reached a final state. Called once for each job, whichever way it ended."""
