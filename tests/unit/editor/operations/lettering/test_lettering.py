"""Writing, changing and erasing words, checked by reading the result again."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from retouch.editor.instructions.plan import (
    AddText,
    ColorValue,
    EraseText,
    LetteringKind,
    LetteringStyle,
    ReplaceText,
    Target,
    TargetKind,
)
from retouch.editor.operations.lettering import add_text, erase_text, replace_text
from retouch.editor.operations.stage import Stage
from retouch.editor.scene.scene import Scene
from retouch.editor.scene.text import read_text
from retouch.errors import EditAbortedError, ModelFileError, UnsupportedInstructionError
from retouch.fonts import choose_faces, draw_line, load_font
from retouch.models import ModelStore

WORDS = Target(TargetKind.TEXT, "the text")


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    store = ModelStore(tmp_path_factory.mktemp("models"))
    for name in ("ppocr-detect", "ppocr-read"):
        try:
            store.path(name)
        except ModelFileError:
            pytest.skip("the package rapidocr is not installed")
    return store


def write_on(pixels, words, *, left, base, size, color, family="Roboto", weight=600):
    font = load_font(choose_faces(family=family)[0], size, weight=weight)
    picture, (column, row) = draw_line(words, font)
    alpha = np.asarray(picture, np.float32)[..., None] / 255
    top, start = round(base - row), round(left - column)
    part = pixels[top : top + alpha.shape[0], start : start + alpha.shape[1]]
    part += alpha * (np.array(color, np.float32) - part)


def sign(words, *, texture=3.0, tilt=0.0):
    """Return a photo-like picture of a red board with white words, seen at an angle, and where the board is."""
    rng = np.random.default_rng(0)
    board = np.full((260, 520, 3), (150, 36, 34), np.float32)
    write_on(board, words, left=70, base=165, size=110, color=(240, 236, 225))
    scene = np.empty((360, 640, 3), np.float32)
    scene[:] = np.linspace(90, 170, 360, dtype=np.float32)[:, None, None]
    corners = np.array([[70, 60], [560, 60 + tilt], [556, 300 + tilt], [74, 296]], np.float32)
    plane = np.array([[0, 0], [520, 0], [520, 260], [0, 260]], np.float32)
    matrix = cv2.getPerspectiveTransform(plane, corners)
    shown = cv2.warpPerspective(board, matrix, (640, 360), flags=cv2.INTER_AREA)
    where = cv2.warpPerspective(np.ones((260, 520), np.float32), matrix, (640, 360))
    picture = scene + where[..., None] * (shown - scene)
    picture = cv2.GaussianBlur(picture, (0, 0), 0.7) + rng.normal(0, texture, picture.shape)
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8), where


def stage_of(pixels, models):
    return Stage(pixels=pixels, change_mask=np.zeros(pixels.shape[:2], np.float32), scene=Scene(pixels, models))


def read(pixels, models):
    return [line.text for line in read_text(np.ascontiguousarray(pixels[..., :3]), models)]


def assert_only_the_mask_changed(before, after):
    untouched = after.change_mask == 0
    assert untouched.any()
    assert np.array_equal(before[untouched], after.pixels[untouched])


# Change ------------------------------------------------------------------------------------------------------------------


def test_a_word_on_a_sign_becomes_another_in_the_same_color_and_place(models, make_context):
    pixels, board = sign("OPEN", tilt=22)
    stage = stage_of(pixels, models)

    after = replace_text(stage, ReplaceText(Target(TargetKind.TEXT, "OPEN", words="open"), "Shut"), make_context())

    assert read(after.pixels, models) == ["SHUT"]
    assert_only_the_mask_changed(pixels, after)
    assert after.change_mask[board == 0].max() == 0
    bright = after.pixels[(after.pixels.min(axis=2) > 200) & (board == 1)]
    assert np.abs(np.median(bright, axis=0) - (240, 236, 225)).max() < 14
    assert after.resolutions[0].resolved_to == 'the words read as "OPEN"'
    assert after.resolutions[0].confidence > 0.9


def test_the_font_that_is_chosen_is_the_one_of_the_sign(models):
    from retouch.editor.operations.lettering.match_font import match_font
    from retouch.editor.operations.lettering.patch import look_at

    pixels, _ = sign("OPEN")
    line = read_text(pixels, models)[0]
    patch = look_at(pixels, line.quad)
    assert patch is not None

    setting = match_font(patch, "OPEN", "CLOSED")

    assert setting is not None
    assert setting.face.family in ("Roboto", "Arimo")
    assert setting.likeness > 0.9


def test_one_word_of_a_line_changes_and_the_others_stay_readable(models, make_context):
    pixels = np.full((200, 700, 3), 235, np.float32)
    write_on(pixels, "Ends on Friday", left=60, base=120, size=70, color=(30, 40, 90), weight=400)
    pixels = np.clip(cv2.GaussianBlur(pixels, (0, 0), 0.6), 0, 255).astype(np.uint8)
    operation = ReplaceText(Target(TargetKind.TEXT, "Friday", words="Friday"), "Monday")

    after = replace_text(stage_of(pixels, models), operation, make_context())

    assert read(after.pixels, models) == ["Ends on Monday"]


def test_a_longer_word_stays_on_its_sign(models, make_context):
    pixels, board = sign("OPEN")
    operation = ReplaceText(Target(TargetKind.TEXT, "OPEN", words="OPEN"), "CLOSED TODAY")

    after = replace_text(stage_of(pixels, models), operation, make_context())

    assert read(after.pixels, models) == ["CLOSED TODAY"]
    assert after.change_mask[board < 0.5].max() == 0


def test_a_word_that_is_not_there_is_refused_with_those_that_are(models, make_context):
    pixels, _ = sign("OPEN")
    operation = ReplaceText(Target(TargetKind.TEXT, "the word SALE", words="SALE"), "SOLD")

    with pytest.raises(UnsupportedInstructionError, match='I read "OPEN", but not "SALE"'):
        replace_text(stage_of(pixels, models), operation, make_context())


def test_a_picture_without_words_is_refused(models, make_context):
    plain = np.full((240, 320, 3), 120, np.uint8)

    with pytest.raises(UnsupportedInstructionError, match="I read no words"):
        erase_text(stage_of(plain, models), EraseText(WORDS), make_context())


# Erase -------------------------------------------------------------------------------------------------------------------


def test_erased_words_are_gone_and_the_board_goes_on(models, make_context):
    pixels, board = sign("OPEN", tilt=15)

    after = erase_text(stage_of(pixels, models), EraseText(WORDS), make_context())

    assert read(after.pixels, models) == []
    assert_only_the_mask_changed(pixels, after)
    filled = after.pixels[(after.change_mask > 0) & (board == 1)].astype(float)
    assert np.abs(filled.mean(axis=0) - (150, 36, 34)).max() < 4
    around = pixels[(after.change_mask == 0) & (cv2.erode(board, np.ones((9, 9))) == 1)].astype(float)
    assert 0.6 < filled.std(axis=0).mean() / around.std(axis=0).mean() < 1.5


def test_of_several_lines_only_the_named_one_is_erased(models, make_context):
    pixels = np.full((300, 600, 3), 240, np.float32)
    write_on(pixels, "CAFE", left=60, base=110, size=80, color=(20, 60, 30))
    write_on(pixels, "OPEN", left=60, base=230, size=80, color=(120, 20, 30))
    pixels = pixels.astype(np.uint8)

    after = erase_text(
        stage_of(pixels, models), EraseText(Target(TargetKind.TEXT, "OPEN", words="OPEN")), make_context()
    )

    assert read(after.pixels, models) == ["CAFE"]
    assert after.change_mask[:130].max() == 0


def test_the_same_seed_gives_the_same_pixels(models, make_context):
    pixels, _ = sign("OPEN")
    operation = ReplaceText(Target(TargetKind.TEXT, "OPEN", words="OPEN"), "CLOSED")

    first, second, third = (
        replace_text(stage_of(pixels, models), operation, make_context(seed=seed)).pixels for seed in (4, 4, 5)
    )

    assert np.array_equal(first, second)
    assert not np.array_equal(first, third)


def test_an_edit_of_words_can_be_stopped(models, make_context):
    pixels, _ = sign("OPEN")

    with pytest.raises(EditAbortedError):
        erase_text(stage_of(pixels, models), EraseText(WORDS), make_context(should_abort=lambda: True))


# Write -------------------------------------------------------------------------------------------------------------------


def test_written_words_can_be_read_and_stand_where_they_were_put(models, make_context, make_stage):
    pixels = np.full((400, 640, 3), (40, 60, 90), np.uint8)
    operation = AddText("Happy Birthday", horizontal="right", vertical="bottom")

    after = add_text(make_stage(pixels, np.zeros((400, 640), np.float32), present=False), operation, make_context())

    lines = read_text(after.pixels, models)
    assert [line.text for line in lines] == ["Happy Birthday"]
    column, row = lines[0].quad.mean(axis=0)
    assert column > 400
    assert row > 320
    assert_only_the_mask_changed(pixels, after)


def test_words_keep_clear_of_the_subject(make_context, make_stage):
    matte = np.zeros((400, 600), np.float32)
    matte[220:, 100:500] = 1.0

    after = add_text(make_stage(np.full((400, 600, 3), 90, np.uint8), matte), AddText("SALE"), make_context())

    assert (after.change_mask * matte).max() == 0
    assert "top" in after.resolutions[0].resolved_to


@pytest.mark.parametrize(("level", "bright"), [(20, True), (240, False)])
def test_the_color_is_chosen_to_stand_out(make_context, make_stage, level, bright):
    pixels = np.full((300, 500, 3), level, np.uint8)

    after = add_text(make_stage(pixels, np.zeros((300, 500), np.float32), present=False), AddText("Hi"), make_context())

    inked = after.pixels[after.change_mask > 0.99].mean()
    assert (inked > 220) == bright


def test_a_color_that_would_not_stand_out_gets_a_shadow(make_context, make_stage):
    red = LetteringStyle(color=ColorValue("red", (204, 32, 36)))
    empty = np.zeros((300, 500), np.float32)

    on_white, on_dark_red = (
        add_text(
            make_stage(np.full((300, 500, 3), c, np.uint8), empty, present=False),
            AddText("Hi", style=red),
            make_context(),
        )
        for c in ((255, 255, 255), (150, 30, 30))
    )

    assert (on_dark_red.change_mask > 0).sum() > 1.5 * (on_white.change_mask > 0).sum()


def test_a_size_in_pixels_is_the_size_of_the_font(make_context, make_stage):
    empty = np.zeros((300, 500), np.float32)
    heights = []
    for size in (40.0, 80.0):
        operation = AddText(
            "HH", style=LetteringStyle(size_px=size, shadow=False, color=ColorValue("black", (0, 0, 0)))
        )
        after = add_text(
            make_stage(np.full((300, 500, 3), 255, np.uint8), empty, present=False), operation, make_context()
        )
        heights.append(int((after.change_mask > 0.5).any(axis=1).sum()))

    assert abs(heights[0] - 0.7 * 40) < 3
    assert abs(heights[1] - 2 * heights[0]) < 3


def test_long_words_are_broken_into_lines_that_fit(models, make_context, make_stage):
    words = "One small step for a man, one giant leap for everybody who ever looked up at the stars"
    pixels = np.full((400, 480, 3), 30, np.uint8)
    operation = AddText(words, LetteringKind.CAPTION)

    after = add_text(make_stage(pixels, np.zeros((400, 480), np.float32), present=False), operation, make_context())

    assert " ".join(read(after.pixels, models)) == words
    columns = np.flatnonzero((after.change_mask > 0.5).any(axis=0))
    assert columns[0] > 5
    assert columns[-1] < 475


def test_letters_that_no_font_has_are_refused_by_name(make_context, make_stage):
    stage = make_stage(np.zeros((200, 300, 3), np.uint8), np.zeros((200, 300), np.float32), present=False)

    with pytest.raises(UnsupportedInstructionError, match="你 好"):
        add_text(stage, AddText("你好"), make_context())


def test_a_font_that_is_not_installed_is_refused_with_those_that_are(make_context, make_stage):
    stage = make_stage(np.zeros((200, 300, 3), np.uint8), np.zeros((200, 300), np.float32), present=False)

    with pytest.raises(UnsupportedInstructionError, match="Roboto"):
        add_text(stage, AddText("Hi", style=LetteringStyle(family="Comic Sans")), make_context())


def test_letters_on_a_transparent_picture_are_solid(make_context, make_stage):
    pixels = np.zeros((200, 300, 4), np.uint8)

    after = add_text(make_stage(pixels, np.zeros((200, 300), np.float32), present=False), AddText("Hi"), make_context())

    assert after.pixels[..., 3].max() == 255
    assert np.array_equal(after.pixels[after.change_mask == 0], pixels[after.change_mask == 0])


def test_a_watermark_lets_the_picture_through(make_context, make_stage):
    pixels = np.full((400, 600, 3), 60, np.uint8)
    stage = make_stage(pixels, np.zeros((400, 600), np.float32), present=False)

    after = add_text(stage, AddText("© Ann", LetteringKind.WATERMARK), make_context())

    assert 0.5 < after.change_mask.max() < 0.75
    rows, columns = np.nonzero(after.change_mask)
    assert rows.min() > 300
    assert columns.min() > 300


def test_a_speech_bubble_stands_off_the_speaker_and_can_be_read(models, make_context, make_stage, disc):
    matte = disc((400, 700), (250, 200), 90)
    stage = make_stage(np.full((400, 700, 3), 120, np.uint8), matte)
    stage.scene.head = None

    after = add_text(stage, AddText("Where is my dinner?", LetteringKind.BUBBLE), make_context())

    assert " ".join(read(after.pixels, models)) == "Where is my dinner?"
    white = (after.pixels.min(axis=2) > 250) & (matte > 0.5)
    assert white.sum() < 0.1 * (matte > 0.5).sum()


def test_nobody_to_speak_is_a_refusal(make_context, make_stage):
    stage = make_stage(np.full((300, 400, 3), 120, np.uint8), np.zeros((300, 400), np.float32), present=False)
    stage.scene.head = None

    with pytest.raises(UnsupportedInstructionError, match="say who"):
        add_text(stage, AddText("Hi", LetteringKind.BUBBLE), make_context())


def test_no_model_is_loaded_to_write_over_a_picture(tmp_path: Path, make_context):
    empty_store = ModelStore(tmp_path)
    pixels = np.full((200, 300, 3), 90, np.uint8)
    stage = Stage(pixels=pixels, change_mask=np.zeros((200, 300), np.float32), scene=Scene(pixels, empty_store))

    after = add_text(stage, AddText("Hi", horizontal="left", vertical="top"), make_context())

    assert after.change_mask.max() > 0.9
