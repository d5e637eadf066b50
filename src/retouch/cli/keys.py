"""``retouch keys``: who may use the server, how much, and for how many credits."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.markup import escape
from rich.table import Table

from retouch.cli.moments import moment_of, seconds_of
from retouch.cli.output import EXIT_FAILED, console, exits, print_json, product
from retouch.errors import ConfigurationError, InvalidValueError

if TYPE_CHECKING:
    import sqlalchemy as sa

    from retouch.accounts.accounts import Accounts
    from retouch.accounts.keys import ApiKey

__all__ = ["app"]

_NONE: Final = "none"
_PAGE: Final = 100
_ID_CHARACTERS: Final = 28
"""So that a narrow terminal does not cut what is to be copied."""

app = typer.Typer(help="Make and manage the keys of the server.", no_args_is_help=True)

Config = Annotated[Path | None, typer.Option(help="TOML file with settings.", dir_okay=False)]
DataDir = Annotated[Path | None, typer.Option(help="The server's data folder.", file_okay=False, show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]
Key = Annotated[str, typer.Argument(help="The key's id, or its name where only one has it.", metavar="KEY")]
ScopeList = Annotated[
    list[str] | None,
    typer.Option(
        "--scope", help="edit, read or admin; give it again for each. A new key: edit and read.", show_default=False
    ),
]
Expires = Annotated[
    str | None,
    typer.Option(help="When it ends: a span such as 90d, or a date (UTC). 'none' for never.", show_default=False),
]
Priority = Annotated[
    int | None, typer.Option(help="-100 to 100; its edits are taken before those of lower ones.", show_default=False)
]
PerMinute = Annotated[str | None, typer.Option(help="Requests for edits a minute, or 'none'.", show_default=False)]
PerDay = Annotated[str | None, typer.Option(help="Pictures a day (UTC), or 'none'.", show_default=False)]
Unfinished = Annotated[
    str | None, typer.Option(help="Edits that wait or run at a time, or 'none'.", show_default=False)
]
Waiting = Annotated[str | None, typer.Option(help="Edits that wait at a time, or 'none'.", show_default=False)]


@app.command("create")
@exits
def create(
    name: Annotated[str, typer.Argument(help="What you call it.", metavar="NAME")],
    scope: ScopeList = None,
    expires: Expires = None,
    priority: Priority = None,
    requests_per_minute: PerMinute = None,
    images_per_day: PerDay = None,
    max_unfinished: Unfinished = None,
    max_waiting: Waiting = None,
    credits: Annotated[
        int | None, typer.Option(help="Limit the key by credits, and give it these.", min=0, show_default=False)
    ] = None,
    config: Config = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> int:
    """Make a key, and print its secret, which is not kept and can't be shown again.

    The first key closes a server that was open to everybody on its machine. Nothing needs to be started again.
    """
    from retouch.accounts.keys import KeyTerms

    terms = {
        **_terms(scope, expires, priority),
        **_limits(requests_per_minute, images_per_day, max_unfinished, max_waiting),
        **({} if credits is None else {"is_unlimited": False}),
    }
    with _open_accounts(config, data_dir, make=True) as accounts:
        key, secret = accounts.keys.create(KeyTerms(name, **terms), credits or 0)
    return _show_secret(key, secret, as_json=as_json)


@app.command("list")
@exits
def list_keys(config: Config = None, data_dir: DataDir = None, as_json: AsJson = False) -> int:
    """List the keys of the database, the newest first. Those of the settings are not among them."""
    with _open_accounts(config, data_dir) as accounts:
        keys = _all_keys(accounts)
    if as_json:
        from retouch.accounts.description import described_key

        print_json([described_key(key) for key in keys])
        return 0
    table = Table(box=None, pad_edge=False)
    table.add_column("id", min_width=_ID_CHARACTERS, no_wrap=True)
    table.add_column("name", overflow="fold")
    table.add_column("scopes")
    for title in ("begins", "credits", "state"):
        table.add_column(title, no_wrap=True)
    for key in keys:
        credits = "unlimited" if key.terms.is_unlimited else str(key.balance)
        scopes = " ".join(sorted(key.terms.scopes))
        table.add_row(key.id, escape(key.terms.name), scopes, " ".join(key.hints), credits, _state(key))
    product.print(table if keys else "There are no keys. Make one with: retouch keys create NAME")
    return 0


@app.command("show")
@exits
def show(key: Key, config: Config = None, data_dir: DataDir = None, as_json: AsJson = False) -> int:
    """Show everything about a key but its secret."""
    with _open_accounts(config, data_dir) as accounts:
        return _show(accounts.keys.find(key), as_json=as_json)


@app.command("disable")
@exits
def disable(key: Key, config: Config = None, data_dir: DataDir = None, as_json: AsJson = False) -> int:
    """Let a key in no more; every process of a running server heeds it within 5 seconds. Its edits go on."""
    with _open_accounts(config, data_dir) as accounts:
        return _show(accounts.keys.disable(accounts.keys.find(key).id), as_json=as_json)


@app.command("enable")
@exits
def enable(key: Key, config: Config = None, data_dir: DataDir = None, as_json: AsJson = False) -> int:
    """Let a disabled key in again."""
    with _open_accounts(config, data_dir) as accounts:
        return _show(accounts.keys.enable(accounts.keys.find(key).id), as_json=as_json)


@app.command("rotate")
@exits
def rotate(
    key: Key,
    grace: Annotated[
        str, typer.Option(help="For so long the old secret stays valid: 24h, 30m, 0 for a secret that has leaked.")
    ] = "24h",
    config: Config = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> int:
    """Give a key a new secret, and print it. Limits, credits and edits stay the key's."""
    grace_seconds = seconds_of("--grace", grace)
    with _open_accounts(config, data_dir) as accounts:
        rotated, secret = accounts.keys.rotate(accounts.keys.find(key).id, grace_seconds=grace_seconds)
    return _show_secret(rotated, secret, as_json=as_json)


