"""Color words: every CSS name, the common names that CSS lacks, modifiers, hex and rgb()."""

import colorsys
from functools import cache

from PIL import ImageColor

from retouch.editor.instructions.plan import ColorValue

__all__ = ["COLOR_MODIFIERS", "METALS", "PLURAL_COLORS", "color_names", "modified", "parse_color_code"]

RGB = tuple[int, int, int]

_COMMON: dict[str, RGB] = {
    # CSS's primaries are a display's, at the edge of what it can show; a person who says "blue" means a blue thing.
    "red": (204, 32, 36),
    "green": (38, 142, 62),
    "blue": (32, 88, 200),
    "yellow": (250, 208, 44),
    "orange": (242, 128, 32),
    # CSS's brown is a dark red: (165, 42, 42).
    "brown": (121, 76, 44),
    "dark brown": (66, 42, 28),
    "pink": (246, 152, 184),
    "cyan": (30, 184, 204),
    "aqua": (30, 184, 204),
    "magenta": (204, 36, 140),
    "fuchsia": (214, 44, 150),
    "lime": (120, 204, 52),
    "grey": (128, 128, 128),
    "dark green": (20, 74, 40),
    "dark red": (118, 16, 24),
    "dark blue": (20, 38, 102),
    "dark gray": (82, 82, 82),
    "dark grey": (82, 82, 82),
    "light gray": (211, 211, 211),
    "light grey": (211, 211, 211),
    "navy blue": (0, 0, 128),
    "burgundy": (128, 0, 32),
    "wine red": (114, 22, 40),
    "mint": (152, 235, 190),
    "mint green": (152, 235, 190),
    "mustard": (214, 168, 28),
    "mustard yellow": (214, 168, 28),
    "cream": (255, 245, 214),
    "off white": (248, 246, 238),
    "rose gold": (197, 130, 120),
    "rose": (236, 110, 140),
    "charcoal": (54, 60, 66),
    "anthracite": (48, 52, 56),
    "jet black": (10, 10, 12),
    "pitch black": (5, 5, 6),
    "snow white": (255, 252, 252),
    "baby blue": (150, 205, 240),
    "baby pink": (250, 200, 210),
    "sky blue": (125, 195, 240),
    "royal blue": (50, 85, 215),
    "cobalt": (0, 71, 171),
    "cobalt blue": (0, 71, 171),
    "petrol": (0, 95, 106),
    "electric blue": (20, 110, 255),
    "ultramarine": (40, 30, 180),
    "cerulean": (30, 130, 190),
    "aqua blue": (90, 215, 230),
    "denim": (62, 92, 140),
    "lilac": (200, 162, 200),
    "mauve": (200, 160, 190),
    "magenta pink": (220, 40, 150),
    "fuchsia pink": (240, 60, 170),
    "purple": (120, 40, 160),
    "violet": (140, 60, 210),
    "peach": (255, 200, 160),
    "apricot": (250, 186, 130),
    "terracotta": (200, 98, 66),
    "rust": (176, 70, 30),
    "copper": (184, 115, 51),
    "bronze": (176, 118, 52),
    "brass": (190, 160, 72),
    "golden": (222, 176, 40),
    "gold": (222, 176, 40),
    "amber": (255, 180, 20),
    "ochre": (204, 126, 40),
    "sand": (218, 196, 150),
    "caramel": (190, 120, 60),
    "camel": (193, 154, 107),
    "taupe": (130, 115, 100),
    "mocha": (120, 85, 65),
    "chestnut": (130, 70, 50),
    "blond": (225, 195, 130),
    "blonde": (225, 195, 130),
    "auburn": (130, 55, 35),
    "ginger": (190, 95, 40),
    "emerald": (20, 150, 90),
    "emerald green": (20, 150, 90),
    "jade": (0, 168, 107),
    "sage": (158, 175, 140),
    "sage green": (158, 175, 140),
    "olive green": (107, 122, 40),
    "british racing green": (0, 66, 37),
    "racing green": (0, 66, 37),
    "forest green": (34, 110, 50),
    "bottle green": (0, 80, 60),
    "lime green": (90, 210, 40),
    "grass green": (75, 160, 50),
    "apple green": (130, 190, 40),
    "neon green": (57, 255, 20),
    "neon pink": (255, 60, 180),
    "neon yellow": (225, 255, 30),
    "lemon": (250, 240, 80),
    "lemon yellow": (250, 240, 80),
    "canary yellow": (255, 235, 60),
    "scarlet": (210, 30, 20),
    "cherry red": (185, 15, 40),
    "ruby": (165, 15, 60),
    "ruby red": (165, 15, 60),
    "blood red": (130, 5, 10),
    "brick red": (170, 65, 55),
    "fire engine red": (205, 32, 30),
    "hot pink": (255, 105, 180),
    "dusty pink": (210, 150, 155),
    "salmon pink": (255, 145, 130),
    "champagne": (247, 231, 206),
    "eggshell": (240, 234, 214),
    "pearl": (240, 236, 226),
    "blue green": (13, 152, 150),
    "bluish green": (13, 152, 150),
}

