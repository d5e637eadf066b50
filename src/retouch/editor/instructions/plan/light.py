"""Light and weather."""

from dataclasses import dataclass, replace
from enum import StrEnum

from retouch.editor.instructions.plan.operation import Operation
from retouch.editor.instructions.plan.values import Target, TargetKind

__all__ = ["ChangeLight", "LightKind"]


class LightKind(StrEnum):
    """What the light or the weather is to be; several go together in one operation ("a rainy night")."""

    SUNRISE = "sunrise"
    GOLDEN_HOUR = "golden_hour"
    SUNSET = "sunset"
    DUSK = "dusk"
    BLUE_HOUR = "blue_hour"
    NIGHT = "night"
    DAY = "day"
    CLEAR = "clear"
    CLOUDS = "clouds"
    DRAMATIC = "dramatic"
    OVERCAST = "overcast"
    THUNDERSTORM = "thunderstorm"
    LIGHTNING = "lightning"
    STARS = "stars"
    MOON = "moon"
    FOG = "fog"
    MIST = "mist"
    HAZE = "haze"
    RAIN = "rain"
    SNOWFALL = "snowfall"
    SNOW_COVER = "snow_cover"
    AUTUMN = "autumn"
    SUN_RAYS = "sun_rays"
    LENS_FLARE = "lens_flare"
    SPOTLIGHT = "spotlight"
    STUDIO_LIGHT = "studio_light"
    BACKLIGHT = "backlight"
    RIM_LIGHT = "rim_light"


@dataclass(frozen=True, slots=True)
class ChangeLight(Operation):
    """Change the time of day, the sky, the weather, or add a light.

    Attributes
    ----------
    kinds : tuple of LightKind
        At least one; carried out together.
    strength : float
        0.5 "slightly", 1.0, 1.6 "a lot".
    sky_only : bool
        The sky changes and nothing else does.
    grade : bool
        The sky that is there is made more dramatic, if it shows anything; no new one is put in.
    target : Target or None
        What a spotlight, a rim or studio light falls on; None is the main subject, or the picture's middle.
    phrase : str
        The words of the prompt.
    """

    kinds: tuple[LightKind, ...]
    strength: float = 1.0
    sky_only: bool = False
    target: Target | None = None
    grade: bool = False
    phrase: str = ""

    def describe(self) -> str:
        """Return the operation in plain words.

        >>> ChangeLight((LightKind.NIGHT, LightKind.RAIN)).describe()
        'light: night, rain'
        """
        if self.grade:
            degree = "slightly " if self.strength < 1 else "strongly " if self.strength > 1 else ""
            return f"{degree}make the sky more dramatic"
        names = ", ".join(kind.value.replace("_", " ") for kind in self.kinds)
        degree = "slightly " if self.strength < 1 else "strongly " if self.strength > 1 else ""
        place = f" on {self.target.describe()}" if self.target is not None else ""
        return f"{degree}light: {names}{place}" + (", only the sky" if self.sky_only else "")

    def targets(self) -> tuple[Target, ...]:
        """Return what a lamp is pointed at."""
        return (self.target,) if self.target is not None else ()

    def touches(self, kept: Target) -> bool:
        """Return whether it is about the very thing that the prompt wants kept."""
        return kept.kind is (TargetKind.SKY if self.sky_only else TargetKind.PICTURE)

    def changes_colors(self) -> bool:
        """Return whether the light of the whole picture takes another color."""
        return not self.sky_only and not _COLORS_ALL.isdisjoint(self.kinds)

    def is_limited(self) -> bool:
        """Return whether only the sky changes; a lamp lights up more than what it is pointed at."""
        return self.sky_only

    def sparing(self, kept: Target) -> "ChangeLight":
        """Return "a dramatic sky" for the sky alone where something on the ground is to stay."""
        of_sky = "sky" in self.phrase.lower() and kept.kind not in (TargetKind.SKY, TargetKind.PICTURE)
        return replace(self, sky_only=True) if of_sky else self

    def contradicts(self, earlier: Operation) -> str | None:
        """Return "contradiction" behind another time of day."""
        if not isinstance(earlier, ChangeLight):
            return None
        mine, before = (next((k for k in op.kinds if k in TIMES_OF_DAY), None) for op in (self, earlier))
        return "contradiction" if mine is not None and before is not None and mine is not before else None


TIMES_OF_DAY = frozenset(
    [
        LightKind.SUNRISE, LightKind.GOLDEN_HOUR, LightKind.SUNSET, LightKind.DUSK, LightKind.BLUE_HOUR,
        LightKind.NIGHT, LightKind.DAY,
    ]
)  # fmt: skip
_COLORS_ALL = TIMES_OF_DAY | {LightKind.AUTUMN, LightKind.SNOW_COVER}
"""What gives the whole picture other colors; fog, rain and lamps leave them as they are, if paler."""
