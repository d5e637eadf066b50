"""Words about colors that move, rather than colors that are named."""

__all__ = ["COMPARATIVES", "TERMS"]

COMPARATIVES: dict[str, str] = {
    "red": "redder reddish rosier",
    "orange": "oranger more_orangey",
    "yellow": "yellower yellowish yellowy",
    "green": "greener greenish lusher",
    "turquoise": "more_tropical",
    "blue": "bluer blueish bluish more_azure",
    "purple": "purpler purplish",
    "pink": "pinker pinkish",
    "brown": "browner brownish browner",
    "white": "whiter whitish",
    "black": "blacker blackish",
    "gray": "grayer greyer greyish grayish",
    "gold": "more_golden",
}
"""Color -> the words for "more of it"."""

TERMS: dict[str, str] = {
    **{f"more {color}": words for color, words in COMPARATIVES.items()},
    "hue": "hue hues tint_slider",
    "turn": "shift shifting rotate rotating turn change changing move cycle offset",
    "complement": "complementary_colors complementary_colours opposite_colors opposite_colours",
    "tint": "tint cast tinge hint tone tones color_cast colour_cast hue tint_of touch",
    "splash": "color_splash colour_splash selective_color selective_colour color_pop colour_pop color_isolation "
    "selective_coloring selective_colouring splash_of_color color_splash_effect colour_splash_effect color_key",
    "in color": "in_color in_colour colored coloured in_full_color in_full_colour in_its_color in_their_color "
    "in_colors in_colours in_original_color in_its_original_color",
    "rest": "everything_else the_rest all_else the_rest_of_it everything_else_in_the_photo anything_else "
    "the_rest_of_the_photo the_rest_of_the_picture the_rest_of_the_image all_the_rest the_remaining_parts "
    "all_other_parts everything_other rest remainder the_others",
    "only": "only just solely nothing_but",
    "before": "than_before than_now than_it_is than_it_is_now than_it_was than_currently than_at_the_moment",
}
