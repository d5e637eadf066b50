"""What to do instead of what can't be done: data."""

__all__ = ["CAN_DO", "HINTS", "hint"]

CAN_DO = (
    "The built-in editor can add, remove, replace, move and recolor things, change backgrounds, light, weather and styles, "
    "write and erase text, crop and retouch, adjust looks and combine pictures."
)

HINTS: dict[str, str] = {
    "negation": "Say what to do rather than what not to do.",
    "condition": "It carries out plain instructions, without conditions or choices.",
    "effect": "It does not make smoke, fire, steam or liquids; it can add solid things, sun rays and a lens flare.",
    "removing": (
        'It removes things that it can find: name one ("remove the cup on the left"), its color, or a corner of the picture.'
    ),
    "clutter": 'Say what is to go: "remove the cup on the left", "remove whatever is in the top right corner".',
    "replacing": "It does not turn things into something else; it can give them another color, or add an object.",
    "moving": 'It moves a thing to a side: say "move the cup to the left"; for a new one say "add a ..." and where.',
    "resizing": (
        "It does not change the size of things that are in the photo; a new object can be tiny, small, big or huge."
    ),
    "expression": "It does not change expressions or faces.",
    "face": "It does not change or swap faces.",
    "age": (
        "The built-in editor does not change a person's age, body or identity; FLUX on a GPU can, see "
        "docs/gpu.md of the project."
    ),
    "pose": (
        "The built-in editor does not change a pose, a gesture or the side that something is seen from; FLUX on a GPU can, see "
        "docs/gpu.md of the project."
    ),
    "legible": (
        "It can't bring back lettering that the photo does not show; sharpening helps where it is only soft, and words "
        'that are known can be written anew: change "OPEN" to "CLOSED".'
    ),
    "grown": (
        "It does not add hair, beards, wings or anything else that grows on a body; a hat, crown or "
        "sunglasses it can add."
    ),
    "clothes": "It does not change or add clothes; it can recolor them, and add a hat, crown or sunglasses.",
    "light": (
        'It sets the time of day ("make it sunset", "golden hour", "blue hour", "night"), adds sun rays, a lens flare, '
        "a spotlight, studio, rim or back light; it does not choose the side that light comes from, switch "
        "lamps on, or take shadows and reflections away."
    ),
    "weather": (
        'It makes fog, rain, snow, storm, clouds and autumn leaves ("add fog", "make it snow", "a rainy night"); '
        "wind, spring and summer it does not make."
    ),
    "text": (
        'It writes, changes and removes words: say add the text "..." at the top, change "OPEN" to "CLOSED", or remove the text.'
        " To give words another color or size, remove them and write them anew."
    ),
    "which_words": 'Say which words, in quotes: add the title "Summer" at the top.',
    "lettering": 'Say what to do with the words: add the text "...", change "..." to "...", or remove the word "...".',
    "lettering_part": 'It could not make out "{0}" in a request about words; put the words in quotes, and the rest behind them.',
    "lettering_thing": "It writes on what is there or on the picture itself; it does not make a {0} to write on.",
    "style": (
        "It knows styles by name: oil, watercolor, gouache, pastel, fresco, impressionist, Van Gogh, Monet, Munch, cubist, "
        "Kandinsky, Mondrian, Hokusai, pointillist, mosaic, stained glass, pencil, colored pencil, charcoal, ink, line art, "
        "cartoon, comic, pop art, poster, halftone, stencil, pixel art, low poly, and film looks; or send an example as a "
        'second picture and say "in the style of image 2".'
    ),
    "style_studio": (
        'It does not imitate the look of {0}; say "make it a cartoon", "a comic", "a watercolor" or "pixel art".'
    ),
    "style_artist": (
        'It has no style called "{0}"; the nearest are oil, impressionist, Van Gogh, Monet, Munch, cubist, Kandinsky, '
        'Mondrian, Hokusai, pointillist and pop art; or send a picture in that style and say "in the style of image 2".'
    ),
    "style_world": (
        "It repaints what the photo shows and rebuilds nothing as {0}; say low poly, mosaic, pixel art, cartoon or stencil."
    ),
    "style_picture": "A picture can't take its own style: say which picture to paint and whose style to take.",
    "crop": (
        'Say what the frame should be: "crop to the face", "crop to 4:5", "cut off the left third", "zoom in on the cup", '
        '"extend it to the left", "add a white border".'
    ),
    "which_crop": 'Say what to crop to: "crop to the face", "crop to a square", "cut off the left third".',
    "crop_nothing": "A part that is cut off or kept is more than nothing and less than the whole picture.",
    "which_turn": 'Say how far and which way: "rotate 90 degrees to the right", "turn it upside down", "straighten it".',
    "whole_frame": "It turns and mirrors the whole picture, not {0} alone.",
    "extend_limit": "A side can be extended by at most the picture's own length.",
    "collage": "A collage needs two to four pictures in the request.",
    "upscaling": 'Say it as "upscale it"; how large the answer is, the size of the request decides.',
    "stops": "It exposes by up to 4 stops, lighter or darker.",
    "rotating": 'It turns the whole picture: "rotate 90 degrees to the right", "flip it horizontally", "straighten it".',
    "perspective": (
        "It turns a crooked picture, but does not straighten lines that converge, or the bends of a lens. Turning it upright, or "
        "cropping the sides where it shows most, is what it can do."
    ),
    "repair": (
        "It does not repair or colorize old photos, or take wrinkles away; it can denoise, dehaze, fix the white balance "
        "or red eyes, smooth skin and "
        "whiten teeth."
    ),
    "sharpening": 'Say what to sharpen: "sharpen the photo", "more clarity", "reduce the blur".',
    "material": "It does not change materials; it can give the thing another color.",
    "pattern": "It paints one plain color, no pattern.",
    "one_color": "One thing can take one color: say which.",
    "picture_color": (
        'A color needs a thing or the background to go on: say "make the cup {0}"; for the whole picture say '
        '"warmer" or "cooler".'
    ),
    "which_color": 'Say which color: "make the cup red".',
    "blur": 'It blurs the background, and hides a face or a plate: say "blur the background", "pixelate the face".',
    "sky_picture": (
        'It takes a sky from another picture of the request: send two and say "use the sky of image 2"; or name the sky: '
        '"a clear blue sky", "a sunset sky", "a starry sky".'
    ),
    "color_match": (
        'It carries colors over from another picture of the request: send two and say "match the colors of image 2"; for one '
        'thing say its color: "make the cup green".'
    ),
    "shadow": (
        "A plain or transparent background takes the old shadow with it; blur or darken the background to keep the shadow."
    ),
    "long_exposure": (
        "It does not smooth moving water or draw trails as a long exposure does; near to it come "
        '"less contrast in the water", "add a soft glow" and "add mist".'
    ),
    "face_print": (
        'It prints a face on a thing of another picture: send two pictures and say "print the face of image 1 on the mug '
        'in image 2".'
    ),
    "light_place": "Where the sun, the moon and a flare stand it finds in the picture: say it without a side.",
    "scene": "It does not invent scenes; send the new background as a second picture, or name a color.",
    "which_background": 'Say what to: a color ("make the background white"), a blur, transparent, or a second picture.',
    "place": (
        "It can't place a thing {0}; it can put it on, next to, above, behind, in front of, left or right of it."
    ),
    "count": "It adds 1 to 12 of a thing, not {0}.",
    "pictures": (
        "The prompt speaks of another picture, but the request has {0}; send them in the order that the "
        "prompt counts them."
    ),
    "combine": (
        'Say how to combine them: "put the cat from image 1 into image 2", "print image 1 on the mug in image'
        ' 2", or "use image 2 as the background".'
    ),
    "one_picture": (
        "One request edits one picture, here picture {0}: send a request for each picture that is to change."
    ),
    "undo": "Every request starts from the picture that comes with it: send the one that you want to go on from.",
    "ordinal": 'It does not count things: say where it is, "the bird on the left", or its color.',
    "which_part": 'Say what is to change: "make the {0} car darker"; a color alone can be more, less, replaced or kept.',
    "contradiction": 'The instruction contradicts itself: "{0}".',
    "which_one": 'Which other {0}? Say where it is: "the {0} on the left", "the second {0} from the right", "the smallest {0}".',
    "logo": 'It has no logo of yours: send it as the second picture and say "put the logo from image 2 at the bottom right".',
    "person": (
        "It draws no people: send a photo of the person as the second picture, and say "
        '"put the person from image 2 into image 1".'
    ),
    "file_format": "The request's output_format says which file comes back: png, jpeg or webp; a prompt only says what to edit.",
    "undressing": (
        "It undresses nobody, and makes no picture of anybody in fewer clothes than the photo shows. Clothes can be recolored: "
        '"make her jacket green".'
    ),
    "likeness": (
        "It puts no known person's face or likeness into a picture; with a photo of your own as the second picture, say "
        '"put the person from image 2 into image 1".'
    ),
    "remark": 'Say what it should become: "make it brighter", "more contrast".',
    "vague": "Please say what to change, and to what.",
    "more": 'More of what? Each request begins with the picture that is sent: say "a bit warmer", "blur the background a lot".',
    "nothing": "The instruction leaves nothing to do.",
    "empty": "The prompt is empty.",
    "no_words": "The prompt has no words; say what to change.",
    "look_opposite": "This look has no opposite: say which look it should have instead.",
    "language": (
        "The instruction seems to be {0}; the built-in editor understands English, German, French, Spanish, Portuguese, Italian "
        "and Chinese."
    ),
    "untranslated": "It reads this as {0}, but does not know these words; say it with simpler words, or in English.",
    "unknown": 'Say it as a plain instruction, such as "make the cup blue" or "add a bird on the left".',
    "question": "It edits pictures and answers no questions.",
}
"""Reason -> what to do instead; ``{0}`` is the detail of the refusal."""


def hint(reason: str, detail: str = "") -> str:
    """Return the full hint of a refusal; what all the editor can do is said only where nothing was recognized."""
    text = HINTS[reason].format(detail)
    return f"{text} {CAN_DO}" if reason in _NOTHING_RECOGNIZED else text


_NOTHING_RECOGNIZED = frozenset(["unknown", "empty", "no_words", "language", "question"])
