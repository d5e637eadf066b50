"""A locator out of three files that the user puts into the model directory: a network, its tokenizer, its description.

``locator.onnx`` takes a picture and token ids, and gives a heat map (as CLIPSeg does) or boxes with scores (as GroundingDINO and
OWL-ViT do). ``locator.tokenizer.json`` is a file of the ``tokenizers`` package. ``locator.json`` says how the two are called.

References
----------
T. Lüddecke, A. Ecker, "Image segmentation using text and image prompts", CVPR 2022.
M. Minderer et al., "Simple open-vocabulary object detection with vision transformers", ECCV 2022.
S. Liu et al., "Grounding DINO: marrying DINO with grounded pre-training for open-set object detection", ECCV 2024.
"""

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, Literal, Protocol, cast

import cv2
import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from retouch.editor.scene.locator import LOCATOR_NAME, Sighting
from retouch.editor.scene.values import Box
from retouch.errors import ModelFileError
from retouch.images.array_types import FloatImage, Pixels
from retouch.images.color import to_float
from retouch.models import ModelStore, Session

__all__ = ["LocatorDescription", "OnnxLocator", "examine_locator", "load_locator"]

_NO_TOKENIZERS: Final = (
    "The locator in the model directory needs the package 'tokenizers'. Run `pip install 'retouch[locator]'`."
)
_MOST_BOXES: Final = 20
_PADDING_GRAY: Final = 0.5


