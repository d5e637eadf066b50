"""What an instruction does, and how much of it: data."""

from retouch.editor.instructions.plan import Look

__all__ = ["AMOUNTS", "DEGREES", "LOOK_ADJECTIVES", "LOOK_NOUNS", "LOOK_VERBS", "VERBS"]

VERBS: dict[str, str] = {
    "add": "add adding adds insert inserting include including draw drawing paste throw pop slap create "
    "overlay superimpose throw_in drop_in put_in toss_in toss chuck sneak_in place_in bring_in put_there add_in",
    "put": "put putting puts place placing places stick set_down drop position hang",
    "give": "give giving",
    "show": "show there_should_be there_could_be there_must_be let_there_be make_there_be have show_me see",
    "want": "want wanna i'd_like id_like i_would_like i_want i_need need i'd_love i'd_prefer i_prefer "
    "i_would_love we_need we_want we'd_like "
    "can_i_have could_i_have can_we_have could_we_have can_i_get could_i_get may_i_have would_like i_wish "
    "i_want_to_see "
    "can_we_get could_we_get let's_get lets_get can_u_get could_i_please_have may_i_get wanna_see "
    "i'd_like_to_see i_would_like_to_see want_to_see like_to_see i'd_love_to_see i_wanna_see can_i_see get_me gimme",
    "make": "make making makes render turn_it get let",
    "turn": "turn turning convert converting transform transforming",
    "change": "change changing changes set setting switch switching alter altering update modify",
    "paint": "paint painting color coloring colour colouring recolor recoloring recolour recolouring dye tint "
    "tinting repaint",
    "replace": "replace replacing substitute exchange",
    "swap": "swap swapping swap_out",
    "blur": "blur blurring blur_out defocus soften",
    "remove": "remove removing delete deleting erase erasing get_rid_of getting_rid_of take_away take_out "
    "take_off clear eliminate drop_out "
    "knock_out lose hide strip",
    "cut": "cut_out cutout cut extract isolate isolating separate mask_out",
    "print": "print printing stamp emboss engrave",
    "use": "use using go_with let's_go_with lets_go_with apply take taking grab copy applying",
    "combine": "combine merge blend_together mix fuse stitch collage join",
    "keep": "keep keeping leave leaving preserve preserving maintain maintaining retain retaining save export",
    "touch": "touch touching affect affecting edit editing mess_with adjust adjusting",
    "stylize": "pixelate pixelize pixelise censor cartoonify cartoonize cartoonise toonify posterize posterise sketchify",
    "move": "move moving shift relocate slide push drag",
    "crop": "crop cropping crop_out crop_off recrop reframe trim cut_off cut_away chop_off chop",
    "rotate": "rotate rotating",
    "flip": "flip flipping mirroring flop",
    "straighten": "straighten straightening deskew",
    "extend": "extend extending expand expanding outpaint outpainting uncrop widen",
    "zoom": "zoom zoom_in zoom_out zooming zoom_in_on zoom_into",
    "center": "recenter recentre centering",
}
"""Canonical verb -> the words for it; an underscore joins the words of one expression."""

LOOK_VERBS: dict[str, tuple[Look, ...]] = {
    "brighten": (Look.BRIGHTER,),
    "brighten up": (Look.BRIGHTER,),
    "lighten": (Look.BRIGHTER,),
    "lighten up": (Look.BRIGHTER,),
    "brightening": (Look.BRIGHTER,),
    "darken": (Look.DARKER,),
    "darkening": (Look.DARKER,),
    "dim": (Look.DARKER,),
    "desaturate": (Look.LESS_SATURATED,),
    "desaturating": (Look.LESS_SATURATED,),
    "mute": (Look.LESS_SATURATED,),
    "tone down": (Look.LESS_SATURATED,),
    "saturate": (Look.MORE_SATURATED,),
    "warm": (Look.WARMER,),
    "warm up": (Look.WARMER,),
    "cool": (Look.COOLER,),
    "cool down": (Look.COOLER,),
    "cool off": (Look.COOLER,),
    "underexpose": (Look.DARKER,),
    "overexpose": (Look.BRIGHTER,),
    "flatten": (Look.LESS_CONTRAST,),
    "bring out": (Look.MORE_SATURATED,),
    "intensify": (Look.MORE_SATURATED,),
}

