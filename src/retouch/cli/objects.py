"""``retouch objects``: the cut-outs that can be put into a photo."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from retouch.cli.output import EXIT_FAILED, console, exits, print_error, print_json, product
from retouch.errors import RetouchError

if TYPE_CHECKING:
    from retouch.editor.objects.cutout import ObjectEntry
    from retouch.editor.objects.library import ObjectLibrary
    from retouch.editor.objects.pack import PackProgress

__all__ = ["app", "pack_progress"]

app = typer.Typer(help="List, search and add the cut-outs that can be put into a photo.", no_args_is_help=True)

DataDir = Annotated[Path | None, typer.Option(help="Where models and object packs are kept.", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]


@app.command("list")
@exits
def list_objects(data_dir: DataDir = None, as_json: AsJson = False) -> int:
    """Show the packs and what is in them."""
    try:
        library = _open_library(data_dir)
    except RetouchError as exc:
        return print_error(exc, as_json=as_json)
    if as_json:
        print_json(
            [
                {"name": pack.name, "license": pack.license, "objects": [_as_json(entry) for entry in entries]}
                for pack, entries in library.by_pack()
            ]
        )
        return 0
    for pack, entries in library.by_pack():
        product.print(f"[bold]{escape(pack.name)}[/] ({escape(pack.license)}): {pack.count} objects")
        names = sorted(dict.fromkeys(entry.name for entry in entries), key=str.lower)
        product.print(f"  [dim]{escape(', '.join(names))}[/]", soft_wrap=False)
    if not library.has_photographic_pack:
        product.print("`retouch objects add tuxpaint` fetches some 300 photographed things.")
    return 0


@app.command("search")
@exits
def search(
    noun: Annotated[str, typer.Argument(metavar="NOUN", help='What to look for: "bird".')],
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> int:
    """Show what an instruction that names NOUN may put into the photo, best first. Exit code 1 when there is nothing."""
    try:
        library = _open_library(data_dir)
    except RetouchError as exc:
        return print_error(exc, as_json=as_json)
    found = library.search(noun)
    if as_json:
        print_json([_as_json(entry) for entry in found])
        return 0 if found else EXIT_FAILED
    if not found:
        nearest = ", ".join(library.nearest_names(noun))
        product.print(f"No pack has a {escape(noun)!r}." + (f" What is there: {escape(nearest)}." if nearest else ""))
        return EXIT_FAILED
    table = Table("name", "what it is", "pack", "real size", "picture", box=None)
    for entry in found:
        size = f"{entry.length_m:g} m" if entry.length_m is not None else "-"
        picture = "any size" if entry.is_drawn else f"{entry.width_px}x{entry.height_px}"
        table.add_row(escape(entry.name), escape(entry.noun), escape(entry.pack), size, picture)
    product.print(table)
    return 0


@app.command("add")
@exits
def add(
    source: Annotated[
        str, typer.Argument(metavar="PACK", help="'tuxpaint', or a folder of PNG or WebP cut-outs with transparency.")
    ],
    name: Annotated[str | None, typer.Option(help="Name of the pack; the folder's when left out.")] = None,
    renew: Annotated[bool, typer.Option("--renew", help="Replace a pack of that name that is there already.")] = False,
    data_dir: DataDir = None,
) -> int:
    """Add a pack: Debian's photographed cut-outs (161 MB, GPL-2, through apt, without root), or a folder of your own."""
    from retouch.editor.objects.folder_pack import add_folder
    from retouch.editor.objects.tuxpaint import TUXPAINT, add_tuxpaint

    root = _packs_directory(data_dir)
    left_out: Sequence[str] = ()
    try:
        with pack_progress() as on_progress:
            if source == TUXPAINT and name is None:
                count, fetched = add_tuxpaint(root, on_progress=on_progress, renew=renew)
                pack_name, verb = TUXPAINT, "added" if fetched else "is there already"
            else:
                pack_name, count, left_out = add_folder(
                    root, Path(source), name=name, renew=renew, on_progress=on_progress
                )
                verb = "added"
    except RetouchError as exc:
        return print_error(exc)
    console.print(f"[green]{escape(pack_name)}[/] {verb}: {count} objects in {escape(str(root / pack_name))}")
    for line in left_out:
        console.print(f"  [yellow]left out[/] {escape(line)}")
    return 0


def _packs_directory(data_dir: Path | None) -> Path:
    from retouch.library import default_data_directory

    return (data_dir or default_data_directory()) / "objects"


def _open_library(data_dir: Path | None) -> "ObjectLibrary":
    from retouch.editor.objects.library import ObjectLibrary

    return ObjectLibrary.in_directory(_packs_directory(data_dir))


def _as_json(entry: "ObjectEntry") -> dict[str, Any]:
    return {
        "name": entry.name,
        "noun": entry.noun,
        "kinds": list(entry.kinds),
        "pack": entry.pack,
        "license": entry.license,
        "places": list(entry.places),
        "length_m": entry.length_m,
        "size_px": None if entry.is_drawn else [entry.width_px, entry.height_px],
        "drawn": entry.is_drawn,
    }


@contextmanager
def pack_progress() -> Iterator["PackProgress"]:
    """Show a bar with bytes while something is downloaded, and with counts while pictures are read."""
    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[count]}"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as bar:
        task = bar.add_task("starting", total=None, count="")

        def report(label: str, done: int, total: int) -> None:
            count = f"{done / 1e6:.0f} of {total / 1e6:.0f} MB" if label == "downloading" else f"{done} of {total}"
            bar.update(task, description=label, completed=done, total=total or None, count=count if total else "")

        yield report
