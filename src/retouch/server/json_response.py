"""JSON answers that can hold whatever text a client sent."""

import json
from typing import Any

from starlette.responses import JSONResponse

__all__ = ["SafeJSONResponse"]


class SafeJSONResponse(JSONResponse):
    """JSON in UTF-8; in ASCII with escapes where the text has no UTF-8, such as half of a surrogate pair."""

    def render(self, content: Any) -> bytes:
        """Return the body."""
        try:
            return super().render(content)
        except UnicodeEncodeError:
            return json.dumps(content, allow_nan=False, separators=(",", ":")).encode("ascii")
