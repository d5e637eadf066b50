#!/usr/bin/env python3
"""Make the pictures of the README and of the instruction guide from scikit-image's photos.

python scripts/make_pictures.py [readme | NAME...]

Without arguments all of them. A picture of the guide goes by its name: ``python scripts/make_pictures.py light`` writes
``docs/images/guide-light.jpg``.
"""

import io
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import skimage.data
from PIL import Image

from retouch.images.array_types import Pixels
from retouch.images.codec import decode
from retouch.library import Editor, create_registry
from retouch.types import OutputFormat

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "images"
JPEG_QUALITY = 84
GAP_PX = 6
FRAME_GRAY = 190


@dataclass(frozen=True)
class Edit:
    """A sentence for one of scikit-image's photos, or for several."""

    photos: tuple[str, ...]
    prompt: str
    seed: int = 1


README_CELL_WIDTH_PX = 300
README_RATIO_WH = (3, 2)
README = (
    Edit(("stereo_motorcycle",), "Make the motorcycle green."),
    Edit(("rocket",), "Remove the rocket."),
    Edit(("rocket",), "Make it sunset."),
    Edit(("coffee",), "Make it a watercolor."),
    Edit(("chelsea",), 'Add a speech bubble saying "Where is my dinner?".'),
)

GUIDE_CELL_WIDTH_PX = 360
GUIDE = {
    "add": Edit(("astronaut",), "Give her sunglasses."),
    "recolor": Edit(("stereo_motorcycle",), "Make the motorcycle green."),
    "colors": Edit(("coffee",), "Make everything black and white except the cup."),
    "background": Edit(("astronaut",), "Blur the background."),
    "remove": Edit(("rocket",), "Remove the rocket."),
    "together": Edit(("chelsea", "coffee"), "Make a double exposure of both images."),
    "style": Edit(("chelsea",), "In the style of Van Gogh."),
    "light": Edit(("rocket",), "Make it sunset."),
    "frame": Edit(("astronaut",), "Crop to the face."),
    "lettering": Edit(("coffee",), 'Write "Good morning" at the bottom in white handwriting.'),
    "retouch": Edit(("rocket",), "Lift the shadows."),
}


def main(names: list[str]) -> None:
    """Make the pictures that are asked for."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as empty:  # no packs: the pictures show what everybody has
        editor = Editor(registry=create_registry(Path(empty)))
        if not names or "readme" in names:
            save(np.hstack([readme_column(editor, edit) for edit in README])[:, :-GAP_PX], "before-after")
        for name in [each for each in names if each != "readme"] or (() if names else GUIDE):
            save(guide_row(editor, GUIDE[name])[:, :-GAP_PX], f"guide-{name}")


def readme_column(editor: Editor, edit: Edit) -> Pixels:
    """Return the photo, the edited photo and, in white, what changed, one below the other."""
    before, after, mask = carry_out(editor, edit)
    cells = [cell(each, README_CELL_WIDTH_PX, README_RATIO_WH) for each in (*before, after, mask)]
    inside = cells[-1][:-GAP_PX, :-GAP_PX]
    for side in (inside[0], inside[-1], inside[:, 0], inside[:, -1]):
        side[...] = FRAME_GRAY  # a mask that is all white must not look like a hole in the page
    return np.vstack(cells)[:-GAP_PX]


def guide_row(editor: Editor, edit: Edit) -> Pixels:
    """Return the photos and the edited photo, side by side and equally high."""
    before, after, _ = carry_out(editor, edit)
    height = round(GUIDE_CELL_WIDTH_PX / 1.5)
    return np.hstack([cell(each, round(height * each.width / each.height), each.size) for each in (*before, after)])[
        :-GAP_PX
    ]


def carry_out(editor: Editor, edit: Edit) -> tuple[list[Image.Image], Image.Image, Image.Image]:
    """Return the photos, the edited photo and the change mask."""
    photos = [photo(name) for name in edit.photos]
    result = editor.edit(photos, edit.prompt, seed=edit.seed, output_format=OutputFormat.PNG, explain=True)
    image = result.images[0]
    mask = Image.open(io.BytesIO(image.change_mask_png or b"")).convert("RGB")
    return [Image.fromarray(each) for each in photos], Image.fromarray(decode(image.data).pixels), mask


def photo(name: str) -> Pixels:
    """Return one of scikit-image's photos; of a stereo pair the left one."""
    found = getattr(skimage.data, name)()
    return np.asarray(found[0] if isinstance(found, tuple) else found, np.uint8)


def cell(picture: Image.Image, width: int, size_wh: tuple[int, int]) -> Pixels:
    """Return a cell of that width, cropped to the ratio of ``size_wh``, with a white gap at its right and bottom."""
    ratio = size_wh[0] / size_wh[1]
    kept = min(picture.width, picture.height * ratio)
    left, top = (picture.width - kept) / 2, (picture.height - kept / ratio) / 2
    box = (left, top, left + kept, top + kept / ratio)
    small = picture.convert("RGB").resize((width, round(width / ratio)), Image.Resampling.LANCZOS, box=box)
    return np.pad(np.asarray(small), ((0, GAP_PX), (0, GAP_PX), (0, 0)), constant_values=255)


def save(pixels: Pixels, name: str) -> None:
    """Write a JPEG file, small enough for a page."""
    Image.fromarray(pixels).save(FOLDER / f"{name}.jpg", quality=JPEG_QUALITY, optimize=True, progressive=True)


if __name__ == "__main__":
    main(sys.argv[1:])
