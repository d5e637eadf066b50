"""What noun phrases and their places are made of: data."""

from retouch.editor.instructions.plan import Horizontal, Relation, Vertical

__all__ = [
    "DETERMINERS",
    "GROUP_NOUNS",
    "NUMBERS",
    "ORDINALS",
    "PARTICIPLES",
    "PICTURE_NOUNS",
    "PREPOSITIONS",
    "RELATIONS",
    "SIDES",
    "SIZES",
]

DETERMINERS: dict[str, str] = {
    "a": "indefinite", "an": "indefinite", "another": "indefinite", "one more": "indefinite", "any": "indefinite",
    "some": "some",
    "one": "indefinite",
    "the": "definite", "this": "definite", "that": "definite", "these": "definite", "those": "definite",
    "same": "definite",
    "my": "definite", "your": "definite", "his": "definite", "her": "definite", "its": "definite", "our": "definite",
    "their": "definite", "all the": "definite", "all": "definite", "all of the": "definite", "both": "definite",
    "whole": "definite",
    "entire": "definite", "more": "some", "some more": "some", "each": "definite", "every": "definite",
}  # fmt: skip

NUMBERS: dict[str, int] = {
    "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11,
    "twelve": 12,
    "a dozen": 12, "dozen": 12, "a couple of": 2, "a couple": 2, "couple of": 2, "a few": 3, "few": 3, "several": 4,
    "a handful of": 4,
    "many": 6, "half a dozen": 6, "a few more": 3, "two more": 2, "three more": 3, "a bunch of": 5, "a group of": 4,
    "a flock of": 5, "a herd of": 5, "herd of": 5, "swarm of": 6, "a school of": 6, "a pack of": 4, "pack of": 4,
    "flock of": 5, "a swarm of": 6, "a bouquet of": 5, "a row of": 4, "loads of": 8, "twenty": 20, "thirty": 30,
    "hundred": 100,
    "a hundred": 100, "hundreds of": 100, "thousands of": 1000, "countless": 100, "bunch of": 5, "group of": 4,
    "thirteen": 13,
    "fifteen": 15,
}  # fmt: skip

GROUP_NOUNS: frozenset[str] = frozenset(
    expression.replace("_", " ")
    for expression in """
        a_pair_of pair_of a_set_of a_piece_of slice_of a_slice_of piece_of a_pair a_single single exactly_one a_picture_of
    """.split()  # noqa: SIM905
)
"""Said before one thing: they don't change the count."""

SIZES: dict[str, float] = {
    "tiny": 0.4, "teeny": 0.4, "miniature": 0.4, "mini": 0.4, "very small": 0.4, "really small": 0.4,
    "minuscule": 0.4, "wee": 0.4,
    "small": 0.6, "little": 0.6, "smaller": 0.6, "smallish": 0.6, "big": 1.6, "large": 1.6, "bigger": 1.6,
    "larger": 1.6, "tall": 1.6,
    "very big": 2.5, "really big": 2.5, "very large": 2.5, "huge": 2.5, "giant": 2.5, "gigantic": 2.5,
    "enormous": 2.5, "massive": 2.5,
    "oversized": 2.5, "life-size": 1.0, "life size": 1.0, "life-sized": 1.0, "life sized": 1.0, "normal-sized": 1.0,
    "normal size": 1.0,
    "regular": 1.0, "full-size": 1.0, "medium-sized": 1.0, "medium sized": 1.0, "small version of": 0.6,

    "fairly small": 0.6, "small-sized": 0.6, "normal": 1.0,
}  # fmt: skip

ORDINALS: dict[str, int] = {
    "first": 0, "second": 1, "third": 2, "fourth": 3, "1st": 0, "2nd": 1, "3rd": 2, "4th": 3, "last": -1, "other": -2,
    "fifth": 4, "second to last": -3, "second last": -3, "next to last": -3, "penultimate": -3, "third to last": -4,
}  # fmt: skip
"""Index of a picture from 0; -1 the last one, -2 the other one, and from -3 on those before the last."""

PICTURE_NOUNS: frozenset[str] = frozenset(
    [
        "whole thing", "entire thing", "whole lot",
        "image", "images", "photo", "photos", "picture", "pictures", "pic", "pics", "photograph", "img", "shot",
        "snapshot", "scene",
        "photography", "input", "frame", "foto",
    ]
)  # fmt: skip

