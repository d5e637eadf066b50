"""The LoRAs that the operator has laid ready: files by name. Imports no torch, so that the command line can list them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from retouch.errors import InvalidValueError
from retouch.generation import GenerationOptions, LoraWeight

__all__ = ["ChosenLora", "LoraFolder", "LoraSet"]


@dataclass(frozen=True, slots=True, order=True)
class ChosenLora:
    """A LoRA of one picture: the file as it was when the picture was asked for.

    Attributes
    ----------
    name : str
    weight : float
    stamp : (int, int)
        When the file was last changed, in nanoseconds, and its bytes: a file that is replaced is another LoRA.
    """

    name: str
    weight: float
    stamp: tuple[int, int]


LoraSet = tuple[ChosenLora, ...]
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

    def choose(self, loras: tuple[LoraWeight, ...]) -> LoraSet:
        """Return the set of some LoRAs. Their order does not matter, and a weight of 0 is as good as none.

        Raises
        ------
        InvalidValueError
            As ``require``.
        """
        self.require(loras)
        return tuple(sorted(ChosenLora(each.name, each.weight, self.stamp(each.name)) for each in loras if each.weight))

    def stamp(self, name: str) -> tuple[int, int]:
        """Return the stamp that a LoRA's file has now; (0, 0) when it is gone."""
        try:
            status = (self.path or Path()).joinpath(self.file_name(name)).stat()
        except OSError:
            return 0, 0
        return status.st_mtime_ns, status.st_size

    def file_name(self, name: str) -> str:
        """Return the name of a LoRA's file in the folder."""
        return f"{name}{_ENDING}"


def _is_name(stem: str) -> bool:
    try:
        GenerationOptions(loras=(LoraWeight(stem),))
    except InvalidValueError:
        return False
    return True
