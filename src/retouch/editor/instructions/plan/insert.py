"""Operations that put something into the picture."""

from dataclasses import dataclass, field

from retouch.editor.instructions.articles import with_article
from retouch.editor.instructions.plan.operation import Operation, Protection
from retouch.editor.instructions.plan.values import ColorValue, Placement, Target

__all__ = ["AddObject", "PlaceSubject", "PrintOnto"]


@dataclass(frozen=True, slots=True)
class AddObject(Operation):
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

    protection = Protection.UNTOUCHED

    noun: str
    phrase: str
    count: int = 1
    color: ColorValue | None = None
    scale: float = 1.0
    placement: Placement = field(default_factory=Placement)

    def describe(self) -> str:
        """Return the operation in plain words."""
        return _join("add", self._describe_object(), self.placement.describe())

    def targets(self) -> tuple[Target, ...]:
        """Return what it is placed by."""
        return (self.placement.anchor,) if self.placement.anchor is not None else ()

    def _describe_object(self) -> str:
        size = _SIZES.get(self.scale, f"{self.scale:g} times as large" if self.scale != 1.0 else "")
        thing = _join(size, self.color.name if self.color else "", self.noun)
        if self.count == 1:
            return with_article(thing)
        return f"{self.count} {_plural(thing)}"


_PLURALS = {
    "wolf": "wolves", "calf": "calves", "leaf": "leaves", "knife": "knives", "goose": "geese", "mouse": "mice", "sheep": "sheep",
    "fish": "fish", "people": "people", "person": "people", "man": "men", "woman": "women", "child": "children", "deer": "deer",
}  # fmt: skip


def _plural(thing: str) -> str:
    """Return "small red wolves" for "small red wolf"."""
    rest, _, last = thing.rpartition(" ")
    if last in _PLURALS:
        return _join(rest, _PLURALS[last])
    if last.endswith("s"):
        return thing
    if last.endswith(("ch", "sh", "x")):
        return thing + "es"
    if last.endswith("y") and last[-2:-1] not in "aeiou":
        return thing[:-1] + "ies"
    return thing + "s"


_SIZES = {0.4: "tiny", 0.6: "small", 1.6: "big", 2.5: "huge"}


@dataclass(frozen=True, slots=True)
class PrintOnto(Operation):
    """Print one picture on a surface in another. ``phrase``: the words of the prompt."""

    protection = Protection.UNTOUCHED

    picture: Target
    surface: Target
    phrase: str = ""

    joins_pictures = True

    def describe(self) -> str:
        """Return the operation in plain words."""
        return f"print {self.picture.describe()} on {self.surface.describe()}"

    def targets(self) -> tuple[Target, ...]:
        """Return the print and what it goes on."""
        return self.picture, self.surface

    def edited_picture(self) -> int | None:
        """Return the picture of the surface."""
        return self.surface.image_index


@dataclass(frozen=True, slots=True)
class PlaceSubject(Operation):
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

    protection = Protection.UNTOUCHED

    subject: Target
    scene_image_index: int
    placement: Placement = field(default_factory=Placement)
    scale: float = 1.0
    phrase: str = ""

    joins_pictures = True

    def describe(self) -> str:
        """Return the operation in plain words."""
        size = f"at {self.scale:g} times its size" if self.scale != 1.0 else ""
        into = f"put {self.subject.describe()} into picture {self.scene_image_index + 1}"
        return _join(into, self.placement.describe(), size)

    def targets(self) -> tuple[Target, ...]:
        """Return what is cut out, and what it is placed by."""
        return (self.subject, self.placement.anchor) if self.placement.anchor is not None else (self.subject,)

    def pictures(self) -> frozenset[int]:
        """Return the picture of the subject and the one that receives it."""
        return Operation.pictures(self) | {self.scene_image_index}

    def edited_picture(self) -> int:
        """Return the receiving picture."""
        return self.scene_image_index


def _join(*parts: str) -> str:
    return " ".join(part for part in parts if part)
