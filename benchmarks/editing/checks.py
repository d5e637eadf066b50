"""Checks on a finished edit. Each returns an ``Outcome``: did it pass, and the number that says so.

A check is built by a function below and called with an ``Attempt``; a missing region is a mistake in the case and raises.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from benchmarks.editing.pictures import Picture
from retouch.editor.scene.scene import Scene
from retouch.images.array_types import Mask, Pixels
from retouch.images.color import srgb8_to_oklab
from retouch.models import ModelStore

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float32]

VISIBLE: Final = 0.02
"""A just visible difference in Oklab, for one pixel."""


@dataclass(frozen=True)
class Outcome:
    """The verdict of one check."""

    passed: bool
    said: str


@dataclass(frozen=True)
class Attempt:
    """One case, carried out.

    Attributes
    ----------
    picture : Picture
    before, after : (H, W, 3) uint8, sRGB
        Of the same shape unless the edit changes the frame.
    alpha : (H, W) uint8 or None
    mask : (H, W) float32 or None
        The change mask that the answer reports, at its size.
    models : ModelStore
    """

    picture: Picture
    before: Pixels
    after: Pixels
    alpha: npt.NDArray[np.uint8] | None
    mask: Mask | None
    models: ModelStore

    @cached_property
    def lab_before(self) -> Floats:
        return np.asarray(srgb8_to_oklab(self.before), np.float32)

    @cached_property
    def lab_after(self) -> Floats:
        return np.asarray(srgb8_to_oklab(self.after), np.float32)

    @cached_property
    def scene_after(self) -> Scene:
        return Scene(self.after, self.models)

    def region(self, name: str, *, grow: float = 0.0) -> Bools:
        """Return a region of the picture, grown (or, below 0, shrunk) by a share of the long side."""
        inside = (self.picture.regions[name] > 0.5).astype(np.uint8)
        size = 2 * round(abs(grow) * max(inside.shape)) + 1
        if size > 1:
            kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
            inside = cv2.dilate(inside, kernel) if grow > 0 else cv2.erode(inside, kernel)
        return np.asarray(inside > 0)

    def reach(self, name: str, *, grow: float) -> Bools:
        """Return a region grown by a share of the long side, with what the thing darkens, where a made picture tells."""
        inside = self.region(name, grow=grow)
        truth = self.picture.truths.get(name)
        if truth is None:
            return inside
        darkened = np.abs(truth.astype(np.int16) - self.picture.pixels).max(axis=2) > 2
        size = 2 * round(0.02 * max(inside.shape)) + 1
        return np.asarray(inside | (cv2.dilate(darkened.astype(np.uint8), np.ones((size, size), np.uint8)) > 0))


Check = Callable[[Attempt], Outcome]


# What must stay --------------------------------------------------------------------------------------------------------


def keeps_outside(*names: str, grow: float = 0.04) -> Check:
    """No pixel differs outside of the regions, grown by a share of the long side. A thing's shadow belongs to it."""

    def check(attempt: Attempt) -> Outcome:
        allowed = np.any([attempt.reach(name, grow=grow) for name in names], axis=0)
        difference = np.abs(attempt.after.astype(np.int16) - attempt.before)[~allowed]
        changed = float((difference.max(axis=-1) > 0).mean()) if difference.size else 0.0
        worst = int(difference.max()) if difference.size else 0
        return Outcome(changed <= 0.005, f"{100 * changed:.2f} % of the rest changed, by at most {worst} levels")

    return check


def keeps_unmasked() -> Check:
    """Where the reported change mask is 0 every pixel is the input's: maximal difference 0, PSNR infinite."""

    def check(attempt: Attempt) -> Outcome:
        if attempt.mask is None or attempt.mask.shape != attempt.before.shape[:2]:
            return Outcome(False, "no change mask of the picture's size")
        outside = attempt.mask == 0
        worst = int(np.abs(attempt.after.astype(np.int16) - attempt.before)[outside].max(initial=0))
        return Outcome(worst == 0, f"{100 * outside.mean():.0f} % outside the mask, off by at most {worst} levels")

    return check


def keeps_region(name: str, *, psnr_db: float = 45.0) -> Check:
    """A region that the prompt does not speak of is as it was."""

    def check(attempt: Attempt) -> Outcome:
        inside = attempt.region(name, grow=-0.02)
        error = float(np.mean((attempt.after[inside].astype(np.float64) - attempt.before[inside]) ** 2))
        reached = 99.0 if error == 0 else 10 * np.log10(255**2 / error)
        return Outcome(reached >= psnr_db, f"{name} kept at {reached:.0f} dB")

    return check


# Color and tone --------------------------------------------------------------------------------------------------------


def has_hue(name: str, degrees: float, *, tolerance: float = 25.0, chroma: float = 0.05, share: float = 0.6) -> Check:
    """Most pixels of a region have this Oklab hue and are colorful."""

    def check(attempt: Attempt) -> Outcome:
        lab = attempt.lab_after[attempt.region(name, grow=-0.01)]
        found = np.degrees(np.arctan2(lab[:, 2], lab[:, 1]))
        off = np.abs((found - degrees + 180) % 360 - 180)
        good = float(((off < tolerance) & (np.hypot(lab[:, 1], lab[:, 2]) > chroma)).mean())
        return Outcome(good >= share, f"{100 * good:.0f} % of {name} has the hue")

    return check


