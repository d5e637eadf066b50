import numpy as np
import pytest

from retouch.fonts import STYLES, choose_faces, draw_line, family_names, has_letters, load_font, missing_letters


def test_every_kind_of_font_has_an_installed_family():
    for style, families in STYLES.items():
        assert set(families) & set(family_names()), style
        assert choose_faces(style=style)[0].family in families


def test_a_family_is_found_whatever_its_capitals_and_spaces():
    assert {face.family for face in choose_faces(family="playfairdisplay")} == {"Playfair Display"}
    assert choose_faces(family="No Such Font") == []


def test_bold_and_italic_come_first_where_they_are_asked_for():
    face = choose_faces(style="serif", bold=True, italic=True)[0]

    assert face.italic
    assert face.max_weight >= 700


def test_letters_that_a_face_lacks_are_named_once_in_order():
    face = choose_faces(style="sans")[0]

    assert missing_letters(face, "a你b好你") == ["你", "好"]
    assert has_letters(face, "Grüße, Привет © 2024")


@pytest.mark.parametrize("family", ["Roboto", "Montserrat"])
def test_a_heavier_weight_has_more_ink(family):
    face = choose_faces(family=family)[0]

    light, heavy = (
        float(np.asarray(draw_line("Hamburg", load_font(face, 60, weight=weight))[0], np.float32).sum())
        for weight in (300, 800)
    )

    assert heavy > 1.3 * light


def test_fonts_of_two_callers_do_not_change_each_other():
    face = choose_faces(family="Roboto")[0]
    first = load_font(face, 40, weight=300)
    length = first.getlength("Hamburg")

    load_font(face, 40, weight=900)

    assert first.getlength("Hamburg") == length
