"""Make a contact sheet of masks: rows are photos, columns are nouns, the mask laid over in color. For looking, not for numbers.

    python -m benchmarks.masks OUT.png -n "the cup" -n "the red part" -n @sky -n @faces PHOTO...

A noun phrase is read as an instruction reads it; "@name" is a property of the scene. The first column is the photo. A refusal is
written into its cell; a finding's label says what it was taken for, how surely, and how long it took.
"""

import argparse
import textwrap
import time
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw

from benchmarks.sheet import cell, refusal
from retouch.editor.instructions.parser import parse
from retouch.editor.instructions.plan import Target
from retouch.editor.scene.scene import Scene
from retouch.errors import RetouchError
from retouch.images.array_types import Mask, Pixels
from retouch.images.codec import decode
from retouch.library import default_data_directory
from retouch.models import ModelStore

CELL_HEIGHT_PX = 260
OVERLAY = np.array([255, 0, 200], np.float32)


def main() -> None:
    """Find every noun in every photo and save the sheet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("photos", nargs="+")
    parser.add_argument("-n", "--noun", action="append", required=True)
    parser.add_argument("--height", type=int, default=CELL_HEIGHT_PX)
    parser.add_argument("--max-side", type=int, help="reduce larger photos to this")
    parser.add_argument("--data-dir", type=Path)
    arguments = parser.parse_args()

    models = ModelStore((arguments.data_dir or default_data_directory()) / "models")
    rows = []
    for name in arguments.photos:
        pixels = decode(Path(name).read_bytes()).pixels
        if arguments.max_side and max(pixels.shape[:2]) > arguments.max_side:
            scale = arguments.max_side / max(pixels.shape[:2])
            pixels = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        rows.append(row(pixels, Path(name).stem, arguments.noun, arguments.height, models))
    width = max(line.shape[1] for line in rows)
    padded = [np.pad(line, ((0, 0), (0, width - line.shape[1]), (0, 0)), constant_values=255) for line in rows]
    Image.fromarray(np.vstack(padded)).save(arguments.out)


def row(pixels: Pixels, name: str, nouns: list[str], height: int, models: ModelStore) -> Pixels:
    """Return a photo and its masks, side by side."""
    scene = Scene(pixels, models)
    cells = [cell(pixels, name, height)]
    for noun in nouns:
        started = time.perf_counter()
        try:
            mask, label = find(scene, noun)
        except RetouchError as exc:
            cells.append(refusal("\n".join(textwrap.wrap(f"{noun}: {exc.message}", height // 7)), height))
            continue
        cells.append(cell(overlay(pixels, mask), f"{label}, {time.perf_counter() - started:.1f} s", height))
    return np.hstack(cells)


def find(scene: Scene, noun: str) -> tuple[Mask, str]:
    """Return a mask and what it is."""
    if noun == "@faces":
        return draw_faces(scene), f"{len(scene.faces)} faces"
    if noun.startswith("@"):
        value = getattr(scene, noun[1:])
        mask = getattr(value, "matte", value)
        return (np.zeros(scene.pixels.shape[:2], np.float32) if mask is None else mask), (
            f"{noun}: none" if mask is None else noun
        )
    found = scene.find(target(noun))
    return found.mask, f"{found.resolved_to} {found.confidence:.2f}{'' if found.verified else ' ?'}"


def target(noun: str) -> Target:
    """Return the target of the instruction to recolor a noun."""
    return next(iter(parse(f"make {noun} blue", image_count=1).operations)).targets()[0]


def draw_faces(scene: Scene) -> Mask:
    """Return the outlines of faces, eyes and mouths as a mask."""
    mask = Image.new("L", (scene.pixels.shape[1], scene.pixels.shape[0]))
    draw = ImageDraw.Draw(mask)
    for face in scene.faces:
        draw.rectangle((face.box.left, face.box.top, face.box.right, face.box.bottom), outline=255, width=2)
        draw.rectangle((face.mouth.left, face.mouth.top, face.mouth.right, face.mouth.bottom), outline=255, width=2)
        for x, y in face.eyes:
            draw.ellipse((x - face.eye_radius, y - face.eye_radius, x + face.eye_radius, y + face.eye_radius), fill=255)
    return (np.asarray(mask, dtype=np.float32) / 255).astype(np.float32)


def overlay(pixels: Pixels, mask: Mask) -> Pixels:
    """Return the picture with the masked part tinted and the rest dimmed."""
    alpha = mask[..., None]
    picture = pixels[..., :3].astype(np.float32)
    tinted = 0.45 * picture + 0.55 * OVERLAY
    return np.asarray(alpha * tinted + (1 - alpha) * (0.75 * picture), dtype=np.uint8)


if __name__ == "__main__":
    main()
