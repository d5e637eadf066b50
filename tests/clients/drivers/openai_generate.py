"""OpenAI's Python client, as the AI/ML API documents it: ``generate`` with the picture in ``extra_body``."""

import base64
from urllib.request import urlopen

from cases import run


def edit(server, key, photo, prompt, options):
    image_url = "data:image/png;base64," + base64.b64encode(photo.read_bytes()).decode()
    # docs:
    import openai

    client = openai.OpenAI(base_url=f"{server}/v1", api_key=key)
    answer = client.images.generate(
        model="flux/kontext-max/image-to-image", prompt=prompt, extra_body={"image_url": image_url, **options}
    )
    # end
    return urlopen(answer.data[0].url).read()


run(edit)
