"""The engine that has another server make the picture."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from retouch.engines.base import Capabilities, EditInputs, EngineOutput
from retouch.engines.remote.breaker import CircuitBreaker
from retouch.engines.remote.edit import RemoteEdit, RemotePicture, prepare_edit
from retouch.engines.remote.hosted import AimlApi, Bfl
from retouch.engines.remote.openai_form import OpenAIForm, RetouchForm
from retouch.engines.remote.options import RemoteOptions, RemoteProtocol
from retouch.engines.remote.protocols import Pending, WireProtocol
from retouch.engines.remote.transport import Transport, open_transport
from retouch.engines.remote.watch import run_watched
from retouch.errors import EditAbortedError, EngineError, ImageError, InvalidValueError
from retouch.fetch import FetchPolicy, fetch_images
from retouch.images.array_types import Mask, Pixels
from retouch.images.codec import DecodeLimits
from retouch.images.geometry import fill_size, fit_pixels
from retouch.images.mask_file import read_mask
from retouch.isolation.decoder import Decoder, DirectDecoder
from retouch.types import EditRequest, Interpretation, Progress, ProgressCallback, ShouldAbort

__all__ = ["RemoteEngine"]

_PROTOCOLS: Final[Mapping[RemoteProtocol, Callable[[RemoteOptions], WireProtocol]]] = {
    "openai": OpenAIForm,
    "retouch": RetouchForm,
    "aimlapi": AimlApi,
    "bfl": Bfl,
}
_POLL_SECONDS: Final = 0.5
_STEPS: Final = 3


class RemoteEngine:
    """Sends pictures and prompt to a remote server and takes the edited picture back.

    Parameters
    ----------
    options : RemoteOptions
    breaker : CircuitBreaker, optional
        One made from the options when left out.
    decoder : Decoder, optional
        Of what the remote server sends; the engine closes it. In this process when left out.

    Notes
    -----
    It tells no change mask, unless the remote server is another Retouch: ``preserve`` finds what changed and restores the rest.
    The same seed gives the same bytes as far as the remote server keeps that promise.
    """

    def __init__(
        self, options: RemoteOptions, *, breaker: CircuitBreaker | None = None, decoder: Decoder | None = None
    ) -> None:
        self._options = options
        self._protocol: WireProtocol = _PROTOCOLS[options.protocol](options)
        self._breaker = breaker or CircuitBreaker(options.breaker_failures, options.breaker_seconds)
        self._decoder = decoder or DirectDecoder()

    @property
    def name(self) -> str:
        """``remote``."""
        return "remote"

    @property
    def version(self) -> str:
        """The remote model's name, or the protocol's. What the remote server changes on its own is not told."""
        return self._protocol.version

    @property
    def capabilities(self) -> Capabilities:
        """What the protocol can ask for; pictures at a preset's size."""
        return self._protocol.capabilities

    def load(self) -> None:
        """Nothing to load: the server is reached when an edit needs it, so that this one starts while that one is down."""

    def close(self) -> None:
        """Close the decoder; connections live as long as an edit."""
        self._decoder.close()

    def edit(
        self,
        request: EditRequest,
        inputs: EditInputs,
        *,
        seed: int,
        on_step: ProgressCallback | None = None,
        should_abort: ShouldAbort | None = None,
    ) -> EngineOutput:
        """Have the remote server edit the first picture.

        Raises
        ------
        UnsupportedInstructionError, ModeratedError
            The remote server refuses this edit.
        EditAbortedError
            ``should_abort`` said so; the connection is closed within half a second.
        EngineError
            The remote server fails, or refuses the operator's key or request.
        """
        if should_abort is not None and should_abort():
            raise EditAbortedError("The edit was stopped before it was finished.")

        # 1. encode what is sent
        edit = prepare_edit(request, inputs, seed)
        _report(on_step, 1, "asking the remote server")

        # 2. talk to the server
        found, file = run_watched(lambda: self._converse(edit), should_abort)
        _report(on_step, 2, "reading its picture")

        # 3. bring its picture to the answer's size
        output = self._output(found, file, edit)
        _report(on_step, _STEPS, "done")
        return output

    async def _converse(self, edit: RemoteEdit) -> tuple[RemotePicture, bytes]:
        """Order, poll where the protocol has it so, and fetch; returns what was answered and the picture's file."""
        async with open_transport(self._options, self._breaker) as transport:
            found = self._protocol.read(await transport.send(self._protocol.start(edit)), edit)
            while isinstance(found, Pending):
                if transport.seconds_left <= _POLL_SECONDS:
                    seconds = self._options.timeout_seconds
                    raise EngineError(f"The remote server did not finish within {seconds:g} s. Try again later.")
                await asyncio.sleep(_POLL_SECONDS)
                found = self._protocol.read(await transport.send(found.ask), edit)
            if isinstance(found.source, bytes):
                return found, found.source
            return found, await _fetch(found.source, transport, self._options)

    def _output(self, found: RemotePicture, file: bytes, edit: RemoteEdit) -> EngineOutput:
        limits = DecodeLimits(max_bytes=self._options.max_answer_bytes)
        try:
            pixels = self._decoder.decode(file, limits).pixels
            decode = self._decoder.decode_rgba
            mask = None if found.mask_png is None else read_mask(found.mask_png, limits, decode=decode)
        except (ImageError, InvalidValueError) as exc:
            raise EngineError("The remote server's answer is no picture that can be read.") from exc
        notes = (
            *found.interpretation.notes,
            f"Made by a remote server ({self.version}).",
            *_passed_on(edit, self.capabilities),
        )
        interpretation = replace(found.interpretation, notes=notes)
        if found.kind == "reframed":
            return EngineOutput(pixels, edit.seed, is_reframed=True, interpretation=interpretation)
        return _fitted(pixels, mask, found.kind, edit, interpretation)


