import cv2
import numpy as np
import pytest
from skimage import data

from retouch.editor.instructions.plan import Target, TargetKind
from retouch.editor.scene.scene import Scene
from retouch.errors import UnsupportedInstructionError
from retouch.models import ModelStore


def noun(word: str, phrase: str | None = None, **more: object) -> Target:
    return Target(TargetKind.NOUN, phrase or f"the {word}", noun=word, **more)  # type: ignore[arg-type]


def hint(scene: Scene, target: Target) -> str:
    with pytest.raises(UnsupportedInstructionError) as caught:
        scene.find(target)
    return caught.value.hint


@pytest.fixture(scope="module")
def pair(store: ModelStore) -> Scene:
    """Two equally large people side by side."""
    one = data.astronaut()[:330, 90:370]
    return Scene(np.concatenate([one, one[:, ::-1]], axis=1), store)


def test_a_person_is_verified_by_the_face(astronaut: Scene) -> None:
    found = astronaut.find(noun("person"))

    assert found.verified
    assert found.resolved_to == "the person"
    assert found.mask[120, 225] > 0.95


def test_the_jacket_leaves_lips_hair_and_flag_alone(astronaut: Scene) -> None:
    mask = astronaut.find(noun("jacket")).mask

    assert mask[330:400, 60:120].mean() > 0.9  # the sleeve
    assert mask[40:165, 185:265].max() < 0.05  # the head
    assert mask[20:200, :40].max() < 0.05  # the flag
    assert mask[400:480, 330:450].mean() < 0.1  # the helmet


def test_clothes_are_more_than_the_jacket(astronaut: Scene) -> None:
    jacket, clothes = astronaut.find(noun("jacket")).mask, astronaut.find(noun("clothes")).mask

    assert clothes.sum() > 1.1 * jacket.sum()
    assert clothes[30:160, 150:300].max() < 0.05


def test_hair_is_around_the_face_and_not_on_it(astronaut: Scene) -> None:
    mask = astronaut.find(noun("hair")).mask

    assert mask[35:55, 205:250].mean() > 0.8
    assert mask[110:150, 205:245].mean() < 0.1
    assert mask[200:].max() == 0


def test_the_face_holds_eyes_mouth_and_cheeks(astronaut: Scene) -> None:
    mask = astronaut.find(noun("face")).mask

    assert mask[95:155, 205:245].min() > 0.9
    assert mask[220:].max() == 0


def test_skin_spares_eyes_and_mouth(astronaut: Scene) -> None:
    mask = astronaut.find(noun("skin")).mask
    (left, _), mouth = astronaut.faces[0].eyes, astronaut.faces[0].mouth.center

    assert mask[round(left[1]), round(left[0])] < 0.1
    assert mask[round(mouth[1]), round(mouth[0])] < 0.1
    assert mask[118:128, 212:240].mean() > 0.8  # nose and cheeks


def test_eyes_lips_and_teeth_are_small_and_in_their_places(astronaut: Scene) -> None:
    eyes, lips, teeth = (astronaut.find(noun(word)).mask for word in ("eye", "lip", "tooth"))

    assert eyes[102, 205] > 0.9
    assert eyes[102, 246] > 0.9
    assert 0 < eyes.mean() < 0.005
    assert lips[:130].max() == teeth[:130].max() == 0
    assert lips[170:].max() == teeth[170:].max() == 0
    assert (lips * teeth).sum() < 0.5 * teeth.sum()


@pytest.mark.parametrize("word", ["hair", "eye", "lip", "skin", "tooth", "face"])
def test_parts_of_a_person_are_refused_where_nobody_is(coffee: Scene, word: str) -> None:
    assert "no person's face" in hint(coffee, noun(word))


def test_eyes_that_are_too_small_are_refused(store: ModelStore) -> None:
    far = np.full((700, 700, 3), 128, np.uint8)
    far[300:470, 300:470] = cv2.resize(data.astronaut(), (170, 170), interpolation=cv2.INTER_AREA)
    scene = Scene(far, store)

    assert len(scene.faces) == 1
    assert "well enough" in hint(scene, noun("tooth"))


def test_one_of_two_people_must_be_pointed_at(pair: Scene) -> None:
    assert "I see 2 people" in hint(pair, noun("man"))

    left = pair.find(noun("man", horizontal="left")).mask

    assert left[120, 135] > 0.9
    assert left[:, 300:].mean() < 0.1


def test_a_garment_of_one_of_two_people_must_be_pointed_at(pair: Scene) -> None:
    assert "whose jacket" in hint(pair, noun("jacket"))

    right = pair.find(noun("jacket", horizontal="right")).mask

    assert right.max() > 0.9
    assert right[:, :240].mean() < 0.05


def test_everyone_is_everyone(pair: Scene) -> None:
    found = pair.find(noun("people"))

    assert found.resolved_to == "2 people"
    assert min(found.mask[120, 135], found.mask[120, 560 - 135]) > 0.9


def test_a_side_where_nobody_is_is_refused(astronaut: Scene) -> None:
    assert "nobody at the right" in hint(astronaut, noun("man", horizontal="right"))


@pytest.mark.parametrize("word", ["sea", "lake", "river", "water"])
def test_water_is_refused_indoors(coffee: Scene, word: str) -> None:
    assert f"no {word}" in hint(coffee, noun(word))


def test_grass_is_green_ground_or_none(store: ModelStore) -> None:
    rng = np.random.default_rng(3)
    grain = rng.normal(0, 0.2, (150, 400, 1))
    sky = np.full((150, 400, 3), (170, 200, 235), np.float64)
    lawn = np.concatenate([sky, np.array([80, 125, 45]) * (1 + grain)])
    sand = np.concatenate([sky, np.array([205, 180, 140]) * (1 + 0.3 * grain)])
    lawn_scene, sand_scene = (Scene(np.clip(p, 0, 255).astype(np.uint8), store) for p in (lawn, sand))

    assert lawn_scene.find(noun("grass")).mask[180:].mean() > 0.9
    assert "no grass" in hint(sand_scene, noun("grass"))


@pytest.mark.parametrize(
    ("phrase", "across", "down", "inside", "outside"),
    [
        ("the left half", "left", None, (100, 20), (100, 280)),
        ("the top right corner", "right", "top", (10, 290), (150, 290)),
        ("the bottom third", None, "bottom", (190, 150), (100, 150)),
        ("the center", "center", "middle", (100, 150), (10, 10)),
    ],
)
def test_regions_are_drawn_by_their_place(
    plain: Scene, phrase: str, across: str | None, down: str | None, inside: tuple[int, int], outside: tuple[int, int]
) -> None:
    target = Target(TargetKind.REGION, phrase, horizontal=across, vertical=down)  # type: ignore[arg-type]

    mask = plain.find(target).mask

    assert mask.dtype == np.float32
    assert mask[inside] == 1
    assert mask[outside] == 0
    assert len(np.unique(mask)) > 5


def test_all_but_a_thing_is_the_rest(coffee: Scene) -> None:
    cup, rest = (coffee.find(noun("cup", all_but=all_but)) for all_but in (False, True))

    assert np.allclose(cup.mask + rest.mask, 1)
    assert rest.resolved_to == f"everything but {cup.resolved_to}"
