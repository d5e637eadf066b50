"""Clauses about light and weather: "make it sunset", "add fog", "a rainy night", "replace the sky with a starry one"."""

import re
from typing import Final

from retouch.editor.instructions.context import Context, Refusal
from retouch.editor.instructions.cursor import Cursor
from retouch.editor.instructions.nouns import singular
from retouch.editor.instructions.phrases import parse_thing
from retouch.editor.instructions.plan import ChangeLight, LightKind, Target, TargetKind
from retouch.editor.instructions.targets import to_target

__all__ = ["parse_light"]

STRENGTH: Final = {"little": 0.5, None: 1.0, "plain": 1.0, "much": 1.6}

_VERBS: Final = frozenset(
    ["add", "put", "give", "show", "want", "make", "turn", "change", "replace", "swap", "use", "paint", "touch"]
)
_GLUE: Final = frozenset(
    """
        light lighting lights weather season scene time hour if were was taken shot during it's its it is day's that this
        there falling coming shining streaming lit covered filled full beautiful nice some more outside outdoors landscape
        photograph photographed captured air distance atmosphere ambience conditions sky skies summer real realistic
        natural pretty gorgeous lovely cool strong of in at as like through off out over set go let late early soft warm
        cold bright dark deep bolt bolts effect huge big before after the a an sort kind way such all everything
        everywhere whole entire place being having has have
    """.split()  # noqa: SIM905 - a table of words is read, not run
)
"""Words between the terms that say nothing of their own."""
_WEAK: Final = frozenset(["light", "thin", "soft", "faint", "gentle", "fine", "drizzle"])
_STRONG: Final = frozenset(
    ["dense", "thick", "heavy", "deep", "strong", "torrential", "downpour", "blizzard", "snowstorm", "pouring rain"]
)
_SNOW_LIES_ON: Final = frozenset(
    ["ground", "roof", "tree", "branch", "mountain", "grass", "house", "hill", "street", "field"]
)
_FOG_LIES_IN: Final = frozenset(
    """
        background mountain hill forest field ground water lake sea valley river tree meadow horizon city street road beach
        ocean landscape grass
    """.split()  # noqa: SIM905 - a table of words is read, not run
)
_SKY_COLORS: Final = {
    "blue": LightKind.CLEAR, "light blue": LightKind.CLEAR, "gray": LightKind.OVERCAST, "grey": LightKind.OVERCAST,
    "pink": LightKind.SUNRISE, "orange": LightKind.SUNSET, "red": LightKind.SUNSET, "golden": LightKind.GOLDEN_HOUR,
}  # fmt: skip
_TIMES: Final = frozenset(
    [
        LightKind.SUNRISE, LightKind.GOLDEN_HOUR, LightKind.SUNSET, LightKind.DUSK, LightKind.BLUE_HOUR,
        LightKind.NIGHT, LightKind.DAY,
    ]
)  # fmt: skip
_LAMPS: Final = frozenset([LightKind.SPOTLIGHT, LightKind.STUDIO_LIGHT, LightKind.BACKLIGHT, LightKind.RIM_LIGHT])
_RAYS_PASS: Final = frozenset(["tree", "window", "cloud", "leaf", "branch", "forest"])
_LEAVES: Final = frozenset(["tree", "leaf", "forest", "bush", "branch", "park", "garden", "field", "hill", "wood"])
_AIR: Final = frozenset([LightKind.FOG, LightKind.MIST, LightKind.HAZE])
_SKY_ONLY: Final = frozenset([LightKind.CLEAR, LightKind.CLOUDS, LightKind.MOON])
_TWO: Final = {
    "snow": (LightKind.SNOWFALL, LightKind.SNOW_COVER),
    "winter": (LightKind.SNOW_COVER, LightKind.OVERCAST),
    "moonlit": (LightKind.NIGHT, LightKind.MOON),
    "moonlight": (LightKind.NIGHT, LightKind.MOON),
    "starry night": (LightKind.NIGHT, LightKind.STARS),
}
_CLOUD_SHAPES: Final = frozenset(
    ["fluffy", "puffy", "wispy", "cotton", "billowing", "big", "small", "little", "more", "few"]
)
_ONLY = re.compile(
    r"\b(only|just|nothing but) (change |replace |touch |edit |swap )?(the |this )?sky\b|\bsky only\b"
    r"|\b(don'?t|do not|without|leave|keep|not) \w* ?(changing |touching )?(anything|everything|the rest|all)\b"
)
"""A prompt that wants all but the sky left alone."""


