"""The scene: what one picture shows, computed on demand and kept."""

import threading
from collections.abc import Callable
from typing import TypeVar, cast

import numpy as np

from retouch.editor.instructions.plan import Target, TargetKind
from retouch.editor.scene.foreground import estimate_foreground
from retouch.editor.scene.subject import find_subject
from retouch.editor.scene.values import Finding, Head, Horizon, Light, Subject
from retouch.errors import UnsupportedInstructionError
from retouch.images.array_types import FloatImage, Pixels
from retouch.models import ModelStore

__all__ = ["Finding", "Head", "Horizon", "Light", "Scene", "Subject"]

T = TypeVar("T")


class Scene:
    """What one picture shows. Every property is computed at first use, once, under a lock; safe to share between threads.

    Parameters
    ----------
    pixels : (H, W, 3) uint8, sRGB
    models : ModelStore
    """

    def __init__(self, pixels: Pixels, models: ModelStore) -> None:
        self.pixels = pixels
        self._models = models
        self._known: dict[str, object] = {}
        self._lock = threading.RLock()

    def _once(self, key: str, compute: Callable[[], T]) -> T:
        with self._lock:
            if key not in self._known:
                self._known[key] = compute()
            return cast(T, self._known[key])

    @property
    def subject(self) -> Subject:
        """The main subject, or an empty matte where there is none."""
        return self._once("subject", lambda: find_subject(self.pixels, self._models.session("u2netp")))

    @property
    def foreground(self) -> FloatImage:
        """(H, W, 3) float32 [0, 1] sRGB: the subject's own colour, also where the matte is partial (for clean compositing)."""
        return self._once("foreground", lambda: estimate_foreground(self.pixels, self.subject.matte))

    def find(self, target: Target) -> Finding:
        """Resolve a target to a mask.

        Raises
        ------
        UnsupportedInstructionError
            Nothing in the picture matches; says what was looked for and what is there instead.
        """
        subject = self.subject
        if not subject.present:
            raise UnsupportedInstructionError((), (target.phrase,), "The picture shows no clear main subject.")
        if target.kind is TargetKind.BACKGROUND:
            return Finding(
                (1.0 - subject.matte).astype(np.float32), subject.confidence, "the background", verified=True
            )
        return Finding(
            subject.matte, subject.confidence, "the main subject", verified=target.kind is TargetKind.SUBJECT
        )