def _fitted(
    pixels: Pixels, mask: Mask | None, kind: str, edit: RemoteEdit, interpretation: Interpretation
) -> EngineOutput:
    """Bring a picture of another size to the answer's; a mask of what was changed holds only for a picture that fits."""
    height, width = pixels.shape[:2]
    wanted = edit.size_wh
    if (width, height) != wanted:
        mask = None
        pixels = fit_pixels(pixels, fill_size(width, height, wanted))
        note = (
            f"The remote server answered with {width}x{height} pixels, which were brought to {wanted[0]}x{wanted[1]}."
        )
        interpretation = replace(interpretation, notes=(*interpretation.notes, note))
    if mask is not None and mask.shape != pixels.shape[:2]:
        raise EngineError("The remote server's mask has another size than its picture.")
    is_global = kind == "global"
    return EngineOutput(
        pixels, edit.seed, change_mask=None if is_global else mask, is_global=is_global, interpretation=interpretation
    )


async def _fetch(url: str, transport: Transport, options: RemoteOptions) -> bytes:
    """Fetch a picture under the rules for every picture; inside only where the remote server is inside, too."""
    policy = FetchPolicy(
        allow_private=transport.is_private,
        timeout_seconds=max(0.1, transport.seconds_left),
        max_bytes=options.max_answer_bytes,
    )
    try:
        (file,) = await fetch_images([url], policy)
    except ImageError as exc:
        # Its text would blame the client's picture, and shows a URL that the client has nothing to do with.
        raise EngineError("The picture that the remote server made could not be fetched from where it said.") from exc
    return file


def _passed_on(edit: RemoteEdit, capabilities: Capabilities) -> tuple[str, ...]:
    """Say what the remote server was asked for and does not confirm."""
    asked = [name for name in edit.request.generation.given if name in capabilities.generation_options]
    if edit.request.guidance_scale is not None and capabilities.uses_guidance_scale:
        asked.append("guidance_scale")
    return (f"Passed on to the remote server, which may have no use for it: {', '.join(asked)}.",) if asked else ()


def _report(on_step: ProgressCallback | None, step: int, label: str) -> None:
    if on_step is not None:
        on_step(Progress(step, _STEPS, label))
