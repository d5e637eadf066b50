"""Write a plan as short lines, so that a table of sentences can be read."""

from retouch.editor.instructions.plan import (
    AddObject,
    AdjustLook,
    ChangeBackground,
    EditPlan,
    Operation,
    Placement,
    PlaceSubject,
    PrintOnto,
    Recolor,
    Relation,
    Target,
    TargetKind,
)


def compact(plan: EditPlan) -> list[str]:
    """Return one line for each operation, and "kept" for each clause that asks to leave something as it is."""
    return [_operation(operation) for operation in plan.operations] + ["kept"] * len(plan.kept)


def _operation(op: Operation) -> str:
    match op:
        case AddObject():
            count = f"x{op.count}" if op.count > 1 else ""
            color = op.color.name if op.color else ""
            return _words("add", op.noun, count, color, _scale(op.scale), _placement(op.placement))
        case Recolor():
            return f"recolor {_target(op.target)} " + (f"-> {op.color.name}" if op.color else f"{op.lightness_shift:g}")
        case ChangeBackground():
            what = {"color": ",".join(c.name for c in op.colors), "gradient": ",".join(c.name for c in op.colors)}.get(
                op.kind, ""
            )
            if op.kind == "picture":
                what = f"#{(op.background_image_index or 0) + 1}"
            if op.kind == "blur" and op.strength != 1:
                what = str(op.strength)
            plain = op.subject.kind is TargetKind.SUBJECT and op.subject.image_index is None
            return _words("background", op.kind, what, "" if plain else f"of {_target(op.subject)}")
        case PrintOnto():
            return f"print {_target(op.picture)} on {_target(op.surface)}"
        case PlaceSubject():
            return _words(
                f"place {_target(op.subject)} into #{op.scene_image_index + 1}",
                _scale(op.scale),
                _placement(op.placement),
            )
        case AdjustLook():
            strength = f"{op.strength:g}" if op.strength != 1 else ""
            return _words("look", op.look, strength, f"on {_target(op.target)}" if op.target else "")
    return op.describe()


def _words(*words: str) -> str:
    return " ".join(word for word in words if word)


def _scale(scale: float) -> str:
    return f"*{scale:g}" if scale != 1 else ""


def _placement(placement: Placement) -> str:
    where = "" if placement.relation is Relation.ANYWHERE else f"@{placement.relation}"
    if placement.anchor is not None:
        where += f":{_target(placement.anchor)}"
    return _words(where, placement.horizontal or "", placement.vertical or "")


def _target(target: Target) -> str:
    named = target.kind in (TargetKind.NOUN, TargetKind.COLOR_PART)
    name = _words(target.color.name if target.color else "", target.noun or "") if named else target.kind.name
    name = f"all but {name}" if target.all_but else name
    for side in (target.horizontal, target.vertical):
        name += f"/{side}" if side else ""
    if target.pick is not None:
        name += f"/{target.pick.rank} from {target.pick.order}"
    if target.wearing is not None:
        name += f" in {target.wearing.name}"
    return name if target.image_index is None else f"{name}#{target.image_index + 1}"
