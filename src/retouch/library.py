"""The library's one object: an ``Editor`` that takes files, URLs, bytes or arrays and gives back finished pictures.

The command line and the server build the same parts, so an edit is the same edit wherever it is asked for.
"""

import io
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, BinaryIO, Final, Literal, TypeAlias, TypedDict, Unpack

import numpy as np
import numpy.typing as npt
import platformdirs
from anyio.from_thread import start_blocking_portal
from PIL import Image

from retouch.engines.base import InputPicture
from retouch.engines.flux.lora_folder import LoraFolder
from retouch.engines.flux.options import FluxOptions
from retouch.engines.registry import EngineRegistry
from retouch.engines.remote.options import RemoteOptions
from retouch.engines.routing import RoutingEngine, RoutingOptions
from retouch.errors import ConfigurationError, ImageDecodeError, InvalidValueError
from retouch.fetch import FetchPolicy, fetch_images
from retouch.generation import GenerationOptions, LoraWeight
from retouch.images.array_types import Mask, Pixels
from retouch.images.codec import DecodedImage, DecodeLimits, decode, decode_opened
from retouch.images.mask_file import mask_from_array, read_mask
from retouch.isolation.decoder import Decoder, DirectDecoder
from retouch.kontext import MAX_REFERENCE_IMAGES
from retouch.preserve.lineage import Ancestry
from retouch.preserve.source_file import read_source_file
from retouch.provenance.label import declared_source_type
from retouch.safety.pictures import DEFAULT_TOLERANCE, OpenNsfwCheck, PictureCheck
from retouch.types import (
    AspectRatio,
    EditedImage,
    EditRequest,
    EditResult,
    OutputFormat,
    PreserveMode,
    ProgressCallback,
    ShouldAbort,
    SizeMode,
)

__all__ = [
    "EditOptions",
    "Editor",
    "ImageSource",
    "MaskSource",
    "create_picture_check",
    "create_registry",
    "default_data_directory",
    "edit",
]


class EditOptions(TypedDict, total=False):
    """What may be said beside picture and prompt; each has the default, the limits and the meaning of ``EditRequest``'s field.

    From ``num_inference_steps`` on they are those of ``GenerationOptions``, for engines that generate pictures.
    ``output_format`` may also be given as the text "jpeg" or "png", and ``loras`` as a mapping of names to weights.
    """

    seed: int | None
    num_images: int
    aspect_ratio: AspectRatio | None
    size: SizeMode
    output_format: OutputFormat | Literal["jpeg", "png"]
    guidance_scale: float | None
    safety_tolerance: int
    preserve: PreserveMode
    explain: bool
    num_inference_steps: int | None
    negative_prompt: str | None
    true_cfg_scale: float | None
    strength: float | None
    max_sequence_length: int | None
    loras: Mapping[str, float] | Sequence[LoraWeight]
    preview_every: int | None


_GENERATION_OPTIONS: Final = tuple(each.name for each in fields(GenerationOptions))

ImageSource: TypeAlias = str | os.PathLike[str] | bytes | BinaryIO | Pixels | Image.Image | EditedImage
"""A path, an http(s) URL, a ``data:`` URI, the bytes of a file, an open binary file, an (H, W, 3) uint8 sRGB array, a Pillow
image, or a picture of an earlier result: editing that again goes back to the first input for every pixel that no edit has
touched."""

MaskSource: TypeAlias = str | os.PathLike[str] | bytes | BinaryIO | npt.NDArray[Any] | Image.Image | EditedImage
"""A mask in any of the forms of a picture; an array may also be (H, W) of bool or of numbers from 0 to 1."""


def default_data_directory() -> Path:
    """Return where models and packs are kept: the platform's place for a user's application data."""
    return platformdirs.user_data_path("retouch", appauthor=False)


