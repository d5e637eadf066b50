"""Make a contact sheet: rows are photos, columns are instructions. For looking, not for numbers.

    python -m benchmarks.sheet OUT.png -p "make the cup blue" -p "add a bird" PHOTO...

The first column is the input. A refusal is written into its cell.
"""

import argparse
import textwrap
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from retouch.errors import RetouchError
from retouch.images.array_types import Pixels
from retouch.images.codec import decode
from retouch.library import Editor, create_registry
from retouch.types import OutputFormat

CELL_HEIGHT_PX = 300


def main() -> None:
    """Edit every photo by every instruction and save the sheet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("photos", nargs="+", help='a file, or "a.jpg+b.jpg" for two pictures in one request')
    parser.add_argument("-p", "--prompt", action="append", required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--height", type=int, default=CELL_HEIGHT_PX)
    parser.add_argument("--data-dir", type=Path)
    arguments = parser.parse_args()

    editor = Editor(registry=create_registry(arguments.data_dir))
    rows = []
    for names in arguments.photos:
        pictures = [decode(Path(name).read_bytes()).pixels for name in names.split("+")]
        cells = [
            cell(picture, Path(name).stem, arguments.height)
            for picture, name in zip(pictures, names.split("+"), strict=True)
        ]
        cells += [
            edited_cell(editor, pictures, prompt, arguments.seed, arguments.height) for prompt in arguments.prompt
        ]
        rows.append(np.hstack(cells))
    width = max(row.shape[1] for row in rows)
    padded = [np.pad(row, ((0, 0), (0, width - row.shape[1]), (0, 0)), constant_values=255) for row in rows]
    Image.fromarray(np.vstack(padded)).save(arguments.out)


def edited_cell(editor: Editor, pictures: list[Pixels], prompt: str, seed: int, height: int) -> Pixels:
    """Return the edited picture as a cell, or the refusal."""
    try:
        result = editor.edit(pictures, prompt, seed=seed, output_format=OutputFormat.PNG)
    except RetouchError as exc:
        return refusal(f"{prompt}\n\n{exc.message}", height)
    image = result.images[0]
    label = f"{prompt} [{100 * image.changed_share:.0f} %, {result.timings['engine']:.1f} s]"
    return cell(decode(image.data).pixels, label, height)


def cell(pixels: Pixels, label: str, height: int) -> Pixels:
    """Return a labeled thumbnail with a white border."""
    picture = Image.fromarray(pixels)
    picture = picture.resize((max(1, round(picture.width * height / picture.height)), height), Image.Resampling.LANCZOS)
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 0, picture.width, 14), fill=(0, 0, 0))
    draw.text((3, 1), label[: picture.width // 6], fill=(255, 255, 255))
    return np.pad(np.asarray(picture), ((2, 2), (2, 2), (0, 0)), constant_values=255)


def refusal(text: str, height: int) -> Pixels:
    """Return a cell that holds text."""
    picture = Image.new("RGB", (height, height), (245, 240, 230))
    lines = [line for part in text.splitlines() for line in (textwrap.wrap(part, height // 7) or [""])]
    ImageDraw.Draw(picture).text((6, 6), "\n".join(lines), fill=(120, 20, 20))
    return np.pad(np.asarray(picture), ((2, 2), (2, 2), (0, 0)), constant_values=255)


if __name__ == "__main__":
    main()