def parse_light(cur: Cursor, ctx: Context) -> list[ChangeLight]:
    """Return the change of light or weather that a clause asks for; empty if it is about something else."""
    if _clears_sky(cur):
        return [ChangeLight((LightKind.CLEAR,), sky_only=True, phrase=ctx.text(cur.tokens))]
    cur.at = 0
    if not any(token.sense.term("light") for token in cur.tokens) and not _colored_sky(cur):
        return []
    if _ON_MOON.search(" ".join(token.word for token in cur.tokens)) is not None:
        return []
    reader = _Reader(cur, ctx)
    if not reader.read():
        return []
    kinds = _settle(reader)
    if not kinds:
        return []
    if kinds == (LightKind.DRAMATIC,) and _means_sky(cur, ctx):
        reader.sky = True
    if LightKind.DRAMATIC in kinds and not reader.sky and LightKind.CLOUDS not in kinds and len(kinds) == 1:
        return []
    clouds_too = {LightKind.DRAMATIC, LightKind.THUNDERSTORM, LightKind.OVERCAST} & set(kinds)
    kinds = tuple(kind for kind in kinds if kind is not LightKind.CLOUDS or not clouds_too)
    sky_only = set(kinds) <= _SKY_ONLY or (
        reader.sky and _ONLY.search(ctx.prompt.lower().replace("’", "'")) is not None
    )
    phrase = ctx.text(cur.tokens[: cur.at])
    strength = STRENGTH[reader.degree]
    grade = kinds == (LightKind.DRAMATIC,) and reader.sky and not _wants_new_sky(cur)
    return [ChangeLight(kinds, strength, sky_only=sky_only or grade, target=reader.target, grade=grade, phrase=phrase)]


_ON_MOON = re.compile(r"\bon(?:to)? the (?:full )?moon\b")
"""A place to be, and no light."""


def _means_sky(cur: Cursor, ctx: Context) -> bool:
    """Whether "it" stands for the sky, which was just named: "make the sky darker and more dramatic"."""
    of_sky = ctx.referent is not None and ctx.referent.kind is TargetKind.SKY
    return of_sky and any(token.sense.pronoun == "thing" for token in cur.tokens)


def _wants_new_sky(cur: Cursor) -> bool:
    """Whether a dramatic sky is to replace the present one: other clouds or a new sky are asked for in words."""
    return any(
        token.sense.verb in ("replace", "swap", "add", "put", "use")
        or token.sense.term("light") in ("clouds", "overcast")
        for token in cur.tokens
    )


