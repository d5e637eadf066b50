import pytest

from retouch.editor.objects.nouns import Place, all_nouns, canonical, kinds_of, known_noun, noun_of_name


@pytest.mark.parametrize(
    ("name", "noun"),
    [
        ("A lark.", "lark"),
        ("A great blue heron.", "heron"),
        ("A Silver Gull.", "silver gull"),
        ("A seagull.", "gull"),
        ("An albino peahen (a female peafowl, or peacock).", "peahen"),
        ("The baby of a gnu.", "gnu"),
        ("A pair of cherries.", "cherry"),
        ("A bunch of grapes.", "grape"),
        ("A string of garlic.", "garlic"),
        ("hot air balloon", "hot air balloon"),
        ("A red balloon.", "balloon"),
        ("Teddy bear.", "teddy bear"),
        ("A baseball cap.", "cap"),
        ("A tennis racket.", "tennis racket"),
        ("catfish", "catfish"),
        ("A white mushroom", "mushroom"),
    ],
)
def test_a_name_is_read_as_the_thing_that_it_heads(name: str, noun: str) -> None:
    assert noun_of_name(name) == noun


@pytest.mark.parametrize(
    ("word", "noun"),
    [
        ("Birds", "bird"),
        ("the roses", "rose"),
        ("geese", "goose"),
        ("kitten", "cat"),
        ("glasses", "glasses"),
        ("boxes", "box"),
    ],
)
def test_plurals_and_synonyms_come_to_one_noun(word: str, noun: str) -> None:
    assert canonical(word) == noun


def test_every_noun_reaches_the_root_and_knows_its_places() -> None:
    for noun in all_nouns():
        assert kinds_of(noun.name)[-1] == "thing"
        assert noun.places
        assert noun.length_m is None or 0.005 <= noun.length_m <= 100


def test_kinds_lead_from_a_lark_to_an_animal() -> None:
    assert kinds_of("lark")[:4] == ("lark", "songbird", "bird", "animal")


@pytest.mark.parametrize(
    ("noun", "low", "high"),
    [
        ("lark", 0.1, 0.25),
        ("horse", 1.8, 3),
        ("cup", 0.06, 0.2),
        ("car", 3.5, 5),
        ("tree", 3, 20),
        ("balloon", 0.2, 0.5),
    ],
)
def test_sizes_are_those_of_the_real_world(noun: str, low: float, high: float) -> None:
    entry = known_noun(noun)
    assert entry is not None
    assert entry.length_m is not None
    assert low <= entry.length_m <= high


def test_places_are_inherited_from_the_kind() -> None:
    lark, sunglasses = known_noun("lark"), known_noun("sunglasses")
    assert lark is not None
    assert lark.places == (Place.GROUND, Place.AIR)
    assert sunglasses is not None
    assert sunglasses.places[0] is Place.EYES
