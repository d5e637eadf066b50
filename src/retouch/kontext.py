"""The facts about FLUX.1 Kontext that every engine and dialect shares: sizes, the snap rule, defaults.

The 17 preferred sizes are those that the model was trained on (diffusers, ``PREFERRED_KONTEXT_RESOLUTIONS``). All are about
one megapixel with sides that are multiples of 16: the VAE halves three times and the transformer packs 2x2 latents.
"""

from typing import Final

__all__ = [
    "ASPECT_RATIOS",
    "DEFAULT_MODEL",
    "MAX_GUIDANCE_SCALE",
    "MAX_IMAGES_PER_REQUEST",
    "MAX_PROMPT_CHARACTERS",
    "MAX_REFERENCE_IMAGES",
    "MIN_GUIDANCE_SCALE",
    "PREFERRED_SIZES_WH",
    "SIZE_MULTIPLE",
    "preset_size_wh",
    "snap_size_wh",
]

PREFERRED_SIZES_WH: Final = (
    (672, 1568),
    (688, 1504),
    (720, 1456),
    (752, 1392),
    (800, 1328),
    (832, 1248),
    (880, 1184),
    (944, 1104),
    (1024, 1024),
    (1104, 944),
    (1184, 880),
    (1248, 832),
    (1328, 800),
    (1392, 752),
    (1456, 720),
    (1504, 688),
    (1568, 672),
)
"""(width, height) of the 17 sizes, narrowest first."""

ASPECT_RATIOS: Final = ("21:9", "16:9", "4:3", "3:2", "1:1", "2:3", "3:4", "9:16", "9:21")
"""The presets that a client may name, as width:height."""

SIZE_MULTIPLE: Final = 16
MAX_PROMPT_CHARACTERS: Final = 4000
MAX_REFERENCE_IMAGES: Final = 4
MAX_IMAGES_PER_REQUEST: Final = 4
MIN_GUIDANCE_SCALE: Final = 1.0
MAX_GUIDANCE_SCALE: Final = 20.0
DEFAULT_MODEL: Final = "flux/kontext-max/image-to-image"


def snap_size_wh(width: float, height: float) -> tuple[int, int]:
    """Return the preferred (width, height) whose ratio is nearest to ``width / height``.

    The distance is the absolute difference of the ratios, as in diffusers' pipeline, so that both agree on every input.

    >>> snap_size_wh(1024, 768)
    (1184, 880)
    """
    ratio = width / height
    return min(PREFERRED_SIZES_WH, key=lambda size: abs(ratio - size[0] / size[1]))


def preset_size_wh(aspect_ratio: str) -> tuple[int, int]:
    """Return the (width, height) of a named preset such as "16:9".

    >>> preset_size_wh("16:9")
    (1392, 752)
    """
    width, height = aspect_ratio.split(":")
    return snap_size_wh(int(width), int(height))
