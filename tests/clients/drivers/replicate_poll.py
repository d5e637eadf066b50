"""Replicate's Python client: a prediction that is asked for until it is done, with the file inside the request."""

from urllib.request import urlopen

import replicate
from cases import run


def edit(server, key, photo, prompt, options):
    client = replicate.Client(base_url=server, api_token=key)
    prediction = client.models.predictions.create(
        "black-forest-labs/flux-kontext-pro",
        {"prompt": prompt, "input_image": photo.open("rb"), **options},
        file_encoding_strategy="base64",
    )
    prediction.wait()
    if prediction.error:
        raise RuntimeError(prediction.error)
    return urlopen(prediction.output).read()


run(edit)