class LocatorDescription(BaseModel):
    """What ``locator.json`` says: how the network wants its inputs and what its outputs mean."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    size: tuple[int, int] = Field(description="Rows and columns of the network's picture.")
    fit: Literal["stretch", "pad"] = Field(
        "stretch", description="pad keeps the proportions and fills up at the right or below."
    )
    mean: tuple[float, float, float] = (0.48145466, 0.4578275, 0.40821073)
    std: tuple[float, float, float] = (0.26862954, 0.26130258, 0.27577711)
    prompt: str = Field("a photo of a {noun}", description="What is tokenized; {noun} is replaced.")
    token_count: int | None = Field(None, description="Ids are padded or cut to so many.")
    padding_id: int = 0
    pixels_input: str = "pixel_values"
    tokens_input: str = "input_ids"
    attention_input: str | None = "attention_mask"
    token_types_input: str | None = None
    pixel_mask_input: str | None = None
    heat_output: str | None = None
    boxes_output: str | None = Field(None, description="(1, N, 4), as shares of the network's picture.")
    scores_output: str | None = Field(None, description="(1, N) or (1, N, queries).")
    box_form: Literal["center", "corners"] = Field(
        "center", description="x, y, width, height, or left, top, right, bottom."
    )
    activation: Literal["sigmoid", "none"] = Field("sigmoid", description="What makes probabilities of the raw output.")
    threshold: float = Field(0.3, ge=0.0, le=1.0, description="The probability from which on the thing is seen.")

    @model_validator(mode="after")
    def _has_one_kind_of_output(self) -> "LocatorDescription":
        boxes = self.boxes_output is not None and self.scores_output is not None
        if boxes == (self.heat_output is not None):
            raise ValueError("name either heat_output, or boxes_output and scores_output")
        if "{noun}" not in self.prompt:
            raise ValueError("prompt must contain {noun}")
        return self


class Tokenizer(Protocol):
    """The part of ``tokenizers.Tokenizer`` that is used."""

    def encode(self, sequence: str, /) -> Any:
        """Return an encoding with ``ids``."""


class OnnxLocator:
    """Asks a network where something is. Safe to share between threads.

    Parameters
    ----------
    session : Session
    tokenizer : Tokenizer
    description : LocatorDescription
    """

    def __init__(self, session: Session, tokenizer: Tokenizer, description: LocatorDescription) -> None:
        self._session = session
        self._tokenizer = tokenizer
        self._description = description

    def locate(self, pixels: Pixels, noun: str) -> Sighting | None:
        """Return where ``noun`` is; None where no probability reaches the threshold. Raises ``ModelFileError``."""
        known = self._description
        picture, shown_hw = _prepare(pixels, known)
        feeds = {known.pixels_input: picture, **self._tokenize(noun)}
        if known.pixel_mask_input is not None:
            feeds[known.pixel_mask_input] = np.ones((1, *known.size), np.int64)
        wanted = [name for name in (known.heat_output, known.boxes_output, known.scores_output) if name is not None]
        try:
            answers = [np.asarray(answer) for answer in self._session.run(wanted, feeds)]
            return (
                self._read_heat(answers[0], shown_hw)
                if len(wanted) == 1
                else self._read_boxes(answers, pixels, shown_hw)
            )
        except Exception as exc:  # onnxruntime's own exceptions share no public base class
            raise ModelFileError(
                "The locator in the model directory does not work as its locator.json says: check the names, the size and the "
                "number of tokens."
            ) from exc

    def _tokenize(self, noun: str) -> dict[str, npt.NDArray[Any]]:
        known = self._description
        ids = list(self._tokenizer.encode(known.prompt.replace("{noun}", noun)).ids)
        attended = [1] * len(ids)
        if known.token_count is not None:
            missing = known.token_count - len(ids)
            ids = (ids + [known.padding_id] * missing)[: known.token_count]
            attended = (attended + [0] * missing)[: known.token_count]
        feeds: dict[str, npt.NDArray[Any]] = {known.tokens_input: np.array([ids], np.int64)}
        if known.attention_input is not None:
            feeds[known.attention_input] = np.array([attended], np.int64)
        if known.token_types_input is not None:
            feeds[known.token_types_input] = np.zeros((1, len(ids)), np.int64)
        return feeds

    def _read_heat(self, answer: npt.NDArray[Any], shown_hw: tuple[float, float]) -> Sighting | None:
        heat = self._probabilities(answer.reshape(-1, *answer.shape[-2:])[0])
        rows, cols = (max(1, round(share * side)) for share, side in zip(shown_hw, heat.shape, strict=True))
        heat = np.ascontiguousarray(heat[:rows, :cols])
        peak = float(heat.max())
        return Sighting(peak, heat=heat) if peak >= self._description.threshold else None

    def _read_boxes(
        self, answers: list[npt.NDArray[Any]], pixels: Pixels, shown_hw: tuple[float, float]
    ) -> Sighting | None:
        boxes = answers[0].reshape(-1, 4)
        scores = self._probabilities(answers[1].reshape(len(boxes), -1).max(axis=1))
        best = [
            int(index) for index in np.argsort(-scores)[:_MOST_BOXES] if scores[index] >= self._description.threshold
        ]
        if not best:
            return None
        height, width = pixels.shape[0] / shown_hw[0], pixels.shape[1] / shown_hw[1]
        chosen = [self._corners(*(float(value) for value in boxes[index])) for index in best]
        placed = tuple(
            Box(left * width, top * height, right * width, bottom * height) for left, top, right, bottom in chosen
        )
        return Sighting(float(scores[best[0]]), boxes=placed)

    def _corners(self, first: float, second: float, third: float, fourth: float) -> tuple[float, float, float, float]:
        if self._description.box_form == "corners":
            return first, second, third, fourth
        return first - third / 2, second - fourth / 2, first + third / 2, second + fourth / 2

    def _probabilities(self, raw: npt.NDArray[Any]) -> FloatImage:
        if self._description.activation == "none":
            return np.asarray(np.clip(raw, 0.0, 1.0), dtype=np.float32)
        return np.asarray(1.0 / (1.0 + np.exp(-np.clip(raw, -60.0, 60.0))), dtype=np.float32)


def load_locator(models: ModelStore) -> OnnxLocator | None:
    """Return the locator whose files are in the model directory; None where there is no ``locator.onnx``.

    Raises
    ------
    ModelFileError
        The network is there, but a file beside it is missing or wrong, or the package ``tokenizers`` is.
    """
    session = models.user_session(LOCATOR_NAME)
    if session is None:
        return None
    description_path, tokenizer_path = _files_beside(models.directory)
    description = _read_description(description_path)
    return OnnxLocator(session, _read_tokenizer(tokenizer_path), description)


def examine_locator(directory: Path) -> tuple[Literal["absent", "ready", "incomplete"], str]:
    """Return whether a locator is in a model directory, and what is wrong with it ("" where nothing is); runs no network."""
    if not (directory / f"{LOCATOR_NAME}.onnx").is_file():
        return "absent", ""
    description_path, tokenizer_path = _files_beside(directory)
    try:
        _read_description(description_path)
        _read_tokenizer(tokenizer_path)
    except ModelFileError as problem:
        return "incomplete", problem.message
    return "ready", ""


def _files_beside(directory: Path) -> tuple[Path, Path]:
    return directory / f"{LOCATOR_NAME}.json", directory / f"{LOCATOR_NAME}.tokenizer.json"


def _read_description(path: Path) -> LocatorDescription:
    try:
        return LocatorDescription.model_validate_json(path.read_bytes())
    except OSError as exc:
        raise ModelFileError(f"Beside locator.onnx there must be a readable {path.name} that describes it.") from exc
    except ValidationError as exc:
        wrong = exc.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, wrong["loc"]))
        raise ModelFileError(f"{path.name} is wrong: {f'{where}: ' if where else ''}{wrong['msg']}.") from exc


def _read_tokenizer(path: Path) -> Tokenizer:
    if find_spec("tokenizers") is None:
        raise ModelFileError(_NO_TOKENIZERS)
    try:
        return _parse_tokenizer(path, path.stat().st_mtime_ns)
    except OSError as exc:
        raise ModelFileError(f"Beside locator.onnx there must be a readable {path.name}.") from exc


@lru_cache(maxsize=2)
def _parse_tokenizer(path: Path, modified_ns: int) -> Tokenizer:
    """Read a tokenizer once for each version of its file: that takes up to a second."""
    del modified_ns
    text = path.read_text(encoding="utf-8")
    # An optional dependency, and 30 MB that nothing else needs.
    import tokenizers

    try:
        return cast(Tokenizer, tokenizers.Tokenizer.from_str(text))
    except Exception as exc:  # the package raises bare Exceptions
        raise ModelFileError(f"{path.name} is no tokenizer that the package 'tokenizers' can read.") from exc


def _prepare(pixels: Pixels, known: LocatorDescription) -> tuple[FloatImage, tuple[float, float]]:
    """Return the network's picture (1, 3, rows, columns), and the shares of its rows and columns that show the picture."""
    rows, cols = known.size
    if known.fit == "pad":
        scale = min(rows / pixels.shape[0], cols / pixels.shape[1])
        rows, cols = (max(1, round(side * scale)) for side in pixels.shape[:2])
    canvas = np.full((*known.size, 3), _PADDING_GRAY, np.float32)
    canvas[:rows, :cols] = to_float(cv2.resize(pixels, (cols, rows), interpolation=cv2.INTER_AREA))
    normalized = (canvas - np.array(known.mean, np.float32)) / np.array(known.std, np.float32)
    batch = np.ascontiguousarray(normalized.transpose(2, 0, 1)[None], dtype=np.float32)
    return batch, (rows / known.size[0], cols / known.size[1])
