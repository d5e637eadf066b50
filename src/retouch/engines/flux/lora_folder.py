"""The LoRAs that the operator has laid ready: files by name. Imports no torch, so that the command line can list them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from retouch.errors import InvalidValueError
from retouch.generation import GenerationOptions, LoraWeight

__all__ = ["LoraFolder", "LoraSet", "lora_set"]

LoraSet = tuple[LoraWeight, ...]
"""What is switched on in a pass, sorted; empty for the model as it is. Part of the key of a batch: sets never mix in a pass."""

_ENDING: Final = ".safetensors"
_MOST_LISTED: Final = 40


@dataclass(frozen=True, slots=True)
class LoraFolder:
    """A folder of ``.safetensors`` files; their names without the ending are the names that requests use.

    Attributes
    ----------
    path : Path or None
        A folder that need not be there; None has no LoRAs.
    """

    path: Path | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The names that there are now, sorted. A file whose name no request could say is left out."""
        if self.path is None or not self.path.is_dir():
            return ()
        stems = (file.name.removesuffix(_ENDING) for file in self.path.iterdir() if file.name.endswith(_ENDING))
        return tuple(sorted(stem for stem in stems if _is_name(stem) and (self.path / f"{stem}{_ENDING}").is_file()))

    def require(self, loras: tuple[LoraWeight, ...]) -> None:
        """Raise ``InvalidValueError`` with the names that there are, unless every LoRA is among them."""
        if not loras:
            return
        names = self.names
        for lora in loras:
            if lora.name not in names:
                shown = ", ".join(names[:_MOST_LISTED]) + (", ..." if len(names) > _MOST_LISTED else "")
                rule = f"names of LoRAs that are here ({shown})" if names else "left out: no LoRA is set up here"
                raise InvalidValueError("loras", rule, lora.name)

    def file_name(self, name: str) -> str:
        """Return the name of a LoRA's file in the folder."""
        return f"{name}{_ENDING}"


def lora_set(loras: tuple[LoraWeight, ...]) -> LoraSet:
    """Return the set of some LoRAs; their order does not matter, and a weight of 0 is as good as none.

    >>> [lora.name for lora in lora_set((LoraWeight("oil"), LoraWeight("ink", 0.5), LoraWeight("wax", 0)))]
    ['ink', 'oil']
    """
    return tuple(sorted(lora for lora in loras if lora.weight != 0))


def _is_name(stem: str) -> bool:
    try:
        GenerationOptions(loras=(LoraWeight(stem),))
    except InvalidValueError:
        return False
    return True
