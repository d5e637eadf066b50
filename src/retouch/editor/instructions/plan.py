"""The typed plan: what a prompt was understood to ask for, before any picture is looked at."""

from dataclasses import dataclass, field, fields, is_dataclass
from enum import StrEnum
from typing import Any, Literal

__all__ = [
    "AddObject",
    "AdjustLook",
    "Background",
    "ChangeBackground",
    "ColorValue",
    "EditPlan",
    "Horizontal",
    "Look",
    "Operation",
    "PlaceSubject",
    "Placement",
    "PrintOnto",
    "Recolor",
    "Relation",
    "Target",
    "TargetKind",
    "Vertical",
    "as_json",
]

Horizontal = Literal["left", "center", "right"]
Vertical = Literal["top", "middle", "bottom"]


@dataclass(frozen=True, slots=True)
class ColorValue:
    """A colour that the prompt names.

    Attributes
    ----------
    name : str
        As the user knows it: "navy", "#ff8800".
    rgb : tuple of three int
        sRGB, 0 to 255.
    """

    name: str
    rgb: tuple[int, int, int]


class TargetKind(StrEnum):
    """What kind of thing a phrase points at."""

    SUBJECT = "subject"
    """The main subject, named generically: "it", "the subject", "the main object"."""
    NOUN = "noun"
    """A thing by its name: "the cup", "the T-rex"."""
    COLOR_PART = "color_part"
    """A part by its present colour: "the yellow cushion", "the red parts"."""
    BACKGROUND = "background"
    SKY = "sky"
    PICTURE = "picture"
    """A whole input picture."""


@dataclass(frozen=True, slots=True)
class Target:
    """What an operation is about.

    Attributes
    ----------
    kind : TargetKind
    phrase : str
        The words of the prompt; "" where it does not name the thing ("blur the background": the subject).
    noun : str or None
        Canonical singular noun: "cup".
    color : ColorValue or None
        The colour that the thing has now, when the prompt says so ("the yellow cushion").
    horizontal : {"left", "center", "right"} or None
    vertical : {"top", "middle", "bottom"} or None
        "the cup on the left".
    image_index : int or None
        Which input picture, counted from 0, when the prompt says so ("the mug of the second image").
    """

    kind: TargetKind
    phrase: str
    noun: str | None = None
    color: ColorValue | None = None
    horizontal: Horizontal | None = None
    vertical: Vertical | None = None
    image_index: int | None = None


