"""What is kept, and since when. What changes here needs a migration in ``retouch.database.migrations``."""

from typing import Final

import sqlalchemy as sa

from retouch.database.connection import metadata

__all__ = ["STORED_INPUTS", "STORED_RESULTS"]

STORED_INPUTS: Final = sa.Table(
    "stored_inputs",
    metadata,
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("place", sa.String(96), nullable=False),
    sa.Column("kept_at", sa.Float, nullable=False),
    sa.Index("stored_inputs_by_age", "kept_at"),
)
"""Where the bytes of a SHA-256 are at present, and when somebody last said that they are wanted."""

STORED_RESULTS: Final = sa.Table(
    "stored_results",
    metadata,
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("created_at", sa.Float, nullable=False),
    sa.Column("is_recorded", sa.Boolean, nullable=False),
    sa.Column("first_input", sa.String(64)),
    sa.Index("stored_results_by_age", "is_recorded", "created_at"),
    sa.Index("stored_results_by_first_input", "first_input"),
)
"""The files of results and uploads. Nobody was told of one that is not recorded: its edit is about to end, or it crashed."""