def has_chroma(name: str, *, at_most: float | None = None, at_least: float | None = None) -> Check:
    """The median Oklab chroma of a region is within bounds."""

    def check(attempt: Attempt) -> Outcome:
        lab = attempt.lab_after[attempt.region(name, grow=-0.01)]
        chroma = float(np.median(np.hypot(lab[:, 1], lab[:, 2])))
        good = (at_most is None or chroma <= at_most) and (at_least is None or chroma >= at_least)
        return Outcome(good, f"chroma of {name} {chroma:.3f}")

    return check


def gains(name: str | None, channel: str, *, at_least: float | None = None, at_most: float | None = None) -> Check:
    """The mean of a channel ("L", "a", "b", "C") over a region (None: everywhere) moves by this much, in Oklab units."""

    def measure(lab: Floats) -> float:
        values = np.hypot(lab[:, 1], lab[:, 2]) if channel == "C" else lab[:, "Lab".index(channel)]
        return float(values.mean())

    def check(attempt: Attempt) -> Outcome:
        inside = attempt.region(name, grow=-0.01) if name else np.ones(attempt.before.shape[:2], bool)
        gain = measure(attempt.lab_after[inside]) - measure(attempt.lab_before[inside])
        good = (at_least is None or gain >= at_least) and (at_most is None or gain <= at_most)
        return Outcome(good, f"{channel} of {name or 'the picture'} {gain:+.3f}")

    return check


def keeps_shading(name: str, *, correlation: float = 0.75) -> Check:
    """Light and shadow on a thing are where they were: the lightness before and after go together."""

    def check(attempt: Attempt) -> Outcome:
        inside = attempt.region(name, grow=-0.015)
        found = float(np.corrcoef(attempt.lab_before[inside][:, 0], attempt.lab_after[inside][:, 0])[0, 1])
        return Outcome(found >= correlation, f"shading of {name} correlates {found:.2f}")

    return check


# Things ----------------------------------------------------------------------------------------------------------------


def is_gone(name: str, *, error: float = 0.06) -> Check:
    """What was removed is gone: like the truth where there is one, else no longer unlike its surroundings."""

    def check(attempt: Attempt) -> Outcome:
        inside = attempt.region(name, grow=0.005)
        truth = attempt.picture.truths.get(name)
        if truth is not None:
            wanted = cv2.GaussianBlur(srgb8_to_oklab(truth), (0, 0), 6)
            found = cv2.GaussianBlur(attempt.lab_after, (0, 0), 6)
            off = float(np.linalg.norm(wanted - found, axis=2)[inside].mean())
            return Outcome(off <= error, f"{off:.3f} Oklab from the truth")
        ring = attempt.region(name, grow=0.05) & ~attempt.region(name, grow=0.015)
        was = _palette_distance(attempt.lab_before, inside, ring)
        now = _palette_distance(attempt.lab_after, inside, ring)
        return Outcome(now <= 0.6 * was, f"unlike its surroundings {was:.2f} -> {now:.2f}")

    return check


def _palette_distance(lab: Floats, inside: Bools, around: Bools) -> float:
    """Return the earth mover's distance of two color distributions, summed over the Oklab channels."""
    ranks = np.linspace(0.02, 0.98, 49)
    return float(
        sum(
            np.abs(np.quantile(lab[inside][:, channel], ranks) - np.quantile(lab[around][:, channel], ranks)).mean()
            for channel in range(3)
        )
    )


def has_no_seam(name: str, *, ratio: float = 1.7) -> Check:
    """Along the outline of a region the picture is not rougher than around it."""

    def check(attempt: Attempt) -> Outcome:
        outline = attempt.region(name, grow=0.006) & ~attempt.region(name, grow=-0.006)
        around = attempt.region(name, grow=0.06) & ~attempt.region(name, grow=0.02)
        lightness = attempt.lab_after[..., 0]
        slope = np.hypot(cv2.Sobel(lightness, cv2.CV_32F, 1, 0), cv2.Sobel(lightness, cv2.CV_32F, 0, 1))
        found = float(slope[outline].mean() / max(float(slope[around].mean()), 0.02))
        return Outcome(found <= ratio, f"outline {found:.2f} times as rough as around")

    return check


def appears(x: float, y: float, *, within: float = 0.3, least: float = 0.002, most: float = 0.3) -> Check:
    """Something new is centered near (x, y) in shares of width and height, and covers a plausible share of the picture."""

    def check(attempt: Attempt) -> Outcome:
        new = np.linalg.norm(attempt.lab_after - attempt.lab_before, axis=2) > 3 * VISIBLE
        share = float(new.mean())
        if share == 0:
            return Outcome(False, "nothing new")
        rows, columns = np.nonzero(new)
        at = (float(np.median(columns)) / new.shape[1], float(np.median(rows)) / new.shape[0])
        near = np.hypot(at[0] - x, at[1] - y) <= within
        return Outcome(bool(near) and least <= share <= most, f"new {100 * share:.1f} % at ({at[0]:.2f}, {at[1]:.2f})")

    return check


