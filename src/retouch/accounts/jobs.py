"""The jobs of all keys, for whoever runs the service."""

import sqlalchemy as sa

from retouch.database.connection import reading
from retouch.jobs.models import Job, JobState
from retouch.jobs.rows import job_of
from retouch.jobs.tables import JOBS

__all__ = ["JobList"]


class JobList:
    """Reads the table of jobs.

    Parameters
    ----------
    engine : sqlalchemy.Engine
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def page(
        self, *, limit: int, key_id: str | None = None, state: JobState | None = None, after: str | None = None
    ) -> list[Job]:
        """Return jobs, the newest first.

        Parameters
        ----------
        limit : int
        key_id : str, optional
            Only of this key.
        state : JobState, optional
            Only in this state.
        after : str, optional
            Id of the last one of the page before. When that is gone meanwhile, there is nothing after it.
        """
        statement = sa.select(JOBS).order_by(JOBS.c.created_at.desc(), JOBS.c.id.desc()).limit(limit)
        if key_id is not None:
            statement = statement.where(JOBS.c.owner == key_id)
        if state is not None:
            statement = statement.where(JOBS.c.state == state.value)
        if after is not None:
            last = sa.select(JOBS.c.created_at).where(JOBS.c.id == after).scalar_subquery()
            older = sa.or_(JOBS.c.created_at < last, sa.and_(JOBS.c.created_at == last, JOBS.c.id < after))
            statement = statement.where(older)
        with reading(self._engine) as connection:
            return [job_of(row) for row in connection.execute(statement)]
