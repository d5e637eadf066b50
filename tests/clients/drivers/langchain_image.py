"""LangChain's integration of the AI/ML API, which has no way to send a picture."""

from urllib.request import urlopen

from cases import run


def edit(server, key, photo, prompt, options):
    # docs:
    from langchain_aimlapi.image_models import AimlapiImageModel

    model = AimlapiImageModel(base_url=f"{server}/v1", api_key=key, model="flux/kontext-max/text-to-image")
    url = model.invoke(prompt)
    # end
    return urlopen(url).read()


run(edit)
