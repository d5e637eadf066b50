"""The editor beside what a user would otherwise call, in one run: OpenCV's inpainting, Pillow recipes, rembg-style cut-outs.

    python -m benchmarks.editing.rivals OUT_DIR [--data-dir DIR]

The rivals are given the exact mask of the thing, which their user would have to draw; the editor is given a sentence. Errors are
against the made pictures' truths. OUT_DIR/<task>.jpg shows all answers side by side.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from benchmarks.editing.pictures import Picture, load
from retouch.errors import RetouchError
from retouch.images.array_types import Mask, Pixels
from retouch.images.color import srgb8_to_oklab
from retouch.library import Editor, create_registry, default_data_directory
from retouch.models import ModelStore
from retouch.types import OutputFormat

Method = Callable[[Picture, Mask], Pixels]


@dataclass(frozen=True)
class Task:
    """One job for every method: what the editor is told, what the others do, and how an answer is judged."""

    name: str
    picture: str
    region: str
    prompt: str
    rivals: dict[str, Method]
    judge: Callable[[Picture, Mask, Pixels], str]


def main() -> None:
    """Run every task by every method, print a table and save the pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--data-dir", type=Path)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    editor = Editor(registry=create_registry(arguments.data_dir))
    models = ModelStore((arguments.data_dir or default_data_directory()) / "models")
    for task in tasks(models):
        picture = load(task.picture)
        mask = picture.regions[task.region]
        print(f"{task.name}: {task.prompt}")
        answers = [picture.pixels]
        methods: dict[str, Method] = {**task.rivals, "retouch": partial(edit_by, editor, task.prompt)}
        for name, method in methods.items():
            method(picture, mask)  # models load, caches fill: every method is timed warm
            started = time.perf_counter()
            answer = method(picture, mask)
            seconds = time.perf_counter() - started
            answers.append(answer)
            print(f"  {name:24} {seconds:6.2f} s  {task.judge(picture, mask, answer)}")
        Image.fromarray(np.hstack([shrink(answer) for answer in answers])).save(
            arguments.out / f"{task.name.replace(' ', '-')}.jpg", quality=92
        )


def tasks(models: ModelStore) -> list[Task]:
    """Return the tasks."""
    removers: dict[str, Method] = {
        "OpenCV inpaint (Telea)": lambda picture, mask: inpaint(picture, mask, cv2.INPAINT_TELEA),
        "OpenCV inpaint (NS)": lambda picture, mask: inpaint(picture, mask, cv2.INPAINT_NS),
    }
    cutters: dict[str, Method] = {
        "rembg style (U2-Net-p)": lambda picture, _: paste_white(picture, u2net(picture, models))
    }
    return [
        Task("remove a ball", "beach", "ball", "Remove the ball.", removers, judge_removal),
        Task("remove a mug", "mug", "mug", "Remove the mug.", removers, judge_removal),
        Task("remove one of three", "fruit", "yellow", "Remove the yellow ball.", removers, judge_removal),
        Task("recolor a mug", "mug", "mug", "Make the mug red.", {"Pillow, hue turned": turn_hue}, judge_recolor),
        Task("white background", "mug", "mug", "Make the background white.", cutters, judge_cut),
        Task("white background of a flower", "flower", "flower", "Make the background white.", cutters, judge_cut),
        Task(
            "blur the background",
            "mug",
            "mug",
            "Blur the background.",
            {"rembg style + Pillow blur": lambda picture, _: pillow_blur(picture, u2net(picture, models))},
            judge_cut,
        ),
        Task(
            "vintage", "fruit", "red", "Give it a vintage look.", {"Pillow, sepia recipe": pillow_vintage}, judge_look
        ),
    ]


def edit_by(editor: Editor, prompt: str, picture: Picture, _: Mask) -> Pixels:
    """Return the editor's answer, or the picture itself where it refuses."""
    try:
        result = editor.edit([picture.pixels], prompt, seed=1, output_format=OutputFormat.PNG)
    except RetouchError as exc:
        print(f"  refused: {exc.message}")
        return picture.pixels
    decoded = cv2.imdecode(np.frombuffer(result.images[0].data, np.uint8), cv2.IMREAD_COLOR)
    return np.ascontiguousarray(np.asarray(decoded, np.uint8)[..., ::-1])


def inpaint(picture: Picture, mask: Mask, method: int) -> Pixels:
    """Return OpenCV's fill of the mask, grown as a careful user would."""
    hole = cv2.dilate((mask > 0.1).astype(np.uint8), np.ones((13, 13), np.uint8))
    return np.asarray(cv2.inpaint(picture.pixels, hole, 5, method), np.uint8)


def turn_hue(picture: Picture, mask: Mask) -> Pixels:
    """Return the picture with the hue of the masked pixels turned from blue to red, in HSV."""
    hsv = np.asarray(Image.fromarray(picture.pixels).convert("HSV")).copy()
    inside = mask > 0.5
    hsv[inside, 0] = 0
    return np.asarray(Image.fromarray(hsv, "HSV").convert("RGB"))