@app.command("set")
@exits
def set_terms(
    key: Key,
    name: Annotated[str | None, typer.Option(help="What you call it.", show_default=False)] = None,
    scope: ScopeList = None,
    expires: Expires = None,
    priority: Priority = None,
    requests_per_minute: PerMinute = None,
    images_per_day: PerDay = None,
    max_unfinished: Unfinished = None,
    max_waiting: Waiting = None,
    unlimited: Annotated[
        bool | None, typer.Option(help="Whether edits are accepted whatever its credits.", show_default=False)
    ] = None,
    config: Config = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> int:
    """Change what a key may do. What is not named stays."""
    changes = {
        **({} if name is None else {"name": name}),
        **_terms(scope, expires, priority),
        **_limits(requests_per_minute, images_per_day, max_unfinished, max_waiting),
        **({} if unlimited is None else {"is_unlimited": unlimited}),
    }
    if not changes:
        raise ConfigurationError("Nothing to change was named. `retouch keys set --help` lists what can be.")
    with _open_accounts(config, data_dir) as accounts:
        return _show(accounts.keys.change(accounts.keys.find(key).id, **changes), as_json=as_json)


@app.command("credit", context_settings={"ignore_unknown_options": True})
@exits
def credit(
    key: Key,
    amount: Annotated[int, typer.Argument(help="Credits to give; below zero, to take back.", metavar="AMOUNT")],
    note: Annotated[str, typer.Option(help="For you and the key's holder, such as an invoice's number.")] = "",
    config: Config = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> int:
    """Give a key credits, or take some back."""
    with _open_accounts(config, data_dir) as accounts:
        key_id = accounts.keys.find(key).id
        accounts.ledger.grant(key_id, amount, reference=note)
        return _show(accounts.keys.get(key_id), as_json=as_json)


@app.command("audit")
@exits
def audit(config: Config = None, data_dir: DataDir = None, as_json: AsJson = False) -> int:
    """Recompute every balance from the ledger, and say what does not add up. Changes nothing; a server may run meanwhile."""
    from dataclasses import asdict

    with _open_accounts(config, data_dir) as accounts:
        found = accounts.audit()
    if as_json:
        print_json(asdict(found))
    else:
        product.print(f"{found.entries} entries, {found.charged} credits charged, {found.open_holds} edits under way")
        for fault in found.faults:
            product.print(f"[bold red]wrong[/] {escape(fault)}", soft_wrap=True)
        if not found.faults:
            product.print("[green]Everything adds up.[/]")
    return EXIT_FAILED if found.faults else 0


@contextmanager
def _open_accounts(config: Path | None, data_dir: Path | None, *, make: bool = False) -> "Iterator[Accounts]":
    """Open the accounts of the server that the settings describe.

    Parameters
    ----------
    config, data_dir : Path or None
    make : bool
        Whether the database is made, or brought to this version's shape, where it has to be.
    """
    from retouch.accounts.accounts import Accounts
    from retouch.cli.installation import data_folder
    from retouch.database.connection import connect
    from retouch.database.schema import status_of, upgrade
    from retouch.server.foundation import private_folder
    from retouch.settings import load_settings

    settings = load_settings(config, {"storage": {"data_dir": data_dir}})
    if make and settings.database.url is None:
        private_folder(data_folder(settings))
    url = settings.database.url_in(data_folder(settings) / "server")
    engine = connect(url, pool_size=settings.database.max_connections)
    try:
        if make:
            upgrade(engine)
        elif _is_missing(engine) or (status := status_of(engine)).revision is None:
            raise ConfigurationError("There are no keys here yet. Make one with: retouch keys create NAME")
        elif status.pending:
            raise ConfigurationError("The database is of an older version. Run: retouch database upgrade")
        yield Accounts.of(engine, settings.accounts.prices())
    finally:
        engine.dispose()


def _is_missing(engine: "sa.Engine") -> bool:
    """Whether there is no SQLite file, which connecting would make."""
    return engine.dialect.name == "sqlite" and not Path(engine.url.database or "").exists()


def _terms(scope: list[str] | None, expires: str | None, priority: int | None) -> dict[str, Any]:
    from retouch.accounts.principal import Scope

    terms: dict[str, Any] = {}
    if scope is not None:
        unknown = [each for each in scope if each not in {known.value for known in Scope}]
        if unknown:
            raise InvalidValueError("--scope", f"one of {', '.join(Scope)}", unknown[0])
        terms["scopes"] = frozenset(Scope(each) for each in scope)
    if expires is not None:
        terms["expires_at"] = None if expires == _NONE else moment_of("--expires", expires, time.time())
    if priority is not None:
        terms["priority"] = priority
    return terms


def _limits(
    requests_per_minute: str | None, images_per_day: str | None, max_unfinished: str | None, max_waiting: str | None
) -> dict[str, int | None]:
    given = {
        "requests_per_minute": requests_per_minute,
        "images_per_day": images_per_day,
        "max_unfinished": max_unfinished,
        "max_waiting": max_waiting,
    }
    return {name: _limit(name, text) for name, text in given.items() if text is not None}


def _limit(name: str, text: str) -> int | None:
    if text == _NONE:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= 10):
        raise InvalidValueError(f"--{name.replace('_', '-')}", f"a whole number from 1 on, or {_NONE!r}", text)
    return int(text)


def _all_keys(accounts: "Accounts") -> "list[ApiKey]":
    keys: list[ApiKey] = []
    page = accounts.keys.page(limit=_PAGE)
    while page:
        keys += page
        page = accounts.keys.page(limit=_PAGE, after=page[-1].id)
    return keys


def _show_secret(key: "ApiKey", secret: str, *, as_json: bool) -> int:
    from retouch.accounts.description import described_key

    if as_json:
        print_json({**described_key(key), "secret": secret})
        return 0
    product.print(f"{key.id}  {escape(key.terms.name)}")
    product.print(secret, soft_wrap=True)
    said = "Clients send it as 'Authorization: Bearer SECRET'. Keep it now: it can't be shown again."
    console.print(said, soft_wrap=True)
    return 0


def _show(key: "ApiKey", *, as_json: bool) -> int:
    from retouch.accounts.description import described_key

    described = described_key(key)
    if as_json:
        print_json(described)
        return 0
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_row("state", _state(key))
    for name, value in described.items():
        shown = ", ".join(value) if isinstance(value, list) else "none" if value is None else str(value)
        table.add_row(name.replace("_", " "), escape(shown))
    product.print(table)
    return 0


def _state(key: "ApiKey") -> str:
    expires_at = key.terms.expires_at
    if key.disabled_at is not None:
        return "[red]disabled[/]"
    if expires_at is not None and expires_at <= time.time():
        return "[red]expired[/]"
    return "[green]valid[/]"
