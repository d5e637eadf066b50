"""What every Python driver does: edits a photo once for each case, and writes as JSON what came of each."""

import base64
import contextlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any


def run(edit: Callable[..., bytes]) -> None:
    """Read ``{"photo": path, "cases": {name: arguments}}``, and write ``{name: {"picture": base64} or {"error": text}}``."""
    told = json.load(sys.stdin)
    photo = Path(told["photo"])
    with contextlib.redirect_stdout(sys.stderr):  # some clients print
        outcomes = {name: _outcome(edit, photo, case) for name, case in told["cases"].items()}
    print(json.dumps(outcomes))


def _outcome(edit: Callable[..., bytes], photo: Path, case: dict[str, Any]) -> dict[str, str]:
    try:
        return {"picture": base64.b64encode(edit(photo=photo, **case)).decode()}
    except Exception as exc:
        return {"error": str(exc)}
