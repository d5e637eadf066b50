"""``retouch database``: the shape of the database of jobs, keys and accounts."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.markup import escape

from retouch.cli.output import exits, print_json, product

if TYPE_CHECKING:
    import sqlalchemy as sa

    from retouch.database.schema import SchemaStatus
    from retouch.settings import Settings

__all__ = ["app"]

_NOTHING: Final = ("revision", "newest", "pending")

app = typer.Typer(help="See and upgrade the database of jobs, keys and accounts.", no_args_is_help=True)

Config = Annotated[Path | None, typer.Option(help="TOML file with settings.", dir_okay=False)]
DataDir = Annotated[Path | None, typer.Option(help="The server's data folder.", file_okay=False, show_default=False)]


@app.command("status")
@exits
def status(
    config: Config = None,
    data_dir: DataDir = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")] = False,
) -> int:
    """Say which shape the database has, and what an upgrade would do. Changes nothing."""
    engine = _open(_settings(config, data_dir))
    try:
        found = _status(engine)
    finally:
        engine.dispose()
    place = _shown(engine.url)
    if as_json:
        print_json({"database": place, **(asdict(found) if found is not None else dict.fromkeys(_NOTHING))})
        return 0
    product.print(f"database  {escape(place)}", soft_wrap=True)
    if found is None:
        product.print("not made yet; `retouch serve` and `retouch database upgrade` make it")
    elif not found.pending:
        product.print(f"schema    {found.revision}, which is the newest")
    else:
        product.print(f"schema    {found.revision or 'none'}; `retouch database upgrade` takes these steps:")
        _print_steps(found.pending)
    return 0


@app.command("upgrade")
@exits
def upgrade(config: Config = None, data_dir: DataDir = None) -> int:
    """Bring the database to the shape that this version needs; make it where there is none. Jobs are kept.

    `retouch serve` does the same when it starts. Make a backup before you install a new version.
    """
    from retouch.cli.installation import data_folder
    from retouch.database.schema import status_of
    from retouch.database.schema import upgrade as upgrade_schema
    from retouch.server.foundation import private_folder

    settings = _settings(config, data_dir)
    if settings.database.url is None:
        private_folder(data_folder(settings))
    engine = _open(settings)
    try:
        pending = status_of(engine).pending
        upgrade_schema(engine)
        revision = status_of(engine).revision
    finally:
        engine.dispose()
    _print_steps(pending)
    product.print(f"The database has the schema {revision}, which is the newest.")
    return 0


def _settings(config: Path | None, data_dir: Path | None) -> "Settings":
    from retouch.settings import load_settings

    return load_settings(config, {"storage": {"data_dir": data_dir}})


def _open(settings: "Settings") -> "sa.Engine":
    from retouch.cli.installation import data_folder
    from retouch.database.connection import connect

    return connect(
        settings.database.url_in(data_folder(settings) / "server"), pool_size=settings.database.max_connections
    )


def _shown(url: "sa.URL") -> str:
    """The URL without passwords, which libpq takes in its query as well."""
    query = {name: "hidden" if "password" in name else value for name, value in url.query.items()}
    return url.set(query=query).render_as_string(hide_password=True)


def _status(engine: "sa.Engine") -> "SchemaStatus | None":
    """Where the database stands; None where there is no SQLite file yet, which connecting would make."""
    from retouch.database.schema import status_of

    if engine.dialect.name == "sqlite" and not Path(engine.url.database or "").exists():
        return None
    return status_of(engine)


def _print_steps(steps: Sequence[str]) -> None:
    for step in steps:
        product.print(f"  {escape(step)}", soft_wrap=True)