def create_registry(
    data_directory: Path | None = None,
    *,
    flux_folder: Path | None = None,
    flux_options: FluxOptions | None = None,
    lora_folder: Path | None = None,
    remote: RemoteOptions | None = None,
    routing: RoutingOptions | None = None,
    remote_decoder: Callable[[], Decoder] = DirectDecoder,
) -> EngineRegistry:
    """Return the engines of this installation; nothing heavy is imported before one is asked for.

    Parameters
    ----------
    data_directory : Path, optional
        Where ``models/`` and ``objects/`` are; ``default_data_directory()`` when left out.
    flux_folder : Path, optional
        The checkpoint of the engine "flux"; ``models/flux`` in the data directory when left out.
    flux_options : FluxOptions, optional
        How that engine runs.
    lora_folder : Path, optional
        The LoRAs that requests to it may name; ``models/loras`` in the data directory when left out.
    remote : RemoteOptions, optional
        The server behind the engine "remote"; without it that engine is refused.
    routing : RoutingOptions, optional
        What the engine "auto" asks; when left out "builtin", then "remote" where there is one.
    remote_decoder : callable, optional
        Makes what decodes the pictures of that server; when left out, they are decoded in this process.
    """
    directory = data_directory or default_data_directory()

    def builtin() -> Any:
        from retouch.editor.editor import Editor as BuiltinEditor
        from retouch.editor.objects.library import ObjectLibrary
        from retouch.engines.builtin import BuiltinEngine
        from retouch.models import ModelStore

        models = ModelStore(directory / "models")
        return BuiltinEngine(BuiltinEditor(models, ObjectLibrary.in_directory(directory / "objects")), models)

    def flux() -> Any:
        try:
            from retouch.engines.flux.engine import FluxEngine
        except ImportError as exc:
            raise ConfigurationError(
                "The engine 'flux' needs torch, diffusers and the rest of its extra at its versions: pip install 'retouch[flux]'."
            ) from exc
        loras = LoraFolder(lora_folder or directory / "models" / "loras")
        return FluxEngine(flux_folder or directory / "models" / "flux", flux_options, lora_folder=loras)

    def remote_server() -> Any:
        from retouch.engines.remote.engine import RemoteEngine

        if remote is None:
            raise ConfigurationError(
                "The engine 'remote' has no server. Set RETOUCH_REMOTE__URL, or remote.url in the configuration file."
            )
        return RemoteEngine(remote, decoder=remote_decoder())

    def auto() -> Any:
        order = ("builtin",) if remote is None else ("builtin", "remote")
        return RoutingEngine(routing or RoutingOptions(order), registry.get, registry.capabilities)

    factories = {"builtin": builtin, "flux": flux, "remote": remote_server, "auto": auto}
    registry = EngineRegistry(factories, default="builtin")
    return registry


def create_picture_check(data_directory: Path | None = None) -> PictureCheck:
    """Return the picture check of this installation; its network is loaded when the first picture is scored.

    Parameters
    ----------
    data_directory : Path, optional
        Where ``models/`` is; ``default_data_directory()`` when left out.
    """
    from retouch.models import ModelStore

    return OpenNsfwCheck(ModelStore((data_directory or default_data_directory()) / "models"))


