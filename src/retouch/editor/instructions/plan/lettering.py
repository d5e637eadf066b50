"""Operations on lettering."""

from dataclasses import dataclass
from enum import StrEnum

from retouch.editor.instructions.plan.operation import Operation, Protection, is_same_target
from retouch.editor.instructions.plan.values import ColorValue, Horizontal, Target, Vertical

__all__ = ["AddText", "EraseText", "LetteringKind", "LetteringStyle", "ReplaceText"]


class LetteringKind(StrEnum):
    """What new lettering is for: it sets the size, the place and the look where the prompt says nothing."""

    TEXT = "text"
    TITLE = "title"
    CAPTION = "caption"
    WATERMARK = "watermark"
    BUBBLE = "bubble"
    """In a speech bubble."""


@dataclass(frozen=True, slots=True)
class LetteringStyle:
    """How letters look; None and False leave it to the editor.

    Attributes
    ----------
    color : ColorValue or None
        None: black or white, whichever stands out.
    font : str or None
        "serif", "sans", "script", "hand", "mono", "slab", "condensed" or "display".
    family : str or None
        The name of an installed font: "Lobster".
    bold, italic : bool
    scale : float
        Times the size that it would have; 1 is the plain size.
    size_px : float or None
        Height of the capital letters' line, in pixels of the answer.
    size_share : float or None
        The same as a share of the picture's height.
    outline : ColorValue or None
    shadow : bool or None
        None: only where the letters would not stand out.
    opacity : float
        1 is solid.
    rotation_degrees : float
        Anticlockwise.
    """

    color: ColorValue | None = None
    font: str | None = None
    family: str | None = None
    bold: bool = False
    italic: bool = False
    scale: float = 1.0
    size_px: float | None = None
    size_share: float | None = None
    outline: ColorValue | None = None
    shadow: bool | None = None
    opacity: float = 1.0
    rotation_degrees: float = 0.0

    def describe(self) -> str:
        """Return the look in plain words, "" where it is all left open."""
        size = "small" if self.scale < 1 else "big" if self.scale > 1 else ""
        size = f"{self.size_px:g} px" if self.size_px else f"{100 * self.size_share:g}%" if self.size_share else size
        words = [size, "bold" if self.bold else "", "italic" if self.italic else ""]
        font = "handwriting" if self.font == "hand" else self.font
        words += [self.color.name if self.color else "", self.family or font or ""]
        words += [f"outlined {self.outline.name}" if self.outline else "", "faint" if self.opacity < 1 else ""]
        words += [f"turned {self.rotation_degrees:g} degrees" if self.rotation_degrees else ""]
        return " ".join(word for word in words if word)


@dataclass(frozen=True, slots=True)
class AddText(Operation):
    """Write something on the picture, or on a surface in it.

    Attributes
    ----------
    words : str
        What is written; line breaks count.
    kind : LetteringKind
    style : LetteringStyle
    horizontal, vertical : str or None
        A part of the picture.
    surface : Target or None
        The thing that it is written on: a mug, a sign. None: over the picture.
    anchor : Target or None
        The thing that it stands by, or that speaks.
    above : bool
        Whether it stands above the anchor; otherwise below.
    phrase : str
    """

    protection = Protection.UNTOUCHED

    words: str
    kind: LetteringKind = LetteringKind.TEXT
    style: LetteringStyle = LetteringStyle()
    horizontal: Horizontal | None = None
    vertical: Vertical | None = None
    surface: Target | None = None
    anchor: Target | None = None
    above: bool = False
    phrase: str = ""

    def describe(self) -> str:
        """Return the operation in plain words.

        >>> AddText("SALE", LetteringKind.WATERMARK, vertical="bottom").describe()
        'add the watermark "SALE" at the bottom'
        """
        name = "a speech bubble saying" if self.kind is LetteringKind.BUBBLE else f"the {self.kind.value}"
        place = " ".join(part for part in (self.vertical, self.horizontal) if part)
        where = f" at the {place}" if place else ""
        if self.surface is not None:
            where = f" on {self.surface.describe()}{where}"
        elif self.anchor is not None:
            where += f" {'above' if self.above else 'below'} {self.anchor.describe()}"
        style = self.style.describe()
        words = " ".join(self.words.split())
        return f'add {name} "{words}"{where}' + (f", {style}" if style else "")

    def targets(self) -> tuple[Target, ...]:
        """Return the surface or the thing that it stands by."""
        return tuple(target for target in (self.surface, self.anchor) if target is not None)


@dataclass(frozen=True, slots=True)
class ReplaceText(Operation):
    """Write other words where words are now, in the same lettering.

    Attributes
    ----------
    target : Target
        Of kind TEXT; its ``words`` are None where the prompt does not quote them.
    new_words : str
    within : Target or None
        The thing that the words are on: "the sign".
    phrase : str
    """

    target: Target
    new_words: str
    within: Target | None = None
    phrase: str = ""

    def describe(self) -> str:
        """Return the operation in plain words."""
        where = f" on {self.within.describe()}" if self.within else ""
        return f'change {self.target.describe()}{where} to "{self.new_words}"'

    def targets(self) -> tuple[Target, ...]:
        """Return the words."""
        return (self.target,)

    def touches(self, kept: Target) -> bool:
        """Return whether it would change what the prompt wants kept."""
        return is_same_target(self.target, kept)

    def contradicts(self, earlier: Operation) -> str | None:
        """Return "contradiction" where the same words were erased or changed to others before."""
        again = isinstance(earlier, ReplaceText | EraseText) and is_same_target(self.target, earlier.target)
        return "contradiction" if again else None


@dataclass(frozen=True, slots=True)
class EraseText(Operation):
    """Take words off what they are on.

    Attributes
    ----------
    target : Target
        Of kind TEXT; its ``words`` are None for all lettering.
    within : Target or None
        The thing that the words are on.
    faint : bool
        It is a watermark or a date stamp: lettering that was laid over the picture.
    phrase : str
    """

    target: Target
    within: Target | None = None
    faint: bool = False
    phrase: str = ""

    def describe(self) -> str:
        """Return the operation in plain words."""
        where = f" on {self.within.describe()}" if self.within else ""
        return f"erase {self.target.describe()}{where}"

    def targets(self) -> tuple[Target, ...]:
        """Return the words."""
        return (self.target,)

    def touches(self, kept: Target) -> bool:
        """Return whether it would change what the prompt wants kept."""
        return is_same_target(self.target, kept)
