"""LiteLLM, provider ``black_forest_labs/``, which polls no host but its vendor's."""

import base64

from cases import run


def edit(server, key, photo, prompt, options):
    import litellm

    answer = litellm.image_edit(
        model="black_forest_labs/flux-kontext-max",
        api_base=server,
        api_key=key,
        image=photo.open("rb"),
        prompt=prompt,
        extra_body=options,
    )
    return base64.b64decode(answer.data[0].b64_json)


run(edit)
