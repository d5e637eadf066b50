"""The hosted API's documented samples, unchanged but for base URL and key."""

import json
import shutil
import subprocess

import openai
import pytest
import requests

pytestmark = pytest.mark.slow
MODEL = "flux/kontext-max/image-to-image"
PROMPT = "Add a bird to the foreground of the photo."

NODE_SAMPLE = """
const main = async () => {
  const response = await fetch('%(url)s/v1/images/generations', {
    method: 'POST',
    headers: {
      Authorization: 'Bearer <YOUR_AIMLAPI_KEY>',
      'Content-Type': 'application/json',
    },
    body: JSON.stringify({
      model: 'flux/kontext-max/image-to-image',
      prompt: 'Add a bird to the foreground of the photo.',
      image_url: '%(image_url)s',
    }),
  });
  const data = await response.json();
  console.log(JSON.stringify(data));
};
main();
"""


def check(answer: dict) -> None:
    image = answer["images"][0]
    assert (image["width"], image["height"], image["content_type"]) == (1184, 880, "image/jpeg")
    assert requests.get(image["url"], timeout=10).headers["content-type"] == "image/jpeg"


def test_the_python_sample(start, photo_uri):
    server = start()
    response = requests.post(
        f"{server.url}/v1/images/generations",
        headers={"Authorization": "Bearer <YOUR_AIMLAPI_KEY>", "Content-Type": "application/json"},
        json={"model": MODEL, "prompt": PROMPT, "image_url": photo_uri},
        timeout=30,
    )
    response.raise_for_status()
    check(response.json())


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_the_javascript_sample(start, photo_uri):
    server = start()
    source = NODE_SAMPLE % {"url": server.url, "image_url": photo_uri}
    done = subprocess.run(["node", "-"], input=source, capture_output=True, text=True, timeout=60, check=True)
    check(json.loads(done.stdout))


def test_openais_python_client(start, photo_uri):
    server = start()
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="any", max_retries=0) as client:
        answer = client.images.generate(
            model=MODEL, prompt=PROMPT, n=2, response_format="b64_json", extra_body={"image_url": photo_uri, "seed": 3}
        )
        assert len(answer.data) == 2
        assert answer.data[0].b64_json
        assert requests.get(answer.data[0].url, timeout=10).status_code == 200
        listed = [model.id for model in client.models.list()]
        assert MODEL in listed


def test_openais_python_client_understands_the_errors(start, photo_uri):
    server = start()
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="any", max_retries=0) as client:
        with pytest.raises(openai.BadRequestError) as refused:
            client.images.generate(model=MODEL, prompt="Do the impossible.", extra_body={"image_url": photo_uri})
        with pytest.raises(openai.NotFoundError):
            client.images.generate(model="none", prompt=PROMPT, extra_body={"image_url": photo_uri})
    assert refused.value.code == "unsupported_instruction"
    assert refused.value.param == "prompt"
    assert "Do the impossible." in refused.value.message


def test_openais_python_client_is_kept_out_with_a_wrong_key(start, photo_uri):
    server = start(RETOUCH_SERVER__API_KEYS="the-right-key-of-this-server")
    assert "a key is needed" in server.greeting
    with (
        openai.OpenAI(base_url=f"{server.url}/v1", api_key="wrong", max_retries=0) as client,
        pytest.raises(openai.AuthenticationError),
    ):
        client.images.generate(model=MODEL, prompt=PROMPT, extra_body={"image_url": photo_uri})
