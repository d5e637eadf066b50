import io

import numpy as np
import pytest
from PIL import Image
from skimage.data import astronaut

from retouch.errors import InvalidValueError
from retouch.images.codec import DecodeLimits
from retouch.images.mask_file import mask_from_array, read_mask

WHITE_LEFT = np.zeros((20, 30), np.uint8)
WHITE_LEFT[:, :10] = 255


def file_of(picture, file_format="PNG", **options):
    buffer = io.BytesIO()
    picture.save(buffer, file_format, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("mode", ["L", "1", "RGB", "RGBA", "LA", "P"])
def test_white_may_change_in_every_mode(mode):
    mask = read_mask(file_of(Image.fromarray(WHITE_LEFT).convert(mode)))
    assert mask.dtype == np.float32
    np.testing.assert_array_equal(mask, WHITE_LEFT / 255)


def test_white_strokes_on_nothing_are_a_mask():
    strokes = np.zeros((20, 30, 4), np.uint8)
    strokes[..., :3] = 255
    strokes[..., 3] = WHITE_LEFT
    np.testing.assert_array_equal(read_mask(file_of(Image.fromarray(strokes))), WHITE_LEFT / 255)


def test_what_a_jpeg_rings_is_not_part_of_the_mask():
    mask = read_mask(file_of(Image.fromarray(np.kron(WHITE_LEFT, np.ones((8, 8), np.uint8))), "JPEG", quality=95))
    assert (mask[:, 90:] == 0).all()
    assert (mask[:, :70] > 0.9).all()


def test_a_photo_is_no_mask():
    with pytest.raises(InvalidValueError, match="a picture in color") as caught:
        read_mask(file_of(Image.fromarray(astronaut())))
    assert caught.value.field == "mask"


@pytest.mark.parametrize("data", [b"", b"<svg/>", file_of(Image.fromarray(WHITE_LEFT))[:60]])
def test_what_is_no_picture_is_an_error_of_the_field(data):
    with pytest.raises(InvalidValueError, match="mask must be a gray picture"):
        read_mask(data)


def test_the_limits_of_pictures_hold_for_masks():
    with pytest.raises(InvalidValueError, match="30x20 pixels"):
        read_mask(file_of(Image.fromarray(WHITE_LEFT)), DecodeLimits(max_pixels=100))


@pytest.mark.parametrize(
    "values",
    [WHITE_LEFT, WHITE_LEFT > 0, WHITE_LEFT / 255, np.dstack([WHITE_LEFT] * 3)],
    ids=["uint8", "bool", "float", "rgb"],
)
def test_an_array_may_be_a_mask(values):
    np.testing.assert_array_equal(mask_from_array(values), WHITE_LEFT / 255)


@pytest.mark.parametrize(
    "values",
    [WHITE_LEFT.astype(float), np.full((2, 2), np.nan), np.zeros((0, 4), np.uint8), np.zeros(4), np.zeros((2, 2), int)],
    ids=["beyond 1", "not a number", "empty", "flat", "int"],
)
def test_another_array_is_refused(values):
    with pytest.raises(InvalidValueError, match="mask"):
        mask_from_array(values)
