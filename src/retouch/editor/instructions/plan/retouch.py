"""Operations that repair and finish a photo: detail, noise, haze, tone, white balance, eyes, skin and teeth."""

from dataclasses import dataclass
from enum import StrEnum

from retouch.editor.instructions.plan.operation import Operation, is_same_target
from retouch.editor.instructions.plan.values import Target, TargetKind

__all__ = ["Retouch", "RetouchPicture"]


class Retouch(StrEnum):
    """What is done to a photo, or to a part of it."""

    SHARPEN = "sharpen"
    DEBLUR = "deblur"
    DENOISE = "denoise"
    DEHAZE = "dehaze"
    UPSCALE = "upscale"
    WHITE_BALANCE = "white_balance"
    ENHANCE = "enhance"
    HDR = "hdr"
    CLARITY = "clarity"
    LIFT_SHADOWS = "lift_shadows"
    DEEPEN_SHADOWS = "deepen_shadows"
    LOWER_HIGHLIGHTS = "lower_highlights"
    LIFT_CORNERS = "lift_corners"
    EXPOSURE = "exposure"
    RED_EYE = "red_eye"
    SMOOTH_SKIN = "smooth_skin"
    WHITEN_TEETH = "whiten_teeth"
    BRIGHTEN_EYES = "brighten_eyes"


@dataclass(frozen=True, slots=True)
class RetouchPicture(Operation):
    """Repair or finish the whole picture, or one target.

    Attributes
    ----------
    kind : Retouch
    strength : float
        0.5 "slightly", 1.0, 1.6 "a lot"; of EXPOSURE the stops, negative for darker.
    target : Target or None
        None is the whole picture; RED_EYE, SMOOTH_SKIN, WHITEN_TEETH and BRIGHTEN_EYES find their own part.
    phrase : str
        The words of the prompt.
    """

    kind: Retouch
    strength: float = 1.0
    target: Target | None = None
    phrase: str = ""

    def describe(self) -> str:
        """Return the operation in plain words.

        >>> RetouchPicture(Retouch.EXPOSURE, -1.0).describe()
        'expose the picture by -1 EV'
        """
        what = self.target.describe() if self.target is not None else "the picture"
        if self.kind is Retouch.EXPOSURE:
            return f"expose {what} by {self.strength:+g} EV"
        degree = "slightly " if self.strength < 1 else "strongly " if self.strength > 1 else ""
        return degree + _WORDS[self.kind].format(what)

    def targets(self) -> tuple[Target, ...]:
        """Return the part that it is limited to."""
        return (self.target,) if self.target is not None else ()

    def touches(self, kept: Target) -> bool:
        """Return whether it is about the very thing that the prompt wants kept."""
        if kept.kind is TargetKind.PICTURE and self.kind in _DETAIL:
            return False  # "leave it as it is, just sharpen it"
        if self.kind in _OWN_PART:
            return kept.noun == _OWN_PART[self.kind]
        return kept.kind is TargetKind.PICTURE if self.target is None else is_same_target(self.target, kept)

    def changes_colors(self) -> bool:
        """Return whether the white balance or the saturation of the whole picture is set."""
        return self.target is None and self.kind in _OF_COLOR

    def is_limited(self) -> bool:
        """Return whether it changes only the thing that it names, or a part of a face."""
        return self.kind in _OWN_PART or Operation.is_limited(self)


_OWN_PART = {
    Retouch.SMOOTH_SKIN: "skin",
    Retouch.WHITEN_TEETH: "tooth",
    Retouch.BRIGHTEN_EYES: "eye",
    Retouch.RED_EYE: "red eye",
}
_DETAIL = frozenset([Retouch.SHARPEN, Retouch.DEBLUR, Retouch.DENOISE, Retouch.UPSCALE, Retouch.CLARITY])
_OF_COLOR = frozenset([Retouch.WHITE_BALANCE, Retouch.ENHANCE, Retouch.HDR])

_WORDS = {
    Retouch.SHARPEN: "sharpen {}",
    Retouch.DEBLUR: "reduce the blur of {}",
    Retouch.DENOISE: "reduce the noise of {}",
    Retouch.DEHAZE: "clear the haze of {}",
    Retouch.UPSCALE: "enlarge {} with clean edges",
    Retouch.WHITE_BALANCE: "correct the white balance of {}",
    Retouch.ENHANCE: "enhance {}",
    Retouch.HDR: "give {} an HDR look",
    Retouch.CLARITY: "give {} more clarity",
    Retouch.LIFT_SHADOWS: "lift the shadows of {}",
    Retouch.DEEPEN_SHADOWS: "deepen the shadows of {}",
    Retouch.LOWER_HIGHLIGHTS: "bring down the highlights of {}",
    Retouch.LIFT_CORNERS: "take out the vignette of {}",
    Retouch.RED_EYE: "remove red eyes",
    Retouch.SMOOTH_SKIN: "smooth the skin",
    Retouch.WHITEN_TEETH: "whiten the teeth",
    Retouch.BRIGHTEN_EYES: "brighten the eyes",
}
