"""What a noun phrase says, before it is known what it points at."""

from dataclasses import dataclass, field

from retouch.editor.instructions.plan import ColorValue, Horizontal, Pick, Target, Vertical

__all__ = ["ALL_WORDS", "COLOR_PART_NOUNS", "MATERIAL_ADJECTIVES", "REGION_NOUNS", "ROOMS", "SUBJECT_NOUNS", "Thing"]

SUBJECT_NOUNS = frozenset(
    ["subject", "main subject", "object", "main object", "product", "item", "main thing", "thing", "focus", "motif"]
)
COLOR_PART_NOUNS = frozenset(
    """
        part parts bit bits area areas stuff things thing region regions pixels one ones spots
    """.split()  # noqa: SIM905
)
MATERIAL_ADJECTIVES = frozenset(
    """
        wooden metallic striped dotted spotted checkered shiny glossy fluffy floral plastic leather patterned rusty
        cartoon happy angry sad sharp different
    """.split()  # noqa: SIM905 - a table of words is read, not run
)
"""Adjectives of things that no color or size says."""
REGION_NOUNS = frozenset(
    "corner corners side half halves edge edges third quarter area part region portion end section margin".split()  # noqa: SIM905
)
"""With a side before it, a part of the picture by its place: "the left half"."""
ROOMS = frozenset(
    [
        "room", "living room", "bedroom", "kitchen", "bathroom", "lounge", "dining room", "hallway", "interior", "apartment",
        "flat", "office", "conservatory", "study", "sitting room", "nursery",
    ]
)  # fmt: skip
"""What a photo taken indoors shows all over."""
ALL_WORDS = frozenset(["everything", "all", "anything"])


@dataclass
class Thing:
    """A noun phrase as read, before it is known whether it is a target or a new object.

    Attributes
    ----------
    noun : str or None
        Canonical singular; None for "the red one" or a pronoun.
    picture : bool
        It is an input picture: "the second image", "this photo".
    extras : list of str
        Adjectives that nothing can be made of.
    pronoun : {"thing", "person"} or None
    all_but : bool
        Everything except what the rest says.
    rest_of : Target or None
        "The rest", behind a clause about this.
    region : bool
        A part of the picture by its place alone.
    ordinal : int or None
        "The second bird": as in ``vocabulary.ORDINALS``.
    pick : Pick or None
        Which one of several.
    wearing : ColorValue or None
        "The woman in the red dress".
    bare_one : bool
        "One" stands for the noun: "the one on the right".
    """

    start: int
    end: int = 0
    phrase: str = ""
    determiner: str | None = None
    number: int | None = None
    plural: bool = False
    size: float | None = None
    color: ColorValue | None = None
    horizontal: Horizontal | None = None
    vertical: Vertical | None = None
    noun: str | None = None
    known: bool = False
    picture: bool = False
    image_index: int | None = None
    everything: bool = False
    pronoun: str | None = None
    extras: list[str] = field(default_factory=list)
    owner: "Thing | None" = None
    all_but: bool = False
    rest_of: Target | None = None
    region: bool = False
    ordinal: int | None = None
    pick: Pick | None = None
    wearing: ColorValue | None = None
    bare_one: bool = False
