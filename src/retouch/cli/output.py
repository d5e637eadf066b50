"""What all commands share: exit codes, messages on stderr, a progress line."""

import functools
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, ParamSpec

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from retouch import types
from retouch.errors import (
    ConfigurationError,
    ImageError,
    InvalidValueError,
    NotFoundError,
    RetouchError,
    UnsupportedInstructionError,
)

__all__ = ["EXIT_FAILED", "EXIT_USAGE", "console", "exits", "print_error", "print_json", "product", "step_progress"]

P = ParamSpec("P")

EXIT_FAILED: Final = 1
"""The edit failed: a picture, the instruction, the engine or the disk."""

EXIT_USAGE: Final = 2
"""The command line, the settings or the installation are wrong."""

console = Console(stderr=True, highlight=False)
"""For progress and errors, on stderr."""

product = Console(highlight=False)
"""For what was asked for, on stdout."""


def print_json(body: Any) -> None:
    """Print one JSON document on stdout."""
    print(json.dumps(body, indent=2, ensure_ascii=False))  # noqa: T201 - stdout is this command's product


def exits(command: Callable[P, int]) -> Callable[P, None]:
    """Turn a command's return value into the process's exit code, and a ``RetouchError`` into its message and code."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            status = command(*args, **kwargs)
        except RetouchError as exc:
            status = print_error(exc)
        raise typer.Exit(status)

    return run


def error_body(error: RetouchError) -> dict[str, Any]:
    """Return an error as JSON-ready values."""
    body: dict[str, Any] = {"code": error.code, "message": error.message}
    if isinstance(error, UnsupportedInstructionError):
        body |= {"understood": error.understood, "not_understood": error.not_understood, "hint": error.hint}
    return {"error": body}


def print_error(error: RetouchError, *, as_json: bool = False, pictures: Sequence[str] = ()) -> int:
    """Print an error and return the exit code that belongs to it; of one of ``pictures`` with the name of that one."""
    if as_json:
        print_json(error_body(error))
    else:
        message = _naming(error, pictures)
        console.print(f"[bold red]{escape(_title(error))}[/] {escape(message)}", soft_wrap=True)
    usage = isinstance(error, ConfigurationError | InvalidValueError | NotFoundError)
    return EXIT_USAGE if usage else EXIT_FAILED


def _naming(error: RetouchError, pictures: Sequence[str]) -> str:
    """The message, behind the name of the picture that it is about where it does not have it."""
    if not isinstance(error, ImageError) or error.index is None or error.index >= len(pictures):
        return error.message
    name = pictures[error.index]
    return error.message if name in error.message or "://" in name else f"{name}: {error.message}"


def _title(error: RetouchError) -> str:
    return "Not done:" if isinstance(error, UnsupportedInstructionError) else "Error:"


@contextmanager
def step_progress(label: str, *, quiet: bool) -> Iterator[types.ProgressCallback]:
    """Show a progress line on stderr while an edit runs; nothing when ``quiet`` or when stderr is no terminal."""
    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=quiet or not console.is_terminal,
    ) as bar:
        task = bar.add_task(escape(label), total=None)

        def report(progress: types.Progress) -> None:
            label = escape(progress.label + time_left(progress))
            bar.update(task, description=label, completed=progress.step, total=progress.total)

        yield report


def time_left(progress: types.Progress) -> str:
    """Return how long an edit will take yet, as an end for the progress line; nothing where that is not known.

    >>> time_left(types.Progress(3, 28, "denoising", seconds_left=83.0))
    ', 1:23 left'
    """
    if progress.seconds_left is None:
        return ""
    minutes, seconds = divmod(round(progress.seconds_left), 60)
    return f", {minutes}:{seconds:02} left"