LOOK_ADJECTIVES: dict[Look, str] = {
    Look.BLACK_AND_WHITE: "black_and_white black_&_white black_n_white black_white b&w b/w bw grayscale "
    "greyscale grey_scale gray_scale "
    "monochrome monochromatic colorless colourless black_and_white_photo",
    Look.SEPIA: "sepia sepia_toned",
    Look.VINTAGE: "vintage retro old-timey old_timey oldschool old_school old-fashioned aged old_photo "
    "old_photograph old_picture "
    "old_film nostalgic 70s 1970s seventies from_the_70s from_the_60s from_the_50s from_the_80s from_the_90s from_the_1970s "
    "disposable_camera old_camera old_postcard vintage_postcard retro_postcard old_snapshot old_family_photo "
    "old_movie old_album antique_photo "
    "from_the_1960s from_the_1950s from_the_1920s "
    "from_the_past 60s 1960s 50s 1950s 80s 1980s 90s 1920s antique analog analogue",
    Look.WARMER: "warmer warm",
    Look.COOLER: "cooler cool colder cold bluer_tones",
    Look.BRIGHTER: "brighter bright lighter light sunnier overexposed",
    Look.DARKER: "darker dark dimmer dim moodier moody underexposed",
    Look.MORE_CONTRAST: "contrasty contrastier punchier punchy crisper high_contrast higher_contrast",
    Look.LESS_CONTRAST: "soft_light soft_lighting softer_light softer_lighting flatter flat low_contrast "
    "lower_contrast washed_out",
    Look.MORE_SATURATED: "saturated vivid vibrant colorful colourful vivider pop livelier lively intense bolder "
    "more_pop",
    Look.LESS_SATURATED: "muted desaturated unsaturated duller dull pale paler subdued faded",
}
"""Look -> its adjectives, joined words with an underscore."""

LOOK_NOUNS: dict[str, tuple[Look, Look]] = {
    "contrast": (Look.MORE_CONTRAST, Look.LESS_CONTRAST),
    "contrasts": (Look.MORE_CONTRAST, Look.LESS_CONTRAST),
    "brightness": (Look.BRIGHTER, Look.DARKER),
    "exposure": (Look.BRIGHTER, Look.DARKER),
    "darkness": (Look.DARKER, Look.BRIGHTER),
    "saturation": (Look.MORE_SATURATED, Look.LESS_SATURATED),
    "vibrance": (Look.MORE_SATURATED, Look.LESS_SATURATED),
    "vibrancy": (Look.MORE_SATURATED, Look.LESS_SATURATED),
    "color intensity": (Look.MORE_SATURATED, Look.LESS_SATURATED),
    "punch": (Look.MORE_CONTRAST, Look.LESS_CONTRAST),
    "oomph": (Look.MORE_CONTRAST, Look.LESS_CONTRAST),
    "warmth": (Look.WARMER, Look.COOLER),
    "color temperature": (Look.WARMER, Look.COOLER),
    "colour temperature": (Look.WARMER, Look.COOLER),
    "temperature": (Look.WARMER, Look.COOLER),
}
"""A quality -> the look of more and of less of it."""

AMOUNTS: dict[str, int] = {
    "more": 1, "increase": 1, "increasing": 1, "boost": 1, "boosting": 1, "raise": 1, "up": 1, "bump": 1,
    "bump up": 1, "turn up": 1,
    "enhance": 1, "higher": 1, "extra": 1, "crank up": 1, "crank": 1, "pump up": 1, "amp up": 1, "dial up": 1,
    "stronger": 1,
    "less": -1, "decrease": -1, "decreasing": -1, "reduce": -1, "reducing": -1, "lower": -1, "lowering": -1,
    "turn down": -1,
    "not enough": 1, "too little": 1, "dial down": -1, "bring down": -1, "weaker": -1, "drop": -1, "bring up": 1, "dial back": -1,
}  # fmt: skip

DEGREES: dict[str, str] = {
    "slightly": "little", "a bit": "little", "a little": "little", "a little bit": "little", "bit": "little",
    "a touch": "little",
    "a tad": "little", "tad": "little", "somewhat": "little", "subtly": "little", "subtle": "little",
    "gently": "little",
    "a hint of": "little", "a hint": "little", "lightly": "little", "mildly": "little", "slight": "little",
    "gentle": "little",
    "a bit of": "little", "a touch of": "little", "a little bit of": "little", "a tiny bit": "little",
    "a wee bit": "little", "a teeny bit": "little", "a smidgen": "little",
    "a smidge": "little",
    "half strength": "little", "half-strength": "little", "at half strength": "little",
    "mild": "little", "a bit more": "little", "a little more": "little", "a tad more": "little", "bit more": "little",
    "soft": "little",
    "much": "much", "a lot": "much", "a lot of": "much", "lots of": "much", "very": "much", "really": "much",
    "strongly": "much",
    "strong": "much", "heavily": "much", "heavy": "much", "way": "much", "far": "much", "super": "much",
    "extremely": "much",
    "significantly": "much", "considerably": "much", "a lot more": "much", "much more": "much", "way more": "much",
    "lots": "much",
    "dramatically": "much", "intensely": "much", "completely": "plain", "fully": "plain", "totally": "plain",
    "entirely": "plain",
    "quite": "plain", "fairly": "plain", "nicely": "plain", "moderately": "plain", "medium": "plain", "so": "plain",
    "noticeably": "plain", "hard": "much", "very much": "much", "a whole lot": "much", "quite a bit": "much",
    "big time": "much", "two shades": "much", "three shades": "much", "a shade": "little", "one shade": "little",
    "several shades": "much", "a few shades": "much", "a couple of shades": "much",
}  # fmt: skip
