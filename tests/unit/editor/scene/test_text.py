import numpy as np
import pytest

from retouch.editor.instructions.plan import Target, TargetKind
from retouch.editor.scene.scene import Scene
from retouch.editor.scene.text import TextLine, TextWord, describe_text, match_text
from retouch.errors import UnsupportedInstructionError
from retouch.fonts import choose_faces, draw_line, load_font


def line_of(*words, row=0.0):
    def quad(left, right):
        return np.array([[left, row], [right, row], [right, row + 10], [left, row + 10]], np.float64)

    parts = tuple(TextWord(word, quad(50.0 * i, 50.0 * i + 40), 0.9) for i, word in enumerate(words))
    return TextLine(" ".join(words), quad(0.0, 50.0 * len(words)), 0.9, parts)


def lettered(words, *, size=50, angle=0.0):
    picture, _ = draw_line(words, load_font(choose_faces(family="Roboto")[0], size, weight=500))
    canvas = np.full((400, 600), 230, np.uint8)
    turned = np.asarray(picture.rotate(angle, expand=True))
    top, left = 200 - turned.shape[0] // 2, 300 - turned.shape[1] // 2
    part = canvas[top : top + turned.shape[0], left : left + turned.shape[1]]
    part[:] = np.rint(part * (1 - turned / 255.0))
    return np.repeat(canvas[..., None], 3, axis=2)


def test_words_are_found_whatever_their_capitals_and_marks():
    lines = [line_of("Grand", "Café"), line_of("OPEN!", row=30)]

    assert match_text(lines, "open")[0].text == "OPEN!"
    assert match_text(lines, "CAFE")[0].text == "Café"
    assert match_text(lines, "grand cafe")[0].whole


def test_a_word_that_was_read_with_a_slip_is_still_found_but_less_surely():
    match = match_text([line_of("WELC0ME")], "welcome")[0]

    assert match.likeness < 1
    assert match.confidence < 0.9


def test_another_word_is_not_taken_for_the_one_that_is_sought():
    assert match_text([line_of("OPEN")], "CLOSED") == []


def test_what_was_read_is_told_in_quotes():
    assert describe_text([line_of("CAFE"), line_of("OPEN", row=30)]) == 'I read "CAFE" and "OPEN"'


@pytest.mark.parametrize("angle", [0.0, 12.0, -20.0])
def test_lettering_is_read_at_any_moderate_angle(store, angle):
    scene = Scene(lettered("Open daily", angle=angle), store)

    assert [line.text for line in scene.text_lines] == ["Open daily"]
    assert [word.text for word in scene.text_lines[0].words] == ["Open", "daily"]


def test_the_quad_of_a_word_holds_its_ink_and_not_its_neighbors(store):
    pixels = lettered("Open daily", size=60)
    scene = Scene(pixels, store)

    finding = scene.find(Target(TargetKind.TEXT, "the word daily", words="daily"))

    dark = pixels[..., 0] < 120
    columns = np.flatnonzero(dark.any(axis=0))
    gap = columns[np.argmax(np.diff(columns))] + 1
    assert (finding.mask[:, :gap] * dark[:, :gap]).sum() == 0
    assert (finding.mask[:, gap:] * dark[:, gap:]).sum() > 0.97 * dark[:, gap:].sum()


def test_pictures_without_lettering_read_as_empty(store, coffee, cat):
    assert coffee.text_lines == ()
    assert cat.text_lines == ()
    with pytest.raises(UnsupportedInstructionError, match="I read no words"):
        coffee.find(Target(TargetKind.TEXT, "the text"))
