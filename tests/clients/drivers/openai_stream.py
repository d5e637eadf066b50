"""OpenAI's Python client: an edit whose answer is streamed."""

import base64

import openai
from cases import run


def edit(server, key, photo, prompt, options):
    client = openai.OpenAI(base_url=f"{server}/v1", api_key=key)
    events = client.images.edit(model="gpt-image-1", image=photo, prompt=prompt, extra_body=options, stream=True)
    (last,) = [event for event in events if event.type == "image_edit.completed"]
    return base64.b64decode(last.b64_json)


run(edit)
