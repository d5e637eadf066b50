"""fal's Python client: the queue, with its status asked for."""

import os
from urllib.request import urlopen

from cases import run


def edit(server, key, photo, prompt, options):
    os.environ["FAL_QUEUE_RUN_HOST"] = f"{server.removeprefix('https://')}/falq"

    import fal_client

    client = fal_client.SyncClient(key=key)
    given = {"prompt": prompt, "image_url": fal_client.encode_file(photo), **options}
    answer = client.subscribe("fal-ai/flux-pro/kontext/max", arguments=given, with_logs=True)
    return urlopen(answer["images"][0]["url"]).read()


run(edit)
