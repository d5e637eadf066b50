"""Words about lettering."""

__all__ = ["TERMS"]

TERMS: dict[str, str] = {
    "write": "write inscribe",
    "text": "text texts word words lettering letters letter writing writings phrase sentence message greeting slogan quote"
    " line_of_text inscription inscriptions written_text printed_text text_overlay any_text name signature wording typo",
    "title": "title headline",
    "caption": "caption captions subtitle subtitles tagline",
    "watermark": "watermark watermarks copyright_notice copyright_text logo_text photo_credit stock_watermark copyright",
    "stamp": "date_stamp timestamp time_stamp datestamp date_and_time camera_date time_and_date date",
    "bubble": "speech_bubble speech_balloon talk_bubble thought_bubble dialog_bubble dialogue_bubble",
    "saying": "saying that_says which_says that_reads which_reads say says to_say to_read says_that that_said read reads",
    "sign": "sign signs poster billboard board neon_sign",
    "serif": "serif times_new_roman",
    "sans": "sans sans-serif sans_serif helvetica arial",
    "script": "script cursive calligraphy calligraphic",
    "hand": "handwritten handwriting hand-written handwritten-style hand_written hand_lettered hand-lettered",
    "mono": "typewriter monospace monospaced courier mono",
    "slab": "slab slab-serif slab_serif",
    "condensed": "condensed",
    "display": "impact poster_font",
    "bold": "bold heavy boldface bolded",
    "italic": "italic italics slanted oblique",
    "upper": "uppercase upper_case capitals capital_letters all_caps caps block_letters block_capitals",
    "lower": "lowercase lower_case small_letters",
    "font": "font typeface fonts font_style lettering_style",
    "outline": "outline outlined black_border",
    "shadow": "shadow drop_shadow shadowed",
    "plain": "no_shadow no_outline without_shadow without_outline",
    "faint": "transparent semi-transparent semitransparent translucent faint see-through see_through semi_transparent",
    "diagonal": "diagonally diagonal",
    "vertical": "vertically sideways",
    "across": "across",
    "under": "below underneath beneath",
    "above": "above overhead",
    "all": "all all_the all_of_the everything_written",
    "px": "px pixels pt",
}
"""Term -> its words."""
