"""Colors of drawn objects: the one that was asked for, or one that varies."""

from collections.abc import Sequence

import numpy as np

from retouch.images.color import srgb_to_linear

__all__ = ["Albedo", "Palette", "albedo"]

Albedo = tuple[float, float, float]

_DARKEST, _LIGHTEST = 0.012, 0.86
"""Nothing real is blacker than soot or whiter than snow; light and shadow must still show on it."""


def albedo(red: int, green: int, blue: int) -> Albedo:
    """Return an sRGB color as linear albedo within what real surfaces have."""
    linear = srgb_to_linear(np.array([red, green, blue], np.uint8))
    r, g, b = np.clip(linear, _DARKEST, _LIGHTEST).tolist()
    return (r, g, b)


class Palette:
    """Hands out colors for one object; remembers whether the one that was asked for was used.

    Parameters
    ----------
    rng : numpy.random.Generator
    wanted_rgb : tuple of three int, or None
        sRGB.
    """

    def __init__(self, rng: np.random.Generator, wanted_rgb: tuple[int, int, int] | None) -> None:
        self._rng = rng
        self._wanted = wanted_rgb
        self.was_used = False

    def main(self, choices: Sequence[tuple[int, int, int]]) -> Albedo:
        """Return the main part's albedo: as asked, or one of the sRGB ``choices``, a little varied."""
        chosen = choices[int(self._rng.integers(len(choices)))]
        shift = self._rng.normal(0, 0.05, 3)
        if self._wanted is not None:
            self.was_used = True
            return albedo(*self._wanted)
        r, g, b = (np.clip(np.asarray(albedo(*chosen)) * (1 + shift), _DARKEST, _LIGHTEST)).tolist()
        return (r, g, b)
