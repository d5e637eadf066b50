"""The command line: one thin file per command. Everything heavy is imported inside the command that needs it."""

import typer

from retouch._version import __version__
from retouch.cli import (
    database,
    demo,
    doctor,
    edit,
    keys,
    models,
    objects,
    preserve,
    provenance,
    safety,
    serve,
    storage,
    worker,
)
from retouch.cli.output import exits

__all__ = ["app", "main"]

app = typer.Typer(
    name="retouch",
    help="Edit a photo by a sentence, on your own machine, and keep every other pixel exactly as it was.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"retouch {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(
        False, "--version", callback=_print_version, is_eager=True, help="Show the version and exit."
    ),
) -> None:
    """Edit a photo by a sentence, on your own machine, and keep every other pixel exactly as it was."""


app.command("edit")(exits(edit.edit))
app.command("demo")(exits(demo.demo))
app.command("preserve")(exits(preserve.preserve))
app.command("provenance")(exits(provenance.provenance))
app.command("serve")(exits(serve.serve))
app.command("worker")(exits(worker.worker))
app.command("doctor")(exits(doctor.doctor))
app.add_typer(database.app, name="database")
app.add_typer(keys.app, name="keys")
app.add_typer(models.app, name="models")
app.add_typer(objects.app, name="objects")
app.add_typer(safety.app, name="safety")
app.add_typer(storage.app, name="storage")


def main() -> None:
    """Run the command line."""
    app()
