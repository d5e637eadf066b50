"""Edit a photo by a sentence, and keep every other pixel exactly as it was.

>>> import retouch
>>> from skimage.data import chelsea
>>> result = retouch.edit(chelsea(), "blur the background", seed=7, output_format=retouch.OutputFormat.PNG)
>>> result.images[0].format.value
'png'

``edit`` and ``Editor`` are loaded when first used, so that ``import retouch`` stays quick.
"""

from typing import TYPE_CHECKING, Any

from retouch import errors
from retouch._version import __version__
from retouch.errors import *  # noqa: F403 - the whole error tree is public; errors.__all__ says what it is
from retouch.types import EditedImage, EditRequest, EditResult, Interpretation, OutputFormat, Progress, Resolution

if TYPE_CHECKING:
    from retouch.library import Editor, edit

__all__ = [
    "EditRequest",
    "EditResult",
    "EditedImage",
    "Editor",
    "Interpretation",
    "OutputFormat",
    "Progress",
    "Resolution",
    "__version__",
    "edit",
    *errors.__all__,
]


def __getattr__(name: str) -> Any:
    """Load the pixel libraries only when an edit is asked for."""
    if name in ("Editor", "edit"):
        from retouch import library

        return getattr(library, name)
    raise AttributeError(f"module 'retouch' has no attribute {name!r}")
