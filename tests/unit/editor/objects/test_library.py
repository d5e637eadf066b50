from pathlib import Path

import pytest

from retouch.editor.objects.cutout import ObjectEntry
from retouch.editor.objects.library import ObjectLibrary, match_rank
from retouch.editor.objects.pack import make_entry


def entry(name: str, kind: str | None = None) -> ObjectEntry:
    return make_entry(name, pack="test", license_name="none", kind=kind, path=Path("x.png"), size_wh=(200, 100))


@pytest.mark.parametrize(
    ("noun", "name"),
    [
        ("bird", "lark"),
        ("bird", "silver gull"),
        ("bird", "crow"),
        ("birds", "great blue heron"),
        ("animal", "hedgehog"),
        ("dog", "dingo"),
        ("fruit", "pineapple"),
        ("boat", "old Chinese sailing ship"),
        ("ball", "soccer ball"),
        ("hat", "top hat"),
        ("car", "sports car"),
        ("seagull", "silver gull"),
        ("tree", "holm oak"),
    ],
)
def test_a_noun_finds_what_is_a_kind_of_it(noun: str, name: str) -> None:
    assert match_rank(entry(name), noun) is not None


@pytest.mark.parametrize(
    ("noun", "name"),
    [
        ("cat", "catfish"),
        ("cat", "lion"),
        ("balloon", "hot air balloon"),
        ("bear", "teddy bear"),
        ("fly", "butterfly"),
        ("lion", "sea lion"),
        ("star", "starling"),
        ("horse", "seahorse"),
        ("apple", "pineapple"),
        ("lark", "crow"),
        ("thing", "lark"),
    ],
)
def test_a_noun_does_not_find_what_merely_sounds_like_it(noun: str, name: str) -> None:
    assert match_rank(entry(name), noun) is None


def test_the_kind_of_the_folder_helps_an_unknown_name() -> None:
    assert match_rank(entry("whitestar petunia hybrid", "flower"), "flower") is not None
    assert match_rank(entry("xyzzy", "insect"), "insect") is not None
    assert match_rank(entry("xyzzy", "insect"), "xyzzy") is not None


def test_the_exact_name_comes_first_then_the_noun_then_the_kind() -> None:
    names = ["great blue heron", "heron", "flamingo"]
    ranks = [match_rank(entry(name), "heron") for name in names]
    assert ranks == [1, 0, None]
    assert match_rank(entry("lark"), "songbird") == 2
    assert match_rank(entry("lark"), "bird") == 3


@pytest.mark.parametrize(
    "noun",
    [
        "bird",
        "balloon",
        "ball",
        "hat",
        "crown",
        "sunglasses",
        "flower",
        "tree",
        "cup",
        "book",
        "boat",
        "star",
        "heart",
        "umbrella",
        "moon",
        "cloud",
        "apple",
        "butterfly",
        "fish",
        "kite",
        "lamp",
        "mushroom",
        "pumpkin",
        "vase",
        "gift",
        "snowman",
    ],
)
def test_the_project_draws_everyday_things_itself(noun: str) -> None:
    found = ObjectLibrary().search(noun)
    assert found
    assert found[0].is_drawn


def test_nothing_is_found_for_what_no_pack_has_but_near_names_are_offered() -> None:
    library = ObjectLibrary()
    assert library.search("unicorn") == ()
    assert "butterfly" in library.nearest_names("dragonfly")
    assert "bird" in library.nearest_names("cat") or "fish" in library.nearest_names("cat")


def test_packs_are_listed_with_the_built_in_one_last() -> None:
    library = ObjectLibrary()
    assert library.packs[-1].name == "built-in"
    assert library.packs[-1].count == len(library.entries)
    assert not library.has_photographic_pack
