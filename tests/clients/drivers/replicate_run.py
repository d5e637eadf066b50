"""Replicate's Python client: ``run``, with the file uploaded."""

from cases import run


def edit(server, key, photo, prompt, options):
    # docs:
    import replicate

    client = replicate.Client(base_url=server, api_token=key)
    given = {"prompt": prompt, "input_image": photo.open("rb"), **options}
    output = client.run("black-forest-labs/flux-kontext-max", input=given)
    # end
    return output.read()


run(edit)
