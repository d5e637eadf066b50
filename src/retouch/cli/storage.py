"""``retouch storage``: where results and inputs are kept."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from retouch.cli.output import EXIT_FAILED, exits, print_json, product

if TYPE_CHECKING:
    from retouch.settings import Settings

__all__ = ["app"]

app = typer.Typer(help="Check and clean where results and inputs are kept.", no_args_is_help=True)

Config = Annotated[Path | None, typer.Option(help="TOML file with settings.", dir_okay=False)]
DataDir = Annotated[Path | None, typer.Option(help="The server's data folder.", file_okay=False, show_default=False)]


@app.command("check")
@exits
def check(
    config: Config = None,
    data_dir: DataDir = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")] = False,
) -> int:
    """Write, read, list, sign and delete a file of 64 KiB, as the settings say, and tell what works."""
    from retouch.cli.installation import data_folder
    from retouch.files.places import open_blobs
    from retouch.files.probe import probe

    settings = _settings(config, data_dir)
    folder = data_folder(settings) / "server"
    place = settings.storage.url or str(folder)
    steps = probe(open_blobs(settings.storage.place(), folder), signed_url_seconds=settings.storage.lifetime_of_urls)
    works = all(step.outcome == "ok" for step in steps)
    if as_json:
        print_json({"storage": place, "works": works, "steps": [asdict(step) for step in steps]})
        return 0 if works else EXIT_FAILED
    product.print(f"storage  {escape(place)}", soft_wrap=True)
    for step in steps:
        color = "green" if step.outcome == "ok" else "red"
        said = f"[{color}]{escape(step.outcome)}[/]  {1000 * step.seconds:.0f} ms"
        product.print(f"  {step.name:12} {said}", soft_wrap=True)
    return 0 if works else EXIT_FAILED


@app.command("clean")
@exits
def clean(config: Config = None, data_dir: DataDir = None) -> int:
    """Delete old results, what crashed attempts left, and inputs that nothing needs, as a running server does by itself.

    It also compares all that lies in the store with the database, which a server does once a day.
    """
    from retouch.cli.installation import data_folder
    from retouch.server.foundation import Foundation, private_folder

    settings = _settings(config, data_dir)
    foundation = Foundation(settings, private_folder(data_folder(settings)))
    try:
        foundation.store.create_schema()
        foundation.housekeeper().clean_up()
    finally:
        foundation.store.close()
    product.print("Old results, what crashed attempts left, and inputs that nothing needs are deleted.")
    return 0


def _settings(config: Path | None, data_dir: Path | None) -> "Settings":
    from retouch.settings import load_settings

    return load_settings(config, {"storage": {"data_dir": data_dir}})
