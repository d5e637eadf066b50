"""Whatever JSON arrives, the answer is a 2xx or a 4xx, never a 5xx."""

import base64
import io
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

GENERATIONS = "/v1/images/generations"
FIELDS = [
    *("model", "prompt", "image_url", "num_images", "seed", "guidance_scale", "safety_tolerance", "output_format"),
    *(
        "aspect_ratio",
        "size",
        "image_size",
        "n",
        "explain",
        "preserve",
        "engine",
        "response_format",
        "stream",
        "parent",
        "extra_body",
    ),
]
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.just("\ud800"),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
MOSTLY_RIGHT = st.fixed_dictionaries(
    {},
    optional={
        "num_images": st.integers(-1, 5),
        "seed": st.integers(-(2**70), 2**70),
        "guidance_scale": st.floats(allow_nan=False) | st.integers(),
        "safety_tolerance": st.sampled_from(["0", "1", "6", 1, 6, 7, 1.0, True]),
        "size": st.from_regex(r"[0-9]{1,6}x[0-9]{1,6}", fullmatch=True) | st.sampled_from(["original", "auto", ""]),
        "image_size": st.fixed_dictionaries(
            {"width": st.integers(), "height": st.integers() | st.floats(allow_nan=False)}
        ),
        "aspect_ratio": st.sampled_from(["1:1", "21:9", "5:4", ":", "0:0"]),
        "image_url": st.sampled_from(
            ["data:,", "data:image/png;base64,iVBORw0KGgo=", "https://[", "http://\x00", "data:;base64,é"]
        ),
        "prompt": st.text(max_size=40),
        "engine": st.sampled_from(["fake", "other", ""]),
        "parent": st.from_regex(r"[0-9a-f]{40}[.](jpg|png)", fullmatch=True)
        | st.sampled_from(["..", "http://x/files/"]),
    },
)
RELAXED = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def post(client, body):
    """Post the documented body with changes; its picture is tiny and keeps its size, so that an edit takes no time."""
    buffer = io.BytesIO()
    Image.new("RGB", (16, 12)).save(buffer, "PNG")
    tiny = f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"

    def send(changes):
        content = json.dumps({**body(image_url=tiny, size="original"), **changes}).replace("Infinity", "1e999").encode()
        return client.post(GENERATIONS, content=content, headers={"content-type": "application/json"})

    return send


@RELAXED
@given(changes=st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=10), ANY_JSON, max_size=5))
def test_any_value_in_any_field_is_taken_or_refused(post, changes):
    assert post(changes).status_code < 500


@RELAXED
@given(changes=MOSTLY_RIGHT)
def test_nearly_right_values_are_taken_or_refused(post, changes):
    assert post(changes).status_code < 500


@pytest.mark.parametrize("depth", [50, 500, 900, 950, 990, 1000, 5000])
@pytest.mark.parametrize("field", ["seed", "image_url", "extra_body", "unknown"])
def test_nesting_of_any_depth_is_taken_or_refused(client, body, field, depth):
    content = json.dumps(body(**{field: "HERE"})).replace('"HERE"', "[" * depth + "]" * depth).encode()
    answer = client.post(GENERATIONS, content=content, headers={"content-type": "application/json"})
    assert answer.status_code < 500


@RELAXED
@given(content=st.binary(max_size=200) | ANY_JSON.map(repr).map(str.encode))
def test_any_bytes_are_refused(client, content):
    answer = client.post(GENERATIONS, content=content, headers={"content-type": "application/json"})
    assert 400 <= answer.status_code < 500
