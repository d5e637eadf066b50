"""Operations in plain words, for refusals and ``--explain``."""

from retouch.editor.instructions.articles import with_article
from retouch.editor.instructions.plan import (
    AddObject,
    AdjustLook,
    Background,
    ChangeBackground,
    Look,
    Operation,
    Placement,
    PlaceSubject,
    PrintOnto,
    Recolor,
    Relation,
    Target,
    TargetKind,
)
from retouch.editor.instructions.vocabulary import PRONOUNS

__all__ = ["describe", "describe_target"]

_LOOKS = {
    Look.BLACK_AND_WHITE: "turn {} black and white",
    Look.SEPIA: "tone {} in sepia",
    Look.VINTAGE: "give {} a vintage look",
    Look.WARMER: "make {} warmer",
    Look.COOLER: "make {} cooler",
    Look.BRIGHTER: "make {} brighter",
    Look.DARKER: "make {} darker",
    Look.MORE_CONTRAST: "give {} more contrast",
    Look.LESS_CONTRAST: "give {} less contrast",
    Look.MORE_SATURATED: "make {} more saturated",
    Look.LESS_SATURATED: "make {} less saturated",
}
_RELATIONS = {
    Relation.FOREGROUND: "in the foreground",
    Relation.BACKGROUND: "in the background",
    Relation.SKY: "in the sky",
    Relation.GROUND: "on the ground",
    Relation.WATER: "on the water",
    Relation.ON: "on {}",
    Relation.ON_HEAD: "on the head of {}",
    Relation.OVER_EYES: "over the eyes of {}",
    Relation.NEXT_TO: "next to {}",
    Relation.LEFT_OF: "left of {}",
    Relation.RIGHT_OF: "right of {}",
    Relation.ABOVE: "above {}",
    Relation.BEHIND: "behind {}",
    Relation.IN_FRONT_OF: "in front of {}",
    Relation.ANYWHERE: "",
}
_PICTURE_WORDS = ("image", "photo", "picture", "pic", "first", "second", "third", "fourth", "other", "last")
_SIZES = {0.4: "tiny", 0.6: "small", 1.6: "big", 2.5: "huge"}


def describe(operation: Operation) -> str:
    """Return an operation in plain words.

    >>> from retouch.editor.instructions.plan import ColorValue
    >>> describe(Recolor(Target(TargetKind.NOUN, "the cup", noun="cup"), ColorValue("blue", (0, 0, 255))))
    'recolor "the cup" to blue'
    """
    match operation:
        case AddObject():
            return _join("add", _describe_object(operation), _describe_placement(operation.placement))
        case Recolor():
            return _describe_recolor(operation)
        case ChangeBackground():
            return _describe_background(operation)
        case PrintOnto():
            return f"print {describe_target(operation.picture)} on {describe_target(operation.surface)}"
        case PlaceSubject():
            size = f"at {operation.scale:g} times its size" if operation.scale != 1.0 else ""
            into = f"put {describe_target(operation.subject)} into picture {operation.scene_image_index + 1}"
            return _join(into, _describe_placement(operation.placement), size)
        case AdjustLook():
            return _describe_look(operation)


def describe_target(target: Target) -> str:
    """Return a target in plain words, with the words of the prompt in quotes."""
    if target.kind is TargetKind.PICTURE:
        return f"picture {target.image_index + 1}" if target.image_index is not None else "the picture"
    names = {TargetKind.SUBJECT: "the subject", TargetKind.BACKGROUND: "the background", TargetKind.SKY: "the sky"}
    words = target.phrase.lower().split()
    quoted = target.noun if target.noun and len(words) == 1 and words[0] in PRONOUNS else target.phrase
    name = names.get(target.kind, f'"{quoted}"')
    said = target.image_index is not None and not any(word.startswith(_PICTURE_WORDS) for word in words)
    return f"{name} of picture {(target.image_index or 0) + 1}" if said else name


def _join(*parts: str) -> str:
    return " ".join(part for part in parts if part)


def _describe_object(operation: AddObject) -> str:
    size = _SIZES.get(operation.scale, f"{operation.scale:g} times as large" if operation.scale != 1.0 else "")
    thing = _join(size, operation.color.name if operation.color else "", operation.noun)
    if operation.count == 1:
        return with_article(thing)
    return f"{operation.count} {thing if thing.endswith('s') else thing + 's'}"


def _describe_placement(placement: Placement) -> str:
    anchor = describe_target(placement.anchor) if placement.anchor else "the subject"
    side = " ".join(part for part in (placement.vertical, placement.horizontal) if part)
    return _join(_RELATIONS[placement.relation].format(anchor), f"at the {side}" if side else "")


def _describe_recolor(operation: Recolor) -> str:
    if operation.color is not None:
        return f"recolor {describe_target(operation.target)} to {operation.color.name}"
    return f"make {describe_target(operation.target)} {'lighter' if operation.lightness_shift > 0 else 'darker'}"


def _describe_background(operation: ChangeBackground) -> str:
    names = [color.name for color in operation.colors]
    behind = "" if operation.subject.kind is TargetKind.SUBJECT else f" behind {describe_target(operation.subject)}"
    match operation.kind:
        case Background.BLUR:
            degree = {0.5: "slightly ", 2.0: "strongly "}.get(operation.strength, "")
            return f"{degree}blur the background{behind}"
        case Background.COLOR:
            return f"make the background{behind} plain {names[0]}"
        case Background.GRADIENT:
            return f"make the background{behind} a gradient from {names[0]} to {names[1]}"
        case Background.PICTURE:
            return f"replace the background{behind} with picture {(operation.background_image_index or 0) + 1}"
        case Background.TRANSPARENT:
            return f"remove the background{behind}"


def _describe_look(operation: AdjustLook) -> str:
    degree = "slightly" if operation.strength < 1 else "strongly" if operation.strength > 1 else ""
    target = describe_target(operation.target) if operation.target else "the picture"
    return _join(degree, _LOOKS[operation.look].format(target))
