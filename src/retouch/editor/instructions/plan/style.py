"""Painting, drawing, print and film styles."""

from dataclasses import dataclass
from enum import StrEnum

from retouch.editor.instructions.articles import with_article
from retouch.editor.instructions.plan.operation import Operation, is_same_target
from retouch.editor.instructions.plan.values import ColorValue, Target, TargetKind

__all__ = ["FILM_STYLES", "ApplyStyle", "Style"]


class Style(StrEnum):
    """A style by name; the value is the name that a user knows."""

    OIL = "oil painting"
    IMPRESSIONIST = "impressionist painting"
    VAN_GOGH = "painting in the manner of Van Gogh"
    MONET = "painting in the manner of Monet"
    MUNCH = "painting in the manner of Munch"
    CUBIST = "cubist painting"
    KANDINSKY = "abstract painting in the manner of Kandinsky"
    MONDRIAN = "geometric painting in the manner of Mondrian"
    UKIYO_E = "Japanese woodblock print"
    POINTILLIST = "pointillist painting"
    WATERCOLOR = "watercolor"
    GOUACHE = "gouache painting"
    PASTEL = "pastel drawing"
    FRESCO = "fresco"
    STAINED_GLASS = "stained-glass window"
    MOSAIC = "mosaic"
    PENCIL = "pencil sketch"
    COLORED_PENCIL = "colored-pencil drawing"
    INK = "ink drawing"
    LINE_ART = "line drawing"
    CHARCOAL = "charcoal drawing"
    CARTOON = "cartoon"
    COMIC = "comic"
    POP_ART = "pop-art print"
    POSTER = "poster"
    HALFTONE = "halftone print"
    STENCIL = "stencil"
    PIXEL_ART = "pixel art"
    PIXELATED = "coarse pixels"
    LOW_POLY = "low-poly picture"
    PICTURE = "painting in the style of another picture"

    KODACHROME = "slide-film look"
    PORTRA = "soft portrait-film look"
    POLAROID = "instant-film look"
    TEAL_ORANGE = "teal-and-orange look"
    NOIR = "film-noir look"
    CYANOTYPE = "cyanotype look"
    CROSS_PROCESSED = "cross-processed look"
    INFRARED = "infrared look"
    FADED_FILM = "faded-film look"
    SEVENTIES = "seventies film look"
    PASTEL_COLORS = "pastel palette"
    DUOTONE = "duotone"
    GLOW = "dreamy glow"
    GRAIN = "film grain"
    VIGNETTE = "vignette"
    TILT_SHIFT = "tilt-shift blur"


FILM_STYLES = frozenset(
    [
        Style.KODACHROME,
        Style.PORTRA,
        Style.POLAROID,
        Style.TEAL_ORANGE,
        Style.NOIR,
        Style.CYANOTYPE,
        Style.CROSS_PROCESSED,
        Style.INFRARED,
        Style.FADED_FILM,
        Style.SEVENTIES,
        Style.PASTEL_COLORS,
        Style.DUOTONE,
        Style.GLOW,
        Style.GRAIN,
        Style.VIGNETTE,
        Style.TILT_SHIFT,
    ]
)
"""Styles that leave it a photo; the others redraw it."""

_KEEPING_COLORS = frozenset(
    [
        Style.GRAIN, Style.VIGNETTE, Style.TILT_SHIFT, Style.GLOW, Style.OIL, Style.MOSAIC, Style.PIXEL_ART,
        Style.PIXELATED, Style.LOW_POLY,
    ]
)  # fmt: skip
"""Styles made of the picture's own colors."""

_UNCOUNTED = frozenset([Style.GRAIN, Style.PIXEL_ART, Style.PIXELATED])


@dataclass(frozen=True, slots=True)
class ApplyStyle(Operation):
    """Paint, draw or print the picture, or one target, in a style; or give it the look of a film.

    Attributes
    ----------
    style : Style
    strength : float
        0.5 "slightly", 1.0, 1.6 "a lot".
    target : Target or None
        None is the whole picture.
    picture_index : int or None
        Of PICTURE: the input picture whose style it is.
    colors : tuple of ColorValue
        Of DUOTONE: the color of the shadows and of the highlights, where the prompt names them.
    base_index : int or None
        The input picture that is changed, where the prompt or the style's picture says so.
    phrase : str
        The words of the prompt.
    """

    style: Style
    strength: float = 1.0
    target: Target | None = None
    picture_index: int | None = None
    colors: tuple[ColorValue, ...] = ()
    base_index: int | None = None
    phrase: str = ""

    @property
    def joins_pictures(self) -> bool:  # type: ignore[override]
        """Whether the style is another input picture's."""
        return self.style is Style.PICTURE

    def describe(self) -> str:
        """Return the operation in plain words.

        >>> ApplyStyle(Style.OIL).describe()
        'turn the picture into an oil painting'
        >>> ApplyStyle(Style.VIGNETTE, 0.5).describe()
        'slightly give the picture a vignette'
        """
        degree = "slightly " if self.strength < 1 else "strongly " if self.strength > 1 else ""
        what = self.target.describe() if self.target else "the picture"
        if self.style is Style.PICTURE:
            return f"{degree}paint {what} in the style of picture {(self.picture_index or 0) + 1}"
        name = self.style.value if self.style in _UNCOUNTED else with_article(self.style.value)
        if self.colors:
            name += f" of {' and '.join(color.name for color in self.colors)}"
        return f"{degree}give {what} {name}" if self.style in FILM_STYLES else f"{degree}turn {what} into {name}"

    def targets(self) -> tuple[Target, ...]:
        """Return the part that it is limited to."""
        return (self.target,) if self.target is not None else ()

    def pictures(self) -> frozenset[int]:
        """Return the picture that is changed and the one whose style it is."""
        named = {index for index in (self.picture_index, self.base_index) if index is not None}
        return Operation.pictures(self) | named

    def edited_picture(self) -> int | None:
        """Return the picture that is changed, where the prompt says which."""
        return self.base_index if self.base_index is not None else Operation.edited_picture(self)

    def changes_colors(self) -> bool:
        """Return whether the style brings a palette of its own to the whole picture."""
        return self.target is None and self.style not in _KEEPING_COLORS

    def touches(self, kept: Target) -> bool:
        """Return whether it is about the very thing that the prompt wants kept."""
        return kept.kind is TargetKind.PICTURE if self.target is None else is_same_target(self.target, kept)
