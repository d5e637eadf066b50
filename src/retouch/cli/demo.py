"""``retouch demo``: the main job on a photo that an installed package ships."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from retouch.cli.output import console, print_error, step_progress
from retouch.errors import RetouchError
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
    data_dir: Annotated[
        Path | None, typer.Option(help="Where models and object packs are kept.", show_default=False)
    ] = None,
) -> int:
    """Edit three photos that scikit-image ships, and say where the results are."""
    from retouch.cli.edit import print_result
    from retouch.images.codec import encode
    from retouch.library import Editor, create_registry

    try:
        import skimage.data

        out.mkdir(parents=True, exist_ok=True)
        editor = Editor(registry=create_registry(data_dir))
        for name, prompt, seed in DEMO_EDITS:
            photo = getattr(skimage.data, name)()
            (out / f"{name}.png").write_bytes(encode(photo, OutputFormat.PNG))
            console.print(f"\n[bold]{escape(prompt)}[/]  ({escape(str(out / f'{name}.png'))})")
            with step_progress("editing", quiet=False) as on_step:
                result = editor.edit(photo, prompt, seed=seed, output_format=OutputFormat.PNG, on_step=on_step)
            print_result(result, result.save(out / f"{name}-edited.png"), [], explain=True)
    except RetouchError as exc:
        return print_error(exc)
    console.print("\nStart the server with [bold]retouch serve[/], then send it your own photo: the README shows how.")
    return 0
