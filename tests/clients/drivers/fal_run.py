"""fal's Python client: the direct call. Its hosts are read from the environment when it is imported."""

import os
from urllib.request import urlopen

from cases import run


def edit(server, key, photo, prompt, options):
    host = server.removeprefix("https://")
    # docs:
    os.environ["FAL_RUN_HOST"] = f"{host}/fal"  # without https://, which this client always puts in front
    os.environ["FAL_QUEUE_RUN_HOST"] = f"{host}/falq"

    import fal_client

    client = fal_client.SyncClient(key=key)
    given = {"prompt": prompt, "image_url": fal_client.encode_file(photo), **options}
    answer = client.run("fal-ai/flux-pro/kontext/max", arguments=given)
    # end
    return urlopen(answer["images"][0]["url"]).read()


run(edit)
