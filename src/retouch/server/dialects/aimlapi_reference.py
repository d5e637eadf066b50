"""The reference of the AI/ML API's dialect, for ``/docs``: the documented examples, and the shape of the answers."""

from typing import Any, Final

from retouch import kontext
from retouch.server.dialects.answers import EDITING, EVENTS, IGNORED, documented, json_body

__all__ = ["RESPONSES", "request_body"]

_T_REX: Final = "https://cdn.aimlapi.com/assets/content/t-rex.png"
_MUG: Final = "https://cdn.aimlapi.com/assets/content/blue-mug.jpg"

_PROMPTS: Final = {
    "Add an object": "Add a bird to the foreground of the photo.",
    "Put something on something": "Add a crown to the T-rex's head.",
    "Extend the subject": "Add a couple of silver wings",
    "Several changes in one": (
        "Remove the dinosaur. Place a book and a bouquet of wildflowers in blue and pink tones on the lounge chair. Let a light "
        "foamy surf gently wash the bottom of the chair. Don't change anything else."
    ),
    "Change the scene": (
        "Make the dinosaur sit on a lounge chair with its back to the camera, looking toward the water. The setting sun has "
        "almost disappeared below the horizon."
    ),
}


def _example(prompt: str, image_url: str | list[str]) -> dict[str, Any]:
    return {"value": {"model": kontext.DEFAULT_MODEL, "prompt": prompt, "image_url": image_url}}


_EXAMPLES: Final = {title: _example(prompt, _T_REX) for title, prompt in _PROMPTS.items()} | {
    "Bring two pictures together": _example(
        "Place this image with the t-rex on this mug from the second image as a print. Make it look fit and natural.",
        [_T_REX, _MUG],
    ),
}

_FILE: Final = {
    "url": {"type": "string", "format": "uri", "description": "Needs no key."},
    "b64_json": {"type": "string", "description": "The file as base64, when asked for."},
}
_ANSWER: Final = {
    "type": "object",
    "properties": {
        "created": {"type": "integer"},
        "data": {"type": "array", "items": {"type": "object", "properties": _FILE}},
        "images": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    **_FILE,
                    "content_type": {"type": "string"},
                    "file_name": {"type": "string"},
                    "file_size": {"type": "integer"},
                    "width": {"type": "integer"},
                    "height": {"type": "integer"},
                },
            },
        },
        "timings": {"type": "object", "description": "Seconds by hop.", "additionalProperties": {"type": "number"}},
        "seed": {"type": "integer"},
        "has_nsfw_concepts": {"type": "array", "items": {"type": "boolean"}},
        "prompt": {"type": "string"},
        "meta": {
            "type": "object",
            "properties": {
                "usage": {"type": "object", "properties": {"credits_used": {"type": "integer"}}},
                "engine": {"type": "string"},
                "notes": {"type": "array", "items": {"type": "string"}},
                "ignored": IGNORED,
            },
        },
        "explain": {
            "type": "object",
            "description": "With `explain`: plan, resolutions and notes; of each image its mask, the number of `turns` since the "
            "first input, the `touched_share` of them all, and under `preserve` what was kept: changed share, the mask as runs "
            "(kept, changed, kept, ... from the top left), and, where the change had to be found, alignment, drift, PSNR outside "
            "the edit before, and confidence.",
        },
    },
}
_FORMS: Final = {
    "application/json": {"schema": _ANSWER},
    "text/event-stream": {"schema": EVENTS},
}
RESPONSES: Final = {
    **documented({}, *EDITING),
    200: {"description": "The edited pictures; as events where `stream` is true.", "content": _FORMS},
}
"""The answers, for OpenAPI."""


def request_body(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the OpenAPI description of the request: its schema, and the documented examples."""
    return json_body(schema, examples=_EXAMPLES)
