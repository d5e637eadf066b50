"""Finished pictures as JSON: where they are, what they are, what changed in them."""

import asyncio
import base64
import functools
from collections.abc import Mapping
from typing import Any

from retouch.jobs.models import JobResult, ResultImage
from retouch.server.public_urls import file_url
from retouch.server.services import Services

__all__ = ["base64_files", "described", "explained", "file_urls", "located", "without_empty"]


async def base64_files(result: JobResult, services: Services) -> dict[str, str]:
    """Return the base64 of each file of a result by its name."""

    def read() -> dict[str, str]:
        return {name: base64.b64encode(services.results.read(name)).decode("ascii") for name in result.file_names}

    return await asyncio.to_thread(read)


async def file_urls(result: JobResult, services: Services, base_url: str) -> dict[str, str]:
    """Return the URL of each file of a result by its name: this server's, or one that the store has signed."""
    url_of = functools.partial(file_url, base_url)
    if services.results.signs_urls:
        return await asyncio.to_thread(services.results.urls, result.file_names, url_of)
    return services.results.urls(result.file_names, url_of)


def located(name: str, encoded: Mapping[str, str], urls: Mapping[str, str]) -> dict[str, str]:
    """Where a file is; with its bytes, if those were asked for."""
    located = {"url": urls[name]}
    return {**located, "b64_json": encoded[name]} if name in encoded else located


def described(image: ResultImage, encoded: Mapping[str, str], urls: Mapping[str, str]) -> dict[str, Any]:
    return {
        **located(image.name, encoded, urls),
        "content_type": image.media_type,
        "file_name": image.name,
        "file_size": image.size_bytes,
        "width": image.width,
        "height": image.height,
    }


def explained(image: ResultImage, encoded: Mapping[str, str], urls: Mapping[str, str]) -> dict[str, Any]:
    """What changed in one picture, in this turn and (``touched_share``) in all turns since the first input.

    The mask is a gray PNG: 0 is the input's pixel, 255 is wholly the edit's.
    """
    explained: dict[str, Any] = {
        "seed": image.seed,
        "changed_share": round(image.changed_share, 6),
        "turns": image.turns,
    }
    if image.touched_share is not None:
        explained["touched_share"] = round(image.touched_share, 6)
    if image.mask_name is not None:
        explained["mask"] = located(image.mask_name, encoded, urls)
    if image.preserve_report is not None:
        explained["preserve"] = without_empty(image.preserve_report)
    return explained


def without_empty(value: Any) -> Any:
    """The same without keys that have no value: several clients take null for something."""
    if isinstance(value, Mapping):
        return {name: without_empty(item) for name, item in value.items() if item is not None}
    return value
