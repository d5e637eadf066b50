"""Nouns that can't be put in as a cut-out: data."""

__all__ = ["CLOTHES", "NOT_OBJECTS", "SCENES"]

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
        vibe vibes mood feel feeling aesthetic atmosphere ambiance drama texture noise glitter
        effect filter style life depth warmth energy oomph soul
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
    """
        jacket shirt t-shirt dress coat suit trousers pants jeans skirt sweater hoodie scarf tie bowtie necklace
        gloves shoe boot sock vest uniform tuxedo cape robe blouse cardigan jumper earring bracelet watch bikini
        swimsuit costume clothes clothing outfit sandal sneaker apron collar leash harness belt spacesuit mask ring
    """.split()  # noqa: SIM905
) | {"bow tie", "wedding dress"}
"""Worn on a body, which needs its pose."""

SCENES: frozenset[str] = frozenset(
    """
        beach forest desert city street mountain island jungle meadow field garden park room kitchen office castle
        church lake sea ocean river bridge road farm boat ship train car plane airplane space moon planet stage
        stadium restaurant cafe snow bus barn house temple
    """.split()  # noqa: SIM905
)
"""Surroundings: "put him on a beach" asks for another scene, not for a thing."""
