"""The tables of keys, credits, usage and the request log."""

from typing import Final

import sqlalchemy as sa

from retouch.database.connection import metadata

__all__ = ["CREDIT_ENTRIES", "KEYS", "RATES", "REQUESTS", "SECRETS", "USAGE"]

_NUMBER: Final = sa.BigInteger().with_variant(sa.Integer, "sqlite")
"""A row's own number: SQLite counts up only what it calls INTEGER."""

KEYS: Final = sa.Table(
    "api_keys",
    metadata,
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
    sa.Index("api_keys_by_age", "created_at", "id"),
)
"""``balance`` is the sum of the key's entries; it stands here so that one statement can check and change it."""

SECRETS: Final = sa.Table(
    "api_key_secrets",
    metadata,
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("key_id", sa.String(64), sa.ForeignKey(KEYS.c.id), nullable=False),
    sa.Column("hint", sa.String(16), nullable=False),
    sa.Column("created_at", sa.Float, nullable=False),
    sa.Column("valid_until", sa.Float),
    sa.Index("api_key_secrets_by_key", "key_id"),
)
"""SHA-256 of what clients send; a key that was rotated has two for a while."""

CREDIT_ENTRIES: Final = sa.Table(
    "credit_entries",
    metadata,
    sa.Column("id", _NUMBER, primary_key=True, autoincrement=True),
    sa.Column("key_id", sa.String(64), nullable=False),
    sa.Column("job_id", sa.String(64)),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("charged", sa.BigInteger, nullable=False),
    sa.Column("reference", sa.String(128), nullable=False),
    sa.Column("created_at", sa.Float, nullable=False),
    sa.UniqueConstraint("job_id", "kind", name="credit_entries_once"),
    sa.Index("credit_entries_by_key", "key_id", "id"),
    sa.Index(
        "credit_entries_end_once",
        "job_id",
        unique=True,
        sqlite_where=sa.text("kind IN ('settle', 'release')"),
        postgresql_where=sa.text("kind IN ('settle', 'release')"),
    ),
)
"""Append-only. A hold has at most one end, a settlement or a release: the database itself refuses a second."""

REQUESTS: Final = sa.Table(
    "request_log",
    metadata,
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
    sa.Index("request_log_by_key", "key_id", "id"),
    sa.Index("request_log_by_age", "created_at"),
    sa.Index(
        "request_log_unfinished",
        "key_id",
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    ),
)
"""One row for each request for an edit. ``images`` are those asked for, and once it has ended those made. No prompts."""

USAGE: Final = sa.Table(
    "usage_days",
    metadata,
    sa.Column("key_id", sa.String(64), primary_key=True),
    sa.Column("day", sa.String(10), primary_key=True),
    sa.Column("edits", sa.Integer, nullable=False),
    sa.Column("images", sa.Integer, nullable=False),
    sa.Column("failed", sa.Integer, nullable=False),
    sa.Column("credits", sa.BigInteger, nullable=False),
)
"""Sums by key and day (UTC) of acceptance; ``images`` counts what unfinished edits were asked for as well."""

RATES: Final = sa.Table(
    "request_rates",
    metadata,
    sa.Column("key_id", sa.String(64), primary_key=True),
    sa.Column("full_at", sa.Float, nullable=False),
)
"""When the bucket of requests of a key will be full again."""