class _Reader:
    """Reads a clause word by word; gives up at the first word that is not about light."""

    def __init__(self, cur: Cursor, ctx: Context) -> None:
        self.cur = cur
        self.ctx = ctx
        self.kinds: list[LightKind] = []
        self.joints: list[str] = []
        """What stands between two kinds, where it decides: "to", "instead"."""
        self.sky = False
        self.degree: str | None = None
        self.target: Target | None = None

    def read(self) -> bool:
        """Return whether every word of the clause was understood."""
        while not self.cur.done:
            if not (
                self._term()
                or self._target()
                or self._cloud_look()
                or self._sky()
                or self._place()
                or self._degree()
                or self._glue()
            ):
                return False
        return bool(self.kinds)

    def _term(self) -> bool:
        sense, word = self.cur.sense(), self.cur.word()
        term = sense.term("light")
        if term is None:
            return False
        if term == "moon" and self.cur.sense(-1).size is not None:
            return False
        found = _TWO.get(word) or _TWO.get(term) or (LightKind(term),)
        if term == "snow" and self._on_something():
            found = (LightKind.SNOW_COVER,)
            self.ctx.assume("snow lies on all that faces the sky")
        self.kinds += [kind for kind in found if kind not in self.kinds]
        self.joints.append("")
        if word in _STRONG:
            self.degree = "much"
        elif word in _WEAK:
            self.degree = "little"
        self.cur.at += 1
        return True

    def _on_something(self) -> bool:
        """Whether "on the ground", "on the roofs" follows snow."""
        ahead = 1
        if self.cur.sense(ahead).preposition not in ("on", "onto", "over"):
            return False
        while self.cur.sense(ahead + 1).determiner is not None:
            ahead += 1
        return self.cur.sense(ahead + 1).noun in _SNOW_LIES_ON

    def _target(self) -> bool:
        """Read what a lamp is pointed at: "a spotlight on the cat", "spotlight her"."""
        if not self.kinds or self.kinds[-1] not in _LAMPS or self.target is not None:
            return False
        begin = self.cur.at
        self.cur.take_preposition("on", "at", "onto", "over", "to", "around", "for", "behind", "from", "of")
        if self.cur.word() == "behind":
            self.cur.at += 1
        thing = parse_thing(self.cur, self.ctx)
        if thing is None or self.cur.at == begin:
            self.cur.at = begin
            return False
        if not (thing.picture or thing.everything):
            target = to_target(thing, self.ctx)
            self.target = None if target.kind in (TargetKind.PICTURE, TargetKind.BACKGROUND) else target
            self.ctx.referent = self.target or self.ctx.referent
        return True

    def _sky(self) -> bool:
        """Read "the sky", "a blue sky"."""
        color = self.cur.sense().color
        if color is not None and self.cur.sense(1).noun == "sky" and self._may_name_new_sky():
            kind = _SKY_COLORS.get(color.name)
            if kind is None:
                return False
            self.kinds.append(kind)
            self.cur.at += 2
            self.sky = True
            return True
        if self.cur.sense().noun == "sky":
            self.cur.at += 1
            self.sky = True
            return True
        return False

    def _cloud_look(self) -> bool:
        """Read "blue" in "make the sky blue with clouds", "fluffy white" in front of clouds."""
        sense, word = self.cur.sense(), self.cur.word()
        clouded = any(token.sense.term("light") == "clouds" for token in self.cur.tokens)
        in_front = any(self.cur.sense(ahead).term("light") == "clouds" for ahead in (1, 2, 3))
        if clouded and self.sky and sense.color is not None and sense.color.name in ("blue", "light blue", "sky blue"):
            self.cur.at += 1
            return True
        if in_front and ((sense.color is not None and sense.color.name == "white") or word in _CLOUD_SHAPES):
            self.cur.at += 1
            return True
        return False

    def _may_name_new_sky(self) -> bool:
        """Whether a colored sky is wished for ("add a blue sky") and not pointed at ("the blue sky")."""
        return self.cur.sense(-1).determiner != "definite" if self.cur.at > 0 else True

    def _place(self) -> bool:
        """Read where fog or snow lies and rays pass, when that is where they do anyway."""
        noun = self.cur.sense().noun
        snow, air = LightKind.SNOW_COVER in self.kinds, bool(_AIR & set(self.kinds))
        rays = LightKind.SUN_RAYS in self.kinds
        from_sun = rays or LightKind.LENS_FLARE in self.kinds
        wet = bool({LightKind.RAIN, LightKind.SNOWFALL} & set(self.kinds))
        if rays_from_day := self.kinds == [LightKind.DAY] and noun in _RAYS_PASS and self._said_through():
            self.kinds = [LightKind.SUN_RAYS]
        if (
            rays_from_day
            or ((snow or wet) and noun in _SNOW_LIES_ON)
            or (air and singular(self.cur.word()) in _FOG_LIES_IN)
            or (air and self.cur.sense().term("blend") == "far")
            or (rays and noun in _RAYS_PASS)
            or (from_sun and noun == "sun")
            or (noun in _LEAVES and any(token.sense.term("light") == "autumn" for token in self.cur.tokens))
        ):
            self.cur.at += 1
            return True
        return False

    def _said_through(self) -> bool:
        """Whether "through the" stands before: sunlight that comes through something is seen as rays."""
        return any(self.cur.word(-back) == "through" for back in (1, 2, 3) if self.cur.at >= back)

    def _degree(self) -> bool:
        word = self.cur.word()
        if self.kinds and self.cur.sense().side is not None and not self.cur.done:
            raise Refusal("light_place")
        follows = self.cur.sense(1).term("light") is not None
        if follows and (word in _WEAK or word in _STRONG):
            self.degree = "little" if word in _WEAK else "much"
            self.cur.at += 1
            return True
        degree = self.cur.take_degree()
        if degree is not None:
            self.degree = degree if degree != "plain" else self.degree
            return True
        if self.cur.sense().amount == 1:
            self.cur.at += 1
            return True
        return False

    def _glue(self) -> bool:
        """Step over a word that says nothing of its own."""
        sense, word = self.cur.sense(), self.cur.word()
        if sense.negation is not None or sense.amount == -1:
            return False
        if sense.preposition in ("into", "to", "instead", "from") and self.kinds:
            self.joints[-1:] = [sense.preposition]
        silent = (
            sense.verb in _VERBS or sense.determiner or sense.picture or sense.fluff or sense.copula or sense.modal
            or sense.connector in ("and", ",", "with") or sense.pronoun == "thing" or word in _GLUE
            or (sense.preposition is not None and sense.preposition not in ("except", "under", "between"))
        )  # fmt: skip
        if not silent:
            return False
        self.cur.at += 1
        return True


