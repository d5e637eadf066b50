"""The words for taking things out of a picture, moving them and putting others in their place."""

__all__ = ["FLAWS", "NO_THINGS", "OTHER_PEOPLE", "PEOPLE", "TERMS", "TEXT_WORDS"]

TERMS: dict[str, str] = {
    "remove": """
        edit_out photoshop_out paint_out wipe_out clone_out heal_out airbrush_out scrub_out rub_out brush_out clean_away
        wipe_away get_out dispose_of do_away_with eradicate banish remove_all remove_any delete_all erase_all erase_any
        removing_all deletes removes erases edit_away crop_out get_ride_of get_rid_off get_rif_of
    """,
    "away": "out away completely entirely altogether fully for_good permanently from_there from_here",
    "vanish": "disappear vanish go_away go_missing disapear dissapear dissappear go_poof",
    "gone": """
        gone removed erased deleted taken_out edited_out to_go to_be_gone to_be_removed to_disappear to_vanish be_gone
        be_removed must_go has_to_go should_go have_to_go needs_to_go need_to_go taken_away
    """,
    "blemishes": """
        blemish blemishes pimple pimples acne skin_spots age_spots skin_imperfections skin_blemishes
    """,
    "scratches": "scratch scratches dust_and_scratches scratches_and_dust",
    "declutter": "declutter clean_up tidy_up tidy clean",
    "region": "whatever_is whatever's whatever_stands whatever_sits the_thing_that_is",
}

FLAWS: dict[str, str] = {
    "blemishes": """
        blemish pimple zit acne blackhead spot mole imperfection breakout cold_sore pockmark rash birthmark
    """,
    "dust": "dust speck speckle dust_speck dust_spot dust_particle sensor_spot sensor_dust lint dirt_speck dirt",
    "scratches": "scratch scratch_mark crease fold",
    "wires": """
        wire cable power_line powerline electric_line electrical_line utility_line telephone_line phone_line overhead_line
        electricity_line telegraph_line cord
    """,
}
"""Flaw -> nouns for it, in the singular. Matched with what a noun phrase was read as."""

OTHER_PEOPLE: str = """
    bystander tourist passer-by passerby stranger photobomber onlooker pedestrian extra passersby
"""
"""People who are never the subject."""

TEXT_WORDS: str = """
    text word letter lettering writing inscription caption watermark subtitle title headline signature logo date_stamp
    timestamp date slogan tagline font number sign_text
"""

PEOPLE: str = "man woman boy girl child baby lady person kid guy people him her me"
"""Whom nothing can take the place of."""

NO_THINGS: str = """
    wrinkle vignette vignetting haze glare tint cast blur grain noise artifact artefact circle shine redness tan effect filter
    contrast saturation brightness warmth compression pixelation exposure highlight darkness yellowness blurriness graininess
    flash distortion aberration fringing flare hue color colour chin wrinkles object element item
"""
"""What one asks to have removed, and what is no thing with an outline."""
