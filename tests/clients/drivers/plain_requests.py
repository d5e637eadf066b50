"""requests."""

import base64

from cases import run


def edit(server, key, photo, prompt, options):
    image_url = "data:image/png;base64," + base64.b64encode(photo.read_bytes()).decode()
    # docs:
    import requests

    response = requests.post(
        f"{server}/v1/images/generations",
        headers={"Authorization": f"Bearer {key}"},
        json={"model": "flux/kontext-max/image-to-image", "prompt": prompt, "image_url": image_url, **options},
    )
    # end
    if not response.ok:
        raise RuntimeError(response.json()["message"])
    return requests.get(response.json()["images"][0]["url"]).content


run(edit)
