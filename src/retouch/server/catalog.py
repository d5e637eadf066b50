"""The models that clients may name, and what each can do."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

from retouch import kontext
from retouch.engines.base import Capabilities

__all__ = ["INCLUDABLE", "MODELS", "OPENAI_MODELS", "HostedModel"]

INCLUDABLE: Final = ("info", "endpoints", "capabilities", "pricing")
"""Parts of a model's entry that a client can ask for."""
_ALWAYS: Final = ("id", "object", "type", "created", "owned_by")


@dataclass(frozen=True, slots=True)
class HostedModel:
    """A model id of the hosted API that this server answers to.

    Attributes
    ----------
    id, title, description : str
    max_images : int
        How many input pictures it takes; a model that takes none makes its picture from words alone.
    has_presets : bool
        Whether its answer has one of Kontext's sizes; False keeps the size of the input.
    """

    id: str
    title: str
    description: str
    max_images: int = kontext.MAX_REFERENCE_IMAGES
    has_presets: bool = True

    @property
    def capability(self) -> str:
        """What it does, as clients ask for it."""
        return "image_to_image" if self.max_images else "text_to_image"

    def is_possible(self, capabilities: Capabilities) -> bool:
        """Whether an engine with these capabilities can do what the model does."""
        return self.max_images > 0 or capabilities.text_to_image

    def listing(
        self, *, engine: str, engines: Sequence[str] = (), include: Collection[str] = INCLUDABLE[:3]
    ) -> dict[str, Any]:
        """Return its entry in the list of models, with the parts that were asked for.

        Parameters
        ----------
        engine : str
            Which one carries it out unless a request names another.
        engines : sequence of str
            Those that a request may name.
        include : collection of str
            Of ``INCLUDABLE``.
        """
        info = {"name": self.title, "description": self.description, "developer": "Retouch", "engine": engine}
        entry = {
            "id": self.id,
            "object": "model",
            "type": "image",
            "created": 0,
            "owned_by": "retouch",
            "info": {**info, "engines": list(engines)},
            "endpoints": ["/v1/images/generations", *(["/v1/images/edits"] if self.max_images else [])],
            "capabilities": self._capabilities(),
            "pricing": {"unit": "image", "credits": 0, "usd": 0},
        }
        return {name: value for name, value in entry.items() if name in _ALWAYS or name in include}

    def _capabilities(self) -> dict[str, Any]:
        return {
            "image_to_image": self.max_images > 0,
            "text_to_image": self.max_images == 0,
            "min_input_images": min(self.max_images, 1),
            "max_input_images": self.max_images,
            "max_images_per_request": kontext.MAX_IMAGES_PER_REQUEST,
            "max_prompt_characters": kontext.MAX_PROMPT_CHARACTERS,
            "aspect_ratios": list(kontext.ASPECT_RATIOS) if self.has_presets else [],
            "output_formats": ["jpeg", "png"],
            "sizes": [f"{w}x{h}" for w, h in kontext.PREFERRED_SIZES_WH] if self.has_presets else [],
        }


MODELS: Final = {
    model.id: model
    for model in (
        HostedModel(
            "flux/kontext-max/image-to-image",
            "Kontext max, image to image",
            "Modifies what the prompt instructs and leaves the rest of the picture untouched.",
        ),
        HostedModel(
            "flux/kontext-pro/image-to-image",
            "Kontext pro, image to image",
            "The same edit under the name of the hosted endpoint's smaller model.",
        ),
        HostedModel(
            "flux/dev/image-to-image",
            "FLUX dev, image to image",
            "Edits one picture at its own size; a generative engine starts from it with a given strength.",
            max_images=1,
            has_presets=False,
        ),
        HostedModel(
            "flux/kontext-max/text-to-image",
            "Kontext max, text to image",
            "Makes a picture from words alone, where the engine can.",
            max_images=0,
        ),
        HostedModel(
            "flux/kontext-pro/text-to-image",
            "Kontext pro, text to image",
            "The same under the name of the hosted endpoint's smaller model.",
            max_images=0,
        ),
    )
}
"""By id."""

OPENAI_MODELS: Final = ("gpt-image", "chatgpt-image", "dall-e")
"""Beginnings of the ids that a client of OpenAI's API sends unless it is told otherwise: taken for the default model, and the
answer says so."""
