"""What color a thing has now: its dominant material, measured so that prints, highlights and fittings don't count."""

from dataclasses import dataclass

import numpy as np

from retouch.images.array_types import FloatImage, Mask
from retouch.images.color import oklab_to_oklch

__all__ = ["Material", "measure_material", "signed_turn"]

_NEUTRAL_CHROMA = 0.035
"""Oklab chroma below which a material counts as white, gray or black."""
_VIVID_CHROMA = 0.08
_LIGHTNESS_RANGE = (0.05, 0.98)
"""Keeps ratios to the lightness finite, and room above it, for a thing that the exposure drowned or burnt out."""
_MAX_SAMPLES = 60_000
_BIN_DEGREES = 5.0


@dataclass(frozen=True, slots=True)
class Material:
    """The dominant color of a thing.

    Attributes
    ----------
    lightness, chroma, hue : float
        Oklch medians of its lit body; hue in degrees.
    hue_below, hue_above : float
        How many degrees below and above ``hue`` still are this material; beyond begins another one.
    hue_spread : float
        How many degrees around ``hue`` hold most of the body: few for paint, many for petals and fur.
    is_neutral : bool
        White, gray or black: the hue says nothing.
    has_fittings : bool
        The color is paint on a thing whose other parts are black, chrome or glass.
    """

    lightness: float
    chroma: float
    hue: float
    hue_below: float
    hue_above: float
    hue_spread: float
    is_neutral: bool
    has_fittings: bool = False


def measure_material(lab: FloatImage, mask: Mask) -> Material:
    """Find the dominant color of a thing.

    Parameters
    ----------
    lab : (H, W, 3) float32, Oklab
    mask : (H, W) float32 [0, 1]
        Only its values above 0.6 count, or its highest where it never gets that far.

    Notes
    -----
    A thing is neutral when most of it has little chroma, unless a vivid color of one hue goes with neutral parts of every
    lightness: paint on a motorbike is its color, chrome and tyres are not, but a logo on a white cup isn't. The hue is the peak
    of a chroma-weighted, smoothed histogram, which a print or a highlight can't move as it would a mean; the material reaches
    to the valleys beside the peak. Lightness and chroma are medians of the pixels near that hue. Deterministic: large masks
    are sampled at a stride. O(H W).
    """
    samples = lab[mask >= min(0.6, float(mask.max()))]
    samples = samples[:: max(1, len(samples) // _MAX_SAMPLES)]
    lightness, chroma, hue = np.moveaxis(oklab_to_oklch(samples), -1, 0)
    colored = chroma > _NEUTRAL_CHROMA
    has_fittings = bool(colored.mean() < 0.4)
    if has_fittings and not _is_paint_among_fittings(lightness, chroma, hue):
        return _neutral_material(samples[~colored])
    if has_fittings:
        colored = chroma > _VIVID_CHROMA
    peak, below, above, spread = _dominant_hue(hue[colored], chroma[colored])
    turn = signed_turn(hue, peak)
    near = (turn > -min(below, 40.0)) & (turn < min(above, 40.0)) & (chroma > 0.5 * np.median(chroma[colored]))
    return Material(
        lightness=float(np.clip(np.median(lightness[near]), *_LIGHTNESS_RANGE)),
        chroma=float(np.median(chroma[near])),
        hue=peak,
        hue_below=below,
        hue_above=above,
        hue_spread=spread,
        is_neutral=False,
        has_fittings=has_fittings,
    )


def _neutral_material(samples: FloatImage) -> Material:
    """Return the white, gray or black whose Oklab samples (N, 3) these are."""
    lightness, a, b = (float(value) for value in np.median(samples, axis=0))
    return Material(
        lightness=float(np.clip(lightness, *_LIGHTNESS_RANGE)),
        chroma=float(np.hypot(a, b)),
        hue=float(np.degrees(np.arctan2(b, a)) % 360.0),
        hue_below=180.0,
        hue_above=180.0,
        hue_spread=180.0,
        is_neutral=True,
    )


def _is_paint_among_fittings(lightness: FloatImage, chroma: FloatImage, hue: FloatImage) -> bool:
    """Tell a painted thing with black and bright fittings from a plain one with a small print."""
    vivid = chroma > _VIVID_CHROMA
    neutral = lightness[chroma <= _NEUTRAL_CHROMA]
    if vivid.mean() < 0.08 or neutral.size == 0 or float(np.ptp(np.percentile(neutral, [10, 90]))) < 0.4:
        return False
    peak = _dominant_hue(hue[vivid], chroma[vivid])[0]
    return bool((np.abs(signed_turn(hue[vivid], peak)) < 30.0).mean() > 0.8)


def _dominant_hue(hue: FloatImage, chroma: FloatImage) -> tuple[float, float, float, float]:
    """Return the peak of the hue histogram in degrees, how far its material reaches below and above, and its spread."""
    bins = round(360.0 / _BIN_DEGREES)
    histogram = np.histogram(hue, bins=bins, range=(0.0, 360.0), weights=chroma)[0]
    kernel = np.array([1.0, 2.0, 1.0])
    smooth = np.convolve(np.concatenate([histogram[-1:], histogram, histogram[:1]]), kernel, mode="valid")
    top = int(np.argmax(smooth))
    near = np.abs(signed_turn(hue, (top + 0.5) * _BIN_DEGREES)) < 20.0
    turn = np.radians(hue[near])
    mean = np.arctan2((chroma[near] * np.sin(turn)).sum(), (chroma[near] * np.cos(turn)).sum())
    spread = _weighted_percentile(np.abs(signed_turn(hue[near], float(np.degrees(mean)))), chroma[near] ** 2, 0.85)
    from_peak = np.roll(smooth, -top) / smooth[top]
    default = 40.0 + 2.0 * spread
    above = _valley_degrees(from_peak, default)
    below = _valley_degrees(np.roll(from_peak[::-1], 1), default)
    return float(np.degrees(mean) % 360.0), below, above, spread


def _weighted_percentile(values: FloatImage, weights: FloatImage, share: float) -> float:
    """Return the value below which this share of the weight lies."""
    order = np.argsort(values)
    cumulated = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(cumulated, share * cumulated[-1])])


def _valley_degrees(profile: FloatImage, default: float) -> float:
    """Return how far from the peak, at index 0, a clear valley lies before another material begins; else the default."""
    reach = round(110.0 / _BIN_DEGREES)
    for index in range(2, reach):
        later = float(profile[index : index + round(60.0 / _BIN_DEGREES)].max())
        if later > 0.1 and profile[index] < 0.6 * later and profile[index] <= profile[index + 1]:
            return index * _BIN_DEGREES
    return default


def signed_turn(hue: FloatImage, reference: float) -> FloatImage:
    """Return the angle from the reference to each hue, in degrees, -180 to 180.

    >>> signed_turn(np.array([10.0, 350.0]), 0.0).tolist()
    [10.0, -10.0]
    """
    return np.asarray((hue - reference + 180.0) % 360.0 - 180.0)
