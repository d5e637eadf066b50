import threading

import numpy as np
from skimage import data

from retouch.editor.scene.scene import Scene
from retouch.editor.scene.subject import saliency_confidence
from retouch.models import ModelStore


def test_a_portrait_has_a_subject_whose_matte_covers_face_and_suit_and_not_the_wall(astronaut: Scene) -> None:
    subject = astronaut.subject

    assert subject.present
    assert subject.confidence > 0.95
    assert subject.matte.dtype == np.float32
    assert subject.matte[110:150, 205:240].min() == 1.0  # the face
    assert subject.matte[350:400, 180:280].min() > 0.99  # the suit
    assert subject.matte[20:75, 310:340].max() == 0.0  # the wall


def test_a_matte_is_soft_in_a_narrow_band_only(coffee: Scene) -> None:
    matte = coffee.subject.matte
    soft = (matte > 0.02) & (matte < 0.98)

    assert 0.001 < soft.mean() < 0.06
    assert 0.35 < (matte > 0.5).mean() < 0.55


def test_a_picture_of_nothing_has_no_subject(plain: Scene) -> None:
    assert not plain.subject.present
    assert plain.subject.matte.max() == 0
    assert plain.head is None


def test_the_same_picture_gives_the_same_matte_bit_for_bit(store: ModelStore, cat: Scene) -> None:
    again = Scene(data.chelsea(), store)

    assert np.array_equal(again.subject.matte, cat.subject.matte)


def test_threads_share_one_computation(store: ModelStore) -> None:
    scene = Scene(data.chelsea()[::2, ::2].copy(), store)
    seen: list[object] = []
    threads = [threading.Thread(target=lambda: seen.append(scene.subject)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len({id(subject) for subject in seen}) == 1


def test_confidence_weighs_the_middle_of_a_slim_subject_more_than_its_rim() -> None:
    score = np.zeros((320, 320), np.float32)
    score[50:270, 155:165] = 0.6
    score[50:270, 157:163] = 1.0

    assert saliency_confidence(score) > score[score > 0].mean()
    assert saliency_confidence(np.zeros((320, 320), np.float32)) == 0
