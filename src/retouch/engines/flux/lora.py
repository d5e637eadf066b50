"""LoRAs in the loaded model: read when first asked for, switched on for a pass, unloaded when others need the room."""

import hashlib
import logging
import warnings
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any, Final

import torch

from retouch.engines.flux.conditioning import CacheStatistics
from retouch.engines.flux.lora_folder import ChosenLora, LoraFolder, LoraSet
from retouch.errors import ModelFileError
from retouch.generation import MAX_LORAS

__all__ = ["LoraRack"]

DEFAULT_CAPACITY: Final = 8
"""LoRAs that stay loaded: a few hundred MB each."""
_PARTS: Final = (".lora_A.", ".lora_B.")

_File = tuple[str, tuple[int, int]]
"""A LoRA's name and stamp."""

_log = logging.getLogger(__name__)


class LoraRack:
    """Keeps the LoRAs of one model. Only the worker's thread uses it.

    Parameters
    ----------
    pipeline : FluxKontextPipeline
        Whose transformer and text encoder get the adapters.
    folder : LoraFolder
    capacity : int
        How many stay loaded; the one that was not used for longest goes first.
    """

    def __init__(self, pipeline: Any, folder: LoraFolder, *, capacity: int = DEFAULT_CAPACITY) -> None:
        if capacity < MAX_LORAS:
            raise ValueError(f"capacity must be at least {MAX_LORAS}, the most of one request, not {capacity}")
        self._pipeline = pipeline
        self._folder = folder
        self._capacity = capacity
        self._loaded: OrderedDict[_File, str] = OrderedDict()  # -> adapter
        self._active: LoraSet | None = ()  # None: not what any request asked for
        self._hits = self._misses = 0

    @property
    def loaded(self) -> tuple[str, ...]:
        """Names of what is loaded, longest unused first."""
        return tuple(name for name, _ in self._loaded)

    @property
    def statistics(self) -> CacheStatistics:
        """How often a LoRA that had to be switched on was loaded already, or had to be read."""
        return CacheStatistics(self._hits, self._misses)

    def activate(self, loras: LoraSet) -> None:
        """Switch on exactly these LoRAs; none leaves the model bitwise as it was before any was loaded.

        Raises
        ------
        ModelFileError
            The file is no LoRA of this model, or is not there any more as it was chosen; the others stay as they were.
        """
        if loras == self._active:
            return
        files = [_file_of(lora) for lora in loras]
        for file in files:
            self._ensure(file, spare=files)
        if loras:
            self._pipeline.enable_lora()
            self._pipeline.set_adapters([self._loaded[file] for file in files], [lora.weight for lora in loras])
        elif self._loaded:
            self._pipeline.disable_lora()
        self._active = loras

    def _ensure(self, file: _File, *, spare: Sequence[_File]) -> None:
        if file in self._loaded:
            self._hits += 1
            self._loaded.move_to_end(file)
            return
        self._misses += 1
        name, stamp = file
        if self._folder.stamp(name) != stamp:
            raise ModelFileError(f"The LoRA {name!r} was replaced or taken away meanwhile. Send the request again.")
        while len(self._loaded) >= self._capacity:
            self._unload(next(other for other in self._loaded if other not in spare))
        self._loaded[file] = self._load(file)

    def _unload(self, file: _File) -> None:
        self._delete(self._loaded.pop(file))

    def _delete(self, adapter: str) -> None:
        self._active = None  # deleting an active adapter leaves it to peft which others are on
        with warnings.catch_warnings():  # peft says which it has switched on; the next pass says which are wanted
            warnings.filterwarnings("ignore", message="Adapter .* was active which is now deleted")
            self._pipeline.delete_adapters(adapter)

    def _load(self, file: _File) -> str:
        name, _ = file
        adapter = (
            f"lora_{hashlib.blake2b(repr(file).encode(), digest_size=8).hexdigest()}"  # peft allows no dots in names
        )
        where = {"weight_name": self._folder.file_name(name), "use_safetensors": True, "local_files_only": True}
        try:
            state, _ = self._pipeline.lora_state_dict(str(self._folder.path), return_alphas=True, **where)
        except Exception as exc:  # a foreign format fails in any way at all; this is its one boundary
            raise ModelFileError(
                f"The LoRA {name!r} can't be read: it is no safetensors file with a LoRA for FLUX.1."
            ) from exc
        _check_layers(name, state, self._pipeline.transformer)
        self._active = None  # loading switches the new adapter on
        try:
            with warnings.catch_warnings():
                # peft warns of the second adapter, which is what is wanted here, and of merging into 8 bits, which never happens
                warnings.filterwarnings("ignore", message="Already found a `peft_config`")
                warnings.filterwarnings("ignore", message="TorchaoLoraLinear was instantiated without")
                self._pipeline.load_lora_weights(str(self._folder.path), adapter_name=adapter, **where)
        except Exception as exc:  # as above; what was added already is taken out again
            _log.exception("the LoRA %s could not be loaded", name)
            self._delete(adapter)
            raise ModelFileError(f"The LoRA {name!r} does not fit the model that is loaded.") from exc
        return adapter


def _file_of(lora: ChosenLora) -> _File:
    return lora.name, lora.stamp


def _check_layers(name: str, state: Mapping[str, torch.Tensor], transformer: Any) -> None:
    """Raise ``ModelFileError`` unless every layer of a LoRA fits a linear layer of the model.

    diffusers would widen the model's own layers to fit a LoRA that was made for other inputs, and overwrite its norms.
    """
    layers: dict[str, dict[str, torch.Tensor]] = {}
    for key, tensor in state.items():
        component, _, rest = key.partition(".")
        part = next((part for part in _PARTS if part in rest), None)
        if component not in ("transformer", "text_encoder") or part is None:
            raise ModelFileError(
                f"The LoRA {name!r} holds more than a LoRA for FLUX.1 Kontext, or is for another model."
            )
        if component == "transformer" and rest.endswith(".weight"):
            layers.setdefault(rest.partition(part)[0], {})[part] = tensor
    if not layers:
        raise ModelFileError(f"The LoRA {name!r} changes nothing in the transformer of FLUX.1.")
    modules = dict(transformer.named_modules())
    for path, parts in layers.items():
        _check_layer(name, path, parts, modules.get(path))


def _check_layer(name: str, path: str, parts: Mapping[str, torch.Tensor], module: Any) -> None:
    inputs, outputs = getattr(module, "in_features", None), getattr(module, "out_features", None)
    if inputs is None or outputs is None:
        raise ModelFileError(f"The LoRA {name!r} is for another model: this one has no linear layer {path[:100]}.")
    down, up = parts.get(".lora_A."), parts.get(".lora_B.")
    if down is None or up is None or down.ndim != 2 or up.ndim != 2 or down.shape[0] != up.shape[1]:
        raise ModelFileError(f"The LoRA {name!r} is damaged: half of its layer {path[:100]} is missing.")
    if (down.shape[1], up.shape[0]) != (inputs, outputs):
        found, wanted = f"{down.shape[1]} to {up.shape[0]}", f"{inputs} to {outputs}"
        raise ModelFileError(
            f"The LoRA {name!r} is for a model of another size: {path[:100]} goes from {found}, not {wanted}."
        )
