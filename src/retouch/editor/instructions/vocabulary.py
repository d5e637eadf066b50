"""Function words, verbs and looks: data. ``lexicon.py`` turns the tables into one dictionary of senses."""

from retouch.editor.instructions.plan import Horizontal, Look, Relation, Vertical

__all__ = [
    "AMOUNTS", "COMMON_WORDS", "CONTRACTIONS", "DEGREES", "DETERMINERS", "EXPRESSIONS", "FILLERS", "FILLER_PHRASES",
    "FLUFF", "GROUP_NOUNS", "LOOK_ADJECTIVES",
    "LOOK_NOUNS", "LOOK_VERBS", "MISSPELLINGS", "NATURAL_FRAME", "NATURAL_WORDS", "NUMBERS",
    "ORDINALS", "PARTICIPLES", "PICTURE_NOUNS",
    "PREPOSITIONS", "RELATIONS", "SAME_WORDS", "SIDES", "SIZES", "VERBS",
]  # fmt: skip

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
    "keep": "keep keeping leave leaving preserve preserving maintain maintaining retain retaining save",
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
}

LOOK_ADJECTIVES: dict[Look, str] = {
    Look.BLACK_AND_WHITE: "black_and_white black_&_white black_n_white black_white b&w b/w bw grayscale "
    "greyscale grey_scale gray_scale "
    "monochrome monochromatic colorless colourless black_and_white_photo",
    Look.SEPIA: "sepia sepia_toned",
    Look.VINTAGE: "vintage retro old-timey old_timey oldschool old_school old-fashioned aged old_photo "
    "old_photograph old_picture "
    "old_film nostalgic 70s 1970s seventies from_the_70s from_the_60s from_the_50s from_the_80s from_the_90s from_the_1970s "
    "from_the_1960s from_the_1950s from_the_1920s "
    "from_the_past 60s 1960s 50s 1950s 80s 1980s 90s 1920s antique analog analogue",
    Look.WARMER: "warmer warm",
    Look.COOLER: "cooler cool colder cold bluer_tones",
    Look.BRIGHTER: "brighter bright lighter light sunnier overexposed",
    Look.DARKER: "darker dark dimmer dim moodier moody underexposed",
    Look.MORE_CONTRAST: "contrasty contrastier punchier punchy crisper high_contrast higher_contrast",
    Look.LESS_CONTRAST: "flatter flat low_contrast lower_contrast washed_out",
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
    "a smidge": "little",
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

DETERMINERS: dict[str, str] = {
    "a": "indefinite", "an": "indefinite", "another": "indefinite", "one more": "indefinite", "any": "indefinite",
    "some": "some",
    "one": "indefinite",
    "the": "definite", "this": "definite", "that": "definite", "these": "definite", "those": "definite",
    "same": "definite",
    "my": "definite", "your": "definite", "his": "definite", "her": "definite", "its": "definite", "our": "definite",
    "their": "definite", "all the": "definite", "all": "definite", "all of the": "definite", "both": "definite",
    "whole": "definite",
    "entire": "definite", "more": "some", "some more": "some", "each": "definite", "every": "definite",
}  # fmt: skip

NUMBERS: dict[str, int] = {
    "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11,
    "twelve": 12,
    "a dozen": 12, "dozen": 12, "a couple of": 2, "a couple": 2, "couple of": 2, "a few": 3, "few": 3, "several": 4,
    "a handful of": 4,
    "many": 6, "half a dozen": 6, "a few more": 3, "two more": 2, "three more": 3, "a bunch of": 5, "a group of": 4,
    "a flock of": 5, "a herd of": 5, "herd of": 5, "swarm of": 6, "a school of": 6, "a pack of": 4, "pack of": 4,
    "flock of": 5, "a swarm of": 6, "a bouquet of": 5, "a row of": 4, "loads of": 8, "twenty": 20, "thirty": 30,
    "hundred": 100,
    "a hundred": 100, "hundreds of": 100, "thousands of": 1000, "countless": 100, "bunch of": 5, "group of": 4,
    "thirteen": 13,
    "fifteen": 15,
}  # fmt: skip

GROUP_NOUNS: frozenset[str] = frozenset(
    [
        "a pair of",
        "pair of",
        "a set of",
        "a piece of",
        "slice of",
        "a slice of",
        "piece of",
        "a pair",
        "a single",
        "single",
        "exactly one",
        "a picture of",
    ]
)
"""Said before one thing: they don't change the count."""

SIZES: dict[str, float] = {
    "tiny": 0.4, "teeny": 0.4, "miniature": 0.4, "mini": 0.4, "very small": 0.4, "really small": 0.4,
    "minuscule": 0.4, "wee": 0.4,
    "small": 0.6, "little": 0.6, "smaller": 0.6, "smallish": 0.6, "big": 1.6, "large": 1.6, "bigger": 1.6,
    "larger": 1.6, "tall": 1.6,
    "very big": 2.5, "really big": 2.5, "very large": 2.5, "huge": 2.5, "giant": 2.5, "gigantic": 2.5,
    "enormous": 2.5, "massive": 2.5,
    "oversized": 2.5, "life-size": 1.0, "life size": 1.0, "life-sized": 1.0, "life sized": 1.0, "normal-sized": 1.0,
    "normal size": 1.0,
    "regular": 1.0, "full-size": 1.0, "medium-sized": 1.0, "medium sized": 1.0, "small version of": 0.6,

    "fairly small": 0.6, "small-sized": 0.6, "normal": 1.0,
}  # fmt: skip

ORDINALS: dict[str, int] = {
    "first": 0, "second": 1, "third": 2, "fourth": 3, "1st": 0, "2nd": 1, "3rd": 2, "4th": 3, "last": -1, "other": -2,
    "fifth": 4,
}  # fmt: skip
"""Index of a picture from 0; -1 the last one, -2 the other one."""

PICTURE_NOUNS: frozenset[str] = frozenset(
    [
        "whole thing", "entire thing", "whole lot",
        "image", "images", "photo", "photos", "picture", "pictures", "pic", "pics", "photograph", "img", "shot",
        "snapshot", "scene",
        "photography", "input", "frame", "foto",
    ]
)  # fmt: skip

PREPOSITIONS: dict[str, str] = {
    "to": "to", "into": "into", "in": "in", "inside": "inside", "on": "on", "onto": "onto", "on to": "onto",
    "at": "at", "as": "as",
    "with": "with", "from": "from", "of": "of", "by": "by", "for": "for", "over": "over", "across": "over",
    "like": "like",
    "towards": "at", "toward": "at", "within": "in", "using": "with", "around": "at", "along": "at", "upon": "on",
    "->": "to",
    "under": "under", "beneath": "under", "below": "under", "underneath": "under", "between": "between",
    "through": "through",
    "instead of": "instead", "than": "than", "about": "about", "near": "near", "=>": "to", "except": "except",
    "except for": "except",
    "but not": "except", "apart from": "except", "besides": "except", "other than": "except", "in to": "into",
    "where": "where",
    "against": "against", "out of": "out of", "w/": "with", "up": "up", "while": "while", "if": "if",
}  # fmt: skip

RELATIONS: dict[str, Relation] = {
    "next to": Relation.NEXT_TO, "beside": Relation.NEXT_TO, "near to": Relation.NEXT_TO, "close to": Relation.NEXT_TO,
    "near": Relation.NEXT_TO, "alongside": Relation.NEXT_TO, "by the side of": Relation.NEXT_TO,
    "right next to": Relation.NEXT_TO,
    "at the side of": Relation.NEXT_TO, "adjacent to": Relation.NEXT_TO, "nearby": Relation.NEXT_TO,
    "right beside": Relation.NEXT_TO,
    "in front of": Relation.IN_FRONT_OF, "infront of": Relation.IN_FRONT_OF, "before": Relation.IN_FRONT_OF,
    "right in front of": Relation.IN_FRONT_OF,
    "behind": Relation.BEHIND, "in back of": Relation.BEHIND, "right behind": Relation.BEHIND,
    "above": Relation.ABOVE, "over the top of": Relation.ABOVE, "high above": Relation.ABOVE,
    "just above": Relation.ABOVE,
    "on top of": Relation.ON, "ontop of": Relation.ON, "atop": Relation.ON, "on the top of": Relation.ON,
    "standing on": Relation.ON,
    "to the left of": Relation.LEFT_OF, "left of": Relation.LEFT_OF, "on the left of": Relation.LEFT_OF,
    "on the left side of": Relation.LEFT_OF, "to the left side of": Relation.LEFT_OF,
    "at the left of": Relation.LEFT_OF,
    "to the right of": Relation.RIGHT_OF, "right of": Relation.RIGHT_OF, "on the right of": Relation.RIGHT_OF,
    "on the right side of": Relation.RIGHT_OF, "to the right side of": Relation.RIGHT_OF,
    "at the right of": Relation.RIGHT_OF,
}  # fmt: skip

SIDES: dict[str, tuple[Horizontal | None, Vertical | None]] = {
    "left": ("left", None), "left-hand": ("left", None), "right": ("right", None), "right-hand": ("right", None),
    "lefthand": ("left", None), "righthand": ("right", None), "center": ("center", None), "centre": ("center", None),
    "middle": ("center", None), "central": ("center", None), "top": (None, "top"), "upper": (None, "top"),
    "bottom": (None, "bottom"), "lower": (None, "bottom"),
    "leftmost": ("left", None), "rightmost": ("right", None), "left hand": ("left", None), "right "
        "hand": ("right", None),
}  # fmt: skip

PARTICIPLES: frozenset[str] = frozenset(
    [
        "sitting", "standing", "flying", "floating", "lying", "hovering", "swimming", "perched", "perching",
        "resting", "leaning",
        "walking", "hanging", "placed", "located", "positioned", "laying", "growing", "parked", "sailing", "soaring",
        "swinging",
        "that is", "which is", "that's", "somewhere", "high", "up", "up high", "anywhere", "visible", "right there",
        "over there", "there",
        "here", "drifting", "riding", "that sits", "that stands", "up there", "down", "seen", "wherever", "gliding",
        "that flies",
    ]
)  # fmt: skip
"""Words between a thing and its place that say nothing about where it goes."""

FLUFF: frozenset[str] = frozenset(
    [
        "look", "looks", "looking", "feel", "feeling", "filter", "effect", "effects", "tone", "tones", "toned",
        "mode", "style",
        "version", "vibe", "atmosphere", "ambiance", "mood", "be", "is", "are", "seem", "appear", "become", "color",
        "colour", "levels",
        "level", "grading", "finish", "appearance", "treatment", "preset", "shade", "kind", "sort", "overall",
        "photo effect", "scheme", "film", "grade", "palette",
    ]
)  # fmt: skip
"""Words around a look that say nothing about which."""

NATURAL_WORDS: frozenset[str] = frozenset(
    """
        natural naturally realistic realistically photorealistic photo-realistic seamless seamlessly believable
        convincing plausible fit fits fitting blend blends blended blending belongs belong belonged belonging match
        matches matched matching integrate integrated consistent authentic real genuine quality high-quality lifelike
        harmonious coherent properly correctly nicely perfectly well good shadow shadows lighting perspective
        seamless-looking natural-looking professional professionally beautiful nice clean proper correct correctly
        believably smooth smoothly
    """.split()  # noqa: SIM905
)
"""A clause made of these and of ``NATURAL_FRAME`` asks for what the editor does anyway."""

NATURAL_FRAME: frozenset[str] = frozenset(
    """
        make it look looks looking like them they that this is be are was were as and very really so a an the with in to
        into of scene photo picture image there sure result should must more if has have always same its nice together
        well just right at place part belong belongs existing rest around surroundings keep bit real edit were where
        there for final output all add highly super best ultra him her he she style high ,
    """.split()  # noqa: SIM905
)
"""Words between ``NATURAL_WORDS``."""

SAME_WORDS: frozenset[str] = frozenset(
    """
        color colour colors colours colored as is it are was were they the same exactly unchanged untouched alone intact
        identical unaltered original originally before how way stay stays remain remains be kept should must everything
        in its their original state completely unmodified unedited and just please not to need needs has have left
        stayed do does still absolutely
    """.split()  # noqa: SIM905
)
"""Words that may follow in "leave the sky as it is", "everything else should stay exactly the same"."""

EXPRESSIONS: tuple[str, ...] = (
    "blurry", "blurred", "blurrier", "out of focus", "bokeh", "unfocused", "defocused", "soft focus", "fuzzy",
    "unsharp", "softer",
    "portrait mode", "shallow depth of field", "depth of field", "bokeh effect", "shallower depth of field",
    "narrow depth of field",
    "transparent", "transparency", "see-through", "invisible", "gone", "gradient", "removal", "remover", "else",
    "rest", "the rest",
    "everything else", "anything else", "sure", "make sure", "ensure", "younger", "older", "smile", "sharper",
    "sharp", "percent", "too",
    "who", "what", "which", "than", "so", "better", "nicer", "natural-looking", "gone", "different", "studio", "out",
    "off", "up", "down", "part", "parts", "bit", "bits", "area", "areas", "stuff", "things", "spots", "ones",
    "style of",
    "in the style of", "striped", "dotted", "patterned", "png", "jpg", "file", "packshot", "catalog", "catalogue",
    "together", "again", "pointing", "half", "halves",
    "twice as", "half as", "enough", "hate", "dislike",
    "unless", "whatever", "stand out", "stands out", "appear", "appears", "is visible", "wooden", "metallic",
)  # fmt: skip
"""Words that grammars ask for by name, or that must not be taken for a noun."""

FILLERS: frozenset[str] = frozenset(
    """
        please pls plz please! kindly just maybe perhaps simply actually basically hey hi hello ok okay thx ty cheers
        kinda also now gonna well um uh uhm hmm lol dear sir bro dude mate yo only btw probably possibly ideally
        quickly pretty-please asap yes yeah alright preferably carefully hereby somehow literally
        haha hahaha lmao xd omg tbh imo hmmm ugh
    """.split()  # noqa: SIM905
)

FILLER_PHRASES: tuple[str, ...] = (
    "instead", "thank", "thanks", "many thanks", "thanks so much", "thanks in advance",
    "can you", "could you", "would you", "will you", "can u", "could u", "would you mind", "would it be possible to",
    "is it possible to",
    "are you able to", "i want you to", "i'd like you to", "i would like you to", "i need you to", "i'd like to",
    "i would like to",
    "i want to", "i need to", "we need to", "we want to", "we'd like to", "i'd love you to", "i wanna", "let's",
    "lets", "let us", "go ahead and",
    "try to", "make sure to", "be sure to", "can we", "could we", "could i", "can i", "may i", "should we",
    "if you can", "if possible",
    "if you could", "thank you", "thank you very much", "thanks a lot", "thank you so much", "for me", "help me",
    "help me to", "your task is to",
    "your job is to", "you should", "you must", "you need to", "of course", "by the way", "all right", "i think",
    "i guess",
    "it would be nice to", "it would be great if you could", "would be nice if you could", "in this photo",
    "in this picture", "in this image",
    "in the photo", "in the picture", "in the image", "to the photo", "to the picture", "to the image",
    "to this photo", "to this image",
    "to this picture", "of the photo", "of the picture", "of the image", "of this photo", "of this picture",
    "of this image", "to my photo",
    "in my photo", "in my picture", "to my picture", "into the photo", "into the picture", "into the image",
    "to the scene", "in the scene",
    "into the scene", "of the scene", "into this photo", "into this picture", "into this image", "for this photo",
    "for this picture",
    "on the photo", "on the picture", "on the image", "on this photo", "on this picture", "on this image",
    "in the shot", "of the shot", "in the frame", "of the frame",
    "of my photo", "of my picture", "i was wondering if you could", "do me a favor and", "want you to",
    "why don't you", "feel free to",
    "how about", "what about", "so that", "such that", "to my image", "in my image", "good morning", "good evening",
    "to the pic",
    "in the pic", "of the pic", "to this pic", "in this pic", "you to", "as well", "at least", "for the photo",
    "for the image",
    "in here", "right now", "over here", "you can", "as a bonus", "of it all", "to this scene", "in this scene",
    "to this shot",
    "would love you to", "i'd love to", "to this foto", "would like you to", "in there", "in such a way that",
    "do you mind", "why not", "i want that", "i would like that", "i wish that", "i'd like that",
    "for amazon", "for ebay", "for etsy",
    "for amazon listing", "for my amazon listing", "for an amazon listing", "for the shop", "for my shop", "for my website",
    "for the website", "for instagram", "for my listing", "for a listing", "for my taste", "if u can", "pretty please",
    "for the catalog", "for linkedin", "for my profile", "for me please",
)  # fmt: skip
"""Politeness, and "in the photo" where there is nothing else to be in."""

COMMON_WORDS: frozenset[str] = frozenset(
    """
        able about actual after again against ago ahead air almost alone along already always amount another answer any
        apart area arm around ask away band bank bare barn base bath beam bean bear beat been before begin begun behind
        being below best beyond bill bite blank bloom blow boat bold bolt bone boot born boss bow brand brave bread
        break breast breath brief bring broad broke built burn cable cake calf calm came cane cape card care cart case
        cast cause cell cent chain chalk cheap cheek chest chip chop claim class claw clay clear clerk cloth clothe club
        coal coast code coin cold come cook cope cord core cost count course court crack craft crash cream crop cross
        crush cure curl curve damp dance dare dark dash data date dawn dead deal dear death debt deck deed delay dense
        desert dine dirt dive dock done dose dot doubt draft drag drain dream dress drill drink drive drove dust duty
        each earn earth ease east easy edge else empty end enjoy enter equal even ever exact exist eye face fact fade
        fail fair faith fall false fame fare farm fast fate fear feed feel fell felt fever field fight figure file fill
        film find fine fire firm fist five fix flame flash flat flesh flight float flood floor flour flow fluid foam
        fold folk fond font food fool force form fort found frame free fresh from front frost fuel full fund gain game
        gate gave gaze gear gift girl glad glow glue goal goat gone good gown grab grade grain grand grant grasp grave
        greet grew grip ground group grow guard guess guest guide habit half hall hand hang happy hard harm harp haste
        hatch have hay head heal heap hear heart heat heel hell help hence herb herd here hero hide high hint hire hold
        hole home hook hope host hour house huge human hung hunt hurt idea inch iron item join joke judge juice jump
        keen kick kind king kiss knee knew knock know label lack laid lamp land lane large last late laugh laundry lawn
        lay lead leaf leak lean learn least left lend less level life lift like limb line link list live load loan local
        lock long look loop lose loss lost loud love luck lump lung made mail main make male mark mass mate math mean
        meat meet melt mend mere mess mild mile mill mind mine mint miss model mold mood more most much must nail name
        near neat neck need nest net news next nice night nine node none noon norm note noun oath obey odd often open
        oral order ours oval over pace pack page paid pain pair pale palm pant park part pass past path pause pave peace
        peak peel peer pick piece pile pill pine pipe pitch place plan plate play plot poem poet point pole poll pond
        pool poor port pose post pour power press price pride prime prince prize proof proud pull pulse pump pure push
        quick quiet quit quite race rack rage raid rail rank rare rate reach read ready real rear rely rent rest rice
        rich ride rise risk road rob role roll room root rope rough round route ruin rule rush rust safe said sail sale
        salt same save scale scar scene scope score seal seat seed seek seem seen self sell send sense serve seven shade
        shake shall shape share sharp sheet shell shift shine shock shoot shop shore short shot should shout show shut
        side sight silk sing sink site size skill skin sleep slice slide slip slope slot slow small smart smell smoke
        snap soak sock soft soil sold sole solve some song soon sort soul sound south space spare spark speak speed
        spell spend spine spite split spoke sport spot spray spread staff stage stake stale stand stare start state stay
        steam steel steep stem step stick stiff still stock stop store storm story stove strap straw stream strike strip
        stroke sugar swear sweep sweet swim swing tail take tale talk tall tank tape target task taste taught tear tell
        tend tent term test text than thank that them then there thick thief thin thing think third those thread throat
        throw thumb thus tide time tiny tire title today told tone tool toss total touch tough tour town trace track
        trade trail trap treat trend trial tribe trick trip true trust truth tube tune turn twice twin type ugly unit
        upon urge used usual vary vast vein verb verse very view visit voice vote wage waist wait wake walk wall want
        ward warm warn wash waste watch wave weak wear week weigh well went were west what wheat when where which while
        whip whole whom whose wide wife wild will wind wing wipe wire wise wish with woke wolf wood wool word wore work
        world worm worse worst worth would wound wrap wrist write wrong yard year young zone fairy witch alien gnome
        crane robots ghost ninja queen prince knight angel devil wizard mummy zombie elf magnet saddle couch slug bush
        bowls sauce curry pasta prompt system previous instructions ignore print whale hound hare
    """.split()  # noqa: SIM905
)
"""Frequent English words without a meaning of their own here; they are never taken for a typing error."""

CONTRACTIONS: dict[str, str] = {
    "don't": "dont", "doesn't": "dont", "do not": "dont", "does not": "dont", "dont": "dont", "never": "dont",
    "not": "dont",
    "shouldn't": "dont", "should not": "dont", "must not": "dont", "mustn't": "dont", "without": "without",
    "w/o": "without",
    "no": "no", "won't": "dont", "can't": "dont", "cannot": "dont", "nothing": "no", "without any": "without",
    "avoid": "dont",
    "isn't": "dont", "does'nt": "dont", "dnt": "dont", "doesnt": "dont",
}  # fmt: skip
"""Negations, and their kind."""

MISSPELLINGS: dict[str, str] = {
    "teh": "the", "hte": "the", "adn": "and", "nad": "and", "ad": "add", "mak": "make", "amke": "make",
    "chnage": "change",
    "cahnge": "change", "chage": "change", "baground": "background", "backgroud": "background",
    "bakground": "background",
    "backgorund": "background", "blakc": "black", "balck": "black", "bleu": "blue", "blu": "blue", "gren": "green",
    "grene": "green",
    "yelow": "yellow", "purpel": "purple", "pruple": "purple", "oragne": "orange", "ol": "please",
    "pls": "please", "plz": "please",
    "u": "you",
    "wiht": "with", "whit": "with", "thw": "the", "tje": "the", "colr": "color", "coulour": "colour",
    "pitcure": "picture",
    "pictre": "picture", "imgae": "image", "iamge": "image", "phto": "photo", "phot": "photo", "remvoe": "remove",
    "pu": "put",
    "gve": "give", "turqoise": "turquoise", "turquise": "turquoise", "grean": "green", "wite": "white",
    "whtie": "white", "lil": "little",
    "jus": "just", "foto": "photo", "n": "and", "brid": "bird", "dogo": "dog", "rde": "red",
}  # fmt: skip
"""Frequent slips that are too short, or too far off, for the edit distance."""
