"""What is behind the subject."""

from dataclasses import dataclass
from enum import StrEnum

from retouch.editor.instructions.plan.operation import Operation, Protection
from retouch.editor.instructions.plan.values import ColorValue, Target, TargetKind

__all__ = ["Background", "ChangeBackground"]


class Background(StrEnum):
    """What comes behind the subject."""

    BLUR = "blur"
    COLOR = "color"
    GRADIENT = "gradient"
    PICTURE = "picture"
    TRANSPARENT = "transparent"


@dataclass(frozen=True, slots=True)
class ChangeBackground(Operation):
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

    protection = Protection.OWN

    kind: Background
    subject: Target
    colors: tuple[ColorValue, ...] = ()
    strength: float = 1.0
    background_image_index: int | None = None
    phrase: str = ""

    @property
    def joins_pictures(self) -> bool:  # type: ignore[override]
        """Whether the new background is another input picture."""
        return self.kind is Background.PICTURE

    def describe(self) -> str:
        """Return the operation in plain words."""
        names = [color.name for color in self.colors]
        behind = "" if self.subject.kind is TargetKind.SUBJECT else f" behind {self.subject.describe()}"
        match self.kind:
            case Background.BLUR:
                degree = {0.5: "slightly ", 2.0: "strongly "}.get(self.strength, "")
                return f"{degree}blur the background{behind}"
            case Background.COLOR:
                return f"make the background{behind} plain {names[0]}"
            case Background.GRADIENT:
                return f"make the background{behind} a gradient from {names[0]} to {names[1]}"
            case Background.PICTURE:
                return f"replace the background{behind} with picture {(self.background_image_index or 0) + 1}"
            case Background.TRANSPARENT:
                return f"remove the background{behind}"

    def targets(self) -> tuple[Target, ...]:
        """Return what stays."""
        return (self.subject,)

    def pictures(self) -> frozenset[int]:
        """Return the subject's picture and the one that becomes the background."""
        behind = self.background_image_index
        return Operation.pictures(self) | (frozenset() if behind is None else {behind})

    def touches(self, kept: Target) -> bool:
        """Return whether the prompt wants the background kept."""
        return kept.kind is TargetKind.BACKGROUND

    def is_limited(self) -> bool:
        """Return False: it changes all but what it names."""
        return False
