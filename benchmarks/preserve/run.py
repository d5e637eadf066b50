"""Measure how well ``retouch.preserve`` finds edits under drift, and print the table of docs/preserve.md.

    python -m benchmarks.preserve.run --photos astronaut coffee chelsea --size 1184 880

Recall: share of the visibly changed pixels (delta E above 2.3) that the answer takes from the edit (mask of at least 0.5).
Kept: share of the pixels that the edit did not touch that the answer has from the input, to the bit.
A case passes with recall of at least 99 % and kept of at least 95 %.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from benchmarks.preserve.drifts import DRIFTS
from benchmarks.preserve.edits import GLOBAL_EDITS, LOCAL_EDITS, Pixels, changed_pixels, touched_pixels
from benchmarks.preserve.photos import load_photos
from PIL import Image

from retouch.images.geometry import fill_size, fit_pixels
from retouch.preserve.align import warp_onto
from retouch.preserve.restore import preserve_fitted

DEFAULT_PHOTOS = ("astronaut", "coffee", "chelsea", "rocket", "motorcycle", "drawn")


@dataclass(frozen=True)
class Case:
    """One edit under one drift on one photo."""

    photo: str
    edit: str
    drift: str
    recall: float
    kept: float
    exact: bool
    kind: str
    seconds: float

    @property
    def passed(self) -> bool:
        return self.recall >= 0.99 and self.kept >= 0.95 and self.exact


def measure(photo: str, base: Pixels, edit: str, drift: str, seed: int) -> Case:
    """Edit, drift, preserve, compare with the truth."""
    edited = {**LOCAL_EDITS, **GLOBAL_EDITS}[edit](base, np.random.default_rng(seed))
    drifted = DRIFTS[drift](edited, np.random.default_rng(seed + 100))
    started = time.process_time()
    answer = preserve_fitted(base, drifted)
    seconds = time.process_time() - started
    assert answer.report is not None
    _, covered = warp_onto(drifted, answer.report.alignment.matrix, base.shape[:2])
    changed = changed_pixels(base, edited) & (covered > 0)
    untouched = ~touched_pixels(base, edited)
    outside = answer.change_mask == 0
    return Case(
        photo,
        edit,
        drift,
        float((answer.change_mask[changed] >= 0.5).mean()) if changed.any() else 1.0,
        float(outside[untouched].mean()) if untouched.any() else 1.0,
        bool((answer.pixels[outside] == base[outside]).all()),
        answer.report.kind,
        seconds,
    )


def print_table(title: str, rows: dict[str, list[Case]]) -> None:
    print(f"\n| {title} | mean recall | worst recall | mean kept | worst kept | exact outside | passed |")
    print("|---|---|---|---|---|---|---|")
    for name, cases in rows.items():
        recall, kept = [case.recall for case in cases], [case.kept for case in cases]
        exact = "yes" if all(case.exact for case in cases) else "NO"
        passed = sum(case.passed for case in cases)
        print(
            f"| {name} | {np.mean(recall):.2%} | {min(recall):.1%} | {np.mean(kept):.2%} | {min(kept):.1%} | {exact} "
            f"| {passed}/{len(cases)} |"
        )


def read_folder(paths: Sequence[str], size_wh: tuple[int, int]) -> dict[str, Pixels]:
    """Return pictures from files, fitted to the size."""
    result = {}
    for path in paths:
        pixels = np.asarray(Image.open(path).convert("RGB"))
        result[Path(path).stem] = fit_pixels(pixels, fill_size(pixels.shape[1], pixels.shape[0], size_wh))
    return result


def main() -> None:
    """Run the suite."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--photos", nargs="+", default=DEFAULT_PHOTOS)
    parser.add_argument("--files", nargs="+", default=(), help="pictures of your own, instead of --photos")
    parser.add_argument("--size", nargs=2, type=int, default=(1184, 880))
    parser.add_argument("--drifts", nargs="+", default=tuple(DRIFTS))
    parser.add_argument("--edits", nargs="+", default=tuple(LOCAL_EDITS))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--share", type=int, default=99, help="edits for each photo and drift, in turn; all by default")
    parser.add_argument("--global-edits", action="store_true", help="measure the edits that change the whole picture")
    args = parser.parse_args()
    cv2.setNumThreads(2)
    size_wh = (args.size[0], args.size[1])
    photos = read_folder(args.files, size_wh) if args.files else load_photos(*size_wh, tuple(args.photos))
    edits = tuple(GLOBAL_EDITS) if args.global_edits else args.edits
    cases: list[Case] = []
    for start, (photo, base) in enumerate(photos.items()):
        turn = start
        for drift in args.drifts:
            chosen = [edits[(turn * args.share + each) % len(edits)] for each in range(min(args.share, len(edits)))]
            turn += 1
            cases += [measure(photo, base, edit, drift, args.seed + edits.index(edit)) for edit in chosen]
            failed = [case for case in cases[-len(chosen) :] if not case.passed]
            said = "; ".join(f"{case.edit} {case.recall:.1%}/{case.kept:.1%} {case.kind}" for case in failed)
            print(f"{photo}, {drift}: {len(chosen) - len(failed)}/{len(chosen)} {said}", file=sys.stderr, flush=True)
    if args.global_edits:
        for edit in edits:
            kinds = [case.kind for case in cases if case.edit == edit]
            print(f"{edit}: {kinds.count('global')} of {len(kinds)} recognized as global")
        return
    print_table("drift", {drift: [case for case in cases if case.drift == drift] for drift in args.drifts})
    print_table("edit", {edit: [case for case in cases if case.edit == edit] for edit in edits})
    print_table("photo", {photo: [case for case in cases if case.photo == photo] for photo in photos})
    print(f"\nMedian CPU time: {np.median([case.seconds for case in cases]):.2f} s at {size_wh[0]} x {size_wh[1]}")
    for case in cases:
        if not case.passed:
            print(
                f"failed: {case.photo}, {case.edit}, {case.drift}: recall {case.recall:.2%}, kept {case.kept:.2%}, {case.kind}"
            )


if __name__ == "__main__":
    main()
