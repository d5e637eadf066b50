import cv2
import numpy as np
import pytest
import skimage.data

from retouch.editor.instructions.plan import PrintOnto, Target, TargetKind
from retouch.editor.operations.print.flat import find_flat_face, find_quad
from retouch.editor.operations.print.onto import print_onto
from retouch.editor.operations.print.round import find_cylinder
from retouch.errors import EditAbortedError, InvalidValueError, UnsupportedInstructionError

FIRST = Target(TargetKind.PICTURE, "the first image", image_index=0)
MUG = Target(TargetKind.NOUN, "the mug", noun="cup")


def draw_mug(size=320, *, taper=0.12, rim=0.2, handle=True, body=(60, 110, 180)):
    """A mug from the side and a little above; returns pixels and matte, antialiased by drawing at four times the size."""
    big = np.zeros((size * 4, size * 4), np.uint8)
    center, top, bottom, radius = size * 2, size, size * 3, size
    low = radius * (1 - 2 * taper)
    if handle:
        cv2.ellipse(big, (center + radius, (top + bottom) // 2), (size // 2, int(size * 0.7)), 0, 0, 360, 1, size // 6)
    sides = [(center - radius, top), (center + radius, top), (int(center + low), bottom), (int(center - low), bottom)]
    cv2.fillPoly(big, [np.array(sides, np.int32)], 1)
    cv2.ellipse(big, (center, top), (radius, int(radius * rim)), 0, 0, 360, 1, -1)
    cv2.ellipse(big, (center, bottom), (int(low), int(low * rim)), 0, 0, 360, 1, -1)
    matte = cv2.resize(big.astype(np.float32), (size, size), interpolation=cv2.INTER_AREA)
    columns = np.arange(size, dtype=np.float32)[None, :, None]
    light = 0.7 + 0.3 * np.cos((columns - size * 0.4) / size * 3)
    pixels = matte[..., None] * (np.array(body, np.float32) * light) + (1 - matte[..., None]) * 245
    return np.rint(pixels).astype(np.uint8), matte


def quadrants(height=120, width=160):
    """A picture that is red, green, blue and yellow, clockwise from the top left."""
    picture = np.zeros((height, width, 3), np.uint8)
    picture[: height // 2, : width // 2], picture[: height // 2, width // 2 :] = (220, 30, 30), (30, 180, 40)
    picture[height // 2 :, : width // 2], picture[height // 2 :, width // 2 :] = (230, 200, 30), (30, 50, 210)
    return picture


@pytest.mark.parametrize("taper", [0.0, 0.12, 0.2])
@pytest.mark.parametrize("rim", [0.05, 0.2, 0.35])
def test_the_mug_stays_the_same_mug_outside_the_print(taper, rim, make_stage, make_context):
    pixels, matte = draw_mug(taper=taper, rim=rim)

    after = print_onto(make_stage(pixels, matte), PrintOnto(FIRST, MUG), make_context(quadrants()))

    outside = after.change_mask == 0
    assert np.array_equal(after.pixels[outside], pixels[outside])
    assert (after.change_mask[matte == 0] == 0).all()
    assert 0.05 < (after.change_mask > 0).mean() / (matte > 0.5).mean() < 0.6


def test_the_print_is_upright_and_in_the_middle_of_the_front(make_stage, make_context):
    pixels, matte = draw_mug()

    after = print_onto(make_stage(pixels, matte), PrintOnto(FIRST, MUG), make_context(quadrants()))

    rows, columns = np.nonzero(after.change_mask > 0.5)
    middle, center = (rows.min() + rows.max()) // 2, (columns.min() + columns.max()) // 2
    assert abs(center - 160) <= 3, "the handle must not pull the print aside"
    red, green, blue = (after.pixels[..., i].astype(int) for i in range(3))
    up, down, left, right = middle - 15, middle + 25, center - 25, center + 25
    assert red[up, left] > green[up, left] + 60
    assert green[up, right] > red[up, right] + 60
    assert blue[down, right] > red[down, right] + 60
    assert min(red[down, left], green[down, left]) > blue[down, left] + 60


@pytest.mark.parametrize(("height", "width"), [(120, 160), (150, 150), (200, 110), (90, 240)])
def test_the_print_keeps_the_ratio_of_the_picture_and_bends_with_the_mug(height, width):
    _, matte = draw_mug(rim=0.2, taper=0.0)

    surface = find_cylinder(matte)

    assert surface is not None
    printed_height = min(surface.max_along, surface.max_across * height / width)
    printed_width = printed_height * width / height
    inside = (np.abs(surface.across) < printed_width / 2) & (np.abs(surface.along) < printed_height / 2)
    columns = np.flatnonzero((inside & (surface.visible > 0)).any(axis=0))
    center = (columns[0] + columns[-1]) // 2
    tops = [int(np.argmax(inside[:, c])) for c in (columns[2], center, columns[-3])]
    assert tops[1] > tops[0], "the upper edge hangs like the rim"
    assert tops[1] > tops[2]
    assert abs(tops[0] - tops[2]) <= 2
    half_angle = printed_width / 2 / 80
    assert columns.size == pytest.approx(2 * 80 * np.sin(half_angle), abs=5)
    assert inside[:, center].sum() == pytest.approx(printed_height, abs=4)


def test_light_on_the_mug_falls_on_the_print(make_stage, make_context):
    pixels, matte = draw_mug(taper=0.0)
    white = np.full((100, 140, 3), 255, np.uint8)

    after = print_onto(make_stage(pixels, matte), PrintOnto(FIRST, MUG), make_context(white))

    solid = after.change_mask > 0.99
    row = np.flatnonzero(solid.sum(axis=1) > 60)[20]
    columns = np.flatnonzero(solid[row])
    before = pixels[row, columns].sum(axis=1).astype(float)
    shown = after.pixels[row, columns].sum(axis=1).astype(float)
    assert np.corrcoef(before, shown)[0, 1] > 0.95
    assert after.pixels[solid].max() < 255


def test_a_cut_out_is_printed_without_its_background(disc, make_stage, make_context):
    pixels, matte = draw_mug()
    picture = np.full((100, 100, 3), (20, 200, 20), np.uint8)
    shape = disc((100, 100), (50, 50), 30)
    picture[shape > 0] = (230, 40, 30)
    subject = Target(TargetKind.SUBJECT, "the ball", image_index=0)

    after = print_onto(make_stage(pixels, matte), PrintOnto(subject, MUG), make_context((picture, shape)))

    changed = after.pixels[after.change_mask > 0.9].astype(int)
    assert (changed[:, 0] > changed[:, 1] + 50).all()
    corner_of_print = np.argwhere(after.change_mask > 0).min(axis=0)
    assert after.change_mask[tuple(corner_of_print)] == 0


def test_fine_detail_is_averaged_not_aliased(make_stage, make_context):
    pixels, matte = draw_mug(taper=0.0)
    checkers = (np.indices((900, 900)).sum(axis=0) % 2 * 255).astype(np.uint8)

    after = print_onto(
        make_stage(pixels, matte), PrintOnto(FIRST, MUG), make_context(np.repeat(checkers[..., None], 3, axis=2))
    )

    core = cv2.erode(after.change_mask, np.ones((9, 9))) > 0.99
    grey = after.pixels.mean(axis=2)
    assert (grey - cv2.GaussianBlur(grey, (0, 0), 4))[core].std() < 3


def test_the_same_call_gives_the_same_bytes(make_stage, make_context):
    stage = make_stage(*draw_mug())

    first = print_onto(stage, PrintOnto(FIRST, MUG), make_context(quadrants()))
    second = print_onto(stage, PrintOnto(FIRST, MUG), make_context(quadrants()))

    assert np.array_equal(first.pixels, second.pixels)


def blob(kind):
    mask = np.zeros((300, 300), np.float32)
    if kind == "saucer from above":
        cv2.circle(mask, (150, 150), 110, 1, -1)
    elif kind == "rim seen from above":
        cv2.ellipse(mask, (150, 120), (90, 80), 0, 0, 360, 1, -1)
        cv2.ellipse(mask, (150, 180), (80, 70), 0, 0, 360, 1, -1)
    elif kind == "lying mug":
        mask = np.ascontiguousarray(draw_mug(300, rim=0.1)[1].T)
        mask = cv2.warpAffine(mask, cv2.getRotationMatrix2D((150, 150), 35, 1), (300, 300))
    elif kind == "star":
        turns = np.linspace(0, 2 * np.pi, 11)[:-1]
        radius = np.where(np.arange(10) % 2 == 0, 130, 55)
        points = np.stack([150 + radius * np.sin(turns), 150 - radius * np.cos(turns)], axis=1)
        cv2.fillPoly(mask, [points.astype(np.int32)], 1)
    elif kind == "too small":
        mask[140:155, 140:155] = 1
    return mask


@pytest.mark.parametrize(
    "kind", ["saucer from above", "rim seen from above", "lying mug", "star", "too small", "nothing"]
)
def test_what_is_no_upright_cup_is_refused_by_name(kind, make_stage, make_context):
    stage = make_stage(np.full((300, 300, 3), 128, np.uint8), blob(kind))

    with pytest.raises(UnsupportedInstructionError, match="print on the cup") as caught:
        print_onto(stage, PrintOnto(FIRST, MUG), make_context(quadrants()))

    assert caught.value.hint


def test_a_thing_without_a_printable_surface_is_refused_by_name(make_stage, make_context):
    dog = Target(TargetKind.NOUN, "the dog", noun="dog")

    with pytest.raises(UnsupportedInstructionError, match="A dog has no surface"):
        print_onto(make_stage(*draw_mug()), PrintOnto(FIRST, dog), make_context(quadrants()))


def test_the_picture_must_be_named(make_stage, make_context):
    unnamed = Target(TargetKind.PICTURE, "the image")

    with pytest.raises(InvalidValueError, match="image_index"):
        print_onto(make_stage(*draw_mug()), PrintOnto(unnamed, MUG), make_context(quadrants()))


def test_an_abort_stops_it(make_stage, make_context):
    context = make_context(quadrants(), should_abort=lambda: True)

    with pytest.raises(EditAbortedError):
        print_onto(make_stage(*draw_mug()), PrintOnto(FIRST, MUG), context)


def test_a_poster_takes_the_print_in_its_perspective(make_stage, make_context):
    mask = np.zeros((300, 300), np.float32)
    corners = np.array([[60, 50], [240, 80], [240, 220], [60, 260]], np.int32)
    cv2.fillPoly(mask, [corners], 1)
    poster = Target(TargetKind.NOUN, "the poster", noun="poster")

    after = print_onto(
        make_stage(np.full((300, 300, 3), 200, np.uint8), mask), PrintOnto(FIRST, poster), make_context(quadrants())
    )

    covered = after.change_mask > 0.5
    left, right = np.flatnonzero(covered.any(axis=0))[[2, -3]]
    assert covered[:, left].sum() > 1.15 * covered[:, right].sum()
    assert (after.change_mask[mask == 0] == 0).all()


def test_a_quad_is_not_seen_where_there_is_none():
    assert find_quad(blob("star")) is None
    assert find_quad(blob("saucer from above")) is None


def test_a_shirt_gets_an_upright_print_on_the_chest(make_stage, make_context):
    mask = np.zeros((300, 300), np.float32)
    cv2.fillPoly(mask, [np.array([[90, 60], [210, 60], [280, 140], [240, 160], [215, 130], [220, 290]], np.int32)], 1)
    cv2.fillPoly(
        mask, [np.array([[90, 60], [220, 60], [220, 290], [80, 290], [85, 130], [60, 160], [20, 140]], np.int32)], 1
    )
    shirt = Target(TargetKind.NOUN, "the shirt", noun="shirt")
    photo = cv2.resize(skimage.data.astronaut(), (300, 300))

    after = print_onto(make_stage(photo, mask), PrintOnto(FIRST, shirt), make_context(quadrants()))

    rows, columns = np.nonzero(after.change_mask > 0.5)
    assert abs((columns.min() + columns.max()) / 2 - 150) < 15
    # The body rounds the print: a little narrower than it would be on a table.
    assert 0.85 * 160 / 120 < (np.ptp(columns) + 1) / (np.ptp(rows) + 1) <= 1.03 * 160 / 120
    assert (after.change_mask[mask == 0] == 0).all()


def test_a_sliver_has_no_room_for_a_print():
    mask = np.zeros((200, 200), np.float32)
    cv2.line(mask, (10, 10), (190, 190), 1, 12)

    assert find_flat_face(mask, 1.5) is None
