"""Run every case, check it, and write a report page with pictures.

    python -m benchmarks.editing.run OUT_DIR [--only recolor] [--data-dir DIR] [--seed 1]

OUT_DIR/index.html shows each case before and after with its change mask, its checks and its time; OUT_DIR/results.json has the
numbers. Exits with 1 when fewer than 90 % of the cases pass.
"""

import argparse
import html
import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from benchmarks.editing.cases import CASES, Case
from benchmarks.editing.checks import Attempt, Outcome
from benchmarks.editing.pictures import Picture, load
from retouch.errors import RetouchError
from retouch.images.array_types import Mask, Pixels
from retouch.images.geometry import fill_size, fit_pixels
from retouch.library import Editor, create_registry, default_data_directory
from retouch.models import ModelStore
from retouch.types import EditResult, OutputFormat

REQUIRED_SHARE = 0.9
THUMBNAIL_HEIGHT_PX = 260


@dataclass(frozen=True)
class Verdict:
    """What came of a case."""

    case: Case
    passed: bool
    outcomes: tuple[Outcome, ...]
    seconds: float
    said: str


def main() -> int:
    """Run the cases that were asked for and return 0 when enough of them pass."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--only", help="part of a case's kind, picture or prompt")
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()

    (arguments.out / "pictures").mkdir(parents=True, exist_ok=True)
    editor = Editor(registry=create_registry(arguments.data_dir))
    models = ModelStore((arguments.data_dir or default_data_directory()) / "models")
    verdicts = []
    for number, case in enumerate(CASES):
        words = f"{case.kind} {case.pictures} {case.prompt}".lower()
        if arguments.only and arguments.only.lower() not in words:
            continue
        verdict = run_case(case, number, editor, models, arguments.out, arguments.seed)
        verdicts.append(verdict)
        said = "; ".join(("" if each.passed else "FAILED: ") + each.said for each in verdict.outcomes) or verdict.said
        word = "pass" if verdict.passed else "FAIL"
        print(
            f"{word} {case.kind:18} {verdict.seconds:5.1f} s  {case.pictures}: {case.prompt}\n       {said}", flush=True
        )
    passed = sum(verdict.passed for verdict in verdicts)
    write_report(arguments.out, verdicts)
    print(
        f"{passed} of {len(verdicts)} cases pass ({100 * passed / max(1, len(verdicts)):.0f} %); {arguments.out / 'index.html'}"
    )
    return 0 if passed >= REQUIRED_SHARE * len(verdicts) else 1


def run_case(case: Case, number: int, editor: Editor, models: ModelStore, out: Path, seed: int) -> Verdict:
    """Carry out a case, check the answer, and save its pictures."""
    pictures = [load(name) for name in case.pictures.split("+")]
    started = time.perf_counter()
    try:
        result = editor.edit(
            [each.pixels for each in pictures], case.prompt, seed=seed, output_format=OutputFormat.PNG, explain=True
        )
    except RetouchError as exc:
        seconds = time.perf_counter() - started
        right = not case.checks and case.refusal.lower() in exc.message.lower()
        save(out, number, "before", pictures[0].pixels)
        return Verdict(case, right, (), seconds, f"refused: {exc.message}")
    seconds = time.perf_counter() - started
    image: Pixels = np.asarray(
        cv2.imdecode(np.frombuffer(result.images[0].data, np.uint8), cv2.IMREAD_UNCHANGED), np.uint8
    )
    base = refit(pictures[base_index(case)], pictures[0].pixels)
    after = np.ascontiguousarray(image[..., 2::-1])
    mask = read_mask(result)
    attempt = Attempt(base, base.pixels, after, image[..., 3] if image.shape[2] == 4 else None, mask, models)
    outcomes = tuple(check(attempt) for check in case.checks)
    save(out, number, "before", pictures[0].pixels)
    save(out, number, "after", image if image.shape[2] == 3 else flatten(image), flip=True)
    if mask is not None:
        save(out, number, "mask", as_gray(mask))
    passed = bool(case.checks) and all(outcome.passed for outcome in outcomes)
    said = "" if case.checks else "carried out, but it had to be refused"
    return Verdict(case, passed, outcomes, seconds, said)


def base_index(case: Case) -> int:
    """Return the picture that the case edits: of two, a print's and a placement's is the second."""
    return 1 if case.kind == "print and place" else 0


def refit(picture: Picture, first: Pixels) -> Picture:
    """Return a picture as the answer is built on it: the first input decides the size."""
    size_wh = first.shape[1], first.shape[0]
    if picture.pixels.shape == first.shape:
        return picture
    fit = fill_size(picture.pixels.shape[1], picture.pixels.shape[0], size_wh)
    regions = {
        name: np.asarray(fit_pixels(as_gray(mask), fit)[..., 0], np.float32) / np.float32(255)
        for name, mask in picture.regions.items()
    }
    truths = {name: fit_pixels(truth, fit) for name, truth in picture.truths.items()}
    return Picture(picture.name, fit_pixels(picture.pixels, fit), regions, truths)


def as_gray(mask: Mask) -> Pixels:
    """Return a mask as a gray picture."""
    return np.repeat(np.rint(255 * mask).astype(np.uint8)[..., None], 3, axis=2)


def read_mask(result: EditResult) -> Mask | None:
    """Return the change mask of the answer, (H, W) float32 [0, 1]."""
    data = result.images[0].change_mask_png
    if data is None:
        return None
    return np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE), np.float32) / np.float32(255)


def flatten(image: Pixels) -> Pixels:
    """Return a BGRA picture on a gray checkerboard, as BGR."""
    rows, columns = np.mgrid[: image.shape[0], : image.shape[1]] // 24
    board = np.where((rows + columns) % 2 == 0, 190, 230)[..., None]
    alpha = image[..., 3:].astype(np.float32) / 255
    return np.asarray(image[..., :3] * alpha + board * (1 - alpha), np.uint8)


def save(out: Path, number: int, what: str, pixels: Pixels, *, flip: bool = False) -> None:
    """Save a picture for the page, at a size that can be looked at."""
    Image.fromarray(np.ascontiguousarray(pixels[..., ::-1]) if flip else pixels).save(
        out / "pictures" / f"{number:03}-{what}.jpg", quality=90
    )


def write_report(out: Path, verdicts: list[Verdict]) -> None:
    """Write the page and the numbers."""
    passed = sum(verdict.passed for verdict in verdicts)
    rows = "\n".join(report_row(CASES.index(verdict.case), verdict) for verdict in verdicts)
    style = "body{font:14px system-ui;margin:2em}td{vertical-align:top;padding:6px}.no{color:#b00020}"
    style += f"img{{height:{THUMBNAIL_HEIGHT_PX}px}}"
    (out / "index.html").write_text(
        f"<!doctype html><meta charset=utf-8><title>Editing benchmark</title><style>{style}</style>"
        f"<h1>{passed} of {len(verdicts)} cases pass</h1><table>{rows}</table>",
        encoding="utf-8",
    )
    numbers = [
        {
            "kind": verdict.case.kind,
            "pictures": verdict.case.pictures,
            "prompt": verdict.case.prompt,
            "passed": verdict.passed,
            "seconds": round(verdict.seconds, 2),
            "checks": [{"passed": bool(each.passed), "said": each.said} for each in verdict.outcomes],
            "said": verdict.said,
        }
        for verdict in verdicts
    ]
    (out / "results.json").write_text(json.dumps(numbers, indent=1, ensure_ascii=False), encoding="utf-8")


def report_row(number: int, verdict: Verdict) -> str:
    """Return one case as a row of the page."""
    found = "".join(
        f"<li class={'ok' if each.passed else 'no'}>{html.escape(each.said)}</li>" for each in verdict.outcomes
    )
    pictures = "".join(
        f"<td><img loading=lazy src='pictures/{number:03}-{what}.jpg' alt='{what}'></td>"
        for what in ("before", "after", "mask")
    )
    return (
        f"<tr><td><b class={'ok' if verdict.passed else 'no'}>{'pass' if verdict.passed else 'FAIL'}</b> {verdict.case.kind}, "
        f"{verdict.seconds:.1f} s<br>{html.escape(verdict.case.pictures)}: <i>{html.escape(verdict.case.prompt)}</i>"
        f"<ul>{found}</ul>{html.escape(verdict.said)}</td>{pictures}</tr>"
    )


if __name__ == "__main__":
    sys.exit(main())
