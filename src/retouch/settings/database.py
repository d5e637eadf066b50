"""Where jobs, keys and accounts are kept."""

from pathlib import Path
from typing import Final

from pydantic import Field, SecretStr, field_validator

from retouch.settings.groups import Group

__all__ = ["DatabaseSettings"]

_FILE: Final = "jobs.sqlite"


class DatabaseSettings(Group):
    """Where jobs, keys and accounts are kept."""

    url: SecretStr | None = Field(
        default=None,
        description="`postgresql://USER:PASSWORD@HOST:PORT/NAME` (needs `pip install 'retouch[postgres]'`), for processes on "
        "several machines, or `sqlite:////absolute/path/of/file`. Left out: a SQLite file in the data folder, for one machine.",
    )
    max_connections: int = Field(
        default=10,
        ge=2,
        le=1000,
        description="PostgreSQL: most connections of one process at a time; who needs a further one waits. All processes "
        "together must stay below the server's own limit, which is usually 100.",
    )

    @field_validator("url")
    @classmethod
    def _can_be_used(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None:
            from retouch.database.connection import check_url
            from retouch.errors import ConfigurationError

            try:
                check_url(url.get_secret_value())
            except ConfigurationError as exc:
                raise ValueError(exc.message) from exc
        return url

    def url_in(self, folder: Path) -> str:
        """Return the URL, password included; where none is set, that of the file in the server's own folder."""
        if self.url is not None:
            return self.url.get_secret_value()
        import sqlalchemy as sa

        return sa.URL.create("sqlite", database=str((folder / _FILE).absolute())).render_as_string(hide_password=False)
