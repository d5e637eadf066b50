"""LiteLLM, provider ``aiml/``."""

import base64
from urllib.request import urlopen

from cases import run


def edit(server, key, photo, prompt, options):
    image_url = "data:image/png;base64," + base64.b64encode(photo.read_bytes()).decode()
    # docs:
    import litellm

    answer = litellm.image_generation(
        model="aiml/flux/kontext-max/image-to-image",
        api_base=server,
        api_key=key,
        prompt=prompt,
        extra_body={"image_url": image_url, **options},
    )
    # end
    return urlopen(answer.data[0].url).read()


run(edit)
