"""Words that say nothing of what is to be done: data."""

__all__ = ["EXPRESSIONS", "FILLERS", "FILLER_PHRASES", "FLUFF", "NATURAL_FRAME", "NATURAL_WORDS", "SAME_WORDS"]

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
        seamless-looking natural-looking beautiful nice clean proper correct correctly
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
    "for instagram story", "for an instagram story", "for instagram stories", "for tiktok",
    "unless", "whatever", "stand out", "stands out", "appear", "appears", "is visible", "wooden", "metallic",
)  # fmt: skip
"""Words that grammars ask for by name, or that must not be taken for a noun."""

FILLERS: frozenset[str] = frozenset(
    """
        please pls plz please! kindly just maybe perhaps simply actually basically hey hi hello ok okay thx ty cheers
        kinda also now gonna well um uh uhm hmm lol dear sir bro dude mate yo only btw probably possibly ideally
        quickly pretty-please asap yes yeah alright preferably carefully hereby somehow literally
        honestly frankly tho though truly generally basicly hopefully haha hahaha lmao xd omg tbh imo hmmm ugh
        ngl fr rn rly rlly prolly deffo defo lowkey highkey legit deadass srsly seriously obviously definitely
        fam guys folks bestie pal buddy sis bruh innit smth thanx tysm
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
    "would be nice", "would be great", "would be cool", "would be good", "would be lovely", "would be awesome",
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
    "for amazon listing", "for my amazon listing", "for an amazon listing", "for the website", "for my website", "for instagram",
    "for my listing", "for a listing", "for the catalog", "for linkedin", "for my profile", "for my taste", "if u can",
    "pretty please", "for me please", "if that's possible", "if it's possible", "if that is possible",
    "try and", "perhaps try and", "if you like",
    "from the photo", "from this photo", "from the picture", "from this picture", "from the image", "from the shot",
    "you know", "real quick", "really quick", "super quick",
    "if that makes sense", "no rush", "when you get a chance", "when you have time", "if you have time",
    "if that's ok", "if that's okay", "if it's ok", "many thx", "thank u", "ty so much", "thanks mate", "for us",
    "if you would", "if you don't mind", "do you think you could", "i was hoping you could", "is there any way to",
    "is there a way to", "any chance you could", "any chance you can",
)  # fmt: skip
"""Politeness, and "in the photo" where there is nothing else to be in."""