class Relation(StrEnum):
    """How a new object relates to what it is placed by."""

    FOREGROUND = "foreground"
    BACKGROUND = "background"
    SKY = "sky"
    GROUND = "ground"
    WATER = "water"
    ON = "on"
    ON_HEAD = "on_head"
    OVER_EYES = "over_eyes"
    NEXT_TO = "next_to"
    LEFT_OF = "left_of"
    RIGHT_OF = "right_of"
    ABOVE = "above"
    BEHIND = "behind"
    IN_FRONT_OF = "in_front_of"
    ANYWHERE = "anywhere"


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a new object goes.

    Attributes
    ----------
    relation : Relation
    anchor : Target or None
        What the relation refers to; None is the scene as a whole.
    horizontal, vertical : str or None
        A part of the picture: "top left".
    phrase : str
        The words of the prompt, "" when it says nothing.
    """

    relation: Relation = Relation.ANYWHERE
    anchor: Target | None = None
    horizontal: Horizontal | None = None
    vertical: Vertical | None = None
    phrase: str = ""


@dataclass(frozen=True, slots=True)
class AddObject:
    """Put a new object into the scene.

    Attributes
    ----------
    noun : str
        Canonical singular: "bird".
    phrase : str
        As the prompt says it: "a small red bird".
    count : int
        1 to 12.
    color : ColorValue or None
        "a red balloon".
    scale : float
        Size relative to the thing's real-world size: 0.6 "small", 1.6 "big", 2.5 "huge", 1.0 when nothing is said.
    placement : Placement
    """

    noun: str
    phrase: str
    count: int = 1
    color: ColorValue | None = None
    scale: float = 1.0
    placement: Placement = field(default_factory=Placement)


@dataclass(frozen=True, slots=True)
class Recolor:
    """Give a target another colour, keeping its shading.

    Exactly one of ``color`` and ``lightness_shift`` says what happens: a colour, or "a bit darker" (-0.08), "lighter" (0.12)
    as a shift of Oklab L. ``phrase``: the words of the prompt.
    """

    target: Target
    color: ColorValue | None = None
    lightness_shift: float = 0.0
    phrase: str = ""


class Background(StrEnum):
    """What comes behind the subject."""

    BLUR = "blur"
    COLOR = "color"
    GRADIENT = "gradient"
    PICTURE = "picture"
    TRANSPARENT = "transparent"


@dataclass(frozen=True, slots=True)
class ChangeBackground:
    """Blur or replace what is behind the subject.

    Attributes
    ----------
    kind : Background
    colors : tuple of ColorValue
        One for COLOR; two for GRADIENT (top to bottom).
    strength : float
        Of BLUR: 0.5 "slightly", 1.0, 2.0 "strongly".
    subject : Target
        What stays. ``image_index`` says in which picture.
    background_image_index : int or None
        Of PICTURE.
    phrase : str
        The words of the prompt.
    """

    kind: Background
    subject: Target
    colors: tuple[ColorValue, ...] = ()
    strength: float = 1.0
    background_image_index: int | None = None
    phrase: str = ""


@dataclass(frozen=True, slots=True)
class PrintOnto:
    """Print one picture on a surface in another. ``phrase``: the words of the prompt."""

    picture: Target
    surface: Target
    phrase: str = ""


@dataclass(frozen=True, slots=True)
class PlaceSubject:
    """Cut the subject out of one picture and put it into another.

    Attributes
    ----------
    subject : Target
        With ``image_index`` of the source.
    scene_image_index : int
        The picture that receives it.
    placement : Placement
    scale : float
        As in ``AddObject``.
    phrase : str
        The words of the prompt.
    """

    subject: Target
    scene_image_index: int
    placement: Placement = field(default_factory=Placement)
    scale: float = 1.0
    phrase: str = ""


class Look(StrEnum):
    """A look of the whole picture."""

    BLACK_AND_WHITE = "black_and_white"
    SEPIA = "sepia"
    VINTAGE = "vintage"
    WARMER = "warmer"
    COOLER = "cooler"
    BRIGHTER = "brighter"
    DARKER = "darker"
    MORE_CONTRAST = "more_contrast"
    LESS_CONTRAST = "less_contrast"
    MORE_SATURATED = "more_saturated"
    LESS_SATURATED = "less_saturated"


@dataclass(frozen=True, slots=True)
class AdjustLook:
    """Change the look of the whole picture, or of one target.

    Attributes
    ----------
    look : Look
    strength : float
        0.5 "slightly", 1.0, 1.6 "a lot".
    target : Target or None
        None is the whole picture; "make the background black and white" names one.
    phrase : str
        The words of the prompt.
    """

    look: Look
    strength: float = 1.0
    target: Target | None = None
    phrase: str = ""


Operation = AddObject | Recolor | ChangeBackground | PrintOnto | PlaceSubject | AdjustLook


@dataclass(frozen=True, slots=True)
class EditPlan:
    """A whole prompt, understood.

    Attributes
    ----------
    operations : tuple of Operation
        In the order in which they are carried out. Never empty.
    kept : tuple of str
        Clauses that ask for what happens anyway: "don't change anything else", "make it look natural".
    assumptions : tuple of str
        Readings that the prompt leaves open, in plain words.
    """

    operations: tuple[Operation, ...]
    kept: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()


def as_json(value: Any) -> Any:
    """Return a plan, or a part of it, as JSON-ready values; an operation carries its class name under "operation"."""
    if is_dataclass(value) and not isinstance(value, type):
        body = {f.name: as_json(getattr(value, f.name)) for f in fields(value)}
        if isinstance(value, Operation):
            return {"operation": type(value).__name__, **body}
        return {key: item for key, item in body.items() if item is not None}
    if isinstance(value, tuple | list):
        return [as_json(item) for item in value]
    return value.value if isinstance(value, StrEnum) else value