def u2net(picture: Picture, models: ModelStore) -> Mask:
    """Return U2-Net-p's mask as rembg makes it: 320x320, min-max scaled, resized."""
    session = models.session("u2netp")
    small = cv2.resize(picture.pixels, (320, 320), interpolation=cv2.INTER_LANCZOS4).astype(np.float32)
    small = (small / max(float(small.max()), 1e-6) - np.array([0.485, 0.456, 0.406], np.float32)) / np.array(
        [0.229, 0.224, 0.225], np.float32
    )
    found = np.asarray(session.run(None, {"input.1": small.transpose(2, 0, 1)[None]})[0])[0, 0]
    scaled = (found - found.min()) / max(float(found.max() - found.min()), 1e-6)
    size = picture.pixels.shape[1], picture.pixels.shape[0]
    return np.asarray(cv2.resize(scaled, size, interpolation=cv2.INTER_LANCZOS4).clip(0, 1), np.float32)


def paste_white(picture: Picture, alpha: Mask) -> Pixels:
    """Return the picture on white."""
    return np.asarray(np.rint(picture.pixels * alpha[..., None] + 255 * (1 - alpha[..., None])), np.uint8)


def pillow_blur(picture: Picture, alpha: Mask) -> Pixels:
    """Return the picture over its own Gaussian blur, as recipes do."""
    photo = Image.fromarray(picture.pixels)
    stencil = Image.fromarray(np.rint(255 * alpha).astype(np.uint8))
    return np.asarray(Image.composite(photo, photo.filter(ImageFilter.GaussianBlur(14)), stencil))


def pillow_vintage(picture: Picture, _: Mask) -> Pixels:
    """Return the usual sepia recipe."""
    gray = ImageOps.grayscale(ImageEnhance.Contrast(Image.fromarray(picture.pixels)).enhance(0.9))
    return np.asarray(ImageOps.colorize(gray, (40, 26, 13), (255, 240, 192)))


def judge_removal(picture: Picture, mask: Mask, answer: Pixels) -> str:
    """Say how far the hole is from the truth (blurred: the texture need not be the same) and how its texture compares."""
    truth = next(iter(picture.truths.values()))
    inside = mask > 0.5
    smooth = [cv2.GaussianBlur(srgb8_to_oklab(each), (0, 0), 6) for each in (truth, answer)]
    off = float(np.linalg.norm(smooth[0] - smooth[1], axis=2)[inside].mean())
    texture = [
        float(cv2.Laplacian(cv2.cvtColor(each, cv2.COLOR_RGB2GRAY), cv2.CV_32F)[inside].std())
        for each in (answer, truth)
    ]
    return f"{off:.3f} Oklab from the truth, {100 * texture[0] / texture[1]:.0f} % of its texture"


def judge_recolor(picture: Picture, mask: Mask, answer: Pixels) -> str:
    """Say how well the shading is kept and what else changed."""
    inside = mask > 0.5
    before, after = srgb8_to_oklab(picture.pixels)[..., 0], srgb8_to_oklab(answer)[..., 0]
    shading = float(np.corrcoef(before[inside], after[inside])[0, 1])
    outside = cv2.dilate(inside.astype(np.uint8), np.ones((41, 41), np.uint8)) == 0
    changed = float((answer != picture.pixels).any(axis=2)[outside].mean())
    return f"shading correlates {shading:.2f}, {100 * changed:.2f} % of the rest changed"


def judge_cut(picture: Picture, mask: Mask, answer: Pixels) -> str:
    """Say how exactly the thing was kept, and how much of its color hangs around it."""
    inside = cv2.erode((mask > 0.5).astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    grown = [cv2.dilate((mask > 0.5).astype(np.uint8), np.ones((size, size), np.uint8)) for size in (9, 41)]
    ring, far = (grown[1] > 0) & (grown[0] == 0), grown[1] == 0
    lab = srgb8_to_oklab(answer)
    halo = float(np.linalg.norm(lab[ring].mean(axis=0) - lab[far].mean(axis=0)))
    kept = float((answer == picture.pixels).all(axis=2)[inside].mean())
    return f"{100 * kept:.1f} % of the thing bit-identical, halo {halo:.3f} Oklab"


def judge_look(_: Picture, mask: Mask, answer: Pixels) -> str:
    """Say how many colors are left: a faded photo still has them."""
    lab = srgb8_to_oklab(answer)[mask > 0.5]
    return f"chroma of the red ball {float(np.hypot(lab[:, 1], lab[:, 2]).mean()):.3f}"


def shrink(pixels: Pixels) -> Pixels:
    """Return a thumbnail 360 px high."""
    size = round(pixels.shape[1] * 360 / pixels.shape[0]), 360
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


if __name__ == "__main__":
    main()
