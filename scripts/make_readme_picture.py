#!/usr/bin/env python3
"""Make the README's picture: photo, edited photo, and what changed, for three of scikit-image's photos.

python scripts/make_readme_picture.py
"""

import io
import tempfile
from pathlib import Path

import numpy as np
import skimage.data
from PIL import Image

from retouch.images.array_types import Pixels
from retouch.images.codec import decode, encode
from retouch.library import Editor, create_registry
from retouch.types import OutputFormat

OUT = Path(__file__).resolve().parent.parent / "docs" / "images" / "before-after.jpg"
ROWS = (
    ("coffee", "Make the cup blue.", 1),
    ("stereo_motorcycle", "Make the motorcycle green.", 1),
    ("rocket", "Add a red balloon to the sky, top left.", 4),
)
CELL_WIDTH_PX = 420
GAP_PX = 6


def main() -> None:
    """Edit, lay out and save."""
    with tempfile.TemporaryDirectory() as empty:  # no packs: the picture shows what everybody has
        editor = Editor(registry=create_registry(Path(empty)))
        rows = [row(editor, *each) for each in ROWS]
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_bytes(encode(np.vstack(rows)[:-GAP_PX, :-GAP_PX], OutputFormat.JPEG))


def row(editor: Editor, name: str, prompt: str, seed: int) -> Pixels:
    """Return before, after and change mask, side by side."""
    photo = getattr(skimage.data, name)()
    photo = photo[0] if isinstance(photo, tuple) else photo
    result = editor.edit(photo, prompt, seed=seed, output_format=OutputFormat.PNG, explain=True)
    edited = decode(result.images[0].data).pixels
    mask = Image.open(io.BytesIO(result.images[0].change_mask_png or b"")).convert("RGB")
    return np.hstack(
        [
            cell(Image.fromarray(photo), edited.shape),
            cell(Image.fromarray(edited), edited.shape),
            cell(mask, edited.shape),
        ]
    )


def cell(picture: Image.Image, shape: tuple[int, ...]) -> Pixels:
    """Return a cell of the common width, cropped to the ratio of ``shape``, with a white gap at its right and bottom."""
    height = round(CELL_WIDTH_PX * shape[0] / shape[1])
    ratio = shape[1] / shape[0]
    width = min(picture.width, picture.height * ratio)
    left, top = (picture.width - width) / 2, (picture.height - width / ratio) / 2
    box = (left, top, left + width, top + width / ratio)
    small = picture.resize((CELL_WIDTH_PX, height), Image.Resampling.LANCZOS, box=box)
    return np.pad(np.asarray(small), ((0, GAP_PX), (0, GAP_PX), (0, 0)), constant_values=255)


if __name__ == "__main__":
    main()