_CSS_FIRST_WORDS = (
    "medium", "light", "dark", "deep", "pale", "hot", "lawn", "forest", "midnight", "dodger", "corn flower", "steel",
    "slate", "powder",
    "sea", "spring", "rosy", "saddle", "sandy", "misty", "navajo", "lemon", "honey", "ghost", "floral", "alice",
    "antique", "blanched",
    "burly", "cadet", "fire", "green", "indian", "lavender", "mint", "old", "olive", "orange", "papaya", "peach",
    "rebecca", "royal",
    "sky", "yellow", "white", "dim", "blue",
)  # fmt: skip

COLOR_MODIFIERS: dict[str, str] = {
    "light": "light", "lighter": "light", "pale": "pale", "pastel": "pale", "soft": "pale", "dark": "dark",
    "darker": "dark",
    "bright": "bright", "brighter": "bright", "vivid": "bright", "vibrant": "bright", "neon": "bright",
    "intense": "bright",
    "deep": "deep", "rich": "deep", "muted": "muted", "dusty": "muted", "dull": "muted", "faded": "muted",
    "medium": "plain",
    "brilliant": "plain", "crisp": "plain", "gorgeous": "plain", "pure": "plain",
    "solid": "plain", "plain": "plain", "flat": "plain", "uniform": "plain", "simple": "plain",
    "nice": "plain",
    "beautiful": "plain", "pretty": "plain", "lovely": "plain", "clean": "plain", "matte": "plain", "bold": "bright",
    "warm": "plain",
    "classic": "plain", "cool": "plain",
}  # fmt: skip
"""Words before a color, and what they do to it (``modified``); "plain" leaves it as it is."""

PLURAL_COLORS: tuple[str, ...] = (
    "red", "green", "blue", "yellow", "pink", "purple", "cyan", "magenta", "teal", "brown", "gray", "grey", "black", "white",
)  # fmt: skip
"""Colors that photographers speak of in the plural: "the blues"."""

METALS: frozenset[str] = frozenset(["gold", "golden", "silver", "rose gold", "copper", "bronze", "brass", "chrome"])
"""Colors that are also metals: painting gives the color, not the metal."""


@cache
def color_names() -> dict[str, ColorValue]:
    """Return every color name, in lower case, with its value; our common names win over CSS's ("dark gray" is dark)."""
    table: dict[str, ColorValue] = {}
    for name, code in ImageColor.colormap.items():
        rgb = ImageColor.getrgb(code if isinstance(code, str) else name)[:3]
        table[name] = ColorValue(name, (rgb[0], rgb[1], rgb[2]))
        for first in _CSS_FIRST_WORDS:
            rest = name.removeprefix(first.replace(" ", ""))
            if rest != name and rest in ImageColor.colormap:
                spaced = f"{first} {rest}"
                table[spaced] = ColorValue(spaced, table[name].rgb)
    table.update({name: ColorValue(name, rgb) for name, rgb in _COMMON.items()})
    return table


def modified(color: ColorValue, modifier: str, words: str) -> ColorValue:
    """Return ``color`` made "light", "pale", "dark", "deep", "bright" or "muted" in HSV and sRGB, named ``words``."""
    r, g, b = color.rgb
    hue, saturation, value = colorsys.rgb_to_hsv(r / 255, g / 255, b / 255)
    if modifier == "light":
        return ColorValue(words, _mix(color.rgb, 255, 0.5))
    if modifier == "pale":
        return ColorValue(words, _mix(color.rgb, 255, 0.65))
    if modifier == "dark":
        return ColorValue(words, _mix(color.rgb, 0, 0.45))
    if modifier == "deep":
        return ColorValue(words, _from_hsv(hue, min(1.0, saturation * 1.2), value * 0.7))
    if modifier == "bright":
        return ColorValue(words, _from_hsv(hue, min(1.0, saturation * 1.3), min(1.0, value * 1.3 + 0.1)))
    if modifier == "muted":
        return ColorValue(words, _from_hsv(hue, saturation * 0.5, value * 0.9))
    return color


def _mix(rgb: RGB, toward: int, share: float) -> RGB:
    """Mix a color with a gray level."""
    r, g, b = (round(channel * (1 - share) + toward * share) for channel in rgb)
    return (r, g, b)


def _from_hsv(hue: float, saturation: float, value: float) -> RGB:
    """Return 8-bit RGB."""
    r, g, b = (round(255 * channel) for channel in colorsys.hsv_to_rgb(hue, saturation, value))
    return (r, g, b)


def parse_color_code(text: str) -> ColorValue | None:
    """Return the color of "#f80", "#ff8800" or "rgb(255, 136, 0)"; None for anything else, or a channel above 255."""
    if text.startswith("rgb("):
        r, g, b = (int(part) for part in text[text.index("(") + 1 : -1].split(","))
        return ColorValue(text, (r, g, b)) if max(r, g, b) <= 255 else None
    if not text.startswith("#") or len(text) not in (4, 7):
        return None
    rgb = ImageColor.getrgb(text)
    return ColorValue(text, (rgb[0], rgb[1], rgb[2]))