def differs(name: str | None, *, at_least: float = 0.3) -> Check:
    """At least this share of a region (None: everywhere) is visibly different."""

    def check(attempt: Attempt) -> Outcome:
        inside = attempt.region(name) if name else np.ones(attempt.before.shape[:2], bool)
        off = np.linalg.norm(attempt.lab_after - attempt.lab_before, axis=2)[inside]
        share = float((off > VISIBLE).mean())
        return Outcome(share >= at_least, f"{100 * share:.0f} % of {name or 'the picture'} differs")

    return check


# Detail, truth, frame, words -------------------------------------------------------------------------------------------


def detail_changes(name: str | None, *, at_least: float | None = None, at_most: float | None = None) -> Check:
    """The energy of fine detail (variance of the Laplacian) in a region changes by a factor within bounds."""

    def energy(lightness: Floats, inside: Bools) -> float:
        return float(cv2.Laplacian(lightness, cv2.CV_32F)[inside].var())

    def check(attempt: Attempt) -> Outcome:
        inside = attempt.region(name, grow=-0.02) if name else np.ones(attempt.before.shape[:2], bool)
        lightness = attempt.lab_after[..., 0].copy(), attempt.lab_before[..., 0].copy()
        factor = energy(lightness[0], inside) / max(energy(lightness[1], inside), 1e-9)
        good = (at_least is None or factor >= at_least) and (at_most is None or factor <= at_most)
        return Outcome(good, f"detail of {name or 'the picture'} x{factor:.2f}")

    return check


def nears_truth(name: str, *, gain_db: float) -> Check:
    """The answer is nearer to the undamaged picture than the input was, by so many dB."""

    def check(attempt: Attempt) -> Outcome:
        truth = attempt.picture.truths[name].astype(np.float64)
        errors = [float(np.mean((each - truth) ** 2)) for each in (attempt.before, attempt.after)]
        gain = 10 * np.log10(errors[0] / max(errors[1], 1e-9))
        return Outcome(gain >= gain_db, f"{gain:+.1f} dB toward the truth")

    return check


def has_ratio(width: float, height: float) -> Check:
    """The answer has this shape, up to the rounding of sides to multiples of 16."""

    def check(attempt: Attempt) -> Outcome:
        found = attempt.after.shape[1] / attempt.after.shape[0]
        return Outcome(abs(found / (width / height) - 1) < 0.04, f"{attempt.after.shape[1]}x{attempt.after.shape[0]}")

    return check


def is_mirrored() -> Check:
    """The answer is the input seen in a mirror, exactly."""

    def check(attempt: Attempt) -> Outcome:
        same = attempt.after.shape == attempt.before.shape and np.array_equal(attempt.after, attempt.before[:, ::-1])
        return Outcome(same, "mirrored" if same else "not the mirror image")

    return check


def is_level(*, within_degrees: float = 1.2) -> Check:
    """The longest straight edge is level."""

    def check(attempt: Attempt) -> Outcome:
        gray = cv2.GaussianBlur(cv2.cvtColor(attempt.after, cv2.COLOR_RGB2GRAY), (0, 0), 2)
        lines = cv2.HoughLines(cv2.Canny(gray, 40, 90), 1, np.pi / 720, 120)
        if lines is None:
            return Outcome(False, "no straight edge")
        tilt = float(np.degrees(lines[0][0][1]) - 90)
        return Outcome(abs(tilt) <= within_degrees, f"tilt {tilt:+.1f} degrees")

    return check


def reads(words: str) -> Check:
    """Optical character recognition finds these words."""

    def check(attempt: Attempt) -> Outcome:
        found = _words_in(attempt)
        return Outcome(words.lower() in found.lower(), f"reads {found!r}")

    return check


def reads_no(words: str) -> Check:
    """Optical character recognition does not find these words."""

    def check(attempt: Attempt) -> Outcome:
        found = _words_in(attempt)
        return Outcome(words.lower() not in found.lower(), f"reads {found!r}")

    return check


def _words_in(attempt: Attempt) -> str:
    return " ".join(line.text for line in attempt.scene_after.text_lines)


def is_cut_out(name: str) -> Check:
    """The thing is opaque and what is far from it transparent."""

    def check(attempt: Attempt) -> Outcome:
        if attempt.alpha is None:
            return Outcome(False, "no alpha")
        inside = float((attempt.alpha[attempt.region(name, grow=-0.03)] > 200).mean())
        outside = float((attempt.alpha[~attempt.region(name, grow=0.05)] < 50).mean())
        return Outcome(
            inside > 0.85 and outside > 0.9,
            f"{100 * inside:.0f} % of {name} kept, {100 * outside:.0f} % of the rest cut",
        )

    return check
