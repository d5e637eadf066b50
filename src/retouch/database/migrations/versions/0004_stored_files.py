"""Which inputs and results are kept, where, and since when."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the tables. Files that are there are taken over by the first clean-up."""
    op.create_table(
        "stored_inputs",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("place", sa.String(96), nullable=False),
        sa.Column("kept_at", sa.Float, nullable=False),
    )
    op.create_index("stored_inputs_by_age", "stored_inputs", ["kept_at"])
    op.create_table(
        "stored_results",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("is_recorded", sa.Boolean, nullable=False),
        sa.Column("first_input", sa.String(64)),
    )
    op.create_index("stored_results_by_age", "stored_results", ["is_recorded", "created_at"])
    op.create_index("stored_results_by_first_input", "stored_results", ["first_input"])
