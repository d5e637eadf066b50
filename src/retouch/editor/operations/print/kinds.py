"""What kind of surface a thing has, by what it is called."""

from enum import StrEnum
from typing import Final

__all__ = ["FILLED", "INNER", "SurfaceKind", "kind_of"]


class SurfaceKind(StrEnum):
    """How a surface is found, and how it takes a picture."""

    ROUND = "round"
    CLOTH = "cloth"
    PANEL = "panel"
    SCREEN = "screen"
    WALL = "wall"


def _names(words: str) -> frozenset[str]:
    return frozenset(word.replace("_", " ") for word in words.split())


_SCREENS: Final = _names(
    "screen television tv monitor laptop phone smartphone cellphone mobile tablet computer display ipad"
)
_WORDS: Final = {
    SurfaceKind.ROUND: _names(
        "cup mug coffee_mug coffee_cup tea_cup glass can bottle vase jar bucket pot candle thermos tumbler"
    ),
    SurfaceKind.CLOTH: _names(
        "t-shirt shirt hoodie sweater sweatshirt jumper jersey tank_top jacket coat dress suit uniform vest blouse apron cushion "
        "pillow bag tote tote_bag backpack handbag cap towel umbrella flag banner curtain blanket spacesuit cardigan "
        "blazer skirt pants trousers jeans"
    ),
    SurfaceKind.PANEL: _names(
        "billboard board book book_cover notebook magazine newspaper box brick package card business_card postcard envelope "
        "paper sheet page letter poster sign street_sign picture painting photo_frame picture_frame frame canvas label door "
        "plate whiteboard blackboard chalkboard placard menu calendar truck van crate suitcase phone_case surface window mirror "
        "rug carpet tile skateboard surfboard plaque"
    ),
    SurfaceKind.SCREEN: _SCREENS,
    SurfaceKind.WALL: _names("wall facade"),
}

FILLED: Final = _SCREENS | _names(
    "billboard book_cover magazine newspaper poster picture painting photo_frame picture_frame frame canvas mirror window placard"
)
"""Surfaces that a picture covers from edge to edge, so that nothing of the old one is left beside it."""

INNER: Final = _SCREENS | _names("photo_frame picture_frame frame mirror window whiteboard blackboard chalkboard")
"""Surfaces with a rim that stays."""


def kind_of(noun: str | None) -> SurfaceKind | None:
    """Return the kind of a noun's surface, by the noun or its last word; None if it has none that is known.

    >>> kind_of("espresso cup"), kind_of("laptop screen"), kind_of("idea")
    (<SurfaceKind.ROUND: 'round'>, <SurfaceKind.SCREEN: 'screen'>, None)
    """
    if noun is None:
        return None
    for name in (noun, noun.rpartition(" ")[2]):
        for kind, words in _WORDS.items():
            if name in words:
                return kind
    return None
