"""How people talk when nobody listens: complaints, comparisons, praise, words without quotes, names for people.

The format is that of ``sentences.py``.
"""

SENTENCES: list[tuple[str, int, list[str]]] = [
    # A list of complaints shares its subject and its degree.
    ("the image is so dark and grainy", 1, ["look brighter", "reduce the noise of the picture"]),
    ("the rug looks faded and a bit green, please fix", 1, ["look more_saturated on rug", 'make "the rug" less green']),
    ("the photo is too bright and a bit red, fix that", 1, ["look darker", "make the picture less red"]),
    ("too dark and pixelated", 1, ["look brighter", "reduce the noise of the picture"]),
    ("the photo looks grainy", 1, ["reduce the noise of the picture"]),
    ("make the photo look grainy", 1, ["give the picture film grain"]),
    ("the vase is too yellow and too dark", 1, ['make "the vase" less yellow', "recolor vase 0.12"]),
    ("the hallway is dark and uninviting", 1, ["recolor hallway 0.12", "look warmer"]),
    ("the curtain is green and white", 1, ["! "]),
    # Drama, for the picture or for what was just named.
    (
        "add a bit of drama",
        1,
        ["look more_contrast", "give the picture more clarity", "slightly give the picture a vignette"],
    ),
    ("darken the sky and give it a bit more drama", 1, ["look darker on SKY", "make the sky more dramatic"]),
    # Light and contrast leave the colors as they are; what changes hues does not.
    ("sharpen it a lot but keep all the colours", 1, ["strongly sharpen the picture", "kept"]),
    ("less contrast without changing the colors", 1, ["look less_contrast", "kept"]),
    ("add a vignette and keep the colors", 1, ["give the picture a vignette", "kept"]),
    ("make it cooler but keep the colours", 1, ["! contradicts itself"]),
    ("turn it into a pencil sketch but keep the colors", 1, ["! contradicts itself"]),
    ("leave the picture as it is but make it warmer", 1, ["! contradicts itself"]),
    # Where light and mist are said to be is where they are put anyway.
    ("put a lens flare on the sun", 1, ["light: lens flare"]),
    ("light fog across the valley", 1, ["slightly light: fog"]),
    ("some mist in the distance", 1, ["light: mist"]),
    # Words without quotes and capitals.
    (
        "add the slogan fresh every day in green at the bottom",
        1,
        ['add the text "fresh every day" at the bottom, green'],
    ),
    ("put the words for sale on the door", 1, ['add the text "for sale" on "the door"']),
    ("add merry christmas from us in gold letters", 1, ['add the text "merry christmas from us", gold']),
    ("add the caption on the left", 1, ["! which words"]),
    ("put the title lower", 1, ["! "]),
    # All that lies behind.
    ("get everything behind the bottle out of focus", 1, ["background blur of bottle"]),
    ("make whatever is in the background blurry", 1, ["background blur"]),
    ("have everything in the back a bit softer", 1, ["background blur 0.5"]),
    ("make all the people in the background blurred", 1, ["background blur"]),
    # Comparisons explain; with another picture, a thing in it or a style they say more.
    ("make the wall yellow like butter", 1, ["recolor wall -> yellow"]),
    ("darken the sky slightly, like before a thunderclap", 1, ["look darker 0.5 on SKY"]),
    ("make the mug green like the grass", 1, ["! "]),
    ("make it darker like in the first picture", 2, ["! "]),
    # Whose, and of which color it is now.
    ("make the boy's yellow cap blue", 1, ["recolor yellow cap -> blue"]),
    ("change the old green door to white", 1, ["recolor green door -> white"]),
    # Who shall wear it.
    ("make my dad wear a cowboy hat", 1, ["add cowboy hat @on_head:dad"]),
    ("have the cat wear glasses", 1, ["add glasses @over_eyes:cat"]),
    ("let her wear a suit", 1, ["! clothes"]),
    # Faces: shadows are lifted, lines are smoothed; what can't be done is refused.
    ("reduce the hard shadows on the bride's face", 1, ['strongly lift the shadows of "the bride\'s face"']),
    ("remove the shadow on the wall", 1, ["! "]),
    ("soften the fine lines around her eyes", 1, ["smooth the skin"]),
    ("iron out the wrinkles in the tablecloth", 1, ["! "]),
    ("remove the bags below his eyes", 1, ["! "]),
    ("remove the bag", 1, ['remove "the bag"']),
    ("heal the pimples on her chin", 1, ["remove the blemishes"]),
    # Praise asks for nothing, slang neither.
    ("make the puppy look adorable and warmer", 1, ["look warmer on puppy"]),
    ("make the cat look adorable", 1, ["! "]),
    ("make this picture look insane", 1, ["enhance the picture"]),
    ("ngl just crop it square real quick", 1, ["crop to 1:1"]),
    ("give it a vintage vibe", 1, ["look vintage"]),
    ("give it a zorky vibe", 1, ["! "]),
    # Names for people, which are fillers elsewhere.
    ("remove that weird dude", 1, ['remove "that weird dude"']),
    ("dude, make it brighter", 1, ["look brighter"]),
    ("crop uncle joe out on the right", 1, ['crop so that "uncle joe" is left out']),
    ("remove the tourist near the fountain", 1, ['remove "the tourist" near "the fountain" behind the subject']),
    # A room is the whole picture, unless something is put into it.
    ("make the bathroom brighter", 1, ["look brighter"]),
    ("put the cat in the bathroom", 1, ["! "]),
    # What is less.
    ("make the clouds less blown out", 1, ['bring down the highlights of "the clouds"']),
    ("lighten the shadows under the table", 1, ["lift the shadows of the picture"]),
    # Word order and words of other languages in English.
    ("make more dark the sky", 1, ["look darker on SKY"]),
    ("the picture has too much green", 1, ["make the picture less green"]),
    ("get rid of the boy behind", 1, ['remove "the boy" behind the subject']),
    ("make it clean like new", 1, ["! "]),
    # A degree before or behind a turn of speech; what is in the background, whatever it is.
    ("soften the fine lines a bit", 1, ["slightly smooth the skin"]),
    ("make everything in the background a bit darker", 1, ["look darker 0.5 on BACKGROUND"]),
    ("too bright and a bit yellow", 1, ["look darker", "make the picture less yellow"]),
]