_FEWER: Final = ("less", "fewer", "no", "without", "reduce", "not so many", "not many")


def _clears_sky(cur: Cursor) -> bool:
    """Read "remove the clouds [from the sky]", "less clouds", "no clouds in the sky"."""
    removing = cur.take_verb("remove") is not None or cur.take_word(*_FEWER)
    if not removing and cur.sense().term("remove") != "remove":
        return False
    cur.at += cur.sense().term("remove") == "remove"
    while cur.sense().determiner or cur.sense().color:
        cur.at += 1
    if not cur.take_word("clouds", "cloudy", "cloud"):
        return False
    if cur.take_preposition("from", "in", "of"):
        cur.at += bool(cur.sense().determiner)
        cur.at += cur.sense().noun == "sky"
    return cur.done


def _colored_sky(cur: Cursor) -> bool:
    """Whether a clause wishes for "a blue sky"."""
    return any(
        token.sense.color is not None
        and i + 1 < len(cur.tokens)
        and cur.tokens[i + 1].sense.noun == "sky"
        and token.sense.color.name in _SKY_COLORS
        and i > 0
        and cur.tokens[i - 1].sense.determiner != "definite"
        for i, token in enumerate(cur.tokens)
    )


def _settle(reader: _Reader) -> tuple[LightKind, ...]:
    """Return the kinds that go together: of two times of day "from day to night" means the second."""
    kinds = list(reader.kinds)
    times = [kind for kind in kinds if kind in _TIMES]
    wet = {LightKind.RAIN, LightKind.SNOWFALL, LightKind.OVERCAST, LightKind.THUNDERSTORM, LightKind.SNOW_COVER}
    others = [kind for kind in kinds if kind not in _TIMES]
    if {LightKind.CLEAR, LightKind.OVERCAST} <= set(others):  # "turn the gray sky into a blue sky"
        others.remove(min((LightKind.CLEAR, LightKind.OVERCAST), key=others.index))
    if len(times) > 1:
        if any(joint in ("into", "to", "from") for joint in reader.joints):
            times = times[-1:]
        elif "instead" in reader.joints:
            times = times[:1]
        elif LightKind.DAY in times:
            times = [kind for kind in times if kind is not LightKind.DAY]
    if len(times) > 1:
        raise Refusal("contradiction", " and ".join(kind.value.replace("_", " ") for kind in times))
    if times == [LightKind.DAY] and (wet | _AIR | {LightKind.AUTUMN}) & set(others):
        times = []
    if LightKind.STARS in others and LightKind.NIGHT not in times and times:
        raise Refusal("contradiction", f"stars and {times[0].value.replace('_', ' ')}")
    return tuple(dict.fromkeys([*times, *others]))
