"""The built-in editor as an engine."""

from retouch.editor.editor import Editor
from retouch.editor.operations.remove.inpainter import INPAINTER_FILE
from retouch.engines.base import Capabilities, EditInputs, EngineOutput
from retouch.kontext import MAX_REFERENCE_IMAGES
from retouch.models import ModelStore
from retouch.types import EditRequest, ProgressCallback, ShouldAbort

__all__ = ["BuiltinEngine"]


class BuiltinEngine:
    """Runs ``editor.Editor`` behind the engine protocol. Needs no GPU and no download.

    Parameters
    ----------
    editor : Editor
    models : ModelStore
        Checked by ``load``.
    """

    name = "builtin"
    version = "2"
    capabilities = Capabilities(max_input_images=MAX_REFERENCE_IMAGES, any_size=True)

    def __init__(self, editor: Editor, models: ModelStore) -> None:
        self._editor = editor
        self._models = models

    def load(self) -> None:
        """Check that the subject model is there and intact, so that a server fails at start and not on a request."""
        self._models.path("u2netp")

    def edit(
        self,
        request: EditRequest,
        inputs: EditInputs,
        *,
        seed: int,
        on_step: ProgressCallback | None = None,
        should_abort: ShouldAbort | None = None,
    ) -> EngineOutput:
        """Make one picture; see ``Engine.edit``."""
        edit = self._editor.edit(
            request.prompt,
            inputs.fitted,
            inputs.originals.__getitem__,
            image_count=len(inputs),
            seed=seed,
            answer_size=inputs.answer_size,
            on_step=on_step,
            should_abort=should_abort,
        )
        return EngineOutput(
            pixels=edit.pixels,
            seed=seed,
            base_index=edit.base_index,
            change_mask=edit.change_mask,
            is_global=edit.is_global,
            is_reframed=edit.is_reframed,
            frame=edit.frame,
            interpretation=edit.interpretation,
            fills_by_network=self._models.has_file(INPAINTER_FILE),
        )

    def close(self) -> None:
        """Nothing is held that the garbage collector doesn't free."""
