"""Keys and their secrets, the ledger of credits, what each key used on each day, and the log of requests."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the tables."""
    _make_keys()
    _make_ledger()
    _make_log()


def _make_keys() -> None:
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("scopes", sa.String(64), nullable=False),
        sa.Column("priority", sa.Integer, nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("expires_at", sa.Float),
        sa.Column("disabled_at", sa.Float),
        sa.Column("last_used_at", sa.Float),
        sa.Column("requests_per_minute", sa.Integer),
        sa.Column("images_per_day", sa.Integer),
        sa.Column("max_unfinished", sa.Integer),
        sa.Column("max_waiting", sa.Integer),
        sa.Column("is_unlimited", sa.Boolean, nullable=False),
        sa.Column("balance", sa.BigInteger, nullable=False),
    )
    op.create_index("api_keys_by_age", "api_keys", ["created_at", "id"])
    op.create_table(
        "api_key_secrets",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("key_id", sa.String(64), sa.ForeignKey("api_keys.id"), nullable=False),
        sa.Column("hint", sa.String(16), nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("valid_until", sa.Float),
    )
    op.create_index("api_key_secrets_by_key", "api_key_secrets", ["key_id"])
    op.create_table(
        "request_rates",
        sa.Column("key_id", sa.String(64), primary_key=True),
        sa.Column("full_at", sa.Float, nullable=False),
    )


def _make_ledger() -> None:
    op.create_table(
        "credit_entries",
        sa.Column("id", _NUMBER, primary_key=True, autoincrement=True),
        sa.Column("key_id", sa.String(64), nullable=False),
        sa.Column("job_id", sa.String(64)),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("charged", sa.BigInteger, nullable=False),
        sa.Column("reference", sa.String(128), nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.UniqueConstraint("job_id", "kind", name="credit_entries_once"),
    )
    op.create_index("credit_entries_by_key", "credit_entries", ["key_id", "id"])
    is_end = sa.text("kind IN ('settle', 'release')")
    op.create_index(
        "credit_entries_end_once",
        "credit_entries",
        ["job_id"],
        unique=True,
        sqlite_where=is_end,
        postgresql_where=is_end,
    )
    op.create_table(
        "usage_days",
        sa.Column("key_id", sa.String(64), primary_key=True),
        sa.Column("day", sa.String(10), primary_key=True),
        sa.Column("edits", sa.Integer, nullable=False),
        sa.Column("images", sa.Integer, nullable=False),
        sa.Column("failed", sa.Integer, nullable=False),
        sa.Column("credits", sa.BigInteger, nullable=False),
    )


def _make_log() -> None:
    op.create_table(
        "request_log",
        sa.Column("id", _NUMBER, primary_key=True, autoincrement=True),
        sa.Column("key_id", sa.String(64), nullable=False),
        sa.Column("inference_id", sa.String(64), nullable=False),
        sa.Column("client_request_id", sa.String(128)),
        sa.Column("job_id", sa.String(64), unique=True),
        sa.Column("dialect", sa.String(32), nullable=False),
        sa.Column("model", sa.String(128), nullable=False),
        sa.Column("engine", sa.String(64), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("error_code", sa.String(64)),
        sa.Column("images", sa.Integer, nullable=False),
        sa.Column("credits", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("ended_at", sa.Float),
    )
    op.create_index("request_log_by_key", "request_log", ["key_id", "id"])
    op.create_index("request_log_by_age", "request_log", ["created_at"])
    unfinished = sa.text("ended_at IS NULL")
    op.create_index(
        "request_log_unfinished",
        "request_log",
        ["key_id"],
        sqlite_where=unfinished,
        postgresql_where=unfinished,
    )
