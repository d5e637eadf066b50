"""Flat pictures and instructions whose one right answer is known.

A picture has 16 x 16 cells: a plain background with one to three circles, squares and triangles in other colors. An instruction
names what changes by its color, or by the word "background".
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

__all__ = ["CELLS", "COLORS", "INSTRUCTIONS", "TOLERANCE", "Example", "Instruction", "Verdict", "draw", "judge"]

Levels = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]

CELLS: Final = 16
COLORS: Final = {
    "red": (220, 35, 35),
    "green": (35, 190, 50),
    "blue": (35, 60, 220),
    "yellow": (235, 220, 40),
    "white": (240, 240, 240),
    "black": (20, 20, 20),
}
JITTER: Final = 8
"""How far, in levels of 255, a channel of a picture's color may lie from the color's name."""
SHAPES: Final = ("circle", "square", "triangle")
SHAPE_CELLS: Final = (5, 6, 7)
TOLERANCE: Final = 40
"""How far, in levels of 255, a channel of a right cell may be off."""


@dataclass(frozen=True, slots=True)
class Instruction:
    """What is asked for.

    Attributes
    ----------
    operation : str
        "background", "recolor" or "remove".
    source, result : str or None
        Names of colors: of the shape that is meant, and of what it becomes.
    prompt : str
    """

    operation: str
    source: str | None
    result: str | None
    prompt: str


@dataclass(frozen=True, slots=True)
class Example:
    """A picture, an instruction, and the right answer.

    Attributes
    ----------
    picture, answer : (16, 16, 3) uint8, sRGB
    changed : (16, 16) bool
        Where the answer is another than the picture.
    """

    instruction: Instruction
    picture: Levels
    answer: Levels
    changed: Flags


@dataclass(frozen=True, slots=True)
class Verdict:
    """How much of an answer is wrong: shares of the cells that should change and of those that should stay."""

    wrong_inside: float
    wrong_outside: float

    @property
    def success(self) -> bool:
        """Whether the edit was made and the rest left alone: at most one cell in twenty is wrong, in each part."""
        return self.wrong_inside <= 0.05 and self.wrong_outside <= 0.05

    @property
    def flawless(self) -> bool:
        """Whether every cell is right."""
        return self.wrong_inside == self.wrong_outside == 0


def _instructions() -> Iterator[Instruction]:
    for result in COLORS:
        yield Instruction("background", None, result, f"make the background {result}")
    for source in COLORS:
        for result in COLORS:
            if source != result:
                yield Instruction("recolor", source, result, f"make the {source} shape {result}")
    for source in COLORS:
        yield Instruction("remove", source, None, f"remove the {source} shape")


INSTRUCTIONS: Final = tuple(_instructions())


def draw(rng: np.random.Generator, operation: str, *, held_out: bool) -> Example:
    """Return a random example of an operation.

    Parameters
    ----------
    held_out : bool
        A fifth of the pairs of instruction and background color is kept from training; True draws from those.
    """
    numbers = [k for k, each in enumerate(INSTRUCTIONS) if each.operation == operation]
    while True:
        number = int(rng.choice(numbers))
        instruction = INSTRUCTIONS[number]
        names = [name for name in rng.permutation(list(COLORS)) if name not in (instruction.source, instruction.result)]
        if instruction.source is not None:
            names.insert(1, instruction.source)
        names = names[: 1 + int(rng.integers(1, len(SHAPES) + 1))]
        is_held_out = (number + list(COLORS).index(names[0])) % 5 == 0
        layout = _lay_out(rng, len(names) - 1)
        if is_held_out == held_out and layout is not None:
            return _paint(rng, instruction, names, layout)


def judge(example: Example, got: Levels) -> Verdict:
    """Compare an answer, (16, 16, 3) uint8, with the right one, cell by cell."""
    off = np.abs(got.astype(int) - example.answer).max(axis=2) > TOLERANCE
    return Verdict(float(off[example.changed].mean()), float(off[~example.changed].mean()))


def _lay_out(rng: np.random.Generator, count: int) -> npt.NDArray[np.int64] | None:
    """Return which shape is where, (16, 16), 0 for the background; None where they found no room."""
    layout = np.zeros((CELLS, CELLS), np.int64)
    for number in range(1, count + 1):
        mask = _shape(str(rng.choice(SHAPES)), int(rng.choice(SHAPE_CELLS)))
        size = len(mask)
        for _ in range(20):
            row, column = (int(each) for each in rng.integers(0, CELLS - size + 1, 2))
            around = layout[max(0, row - 1) : row + size + 1, max(0, column - 1) : column + size + 1]
            if not around.any():
                layout[row : row + size, column : column + size][mask] = number
                break
        else:
            return None
    return layout


def _paint(
    rng: np.random.Generator, instruction: Instruction, names: list[str], layout: npt.NDArray[np.int64]
) -> Example:
    jitter = rng.integers(-JITTER, JITTER + 1, (len(names), 3))
    colors = (np.array([COLORS[name] for name in names]) + jitter).clip(0, 255).astype(np.uint8)
    target = 0 if instruction.operation == "background" else 1
    edited = colors.copy()
    edited[target] = colors[0] if instruction.result is None else COLORS[instruction.result]
    return Example(instruction, colors[layout], edited[layout], layout == target)


def _shape(name: str, size: int) -> Flags:
    row, column = np.mgrid[:size, :size] + 0.5
    middle = size / 2
    inside: Flags = np.ones((size, size), np.bool_)
    if name == "circle":
        inside = (row - middle) ** 2 + (column - middle) ** 2 <= middle**2
    elif name == "triangle":
        inside = np.abs(column - middle) <= (row + 0.5) / 2
    return inside
