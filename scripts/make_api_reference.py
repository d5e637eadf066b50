#!/usr/bin/env python3
"""Write docs/reference/api.md from the OpenAPI document of the server.

scripts/make_api_reference.py            writes the page
scripts/make_api_reference.py --check    fails when the page is not current
"""

import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from retouch.server.app import create_app
from retouch.server.catalog import MODELS
from retouch.settings import Settings
from retouch.testing import fake_registry

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "api.md"
HEAD = """# The API

<!-- Written by scripts/make_api_reference.py from the server's OpenAPI document. Change the descriptions there. -->

One server speaks all of these, on one port. `/docs` of a running server has every field with its limits, and `/openapi.json`
the same for programs. [The client that you have](../clients.md) says which lines to change.

A key travels as `Authorization: Bearer KEY`, `Authorization: Key KEY` or `x-key: KEY`. Every answer carries `x-inference-id`,
which the server's log has too; `X-Client-Request-Id` is echoed. JSON answers carry `x-aimlapi-credits-used` and
`x-aimlapi-usd-spent`: what the edit was charged, 0 where nothing has a price. Errors have the dialect's own shape. 429 and the
5xx that may pass carry `Retry-After`; the others say `x-should-retry: false`.

With `Idempotency-Key`, a request that makes an edit can be sent again without making a second one:
[how jobs work](../operating/jobs.md#requests-that-are-sent-again).

A field that is not known is reported in the answer (`ignored`) and has no effect; a wrong value of a known one is an error that
names the field, what is allowed and what was received.

## Models of the image routes

`GET /v1/models` lists those that the server's default engine can stand for, by `type`, `id`, `id_prefix`, `search`,
`capability` and `owned_by`; `include=info,endpoints,capabilities,pricing` chooses what an entry has. `GET /v1/models/ID`
describes one.

| model | what it does | pictures |
|---|---|---|
"""
DIALECTS = {
    "images": "AI/ML API and OpenAI",
    "edits": "Edits that are followed",
    "models": "Models",
    "Black Forest Labs": "Black Forest Labs",
    "Replicate": "Replicate",
    "fal": "fal",
    "billing": "Credits and the log of requests",
    "admin": "Administration",
    "files": "Results",
    "health": "Health",
}
COLUMNS = "| request | what it does | key | good answers | errors |\n|---|---|---|---|---|\n"


def render() -> str:
    """Return the whole page."""
    parts = [HEAD]
    for model in MODELS.values():
        pictures = f"1 to {model.max_images}" if model.max_images > 1 else str(model.max_images or "none")
        parts.append(f"| `{model.id}` | {model.description} | {pictures} |\n")
    paths = _document()["paths"]
    for tag, title in DIALECTS.items():
        parts.append(f"\n## {title}\n\n{COLUMNS}")
        for path, methods in paths.items():
            parts.extend(_row(name, path, each) for name, each in methods.items() if each["tags"] == [tag])
    return "".join(parts)


def _document() -> Mapping[str, Any]:
    settings = Settings.model_validate({"engine": {"default": "fake"}})
    with tempfile.TemporaryDirectory() as folder:
        return create_app(settings, fake_registry(), Path(folder)).openapi()


def _row(method: str, path: str, operation: Mapping[str, Any]) -> str:
    good = [status for status in operation["responses"] if status < "400"]
    errors = [status for status in operation["responses"] if status >= "400"]
    key = "yes" if operation.get("security") else "no"
    cells = (
        f"`{method.upper()} {path}`",
        operation["summary"],
        key,
        ", ".join(sorted(good)),
        ", ".join(sorted(errors)),
    )
    return f"| {' | '.join(cells)} |\n"


def main() -> int:
    """Write or check the page."""
    page = render()
    if "--check" in sys.argv[1:]:
        current = PAGE.exists() and PAGE.read_text() == page
        if not current:
            print("docs/reference/api.md is not current: run scripts/make_api_reference.py", file=sys.stderr)
        return 0 if current else 1
    PAGE.write_text(page)
    return 0


if __name__ == "__main__":
    sys.exit(main())
