"""A scene with known masks, so that operations are tested without models."""

from collections.abc import Callable

import numpy as np
import pytest

from retouch.editor.instructions.plan import Target
from retouch.editor.operations.stage import Context, Stage
from retouch.editor.scene.scene import Finding, Subject
from retouch.errors import UnsupportedInstructionError


class FakeScene:
    """Answers every question about the picture from one matte."""

    def __init__(self, pixels, matte, *, present=True):
        self.pixels = pixels
        self.subject = Subject(matte, 0.95 if present else 0.2, present)
        self.foreground = pixels.astype(np.float32) / 255
        self.horizon = None
        self.sky = None
        self.kept = {}
        self.faces = ()
        self.head = None
        self.detections = ()
        self.detects = False
        self.ground = np.zeros(pixels.shape[:2], np.float32)

    def keep(self, key, compute):
        if key not in self.kept:
            self.kept[key] = compute()
        return self.kept[key]

    def find(self, target: Target) -> Finding:
        if not self.subject.present:
            raise UnsupportedInstructionError((), (target.phrase,), "The picture shows no clear main subject.")
        return Finding(self.subject.matte, 0.9, "the main subject", verified=True)


@pytest.fixture
def make_stage() -> Callable[..., Stage]:
    def make(pixels, matte, *, present=True, added=None):
        scene = FakeScene(pixels[..., :3], matte, present=present)
        empty = np.zeros(pixels.shape[:2], np.float32)
        return Stage(pixels=pixels, change_mask=empty, scene=scene, added=added or {})

    return make


@pytest.fixture
def make_context() -> Callable[..., Context]:
    def make(*pictures, seed=1, should_abort=None):
        """Return a context whose input pictures are ``pictures``, each (pixels, matte) or pixels."""
        scenes = []
        for picture in pictures:
            pixels, matte = picture if isinstance(picture, tuple) else (picture, np.ones(picture.shape[:2], np.float32))
            scenes.append(FakeScene(pixels, matte))
        return Context(
            np.random.default_rng(seed),
            scenes=lambda index: scenes[index],
            originals=lambda index: scenes[index].pixels,
            analyze=lambda pixels: FakeScene(pixels[..., :3], np.zeros(pixels.shape[:2], np.float32), present=False),
            models=None,
            objects=None,
            image_count=max(1, len(scenes)),
            should_abort=should_abort,
        )

    return make


@pytest.fixture
def disc() -> Callable[..., np.ndarray]:
    def make(size_hw, center, radius_px, softness_px=2.0):
        """Return a soft disc: 1 inside, a ramp of ``softness_px`` around, 0 outside."""
        rows, columns = np.mgrid[: size_hw[0], : size_hw[1]].astype(np.float32)
        distance = np.hypot(rows - center[0], columns - center[1])
        return np.clip((radius_px - distance) / softness_px + 0.5, 0, 1).astype(np.float32)

    return make
