"""The tables of the queue. What changes here needs a migration in ``retouch.database.migrations``."""

from typing import Final

import sqlalchemy as sa

from retouch.database.connection import metadata

__all__ = ["JOBS", "WEBHOOKS"]

JOBS: Final = sa.Table(
    "jobs",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("engine", sa.String(64), nullable=False),
    sa.Column("request", sa.JSON, nullable=False),
    sa.Column("input_digests", sa.JSON, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("created_at", sa.Float, nullable=False),
    sa.Column("deadline_at", sa.Float, nullable=False),
    sa.Column("started_at", sa.Float),
    sa.Column("finished_at", sa.Float),
    sa.Column("worker_id", sa.String(64)),
    sa.Column("lease_until", sa.Float),
    sa.Column("abort_requested", sa.Boolean, nullable=False),
    sa.Column("progress", sa.JSON(none_as_null=True)),
    sa.Column("result", sa.JSON(none_as_null=True)),
    sa.Column("problem", sa.JSON(none_as_null=True)),
    # The defaults let a process of the version before go on while this one is started beside it.
    sa.Column("owner", sa.String(64), nullable=False, server_default="anyone"),
    sa.Column("priority", sa.Integer, nullable=False, server_default="0"),
    sa.Column("caller", sa.JSON, nullable=False, server_default="{}"),
    sa.Column("idempotency_key", sa.String(255)),
    sa.Column("submission_digest", sa.String(64)),
    sa.Index("jobs_by_state", "state", "created_at"),
    sa.Index("jobs_by_turn", "state", "owner", "priority", "created_at", "id"),
    sa.Index("jobs_by_start", "owner", "started_at"),
    sa.Index("jobs_by_end", "state", "finished_at"),
    sa.Index("jobs_by_idempotency_key", "owner", "idempotency_key", unique=True),
)

WEBHOOKS: Final = sa.Table(
    "webhooks",
    metadata,
    sa.Column("job_id", sa.String(64), primary_key=True),
    sa.Column("dialect", sa.String(32), nullable=False),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("base_url", sa.Text, nullable=False),
    sa.Column("secret", sa.Text),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("next_attempt_at", sa.Float, nullable=False),
    sa.Column("last_outcome", sa.Text),
    sa.Column("delivered_at", sa.Float),
    sa.Index("webhooks_by_state", "state", "next_attempt_at"),
)