class Editor:
    """Edits pictures in this process.

    Parameters
    ----------
    engine : str, optional
        Name of the engine; the registry's default when left out.
    registry : EngineRegistry, optional
        The engines; those of this installation when left out.
    limits : DecodeLimits, optional
        Caps on input pictures.
    fetch_policy : FetchPolicy, optional
        Rules for URLs. The default refuses private addresses.
    picture_check : PictureCheck, optional
        Refuses pictures that ``safety_tolerance`` does not allow, such as ``create_picture_check()``. Left out, nothing is
        checked, since people's edits on their own machine are their own business: ``has_nsfw_concepts`` is then always
        false, and a result says so only when a ``safety_tolerance`` other than the default was asked for.
    embed_provenance : bool
        Whether files say, as XMP, that and by what they were edited. No pixel depends on it.

    Examples
    --------
    >>> from skimage.data import coffee
    >>> result = Editor().edit(coffee(), "make it black and white", seed=1)
    >>> result.images[0].width, result.images[0].height
    (1248, 832)
    """

    def __init__(
        self,
        engine: str | None = None,
        *,
        registry: EngineRegistry | None = None,
        limits: DecodeLimits | None = None,
        fetch_policy: FetchPolicy | None = None,
        picture_check: PictureCheck | None = None,
        embed_provenance: bool = True,
    ) -> None:
        self._registry = registry or create_registry()
        self._engine_name = engine
        self._limits = limits or DecodeLimits()
        self._fetch_policy = fetch_policy or FetchPolicy()
        self._picture_check = picture_check
        self._embed_provenance = embed_provenance

    def edit(
        self,
        image: ImageSource | Sequence[ImageSource],
        prompt: str,
        *,
        mask: MaskSource | None = None,
        on_step: ProgressCallback | None = None,
        should_abort: ShouldAbort | None = None,
        **options: Unpack[EditOptions],
    ) -> EditResult:
        """Edit a picture, or bring up to four together.

        Parameters
        ----------
        image : path, URL, bytes, array or Pillow image, or a sequence of them
            See ``ImageSource``.
        prompt : str
            What to change.
        mask : path, URL, bytes, array or Pillow image, optional
            Where the first picture may change: white, or 1 in an array of numbers. Outside of it the answer is exactly the input.
        on_step, should_abort : callable, optional
            Progress and abort; see ``retouch.types``.
        **options
            See ``EditOptions``: ``seed``, ``num_images``, ``aspect_ratio``, ``size``, ``output_format``, ``guidance_scale``,
            ``safety_tolerance``, ``preserve``, ``explain``, and for engines that generate ``num_inference_steps``,
            ``negative_prompt``, ``true_cfg_scale``, ``strength``, ``max_sequence_length``, ``loras``, ``preview_every``.

        Returns
        -------
        EditResult
            ``result.images[0].save("out.png")`` writes the first picture.

        Raises
        ------
        InvalidValueError, ImageError, UnsupportedInstructionError
            The request can't be carried out; nothing was edited.
        ModeratedError
            The picture check, where there is one, refused a picture.
        """
        request = _build_request(prompt, options)
        pictures, notes = self._load(_as_list(image), keep_file=request.size == "original")
        engine = self._registry.get(self._engine_name)
        from retouch.pipeline import run_edit  # here, for a server that only passes edits on runs none

        return run_edit(
            request,
            pictures,
            engine,
            mask=None if mask is None else self._load_mask(mask),
            on_step=on_step,
            should_abort=should_abort,
            notes=notes,
            picture_check=self._picture_check,
            note_unchecked=request.safety_tolerance != DEFAULT_TOLERANCE,
            embed_provenance=self._embed_provenance,
        )

    def close(self) -> None:
        """Free the engines."""
        self._registry.close()

    def _load_mask(self, source: MaskSource) -> Mask:
        if isinstance(source, np.ndarray):
            return mask_from_array(source)
        if isinstance(source, Image.Image):
            buffer = io.BytesIO()
            source.save(buffer, "PNG")
            return read_mask(buffer.getvalue(), self._limits)
        is_url = isinstance(source, str) and _is_url(source)
        data = _fetch([str(source)], self._fetch_policy)[0] if is_url else _read(source, 0)
        assert isinstance(data, bytes)
        return read_mask(data, self._limits)

    def _load(self, sources: Sequence[ImageSource], *, keep_file: bool) -> tuple[list[InputPicture], list[str]]:
        if not 1 <= len(sources) <= MAX_REFERENCE_IMAGES:
            raise InvalidValueError("images", f"1 to {MAX_REFERENCE_IMAGES} pictures", f"{len(sources)} pictures")
        urls = [source for source in sources if isinstance(source, str) and _is_url(source)]
        fetched = iter(_fetch(urls, self._fetch_policy) if urls else ())
        pictures: list[InputPicture] = []
        notes: list[str] = []
        for index, source in enumerate(sources):
            data = next(fetched) if isinstance(source, str) and _is_url(source) else _read(source, index)
            if isinstance(data, np.ndarray):
                pictures.append(InputPicture(data))
                continue
            file = read_source_file(data, self._limits, index=index) if keep_file and isinstance(data, bytes) else None
            decoded = file or (data if isinstance(data, DecodedImage) else decode(data, self._limits, index=index))
            notes.extend(f"Picture {index + 1}: {note}" for note in decoded.notes)
            pixels = decoded.pixels
            ancestry = source.ancestry if isinstance(source, EditedImage) else None
            if isinstance(ancestry, Ancestry):
                pixels = ancestry.lineage.restore(ancestry.first, pixels)
            declared = declared_source_type(data) if isinstance(data, bytes) else None
            pictures.append(InputPicture(pixels, file, ancestry if isinstance(ancestry, Ancestry) else None, declared))
        return pictures, notes


