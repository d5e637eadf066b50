"""Every limit that the reference states of a field is enforced, in every dialect, and the error names the field."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from retouch.testing import FakeEngine

EDITS = {
    "/v1/images/generations": {"model": "flux/kontext-max/image-to-image", "image_url": ...},
    "/v1/images/edits": {"image": ...},
    "/v1/flux-kontext-{variant}": {"input_image": ...},
    "/v1/models/{owner}/{name}/predictions": {"input_image": ...},
    "/v1/predictions": {"input_image": ...},
    "/fal/{app}": {"image_url": ...},
    "/falq/{app}": {"image_url": ...},
}
"""The routes that start an edit, and what a right body has beside the prompt; the dots stand for a picture."""
PLACES = {
    "{variant}": "max",
    "{owner}": "black-forest-labs",
    "{name}": "flux-kontext-max",
    "{app}": "fal-ai/flux-pro/kontext",
}


def beyond(schema: dict[str, Any]) -> Iterator[Any]:
    """Yield values that a field's schema does not allow."""
    kind = schema.get("type")
    if kind in ("integer", "number"):
        yield from (schema["minimum"] - 1, schema["maximum"] + 1, 10**400, -(10**400), "1", True, [], {})
    if kind == "integer":
        yield from (schema["minimum"] + 0.5, 1e400)
    if kind == "boolean":
        yield from ("true", 1, [], {})
    if kind == "string":
        yield from ([], {}, True, 10**30)
    if "enum" in schema:
        yield from ("no such value", "", "\ud800", "\0")
    if "maxLength" in schema:
        yield from ("x" * (schema["maxLength"] + 1), "", " ", "\ud83d")


def schema_of(document: dict[str, Any], path: str, model: str | None) -> dict[str, Any]:
    schema = document["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]
    if "anyOf" in schema:
        (schema,) = [each for each in schema["anyOf"] if each["title"] == ("FLUX dev" if model else "Kontext")]
    if "input" in schema["properties"]:
        schema = schema["properties"]["input"]
    return schema


@pytest.mark.parametrize(
    ("path", "model"),
    [*((path, None) for path in EDITS), ("/v1/images/generations", "flux/dev/image-to-image")],
)
def test_every_limit_in_the_reference_is_enforced(serve, photo_uri, path, model):
    engine = FakeEngine()
    client = serve(engine=engine)
    fields = schema_of(client.get("/openapi.json").json(), path, model)["properties"]
    right = {"prompt": "Add a bird."} | {
        name: photo_uri if value is ... else value for name, value in EDITS[path].items()
    }
    if model:
        right["model"] = model
    url = path
    for place, value in PLACES.items():
        url = url.replace(place, value)
    in_input = "predictions" in path
    sent = 0
    for name, schema in fields.items():
        if name == "model":
            continue  # another model has other fields; an unknown one is not found
        for value in beyond(schema):
            body = {**right, name: value}
            text = json.dumps({"input": body} if in_input else body).replace("Infinity", "1e400")
            answer = client.post(url, content=text, headers={"content-type": "application/json"})
            assert answer.status_code in (400, 422), (name, value, answer.text[:200])
            assert name in answer.text, (name, value, answer.text[:200])
            sent += 1
    assert sent > 40
    assert engine.edits_started == 0
