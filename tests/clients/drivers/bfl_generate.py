"""Black Forest Labs' Python client."""

from urllib.request import urlopen

from cases import run


def edit(server, key, photo, prompt, options):
    # docs:
    from blackforest import BFLClient
    from blackforest.types.general.client_config import ClientConfig

    client = BFLClient(base_url=server, api_key=key)
    given = {"prompt": prompt, "input_image": str(photo), **options}
    answer = client.generate("flux-kontext-pro", given, ClientConfig(sync=True))
    # end
    return urlopen(answer.result["sample"]).read()


run(edit)