def edit(
    image: ImageSource | Sequence[ImageSource],
    prompt: str,
    *,
    engine: str | None = None,
    mask: MaskSource | None = None,
    **options: Unpack[EditOptions],
) -> EditResult:
    """Edit a picture in one call; for many edits keep an ``Editor``, which loads its models once.

    Parameters
    ----------
    image : path, URL, bytes, array or Pillow image, or a sequence of up to four of them
        See ``ImageSource``.
    prompt : str
        What to change: "make the cup blue".
    engine : str, optional
        Name of the engine; "builtin" when left out.
    mask : path, URL, bytes, array or Pillow image, optional
        Where the first picture may change; see ``Editor.edit``.
    **options
        See ``EditOptions`` and ``Editor.edit``.

    Returns
    -------
    EditResult

    Raises
    ------
    InvalidValueError, ImageError, UnsupportedInstructionError
        The request can't be carried out; nothing was edited.
    """
    return Editor(engine).edit(image, prompt, mask=mask, **options)


def _build_request(prompt: str, options: EditOptions) -> EditRequest:
    """Check option names and bring values into the types of ``EditRequest``."""
    unknown = set(options) - set(EditOptions.__annotations__)
    if unknown:
        known = ", ".join(EditOptions.__annotations__)
        raise TypeError(f"edit() has no option named {', '.join(map(repr, sorted(unknown)))}; its options are {known}")
    values: dict[str, Any] = dict(options)
    for name in (
        "seed",
        "num_images",
        "safety_tolerance",
        "num_inference_steps",
        "max_sequence_length",
        "preview_every",
    ):
        if isinstance(values.get(name), np.integer):
            values[name] = int(values[name])
    wanted = values.get("output_format", OutputFormat.JPEG)
    if isinstance(wanted, str) and wanted in tuple(OutputFormat):
        values["output_format"] = OutputFormat(wanted)
    asked = {name: values.pop(name) for name in _GENERATION_OPTIONS if name in values}
    if "loras" in asked:
        asked["loras"] = GenerationOptions.read_loras(asked["loras"])
    return EditRequest(prompt=prompt, generation=GenerationOptions(**asked), **values)


def _as_list(image: ImageSource | Sequence[ImageSource]) -> list[ImageSource]:
    return list(image) if isinstance(image, list | tuple) else [image]  # type: ignore[list-item]


def _is_url(source: str) -> bool:
    return source[:8].lower().startswith(("http://", "https://", "data:"))


def _read(source: Any, index: int) -> "bytes | Pixels | DecodedImage":
    match source:
        case bytes() | bytearray() | memoryview():
            return bytes(source)
        case EditedImage():
            return source.data
        case np.ndarray():
            return _checked_array(source)
        case Image.Image():
            return decode_opened(source)
        case str() | os.PathLike():
            return _read_file(source, index)
        case _ if hasattr(source, "read"):
            return bytes(source.read())
    kinds = "a path, a URL, bytes, an open binary file, a uint8 array or a Pillow image"
    raise InvalidValueError("image", kinds, source)


def _read_file(path: "str | os.PathLike[str]", index: int) -> bytes:
    try:
        return Path(path).read_bytes()
    except (OSError, ValueError) as exc:  # ValueError: a null character in the name
        reason = exc.strerror if isinstance(exc, OSError) else "that is no file name"
        raise ImageDecodeError(f"Can't read the picture {os.fspath(path)!r}: {reason}.", index=index) from exc


def _checked_array(pixels: "np.ndarray[Any, Any]") -> Pixels:
    if (
        pixels.dtype != np.uint8
        or pixels.ndim not in (2, 3)
        or (pixels.ndim == 3 and pixels.shape[2] != 3)
        or not pixels.size
    ):
        raise InvalidValueError("image", "an (H, W, 3) or (H, W) uint8 array", f"{pixels.shape} {pixels.dtype}")
    return pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=2)


def _fetch(urls: Sequence[str], policy: FetchPolicy) -> list[bytes]:
    """Fetch from synchronous code, also when the caller (a notebook) has an event loop of its own."""
    with start_blocking_portal() as portal:
        return portal.call(fetch_images, urls, policy)
