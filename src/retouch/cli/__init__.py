"""The command line: one thin file per command. Everything heavy is imported inside the command that needs it."""

import sys

import click
import typer

from retouch._version import __version__
from retouch.cli import demo, doctor, edit, models, objects, serve
from retouch.cli.output import EXIT_USAGE, print_error
from retouch.errors import RetouchError

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


app.command("edit")(edit.edit)
app.command("demo")(demo.demo)
app.command("serve")(serve.serve)
app.command("doctor")(doctor.doctor)
app.add_typer(models.app, name="models")
app.add_typer(objects.app, name="objects")


def main() -> None:
    """Run the command line; a Retouch error becomes one readable message and its exit code."""
    try:
        status = app(standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.ClickException as exc:
        exc.show()
        sys.exit(EXIT_USAGE)
    except RetouchError as exc:
        sys.exit(print_error(exc))
    sys.exit(status if isinstance(status, int) else 0)