PREPOSITIONS: dict[str, str] = {
    "to": "to", "into": "into", "in": "in", "inside": "inside", "on": "on", "onto": "onto", "on to": "onto",
    "at": "at", "as": "as",
    "with": "with", "from": "from", "of": "of", "by": "by", "for": "for", "over": "over", "across": "over",
    "like": "like",
    "towards": "at", "toward": "at", "within": "in", "using": "with", "around": "at", "along": "at", "upon": "on",
    "->": "to",
    "under": "under", "beneath": "under", "below": "under", "underneath": "under", "between": "between",
    "through": "through",
    "instead of": "instead", "than": "than", "about": "about", "near": "near", "=>": "to", "except": "except",
    "except for": "except",
    "but not": "except", "apart from": "except", "besides": "except", "other than": "except", "in to": "into",
    "where": "where",
    "against": "against", "out of": "out of", "w/": "with", "up": "up", "while": "while", "if": "if",
}  # fmt: skip

RELATIONS: dict[str, Relation] = {
    "next to": Relation.NEXT_TO, "beside": Relation.NEXT_TO, "near to": Relation.NEXT_TO, "close to": Relation.NEXT_TO,
    "near": Relation.NEXT_TO, "alongside": Relation.NEXT_TO, "by the side of": Relation.NEXT_TO,
    "right next to": Relation.NEXT_TO,
    "at the side of": Relation.NEXT_TO, "adjacent to": Relation.NEXT_TO, "nearby": Relation.NEXT_TO,
    "right beside": Relation.NEXT_TO,
    "in front of": Relation.IN_FRONT_OF, "infront of": Relation.IN_FRONT_OF, "before": Relation.IN_FRONT_OF,
    "right in front of": Relation.IN_FRONT_OF,
    "behind": Relation.BEHIND, "in back of": Relation.BEHIND, "right behind": Relation.BEHIND,
    "above": Relation.ABOVE, "over the top of": Relation.ABOVE, "high above": Relation.ABOVE,
    "just above": Relation.ABOVE,
    "on top of": Relation.ON, "ontop of": Relation.ON, "atop": Relation.ON, "on the top of": Relation.ON,
    "standing on": Relation.ON,
    "to the left of": Relation.LEFT_OF, "left of": Relation.LEFT_OF, "on the left of": Relation.LEFT_OF,
    "on the left side of": Relation.LEFT_OF, "to the left side of": Relation.LEFT_OF,
    "at the left of": Relation.LEFT_OF,
    "to the right of": Relation.RIGHT_OF, "right of": Relation.RIGHT_OF, "on the right of": Relation.RIGHT_OF,
    "on the right side of": Relation.RIGHT_OF, "to the right side of": Relation.RIGHT_OF,
    "at the right of": Relation.RIGHT_OF,
}  # fmt: skip

SIDES: dict[str, tuple[Horizontal | None, Vertical | None]] = {
    "left": ("left", None), "left-hand": ("left", None), "right": ("right", None), "right-hand": ("right", None),
    "lefthand": ("left", None), "righthand": ("right", None), "center": ("center", None), "centre": ("center", None),
    "middle": ("center", None), "central": ("center", None), "top": (None, "top"), "upper": (None, "top"),
    "bottom": (None, "bottom"), "lower": (None, "bottom"),
    "leftmost": ("left", None), "rightmost": ("right", None), "left hand": ("left", None), "right "
        "hand": ("right", None),
}  # fmt: skip

PARTICIPLES: frozenset[str] = frozenset(
    [
        "sitting", "standing", "flying", "floating", "lying", "hovering", "swimming", "perched", "perching",
        "resting", "leaning",
        "walking", "hanging", "placed", "located", "positioned", "laying", "growing", "parked", "sailing", "soaring",
        "swinging",
        "that is", "which is", "that's", "somewhere", "high", "up", "up high", "anywhere", "visible", "right there",
        "over there", "there",
        "here", "drifting", "riding", "that sits", "that stands", "up there", "down", "seen", "wherever", "gliding",
        "that flies",
    ]
)  # fmt: skip
"""Words between a thing and its place that say nothing about where it goes."""
