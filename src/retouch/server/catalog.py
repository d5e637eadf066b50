"""The models that clients may name, and what each can do."""

from dataclasses import dataclass
from typing import Any, Final

from retouch import kontext

__all__ = ["MODELS", "OPENAI_MODELS", "HostedModel"]


@dataclass(frozen=True, slots=True)
class HostedModel:
    """A model id of the hosted API that this server answers to.

    Attributes
    ----------
    id, title, description : str
    min_images, max_images : int
        How many input pictures it takes.
    """

    id: str
    title: str
    description: str
    min_images: int
    max_images: int

    def listing(self, *, engine: str) -> dict[str, Any]:
        """Return its entry in the list of models."""
        return {
            "id": self.id,
            "object": "model",
            "type": "image",
            "created": 0,
            "owned_by": "retouch",
            "info": {"name": self.title, "description": self.description, "developer": "Retouch", "engine": engine},
            "endpoints": ["/v1/images/generations"],
            "capabilities": {
                "image_to_image": True,
                "text_to_image": self.min_images == 0,
                "min_input_images": self.min_images,
                "max_input_images": self.max_images,
                "max_images_per_request": kontext.MAX_IMAGES_PER_REQUEST,
                "max_prompt_characters": kontext.MAX_PROMPT_CHARACTERS,
                "aspect_ratios": list(kontext.ASPECT_RATIOS),
                "output_formats": ["jpeg", "png"],
                "sizes": [f"{width}x{height}" for width, height in kontext.PREFERRED_SIZES_WH],
            },
        }


MODELS: Final = {
    model.id: model
    for model in (
        HostedModel(
            "flux/kontext-max/image-to-image",
            "Kontext max, image to image",
            "Modifies what the prompt instructs and leaves the rest of the picture untouched.",
            min_images=1,
            max_images=kontext.MAX_REFERENCE_IMAGES,
        ),
        HostedModel(
            "flux/kontext-pro/image-to-image",
            "Kontext pro, image to image",
            "The same edit under the name of the hosted endpoint's smaller model.",
            min_images=1,
            max_images=kontext.MAX_REFERENCE_IMAGES,
        ),
    )
}
"""By id."""

OPENAI_MODELS: Final = ("gpt-image", "chatgpt-image", "dall-e")
"""Beginnings of the ids that a client of OpenAI's API sends unless it is told otherwise: taken for the default model, and the
answer says so."""
