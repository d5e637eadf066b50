"""Which shape the database has, and how it gets the one that this version needs.

Alembic is imported where a step may have to be taken: most processes start with a database that is as it should be.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from retouch.database.connection import reading, storage_errors
from retouch.database.locks import Lock, hold
from retouch.errors import ConfigurationError

if TYPE_CHECKING:
    from alembic.script import ScriptDirectory

__all__ = ["SchemaStatus", "newest_revision", "status_of", "upgrade"]

_MIGRATIONS: Final = Path(__file__).with_name("migrations")
_REVISION: Final = sa.table("alembic_version", sa.column("version_num", sa.String)).c.version_num
_TABLE_OF_OLD: Final = "jobs"
_COLUMN_OF_OLD: Final = "input_digests"
"""What tells our table, made before migrations were kept, from another program's of the same name."""


@dataclass(frozen=True, slots=True)
class SchemaStatus:
    """Where a database stands.

    Attributes
    ----------
    revision : str or None
        The last step that it went through; None before the first.
    newest : str
        The last step that this version knows.
    pending : tuple of str
        The steps that are still to be taken, as ``0002: what it does``.
    """

    revision: str | None
    newest: str
    pending: tuple[str, ...]


def newest_revision() -> str:
    """Return the last step that this version knows, which the files of all steps are named after."""
    return max(path.name for path in (_MIGRATIONS / "versions").glob("[0-9]*.py")).partition("_")[0]


def status_of(engine: sa.Engine) -> SchemaStatus:
    """Return where a database stands, without changing it.

    Raises
    ------
    ConfigurationError
        It was made by a newer version, or by another program.
    StorageError
    """
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory(str(_MIGRATIONS))
    with reading(engine) as connection:
        return _status(connection, scripts)


def upgrade(engine: sa.Engine) -> None:
    """Take all the steps that a database has not gone through, in one transaction; of several processes, one takes them.

    Raises
    ------
    ConfigurationError
        It was made by a newer version, or by another program; nothing was changed.
    StorageError
        It can't be used, or a step failed; nothing was changed.
    """
    with reading(engine) as connection:
        if _revision(connection) == newest_revision():
            return
    if not status_of(engine).pending:
        return
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    scripts = ScriptDirectory.from_config(config)
    with storage_errors(), engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(sa.text("SET LOCAL lock_timeout = 0"))  # another process may need long for a large table
        hold(connection, Lock.UPGRADE)
        if _status(connection, scripts).pending:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")


def _revision(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(sa.select(_REVISION))
    return revision


def _status(connection: sa.Connection, scripts: "ScriptDirectory") -> SchemaStatus:
    revision = _revision(connection)
    steps = list(reversed(list(scripts.walk_revisions())))
    known = [step.revision for step in steps]
    if revision is None:
        _check_ours(connection)
    elif revision not in known:
        raise ConfigurationError(
            f"The database has the schema {revision[:40]}, which a newer version of Retouch made; this one knows those up to "
            f"{known[-1]}. Install that version again, or restore a backup from before it."
        )
    pending = steps if revision is None else steps[known.index(revision) + 1 :]
    return SchemaStatus(revision, known[-1], tuple(f"{step.revision}: {step.doc}" for step in pending))


def _check_ours(connection: sa.Connection) -> None:
    inspector = sa.inspect(connection)
    if not inspector.has_table(_TABLE_OF_OLD):
        return
    if _COLUMN_OF_OLD not in {column["name"] for column in inspector.get_columns(_TABLE_OF_OLD)}:
        raise ConfigurationError(
            f"The database has a table {_TABLE_OF_OLD} that is another program's. Give Retouch a database of its own."
        )
