"""The list of models, and the description of one: the AI/ML API's and OpenAI's, beside Replicate's at the same address."""

import pytest

from retouch.server.catalog import MODELS
from retouch.testing import FakeEngine

MAX = "flux/kontext-max/image-to-image"
EDITING = {MAX, "flux/kontext-pro/image-to-image", "flux/dev/image-to-image"}


def ids(answer) -> set[str]:
    assert answer.status_code == 200
    return {model["id"] for model in answer.json()["data"]}


def test_a_model_is_listed_where_the_engine_can_do_it(serve):
    assert ids(serve().get("/v1/models")) == EDITING
    assert ids(serve(engine=FakeEngine(text_to_image=True)).get("/v1/models")) == set(MODELS)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("type=image", EDITING),
        ("type=chat-completion", set()),
        ("id=flux/kontext-max/image-to-image", {MAX}),
        ("id_prefix=flux/dev", {"flux/dev/image-to-image"}),
        ("search=KONTEXT+MAX", {MAX}),
        ("search=%C3%9F%00", set()),
        ("capability=image_to_image", EDITING),
        ("capability=text_to_image", set()),
        ("owned_by=retouch&search=kontext-pro", {"flux/kontext-pro/image-to-image"}),
        ("owned_by=openai", set()),
    ],
)
def test_each_filter_narrows_the_list(client, query, found):
    assert ids(client.get(f"/v1/models?{query}")) == found


@pytest.mark.parametrize("query", ["capability=vision", "include=prices", "include=info&include=x"])
def test_a_wrong_value_of_a_parameter_is_named(client, query):
    answer = client.get(f"/v1/models?{query}")
    assert answer.status_code == 400
    name = query.partition("=")[0]
    assert answer.json()["error"]["param"] == name
    assert f"{name} must be" in answer.json()["message"]


def test_a_parameter_of_other_servers_is_reported_and_has_no_effect(client):
    answer = client.get("/v1/models?limit=1&api-version=2024")
    assert ids(answer) == EDITING
    assert [each["field"] for each in answer.json()["ignored"]] == ["limit", "api-version"]


def test_include_chooses_the_parts_of_an_entry(client):
    always = {"id", "object", "type", "created", "owned_by"}
    assert set(client.get("/v1/models").json()["data"][0]) == always | {"info", "endpoints", "capabilities"}
    assert set(client.get("/v1/models?include=").json()["data"][0]) == always
    for query in ("include=pricing,endpoints", "include=pricing&include=endpoints"):
        (entry, *_) = client.get(f"/v1/models?{query}").json()["data"]
        assert set(entry) == always | {"pricing", "endpoints"}
        assert entry["pricing"] == {"unit": "image", "credits": 0, "usd": 0}


@pytest.mark.parametrize("path", ["/v1/models/", "/models/", "/model/"])
def test_a_model_is_described_by_its_id_without_a_key(client, path):
    for written in (MAX, MAX.replace("/", "%2F")):
        said = client.get(path + written, headers={"Authorization": ""}).json()
        assert said["id"] == MAX
        assert said["capabilities"]["max_input_images"] == 4
    assert set(client.get(f"{path}{MAX}?include=pricing").json()) >= {"id", "pricing"}


@pytest.mark.parametrize("path", ["/v1/models/", "/models/", "/model/"])
@pytest.mark.parametrize("name", ["flux", "flux/kontext-mini/image-to-image", "a/b/c/d", "gpt-image-1"])
def test_an_unknown_model_is_a_404_in_the_servers_own_shape(client, path, name):
    answer = client.get(path + name)
    assert answer.status_code == 404
    said = answer.json()
    assert said["statusCode"] == 404
    assert said["error"]["code"] == "model_not_found"
    assert name in said["message"]
    assert MAX in said["message"]


def test_a_model_that_the_engine_cant_stand_for_is_a_404_that_says_why(serve):
    path = "/v1/models/flux/kontext-max/text-to-image"
    assert "no picture from words alone" in serve().get(path).json()["message"]
    assert serve(engine=FakeEngine(text_to_image=True)).get(path).json()["capabilities"]["text_to_image"] is True


def test_two_parts_are_replicates_model_and_its_errors(client):
    found = client.get("/v1/models/black-forest-labs/flux-kontext-max").json()
    assert found["owner"] == "black-forest-labs"
    missing = client.get("/v1/models/stability/sd")
    assert missing.status_code == 404
    assert set(missing.json()) == {"title", "detail", "status"}
    wrong = client.post("/v1/models/stability/sd/predictions", json={"input": {}})
    assert set(wrong.json()) == {"title", "detail", "status"}
    version = client.get("/v1/models/stability/sd/versions/1")
    assert set(version.json()) == {"title", "detail", "status"}
