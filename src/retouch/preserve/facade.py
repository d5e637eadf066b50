"""From any input and any engine's output to an answer whose untouched pixels are the input's."""

from retouch.images.array_types import Mask, Pixels
from retouch.images.geometry import fill_size, fit_pixels
from retouch.preserve.composite import Preserved
from retouch.preserve.original import composite_into_original, working_size_wh
from retouch.preserve.restore import preserve_fitted, require_pixels

__all__ = ["preserve"]


def preserve(original: Pixels, edited: Pixels, *, mask: Mask | None = None, seed: int = 0) -> Preserved:
    """Restore every pixel of the input that an edit did not mean to touch, at the edited picture's size.

    Parameters
    ----------
    original : (H, W, 3) uint8, sRGB
        The input, at its own size.
    edited : (h, w, 3) uint8, sRGB
        The edited picture, from any editor.
    mask : (h, w) float32 [0, 1], optional
        Where the edit is, on the answer's grid, if the caller knows; 0 = must equal the input. None finds it.
    seed : int
        Of the grain that is added to an edit that lost it.

    Returns
    -------
    Preserved
        (h, w, 3) pixels. Where the mask is 0 they equal the center crop and Lanczos resize of the input to the bit. Of a global
        edit nothing is restored, and the mask is 1 everywhere.

    Raises
    ------
    InvalidValueError
        ``mask`` has another size than the edited picture, or a picture is not (H, W, 3) uint8.
    """
    require_pixels("original", original)
    require_pixels("edited", edited)
    size_wh = (edited.shape[1], edited.shape[0])
    fit = fill_size(original.shape[1], original.shape[0], size_wh)
    base = fit_pixels(original, fit)
    if working_size_wh(edited) != size_wh:
        return composite_into_original(base, edited, mask=mask, seed=seed)
    return preserve_fitted(base, edited, mask=mask, source_fit=fit, seed=seed)
