"""What the built-in editor can't do, by name: data."""

__all__ = ["CAN_DO", "CLOTHES", "HINTS", "NOT_OBJECTS", "SCENES", "TRIGGERS", "hint"]

CAN_DO = "The built-in editor can add objects, recolor, change backgrounds, combine pictures and adjust looks."

HINTS: dict[str, str] = {
    "negation": "Say what to do rather than what not to do.",
    "condition": "It carries out plain instructions, without conditions or choices.",
    "effect": "It does not make smoke, fire, steam, liquids or light effects; it can add solid things.",
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
    "age": "It does not change a person's age, body or identity.",
    "pose": "It does not change a pose, a gesture or the view.",
    "grown": (
        "It does not add hair, beards, wings or anything else that grows on a body; a hat, crown or "
        "sunglasses it can add."
    ),
    "clothes": "It does not change or add clothes; it can recolor them, and add a hat, crown or sunglasses.",
    "light": (
        'It sets the time of day ("make it sunset", "golden hour", "blue hour", "night"), adds sun rays, a lens flare, a spotlight, '
        "studio, rim or back light; it does not switch lamps on or take shadows away."
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
    "repair": (
        "It does not repair or colorize old photos; it can denoise, dehaze, fix the white balance or red eyes, smooth skin and "
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
    "blur": 'It blurs the background only: say "blur the background".',
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
    "remark": 'Say what it should become: "make it brighter", "more contrast".',
    "vague": "Please say what to change, and to what.",
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

_NOT_OBJECTS: dict[str, str] = {
    "effect": """
        smoke fire flame flames steam water liquid drops droplets spark sparks explosion splash bubbles vapor flare_effect lava
    """,
    "weather": """
        snow rain fog mist storm lightning wind snowflakes snowflake raindrops snowfall haze thunderstorm autumn
        winter spring summer
    """,
    "light": """
        sunset sunrise sunlight night nighttime lighting light sunshine daylight glow moonlight sunbeam sunrays rays
        reflection shadow flare dusk dawn spotlight backlight highlight
    """,
    "text": """
        text word words caption title watermark lettering letters writing inscription subtitle signature quote
        slogan name headline letter tagline
    """,
    "grown": """
        wing wings beard mustache moustache horn horns tattoo tattoos freckle freckles hair tail fur makeup lipstick
        eyelashes dimples sideburns bangs ponytail dreadlocks goatee wrinkles muscle muscles fangs abs feathers
        antlers
    """,
    "expression": """
        smile grin frown expression laugh wink
    """,
    "style": """
        drama texture noise glitter effect filter style
    """,
    "crop": """
        border borders frame margin padding space
    """,
    "sharpening": """
        sharpness detail details clarity focus
    """,
    "pattern": """
        stripe stripes dots polka pattern checks
    """,
}

NOT_OBJECTS: dict[str, str] = {
    noun.replace("_", " "): reason for reason, nouns in _NOT_OBJECTS.items() for noun in nouns.split()
}
"""Nouns that no cut-out can be, and what adding them would be."""

CLOTHES: frozenset[str] = frozenset(
    [
        "jacket",
        "shirt",
        "t-shirt",
        "dress",
        "coat",
        "suit",
        "trousers",
        "pants",
        "jeans",
        "skirt",
        "sweater",
        "hoodie",
        "scarf",
        "tie",
        "bowtie",
        "necklace",
        "gloves",
        "shoe",
        "boot",
        "sock",
        "vest",
        "uniform",
        "tuxedo",
        "cape",
        "robe",
        "blouse",
        "cardigan",
        "jumper",
        "earring",
        "bracelet",
        "watch",
        "bikini",
        "swimsuit",
        "costume",
        "clothes",
        "clothing",
        "outfit",
        "sandal",
        "sneaker",
        "apron",
        "collar",
        "leash",
        "harness",
        "belt",
        "spacesuit",
        "mask",
        "ring",
    ]
) | {"bow tie", "wedding dress"}
"""Worn on a body, which needs its pose."""

SCENES: frozenset[str] = frozenset(
    [
        "beach",
        "forest",
        "desert",
        "city",
        "street",
        "mountain",
        "island",
        "jungle",
        "meadow",
        "field",
        "garden",
        "park",
        "room",
        "kitchen",
        "office",
        "castle",
        "church",
        "lake",
        "sea",
        "ocean",
        "river",
        "bridge",
        "road",
        "farm",
        "boat",
        "ship",
        "train",
        "car",
        "plane",
        "airplane",
        "space",
        "moon",
        "planet",
        "stage",
        "stadium",
        "restaurant",
        "cafe",
        "snow",
        "bus",
        "barn",
        "house",
        "temple",
    ]
)
"""Surroundings: "put him on a beach" asks for another scene, not for a thing."""

_TRIGGERS: tuple[tuple[str, str], ...] = (
    ("undo", "undo revert undo_that go_back redo"),
    (
        "which_color",
        """
        different_color different_colour another_color another_colour other_color other_colour change_the_color change_the_colour
        """,
    ),
    (
        "effect",
        """
        glow glowing fire flames smoke steam lens_flare sparkles sparkle glitter burning light_beams laser fog_effect
        """,
    ),
    (
        "blur",
        """
        motion_blur blurry blurred
        """,
    ),
    (
        "text",
        """
        write text caption watermark lettering spell font says saying translate typo word reads
        """,
    ),
    (
        "style",
        """
        style_of in_the_style style van_gogh picasso monet watercolor watercolour oil_painting cartoon anime ghibli
        pixar comic sketch pencil_drawing painting pixel_art impressionist manga cyberpunk lego clay 3d_render
        disney pop_art caricature illustration stylize stylise drawing cinematic claymation steampunk low_poly emoji
        hdr simpsons line_art engraving mosaic graffiti
        """,
    ),
    (
        "upscaling",
        """
        upscale 4k 8k resolution enlarge_the_image super_resolution hd megapixel upscaled enlarge
        """,
    ),
    (
        "crop",
        """
        crop zoom outpaint extend uncrop widen aspect_ratio square expand border landscape_format portrait_format
        trim reframe canvas wider
        """,
    ),
    (
        "rotating",
        """
        rotate flip mirror upside_down straighten tilt degrees
        """,
    ),
    (
        "expression",
        """
        smile smiling laugh laughing frown angry happy happier sad cry crying expression wink grin eyes_closed
        open_his_eyes open_her_eyes close_her_eyes close_his_eyes surprised serious scared
        """,
    ),
    (
        "face",
        """
        face faces face_swap faceswap
        """,
    ),
    (
        "age",
        """
        younger older age thinner slimmer fatter skinny muscular bald taller_person slim old_man kid_version
        """,
    ),
    (
        "pose",
        """
        turn_around pose sit stand_up sit_down jump jumping run running dance dancing raise wave waving look_at
        look_left look_right looking_at from_behind from_above angle side_view front_view holding hold lie_down
        kneel cross facing eating drinking riding walk walking hugging hug kissing kiss wearing bird's_eye
        """,
    ),
    (
        "weather",
        """
        snow snowy rain rainy fog foggy storm stormy autumn winter summer spring cloudy misty season windy weather
        snowing raining wintery wet
        """,
    ),
    (
        "light",
        """
        lights turn_on
        sunset sunrise night nighttime night_time golden_hour daytime day dusk dawn lighting relight sunny evening
        midnight sunlight light_source backlit spotlight morning moonlight lit blue_hour noon neon_lights shadow
        shadows
        """,
    ),
    (
        "material",
        """
        wood wooden glass metal metallic marble stone plastic leather gold_plated ceramic fabric silk velvet diamond
        crystal steel concrete denim_fabric material texture shiny glossy matte fluffy chocolate ice brick bricks
        chrome rusty fur
        """,
    ),
    (
        "pattern",
        """
        striped stripes stripe dots dotted polka checkered plaid pattern patterned spots rainbow multicolored
        multicolor camouflage camo leopard_print zebra_print multicoloured gradient ombre floral tie_dye spotted
        """,
    ),
    (
        "repair",
        """
        restore repair fix denoise retouch colorize colourise colorise colourize enhance scratches wrinkles blemish
        blemishes pimple pimples acne skin teeth red_eye red_eyes unblur deblur clean_up smooth noise heal clean
        whiten dehaze compress artifacts grain
        """,
    ),
    (
        "sharpening",
        """
        sharpen sharper sharpness sharp in_focus crisper clearer focus clarity details less_blurry detailed
        """,
    ),
    (
        "clothes",
        """
        clothes clothing outfit wear dress_up costume undress naked nude
        """,
    ),
    (
        "grown",
        """
        beard mustache moustache wings tattoo makeup hairstyle haircut horns curly longer_hair shorter_hair ponytail
        lipstick freckles
        """,
    ),
    (
        "resizing",
        """
        bigger smaller larger resize scale taller shorter shrink longer thicker grow size huge wider giant tiny big
        small
        """,
    ),
    (
        "removing",
        """
        remove delete erase get_rid_of without take_out clear off
        """,
    ),
    (
        "moving",
        """
        move swap_the_positions closer further shift center_the swap_positions swap_places drag relocate
        """,
    ),
    (
        "combine",
        """
        combine merge blend_together collage side_by_side fuse both_images both_pictures both_photos images_together
        stitch
        """,
    ),
    (
        "question",
        """
        describe what_is what's who_is how_many tell_me explain where_is is_this why caption_this what_are count_the
        """,
    ),
    (
        "repair",
        """
        improve_the_quality remaster
        """,
    ),
    (
        "vague",
        """
        better nicer cooler_looking prettier amazing awesome beautiful improve fun funny interesting cool magic
        stunning great perfect edit different wow surprise_me epic professional aesthetic
        """,
    ),
)

TRIGGERS: tuple[tuple[str, tuple[str, ...]], ...] = tuple(
    (reason, tuple(word.replace("_", " ") for word in words.split())) for reason, words in _TRIGGERS
)
"""Reason -> words or expressions that give it away, in the order in which they are tried.

Only for clauses that no grammar reads.
"""


def hint(reason: str, detail: str = "") -> str:
    """Return the full hint of a refusal."""
    return f"{HINTS[reason].format(detail)} {CAN_DO}"
