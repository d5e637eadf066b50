"""Words for the frame of the picture: crop, rotate, extend, border, collage."""

from typing import Final

__all__ = ["NOUNS", "RATIOS", "TERMS"]

TERMS: Final[dict[str, str]] = {
    "crop": "crop cropping cropped crop_in crop_down recrop reframe reframing trim trimming crop_tightly crop_tight "
    "crop_closely crop_loosely crop_close crop_in_on",
    "cut off": "cut_off cut_away chop_off chop slice_off trim_off cropped_off crop_off shave_off",
    "crop out": "crop_out cropping_out crop_away",
    "rotate": "rotate rotating rotated rotation",
    "straighten": "straighten straightening straighten_up straighten_out level_out deskew",
    "crooked": "crooked tilted slanted skewed askew lopsided wonky slanting tilting",
    "horizon": "horizon horizon_line verticals vertical_lines horizontals",
    "flip": "flip flipping flipped mirroring mirrored mirror-image mirror_image flop flip_over",
    "horizontally": "horizontally left-right sideways",
    "vertically": "vertically top-bottom",
    "upside down": "upside_down upside-down",
    "right way up": "right_way_up right_side_up the_right_way_up the_right_way_round",
    "clockwise": "clockwise",
    "counterclockwise": "counterclockwise counter-clockwise counter_clockwise anticlockwise anti-clockwise",
    "degrees": "degrees degree",
    "quarter turn": "quarter_turn a_quarter_turn on_its_side on_the_side",
    "half turn": "half_turn a_half_turn",
    "extend": "extend extending extended expand expanding outpaint outpainting uncrop widen widening enlarge_the_canvas "
    "extend_the_canvas expand_the_canvas extend_out",
    "room": "more_space more_room extra_space some_space some_room some_more_space some_more_room more_headroom "
    "some_headroom extra_room negative_space more_background",
    "zoom out": "zoom_out zooming_out zoomed_out zoom_back zoom_it_out",
    "zoom in": "zoom_in zoom zooming zooming_in zoom_into zoom_in_on zoomed_in zoom_on close-up closeup close_up zoom_it_in",
    "ratio": "aspect_ratio format aspect crop_ratio",
    "uncropped": "without_cropping without_cropping_it without_cropping_anything without_cutting_anything "
    "without_cutting_anything_off without_losing_anything instead_of_cropping uncropped without_a_crop don't_crop "
    "but_don't_crop not_cropped without_cutting_off_anything don't_crop_it do_not_crop without_crop no_cropping "
    "without_cutting_it without_cropping_the_photo without_cropping_the_picture without_cropping_the_image",
    "headshot": "headshot head_shot head_and_shoulders passport_photo mugshot portrait_crop",
    "border": "border borders white_borders",
    "passe-partout": "passe-partout passepartout passe_partout white_mat matte_frame",
    "polaroid": "polaroid_frame polaroid_border instant_frame polaroid-style_frame polaroid_style_frame instax_frame "
    "polaroid_style_border",
    "rounded": "rounded_corners round_corners rounded_edges round_the_corners round_edges round_off_the_corners "
    "rounded_off_corners round_its_corners rounded_corner",
    "bars": "letterbox letterboxing letter_box pillarbox padding letterboxed pad",
    "collage": "collage photo_collage picture_collage photo_grid contact_sheet montage diptych triptych",
    "grid": "grid photo_grid in_a_grid as_a_grid",
    "side by side": "side_by_side side-by-side next_to_each_other beside_each_other one_next_to_the_other in_one_row",
    "stacked": "one_above_the_other one_below_the_other under_each_other above_each_other below_each_other "
    "one_under_the_other on_top_of_each_other in_a_column",
    "before after": "before_and_after before/after before_after before-after before-and-after before_&_after "
    "a_before_and_after the_before_and_after before_vs_after original_and_edited original_and_result",
    "center": "centering recenter recentre centered centred",
    "thirds": "rule_of_thirds rule_of_third the_rule_of_thirds thirds",
    "all sides": "all_sides every_side all_around both_sides each_side all_four_sides all_edges",
}
"""Term -> its words; they mean this in every clause, or mean nothing else."""

NOUNS: Final[dict[str, frozenset[str]]] = {
    term: frozenset(words.split())
    for term, words in {
        "flip": "mirror reverse",
        "rotate": "tilt spin",
        "straighten": "level",
        "crop": "cut",
        "cut off": "cut shave",
        "center": "center centre",
        "face": "face faces head heads",
        "headshot": "bust mugshot",
        "border": "frame borders outline edge",
        "passe-partout": "mat mount mounting matting",
        "thin": "thin narrow slim fine thinner small little",
        "thick": "thick wide broad fat thicker chunky big large bold",
        "tight": "tightly tight closely close tighter closer",
        "loose": "loosely loose looser",
        "bars": "bars bar padding margins margin edges sides",
        "blurred": "blurred blurry blur",
        "stacked": "vertically stacked stack stacking",
        "side by side": "horizontally row",
        "comparison": "comparison compare view pair shot version image photo picture pic result",
        "room": "room space margin headroom",
        "canvas": "canvas border borders edges frame background scene surroundings view",
        "wider": "wider broader",
        "taller": "taller higher",
        "third": "third thirds",
        "half": "half",
        "quarter": "quarter fourth",
        "edge": "edge edges side sides part portion area strip section corner piece border borders",
        "off": "off away",
        "pixels": "px pixels pixel",
        "times": "x times",
        "ratio": "ratio proportions shape crop",
        "lower": "lower",
        "degrees": "deg",
        "crooked": "slope tilt",
        "straight": "straight horizontal level even",
        "original": "original",
    }.items()
}
"""Term -> single words that mean it where the frame is spoken of; elsewhere they may be things."""

RATIOS: Final[dict[str, tuple[int, int]]] = {
    "square": (1, 1), "squared": (1, 1), "square format": (1, 1), "square crop": (1, 1), "square shape": (1, 1),
    "portrait": (4, 5), "portrait format": (4, 5), "portrait orientation": (4, 5), "vertical": (4, 5),
    "vertical format": (4, 5), "upright format": (4, 5),
    "landscape": (3, 2), "landscape format": (3, 2), "landscape orientation": (3, 2), "horizontal format": (3, 2),
    "widescreen": (16, 9), "widescreen format": (16, 9), "wide format": (16, 9), "youtube thumbnail": (16, 9),
    "instagram story": (9, 16), "for instagram story": (9, 16), "for an instagram story": (9, 16),
    "for instagram stories": (9, 16), "for tiktok": (9, 16),
    "story format": (9, 16), "reel": (9, 16), "tiktok": (9, 16), "phone wallpaper": (9, 16),
    "instagram": (4, 5), "for instagram": (4, 5), "instagram post": (4, 5), "instagram square": (1, 1),
    "cinemascope": (21, 9), "ultrawide": (21, 9), "panorama": (21, 9), "panoramic": (21, 9), "panorama format": (21, 9),
    "cinematic format": (21, 9), "a4": (210, 297), "a4 format": (210, 297), "postcard": (3, 2), "passport format": (4, 5),
}  # fmt: skip
"""Names of formats -> width to height."""
