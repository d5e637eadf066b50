import cv2
import numpy as np
import pytest
from skimage import data

from retouch.editor.scene.eyewear import cut_out_dark_glasses, cut_out_glasses
from retouch.editor.scene.scene import Scene
from retouch.images.array_types import Pixels

FRAME = (24, 20, 18)


def _astronaut_with(*, dark: bool = False, tilt: float = 0.0) -> tuple[Pixels, np.ndarray]:
    """The astronaut at twice her size, with glasses drawn over her eyes, and where they were drawn."""
    picture = cv2.resize(data.astronaut(), None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    drawn = np.zeros(picture.shape[:2], np.uint8)
    for middle in ((408, 210), (494, 212)):
        cv2.ellipse(drawn, middle, (36, 28), 0, 0, 360, 1, -1 if dark else 5)
    cv2.line(drawn, (442, 204), (460, 204), 1, 5)
    picture[drawn > 0] = FRAME
    turn = cv2.getRotationMatrix2D((450, 250), tilt, 1.0)
    size = picture.shape[1::-1]
    return cv2.warpAffine(picture, turn, size, borderMode=cv2.BORDER_REPLICATE), cv2.warpAffine(drawn, turn, size) > 0


@pytest.mark.parametrize("tilt", [0.0, -15.0])
def test_a_frame_is_found_where_it_is(astronaut: Scene, tilt: float) -> None:
    picture, drawn = _astronaut_with(tilt=tilt)
    face = Scene(picture, astronaut._models).faces[0]

    found = cut_out_glasses(picture, face)

    assert found is not None
    assert float((found > 0.5)[drawn].mean()) > 0.7
    assert float(drawn[found > 0.5].mean()) > 0.5


def test_dark_lenses_belong_to_sunglasses(astronaut: Scene) -> None:
    picture, drawn = _astronaut_with(dark=True)
    face = astronaut.faces[0].moved(0, 0, 2)

    found = cut_out_glasses(picture, face, dark=True)

    assert found is not None
    assert float((found > 0.5)[drawn].mean()) > 0.85


def test_a_frame_without_dark_lenses_is_no_sunglasses(astronaut: Scene) -> None:
    picture, _ = _astronaut_with()

    assert cut_out_glasses(picture, astronaut.faces[0].moved(0, 0, 2), dark=True) is None


def test_a_bare_face_wears_no_glasses(astronaut: Scene) -> None:
    assert cut_out_glasses(astronaut.pixels, astronaut.faces[0]) is None


def test_dark_glasses_are_black_and_where_the_classifier_sees_them() -> None:
    pixels = np.full((400, 600, 3), (60, 150, 220), np.uint8)
    matte, heat = np.zeros((400, 600), np.float32), np.zeros((100, 150), np.float32)
    cv2.circle(matte, (300, 200), 150, 1.0, -1)
    pixels[matte > 0] = (170, 100, 60)
    cv2.circle(pixels, (260, 150), 25, (15, 15, 18), -1)
    cv2.circle(pixels, (330, 150), 25, (15, 15, 18), -1)
    cv2.circle(pixels, (300, 300), 25, (15, 15, 18), -1)
    heat[25:50, 50:100] = 1.0

    found = cut_out_dark_glasses(pixels, heat, matte)

    assert found is not None
    assert found[150, 260] > 0.9
    assert found[150, 330] > 0.9
    assert found[300, 300] == 0.0
