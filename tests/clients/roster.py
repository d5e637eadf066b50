"""Which clients are tried: their drivers, their pinned packages, and how a driver is run."""

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.clients.conftest import Server

PNG = {"output_format": "png", "seed": 7}
AI_SDK = (
    "ai@7.0.173",
    "@ai-sdk/openai@4.0.118",
    "@ai-sdk/openai-compatible@3.0.92",
    "@ai-sdk/black-forest-labs@2.0.41",
    "@ai-sdk/fal@3.0.41",
    "@ai-sdk/replicate@3.0.46",
)

AI_SDK_6 = (
    "ai@6.0.326",
    "@ai-sdk/openai@3.0.141",
    "@ai-sdk/openai-compatible@2.0.91",
    "@ai-sdk/black-forest-labs@1.0.33",
    "@ai-sdk/fal@2.0.59",
    "@ai-sdk/replicate@2.0.57",
)
"""The major version before."""


@dataclass(frozen=True)
class Client:
    """A driver, and the packages that it needs, pinned.

    ``options`` are sent with every edit, ``wrong`` with the one that must be refused, which names ``wrong_field``.
    """

    driver: str
    packages: tuple[str, ...] = ()
    options: tuple[tuple[str, object], ...] = tuple(PNG.items())
    wrong: tuple[tuple[str, object], ...] = (("aspect_ratio", "4:1"),)
    wrong_field: str = "aspect_ratio"
    secure: bool = False


CLIENTS = {
    "openai 2, edit": Client("openai_edit.py", ("openai==2.54.0",)),
    "openai 2, generate": Client("openai_generate.py", ("openai==2.54.0",)),
    "openai 2, stream": Client("openai_stream.py", ("openai==2.54.0",)),
    "openai 3, edit": Client("openai_edit.py", ("openai==3.54.0",)),
    "openai 3, generate": Client("openai_generate.py", ("openai==3.54.0",)),
    "openai 3, stream": Client("openai_stream.py", ("openai==3.54.0",)),
    "openai 6 JavaScript": Client("openai_edit.mjs", ("openai@6.49.0",)),
    "openai 7 JavaScript": Client("openai_edit.mjs", ("openai@7.57.0",)),
    "replicate, run": Client("replicate_run.py", ("replicate==1.0.7",)),
    "replicate, poll": Client("replicate_poll.py", ("replicate==1.0.7",)),
    "replicate over https": Client("replicate_run.py", ("replicate==1.0.7",), secure=True),
    "replicate JavaScript": Client("replicate_run.mjs", ("replicate@1.4.0",)),
    "fal JavaScript": Client("fal_subscribe.mjs", ("@fal-ai/client@1.10.1",)),
    "fal, run": Client("fal_run.py", ("fal-client==1.0.3",), secure=True),
    "fal, queue": Client("fal_queue.py", ("fal-client==1.0.3",), secure=True),
    "blackforest": Client("bfl_generate.py", ("blackforest==0.1.3",)),
    "AI SDK openai": Client("ai_openai.mjs", AI_SDK, wrong=(("n", 5),), wrong_field="n"),
    "AI SDK openai-compatible": Client("ai_compatible.mjs", AI_SDK),
    "AI SDK black-forest-labs": Client("ai_bfl.mjs", AI_SDK),
    "AI SDK fal": Client("ai_fal.mjs", AI_SDK),
    "AI SDK replicate": Client("ai_replicate.mjs", AI_SDK),
    "AI SDK 6 openai": Client("ai_openai.mjs", AI_SDK_6, wrong=(("n", 5),), wrong_field="n"),
    "AI SDK 6 openai-compatible": Client("ai_compatible.mjs", AI_SDK_6),
    "AI SDK 6 black-forest-labs": Client("ai_bfl.mjs", AI_SDK_6),
    "AI SDK 6 fal": Client("ai_fal.mjs", AI_SDK_6),
    "AI SDK 6 replicate": Client("ai_replicate.mjs", AI_SDK_6),
    "litellm, aiml": Client("litellm_aiml.py", ("litellm==1.106.0",)),
    "litellm, openai": Client("litellm_openai.py", ("litellm==1.106.0",)),
    "aimlapi": Client("aimlapi_edit.py", ("aimlapi-sdk-python==2.24rc1",)),
    "curl": Client("plain_curl.py"),
    "requests": Client("plain_requests.py"),
    "fetch": Client("plain_fetch.mjs"),
}

LANGCHAIN = Client("langchain_image.py", ("langchain-aimlapi==0.1.3",), options=())
"""Has no way to send a picture."""

LITELLM_BFL = Client("litellm_bfl.py", ("litellm==1.106.0",), options=())
"""Takes answers from bfl.ai alone."""


def case(server: Server, *, key: str, prompt: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """What a driver is told about one edit."""
    return {"server": server.url, "key": key, "prompt": prompt, "options": dict(options)}


def run_driver(command: Sequence[str], server: Server, photo: Path, cases: Mapping[str, Any]) -> dict[str, Any]:
    """Run a driver, and return what came of each case."""
    told = json.dumps({"photo": str(photo), "cases": cases})
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "RETOUCH_"))}
    environment = {**inherited, **server.environment}
    done = subprocess.run(
        command, input=told, capture_output=True, text=True, env=environment, timeout=240, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])
