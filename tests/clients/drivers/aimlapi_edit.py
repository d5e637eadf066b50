"""The AI/ML API's own Python client."""

import base64

from cases import run


def edit(server, key, photo, prompt, options):
    # docs:
    from aimlapi import AIMLAPI

    client = AIMLAPI(base_url=f"{server}/v1", api_key=key)  # or AIMLAPI_API_BASE in the environment
    answer = client.images.edit(model="flux/kontext-max/image-to-image", image=photo, prompt=prompt, extra_body=options)
    # end
    return base64.b64decode(answer.data[0].b64_json)


run(edit)
