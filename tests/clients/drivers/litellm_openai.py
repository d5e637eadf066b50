"""LiteLLM, provider ``openai/``: an edit of a file."""

import base64

from cases import run


def edit(server, key, photo, prompt, options):
    # docs:
    import litellm

    answer = litellm.image_edit(
        model="openai/gpt-image-1",
        api_base=f"{server}/v1",
        api_key=key,
        image=photo.open("rb"),
        prompt=prompt,
        extra_body=options,
    )
    # end
    return base64.b64decode(answer.data[0].b64_json)


run(edit)
