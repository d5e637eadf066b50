import cv2
import numpy as np
import pytest
from skimage import data

from retouch.editor.scene.faces import FaceNetworks, find_faces
from retouch.editor.scene.head import find_head
from retouch.editor.scene.scene import Scene
from retouch.editor.scene.values import Box, Face
from retouch.models import ModelStore


@pytest.fixture(scope="package")
def networks(store: ModelStore) -> FaceNetworks:
    return FaceNetworks.load(store)


def test_a_face_has_its_eyes_and_mouth_where_they_are(astronaut: Scene) -> None:
    (face,) = astronaut.faces

    assert face.confidence > 0.97
    assert face.eyes[0] == pytest.approx((205, 102), abs=6)
    assert face.eyes[1] == pytest.approx((246, 105), abs=6)
    assert face.mouth.left < 210 < 240 < face.mouth.right
    assert face.mouth.top < 137 < 148 < face.mouth.bottom
    assert face.box.top < 80
    assert face.box.bottom == pytest.approx(172, abs=12)
    assert abs(face.tilt) < 8


@pytest.mark.parametrize("name", ["coffee", "cat", "rocket", "plain"])
def test_pictures_without_people_have_no_faces(name: str, request: pytest.FixtureRequest) -> None:
    assert request.getfixturevalue(name).faces == ()


def test_two_people_are_two_faces_largest_first(networks: FaceNetworks) -> None:
    near = data.astronaut()[40:240, 130:330]
    far = cv2.resize(near, (100, 100), interpolation=cv2.INTER_AREA)
    picture = np.full((220, 400, 3), 120, np.uint8)
    picture[10:210, 10:210] = near
    picture[50:150, 280:380] = far

    faces = find_faces(picture, networks)

    assert len(faces) == 2
    assert faces[0].box.right < 210 < 280 < faces[1].box.left
    assert faces[0].box.width > 1.6 * faces[1].box.width


def test_a_tilted_head_has_tilted_eyes(networks: FaceNetworks) -> None:
    turn = cv2.getRotationMatrix2D((225, 125), -20, 1.0)
    picture = cv2.warpAffine(data.astronaut(), turn, (512, 512), borderMode=cv2.BORDER_REPLICATE)

    assert find_faces(picture, networks)[0].tilt == pytest.approx(23, abs=6)


def test_a_large_picture_gives_the_same_face_at_its_own_size(networks: FaceNetworks, astronaut: Scene) -> None:
    large = cv2.resize(data.astronaut(), (2048, 2048), interpolation=cv2.INTER_CUBIC)

    (face,) = find_faces(large, networks)

    assert face.eyes[0] == pytest.approx(tuple(4 * v for v in astronaut.faces[0].eyes[0]), abs=16)


@pytest.mark.parametrize("size_hw", [(1, 1), (3, 400), (11, 11), (64, 64)])
def test_tiny_and_narrow_pictures_have_no_faces_and_no_trouble(
    networks: FaceNetworks, size_hw: tuple[int, int]
) -> None:
    assert find_faces(np.full((*size_hw, 3), 90, np.uint8), networks) == ()


def test_a_face_beside_the_subject_is_not_the_subjects_head() -> None:
    matte = np.zeros((200, 200), np.float32)
    matte[60:180, 20:80] = 1
    beside = Face(Box(140, 40, 170, 80), 1.0, ((148, 55), (162, 55)), 3, (155, 62), Box(147, 65, 163, 75))

    head = find_head(np.full((200, 200, 3), 128, np.uint8), matte, (beside,))

    assert head is not None
    assert head.found_by == "silhouette"


def test_the_head_reaches_from_the_crown_to_the_chin_of_the_face(astronaut: Scene) -> None:
    head = astronaut.head

    assert head is not None
    assert head.found_by == "face"
    assert 10 < head.top < 40
    assert head.bottom == pytest.approx(172, abs=12)
