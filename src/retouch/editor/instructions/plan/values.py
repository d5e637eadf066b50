"""What operations are made of: colors, targets, placements."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from retouch.editor.instructions.pronouns import PRONOUNS

__all__ = ["ColorValue", "Horizontal", "Order", "Pick", "Placement", "Relation", "Target", "TargetKind", "Vertical"]

Horizontal = Literal["left", "center", "right"]
Vertical = Literal["top", "middle", "bottom"]
Order = Literal["left", "right", "top", "bottom", "large", "small", "near", "far"]


@dataclass(frozen=True, slots=True)
class Pick:
    """Which one of several of a kind is meant.

    Attributes
    ----------
    order : str
        What is counted from: a side, the largest or the smallest, the one in front or the one at the back.
    rank : int
        From 0; -1 is the last.
    """

    order: Order
    rank: int = 0


@dataclass(frozen=True, slots=True)
class ColorValue:
    """A color that the prompt names.

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
    """A part by its present color: "the yellow cushion", "the red parts"."""
    BACKGROUND = "background"
    SKY = "sky"
    TEXT = "text"
    """Lettering in the picture: "the word OPEN", "the text on the sign"."""
    REGION = "region"
    """A part of the picture by its place alone: "the top left corner", "the left half"."""
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
        Canonical singular noun: "cup"; of PICTURE "color", where only the colors are meant.
    color : ColorValue or None
        The color that the thing has now, when the prompt says so ("the yellow cushion").
    horizontal : {"left", "center", "right"} or None
    vertical : {"top", "middle", "bottom"} or None
        "the cup on the left".
    image_index : int or None
        Which input picture, counted from 0, when the prompt says so ("the mug of the second image").
    words : str or None
        Of TEXT: the lettering itself, when the prompt quotes it.
    all_but : bool
        Everything except what the rest of the target says: "all but the cup".
    pick : Pick or None
        "The second cup from the left", "the biggest cup".
    wearing : ColorValue or None
        "The woman in the red dress": the color that tells a person from others.
    plural : bool
        "The cups": all that the rest of the target says.
    count : int or None
        "The two cups", "both cups".
    """

    kind: TargetKind
    phrase: str
    noun: str | None = None
    color: ColorValue | None = None
    horizontal: Horizontal | None = None
    vertical: Vertical | None = None
    image_index: int | None = None
    words: str | None = None
    all_but: bool = False
    pick: Pick | None = None
    wearing: ColorValue | None = None
    plural: bool = field(default=False, compare=False)
    count: int | None = field(default=None, compare=False)

    def describe(self) -> str:
        """Return the target in plain words, with the words of the prompt in quotes."""
        name = f"everything but {self._describe_thing()}" if self.all_but else self._describe_thing()
        if self.kind is TargetKind.PICTURE or self.image_index is None or self._says_which_picture():
            return name
        return f"{name} of picture {self.image_index + 1}"

    @property
    def is_all_colors(self) -> bool:
        """Whether it stands for the colors of the picture: "keep the colors"."""
        return self.kind is TargetKind.PICTURE and self.noun == "color"

    def _describe_thing(self) -> str:
        match self.kind:
            case TargetKind.PICTURE:
                return f"picture {self.image_index + 1}" if self.image_index is not None else "the picture"
            case TargetKind.SUBJECT:
                return "the subject"
            case TargetKind.BACKGROUND:
                return "the background"
            case TargetKind.SKY:
                return "the sky"
            case TargetKind.REGION:
                return f"the {_join(self.vertical or '', self.horizontal or '')} of the picture"
            case TargetKind.TEXT:
                return f'the words "{self.words}"' if self.words else "the text"
        words = self.phrase.lower().split()
        quoted = self.noun if self.noun and len(words) == 1 and words[0] in PRONOUNS else self.phrase
        return f'"{quoted}"'

    def _says_which_picture(self) -> bool:
        return any(word.startswith(_PICTURE_WORDS) for word in self.phrase.lower().split())


_PICTURE_WORDS = ("image", "photo", "picture", "pic", "first", "second", "third", "fourth", "other", "last")


def _join(*parts: str) -> str:
    return " ".join(part for part in parts if part)


class Relation(StrEnum):
    """How a new object relates to what it is placed by."""

    FOREGROUND = "foreground"
    BACKGROUND = "background"
    SKY = "sky"
    GROUND = "ground"
    WATER = "water"
    ON = "on"
    ON_HEAD = "on_head"
    ON_SHOULDER = "on_shoulder"
    OVER_EYES = "over_eyes"
    NEXT_TO = "next_to"
    LEFT_OF = "left_of"
    RIGHT_OF = "right_of"
    BETWEEN = "between"
    AROUND = "around"
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
    second : Target or None
        Of BETWEEN: the other thing.
    """

    relation: Relation = Relation.ANYWHERE
    anchor: Target | None = None
    horizontal: Horizontal | None = None
    vertical: Vertical | None = None
    phrase: str = ""
    second: Target | None = None

    def describe(self) -> str:
        """Return the place in plain words; "" where the prompt says nothing."""
        anchor = self.anchor.describe() if self.anchor else "the subject"
        if self.second is not None:
            anchor = f"{anchor} and {self.second.describe()}"
        side = _join(self.vertical or "", self.horizontal or "")
        return _join(_RELATIONS[self.relation].format(anchor), f"at the {side}" if side else "")


_RELATIONS = {
    Relation.FOREGROUND: "in the foreground",
    Relation.BACKGROUND: "in the background",
    Relation.SKY: "in the sky",
    Relation.GROUND: "on the ground",
    Relation.WATER: "on the water",
    Relation.ON: "on {}",
    Relation.ON_HEAD: "on the head of {}",
    Relation.OVER_EYES: "over the eyes of {}",
    Relation.ON_SHOULDER: "on the shoulder of {}",
    Relation.BETWEEN: "between {}",
    Relation.AROUND: "around {}",
    Relation.NEXT_TO: "next to {}",
    Relation.LEFT_OF: "left of {}",
    Relation.RIGHT_OF: "right of {}",
    Relation.ABOVE: "above {}",
    Relation.BEHIND: "behind {}",
    Relation.IN_FRONT_OF: "in front of {}",
    Relation.ANYWHERE: "",
}
