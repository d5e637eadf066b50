"""The library checks pictures when it is given a check, and otherwise says so to those who asked for one."""

import numpy as np
import pytest

from retouch import models
from retouch.engines.registry import EngineRegistry
from retouch.errors import ModelFileError, ModeratedError
from retouch.library import Editor, create_picture_check
from retouch.safety.moderation import UNCHECKED_NOTE
from retouch.testing import FakeEngine

PHOTO = np.random.default_rng(0).integers(0, 255, (40, 60, 3)).astype(np.uint8)


class SameScore:
    """Finds every picture equally explicit."""

    def __init__(self, score: float) -> None:
        self._score = score

    def score(self, pixels: np.ndarray, /) -> float:
        return self._score


@pytest.fixture
def registry() -> EngineRegistry:
    return EngineRegistry({"fake": FakeEngine}, default="fake")


def test_an_editor_with_a_check_refuses_and_tells(registry: EngineRegistry) -> None:
    editor = Editor(registry=registry, picture_check=SameScore(0.6))
    with pytest.raises(ModeratedError):
        editor.edit(PHOTO, "anything")
    assert editor.edit(PHOTO, "anything", safety_tolerance=3).images[0].has_nsfw_concepts is True


def test_an_editor_without_a_check_says_so_only_when_a_tolerance_was_asked_for(registry: EngineRegistry) -> None:
    editor = Editor(registry=registry)
    assert UNCHECKED_NOTE not in editor.edit(PHOTO, "anything").notes
    assert UNCHECKED_NOTE in editor.edit(PHOTO, "anything", safety_tolerance=1).notes


def test_this_installations_check_needs_its_weights_only_when_it_scores(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(models, "_path_in_installed_package", lambda model: None)
    check = create_picture_check(tmp_path)
    with pytest.raises(ModelFileError, match="open-nsfw"):
        check.score(PHOTO)
