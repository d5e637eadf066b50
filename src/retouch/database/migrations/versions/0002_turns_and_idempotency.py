"""Whose job it is, how urgent, and under which idempotency key it was accepted; what the queue is asked has indexes."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the columns and the indexes. Jobs that are there belong to anyone."""
    op.add_column("jobs", sa.Column("owner", sa.String(64), nullable=False, server_default="anyone"))
    op.add_column("jobs", sa.Column("priority", sa.Integer, nullable=False, server_default="0"))
    op.add_column("jobs", sa.Column("caller", sa.JSON, nullable=False, server_default="{}"))
    op.add_column("jobs", sa.Column("idempotency_key", sa.String(255)))
    op.add_column("jobs", sa.Column("submission_digest", sa.String(64)))
    op.create_index("jobs_by_turn", "jobs", ["state", "owner", "priority", "created_at", "id"])
    op.create_index("jobs_by_start", "jobs", ["owner", "started_at"])
    op.create_index("jobs_by_end", "jobs", ["state", "finished_at"])
    op.create_index("jobs_by_idempotency_key", "jobs", ["owner", "idempotency_key"], unique=True)
