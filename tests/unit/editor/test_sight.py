"""What a refusal shows is in the picture: nothing about a sky, a face or a cup that is not there."""

import numpy as np
import pytest

from retouch.editor.instructions import parse
from retouch.editor.objects.library import ObjectLibrary
from retouch.editor.scene.scene import Finding
from retouch.editor.sight import Sight
from retouch.errors import UnsupportedInstructionError

EVERYWHERE = np.ones((4, 4), np.float32)


class Showing:
    """A scene that has the things that it is told to have, and counts how often it is asked."""

    def __init__(self, *nouns, faces=0):
        self.nouns, self.faces, self.head = nouns, ("face",) * faces, None
        self.asked = []

    def find(self, target):
        name = target.noun or str(target.kind)
        self.asked.append(name)
        if name not in self.nouns:
            raise UnsupportedInstructionError((), (target.phrase,), "It is not there.")
        return Finding(EVERYWHERE, 0.9, name, verified=True)


def sight_of(scene, **options):
    return Sight(lambda _: scene, ObjectLibrary(()), **options)


def shows(prompt, scene):
    return sight_of(scene).shows(parse(prompt, image_count=1))


@pytest.mark.parametrize(
    ("prompt", "scene"),
    [
        ("make it warmer", Showing()),
        ("brighten the left half", Showing()),
        ("make the cup red", Showing("cup")),
        ("make the sky bluer", Showing("sky")),
        ("make the sky more dramatic", Showing("sky")),
        ("smooth the skin", Showing(faces=1)),
        ("put a hat on her head", Showing("subject", "head", faces=1)),
        ("remove the pimples", Showing(faces=2)),
    ],
)
def test_what_is_there_may_be_shown(prompt, scene):
    assert shows(prompt, scene)


def test_a_hat_is_shown_only_for_a_head():
    assert not shows("put a hat on her head", Showing("subject", "head"))


@pytest.mark.parametrize(
    "prompt",
    [
        "make the cup red",
        "make the sky bluer",
        "make the sky more dramatic",
        "smooth the skin",
        "whiten the teeth",
        "put a hat on her head",
        "brighten her face",
        "remove the pimples",
        "make it warmer and remove the cup on the left",
        "add a zorky",
    ],
)
def test_what_is_not_there_is_not_shown(prompt):
    assert not shows(prompt, Showing("dog"))


def test_a_guess_is_not_shown():
    class Guessing(Showing):
        def find(self, target):
            return Finding(EVERYWHERE, 0.4, f"the subject (taken for {target.noun!r})", verified=False)

    assert not shows("make the cup red", Guessing())


def test_each_thing_is_looked_for_once():
    scene = Showing("cup")
    sight = sight_of(scene)

    for prompt in ("make the cup red", "make the cup red", "remove the spoon", "remove the spoon"):
        sight.shows(parse(prompt, image_count=1))

    assert scene.asked == ["cup", "spoon"]


def test_when_the_time_is_up_only_what_is_about_no_thing_is_shown():
    scene = Showing("cup", "spoon")
    times = iter([0.0, 0.5, 9.0])
    sight = sight_of(scene, budget_seconds=1.0, clock=lambda: next(times))

    assert sight.shows(parse("make the cup red", image_count=1))
    assert sight.shows(parse("make the spoon red", image_count=1))
    assert not sight.shows(parse("make the plate red", image_count=1))
    assert sight.shows(parse("make it warmer", image_count=1))
    assert scene.asked == ["cup", "spoon"]


def test_a_refusal_shows_nothing_about_a_sky_or_a_face_that_is_not_there():
    scene = Showing("cup")

    with pytest.raises(UnsupportedInstructionError) as refusal:
        parse("give her a nicer smile", image_count=1, shows=sight_of(scene).shows)

    assert "face" not in refusal.value.hint.partition("this works")[2]


def test_a_prompt_that_reads_is_not_looked_at():
    scene = Showing()

    parse("make the cup red", image_count=1, shows=sight_of(scene).shows)

    assert scene.asked == []
