"""OpenAI's Python client: an edit of a file."""

import base64

from cases import run


def edit(server, key, photo, prompt, options):
    # docs:
    import openai

    client = openai.OpenAI(base_url=f"{server}/v1", api_key=key)
    answer = client.images.edit(model="gpt-image-1", image=photo, prompt=prompt, extra_body=options)
    # end
    return base64.b64decode(answer.data[0].b64_json)


run(edit)
