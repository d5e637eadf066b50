"""What a picture is made from, encoded once: prompts and input pictures, each in a bounded cache."""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Final, Generic, TypeVar

import numpy as np
import torch

from retouch.engines.flux.lora_folder import LoraSet
from retouch.engines.flux.model import FluxModel, PromptEmbeds, Reference
from retouch.engines.flux.options import ReferenceMode
from retouch.images.array_types import Pixels
from retouch.images.geometry import fill_size, fit_pixels

__all__ = ["CacheStatistics", "Conditioning"]

T = TypeVar("T")
MAX_PROMPTS: Final = 64
"""At 512 tokens of 4096 bfloat16 values each holds 4 MB."""
MAX_REFERENCES: Final = 32


@dataclass(frozen=True, slots=True)
class CacheStatistics:
    """How often something was found in a cache (``hits``) or had to be computed (``misses``)."""

    hits: int
    misses: int


class _Cache(Generic[T]):
    """The last values used, by key. Safe to share between threads; two that miss at once may both compute."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._values: OrderedDict[Hashable, T] = OrderedDict()
        self._lock = Lock()
        self._hits = self._misses = 0

    def get(self, key: Hashable, compute: Callable[[], T]) -> T:
        with self._lock:
            if key in self._values:
                self._hits += 1
                self._values.move_to_end(key)
                return self._values[key]
            self._misses += 1
        value = compute()
        with self._lock:
            self._values[key] = value
            while len(self._values) > self._capacity:
                self._values.popitem(last=False)
        return value

    def clear(self) -> None:
        with self._lock:
            self._values.clear()

    @property
    def statistics(self) -> CacheStatistics:
        return CacheStatistics(self._hits, self._misses)


class Conditioning:
    """Encodes prompts and pictures for one model, and remembers them.

    Parameters
    ----------
    model : FluxModel
    activate : callable, optional
        Switches a set of LoRAs on: one may change the text encoder too. Called before a prompt is encoded.
    """

    def __init__(self, model: FluxModel, *, activate: Callable[[LoraSet], None] | None = None) -> None:
        self._model = model
        self._activate = activate
        self._prompts: _Cache[PromptEmbeds] = _Cache(MAX_PROMPTS)
        self._references: _Cache[Reference] = _Cache(MAX_REFERENCES)

    def prompt(self, prompt: str, max_sequence_length: int, loras: LoraSet = ()) -> PromptEmbeds:
        """Return a prompt's embeddings; the length belongs to the key, since padding changes them, and so do the LoRAs."""

        def encode() -> PromptEmbeds:
            if self._activate is not None:
                self._activate(loras)
            return self._model.encode_prompt(prompt, max_sequence_length)

        return self._prompts.get((prompt, max_sequence_length, loras), encode)

    def latents(self, pixels: Pixels) -> torch.Tensor:
        """Return the packed latents of one picture, (1, N, C); the same that a reference of it has."""
        return self._reference(pixels).tokens

    def references(self, pictures: Sequence[Pixels], mode: ReferenceMode) -> tuple[Reference, ...]:
        """Return the token sets of the input pictures, the edited one first.

        Parameters
        ----------
        pictures : sequence of (H, W, 3) uint8, sRGB
            The first has the answer's size; the others are fitted: to its height when they are stitched, to its size otherwise.
        mode : ReferenceMode
        """
        first, *others = pictures
        if mode is ReferenceMode.STITCH and others:
            return (self._reference(np.hstack([first, *(self._at_height(each, first.shape[0]) for each in others)])),)
        size_wh = first.shape[1], first.shape[0]
        fitted = (fit_pixels(each, fill_size(each.shape[1], each.shape[0], size_wh)) for each in others)
        return tuple(self._reference(each) for each in (first, *fitted))

    def clear(self) -> None:
        """Forget every prompt and picture, to give their memory back."""
        self._prompts.clear()
        self._references.clear()

    @property
    def statistics(self) -> dict[str, CacheStatistics]:
        """Hits and misses of both caches, by name."""
        return {"prompts": self._prompts.statistics, "references": self._references.statistics}

    def _at_height(self, pixels: Pixels, height: int) -> Pixels:
        """Return a picture at a height, its width rounded to what the model can take."""
        multiple = self._model.size_multiple
        width = max(multiple, round(pixels.shape[1] * height / pixels.shape[0] / multiple) * multiple)
        return fit_pixels(pixels, fill_size(pixels.shape[1], pixels.shape[0], (width, height)))

    def _reference(self, pixels: Pixels) -> Reference:
        digest = hashlib.blake2b(np.ascontiguousarray(pixels).data, digest_size=16).digest()
        return self._references.get((digest, pixels.shape), lambda: self._model.encode_picture(pixels))
