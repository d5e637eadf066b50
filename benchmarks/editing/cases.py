"""The cases: a picture, a sentence, and what must be true of the answer. No case is special to the editor's own code."""

from dataclasses import dataclass
from typing import Final

from benchmarks.editing.checks import (
    Check,
    appears,
    detail_changes,
    differs,
    gains,
    has_chroma,
    has_hue,
    has_no_seam,
    has_ratio,
    is_cut_out,
    is_gone,
    is_level,
    is_mirrored,
    keeps_outside,
    keeps_region,
    keeps_shading,
    keeps_unmasked,
    nears_truth,
    reads,
    reads_no,
)

__all__ = ["CASES", "Case"]


@dataclass(frozen=True)
class Case:
    """One sentence on one picture (or several, joined by "+").

    Attributes
    ----------
    kind : str
        Heading in the report.
    pictures : str
    prompt : str
    checks : tuple of Check
        Empty for a case that must be refused.
    refusal : str
        A word that the refusal must say; "" where the edit must succeed.
    """

    kind: str
    pictures: str
    prompt: str
    checks: tuple[Check, ...] = ()
    refusal: str = ""


def _cases(kind: str, *rows: tuple[str, str, tuple[Check, ...]]) -> tuple[Case, ...]:
    return tuple(Case(kind, pictures, prompt, checks) for pictures, prompt, checks in rows)


def _refusals(*rows: tuple[str, str, str]) -> tuple[Case, ...]:
    return tuple(Case("refusal", pictures, prompt, refusal=word) for pictures, prompt, word in rows)


BLUE, RED, GREEN, TEAL, PURPLE, ORANGE, YELLOW, PINK = 264.0, 29.0, 142.0, 195.0, 320.0, 60.0, 105.0, 0.0

CASES: Final[tuple[Case, ...]] = (
    *_cases(
        "recolor",
        (
            "mug",
            "Make the mug red.",
            (has_hue("mug", RED), keeps_shading("mug"), keeps_outside("mug"), keeps_unmasked()),
        ),
        (
            "coffee",
            "Change the color of the saucer to navy blue",
            (differs("saucer"), keeps_region("spoon", psnr_db=25), keeps_unmasked()),
        ),
        ("coffee", "make the cup green pls", (differs("cup", at_least=0.15), keeps_unmasked())),
        (
            "fruit",
            "Paint the green ball purple",
            (has_hue("green", PURPLE, tolerance=35), keeps_region("red"), keeps_outside("green")),
        ),
        (
            "fruit",
            "Make the one on the right blue",
            (has_hue("yellow", BLUE), keeps_region("red"), keeps_region("green")),
        ),
        (
            "astronaut",
            "Make the orange suit blue.",
            (has_hue("suit", BLUE, share=0.4), keeps_region("hair", psnr_db=30), keeps_unmasked()),
        ),
        (
            "motorcycle",
            "Paint the red parts of the motorcycle green.",
            (differs("motorcycle", at_least=0.08), keeps_outside("motorcycle", grow=0.06)),
        ),
        (
            "flower",
            "Turn the flower purple",
            (has_hue("flower", PURPLE, tolerance=40), keeps_shading("flower"), keeps_outside("flower", grow=0.06)),
        ),
        ("beach", "make the ball a bit darker", (gains("ball", "L", at_most=-0.03), keeps_outside("ball"))),
        ("china", "make the sky more blue", (gains("sky", "b", at_most=-0.008), keeps_region("building", psnr_db=30))),
    ),
    *_cases(
        "looks",
        ("coffee", "Make it black and white.", (has_chroma("cup", at_most=0.01),)),
        ("chelsea", "a little warmer please", (gains(None, "b", at_least=0.004),)),
        ("rocket", "brighten the photo a lot", (gains(None, "L", at_least=0.06),)),
        (
            "flower",
            "Desaturate everything except the flower.",
            (has_chroma("background", at_most=0.012), keeps_region("flower", psnr_db=28)),
        ),
        (
            "fruit",
            "black and white but keep the red one in color",
            (has_chroma("green", at_most=0.015), has_chroma("red", at_least=0.1)),
        ),
        ("grace_hopper", "Give it a vintage look", (differs(None, at_least=0.8),)),
        ("camera", "increase the contrast by 30%", (differs(None, at_least=0.4),)),
    ),
    *_cases(
        "background",
        (
            "astronaut",
            "Blur the background.",
            (detail_changes("flag", at_most=0.35), keeps_region("face"), keeps_unmasked()),
        ),
        (
            "flower",
            "Replace the background with plain white.",
            (gains("background", "L", at_least=0.4), keeps_region("flower", psnr_db=30)),
        ),
        ("mug", "Remove the background.", (is_cut_out("mug"),)),
        (
            "grace_hopper",
            "make the background light gray",
            (has_chroma("background", at_most=0.02), keeps_region("face")),
        ),
        (
            "astronaut+beach",
            "Use the second picture as the background of the first",
            (differs("flag", at_least=0.8), keeps_region("face")),
        ),
    ),
    *_cases(
        "remove",
        (
            "beach",
            "Remove the ball.",
            (is_gone("ball"), has_no_seam("ball"), keeps_outside("ball", grow=0.1), keeps_unmasked()),
        ),
        ("mug", "erase the mug", (is_gone("mug", error=0.08), has_no_seam("mug"), keeps_outside("mug", grow=0.12))),
        (
            "fruit",
            "get rid of the yellow ball",
            (is_gone("yellow"), keeps_region("green"), keeps_outside("yellow", grow=0.1)),
        ),
        ("flower", "Remove the flower.", (is_gone("flower"), keeps_unmasked())),
        ("coffee", "take out the spoon", (differs("spoon"), keeps_unmasked())),
        ("rocket", "remove the rocket", (is_gone("rocket"), keeps_unmasked())),
        (
            "sign",
            "Remove the text from the sign.",
            (reads_no("open"), is_gone("text"), keeps_outside("sign", grow=0.02)),
        ),
    ),
    *_cases(
        "light and weather",
        ("beach", "Make it a sunset.", (gains("sky", "b", at_least=0.02), differs(None, at_least=0.8))),
        ("china", "Make it night with stars", (gains(None, "L", at_most=-0.15),)),
        ("china", "add fog", (gains(None, "C", at_most=-0.005),)),
        ("beach", "make it snow", (differs(None, at_least=0.05),)),
        ("china", "golden hour light please", (gains("building", "b", at_least=0.01),)),
        ("rocket", "add a full moon to the sky", (appears(0.5, 0.3, within=0.5),)),
        ("china", "make it rain", (differs(None, at_least=0.2),)),
    ),
    *_cases(
        "style",
        (
            "astronaut",
            "Turn it into a pencil sketch.",
            (has_chroma("suit", at_most=0.02), detail_changes(None, at_least=0.5)),
        ),
        ("chelsea", "make it look like an oil painting", (differs(None, at_least=0.5),)),
        ("china", "watercolor style", (differs(None, at_least=0.5),)),
        ("flower", "cartoon", (differs("flower", at_least=0.4),)),
        ("coffee", "Pixel art", (differs(None, at_least=0.4),)),
        ("chelsea+flower", "Paint the first picture in the style of the second", (differs(None, at_least=0.6),)),
        ("china", "in the style of Van Gogh", (differs(None, at_least=0.6), detail_changes(None, at_least=0.3))),
    ),
    *_cases(
        "lettering",
        (
            "beach",
            'Write "HELLO SUMMER" at the top in white.',
            (reads("HELLO SUMMER"), keeps_region("sand"), keeps_unmasked()),
        ),
        (
            "sign",
            'Change the word "OPEN" to "CLOSED".',
            (reads("CLOSED"), reads_no("OPEN"), keeps_outside("sign", grow=0.02)),
        ),
        ("coffee", 'add the text "Coffee first" in the bottom right corner', (reads("Coffee first"), keeps_unmasked())),
        ("mug", 'write "TEA" on the mug', (reads("TEA"), keeps_outside("mug"))),
    ),
    *_cases(
        "composition",
        ("astronaut", "Crop to a square.", (has_ratio(1, 1),)),
        ("chelsea", "flip it horizontally", (is_mirrored(),)),
        ("tilted", "straighten the horizon", (is_level(),)),
        ("flower", "Crop it to 16:9", (has_ratio(16, 9),)),
        ("beach", "extend the picture to 21:9", (has_ratio(21, 9),)),
        ("coffee", "rotate it by 90 degrees", (has_ratio(832, 1248),)),
    ),
    *_cases(
        "insert",
        ("beach", "Add a boat on the water", (appears(0.5, 0.52, within=0.5, most=0.2), keeps_unmasked())),
        ("chelsea", "put a party hat on the cat", (appears(0.6, 0.2, within=0.45), keeps_unmasked())),
        ("grace_hopper", "give her sunglasses", (appears(0.51, 0.27, within=0.12), keeps_unmasked())),
        (
            "coffee",
            "place a book on the table to the left of the saucer",
            (appears(0.15, 0.5, within=0.35), keeps_unmasked()),
        ),
        (
            "china",
            "Add a flock of birds in the sky",
            (appears(0.6, 0.15, within=0.4, least=0.0005), keeps_region("water")),
        ),
        (
            "beach",
            "put a red balloon in the sky, top left",
            (appears(0.15, 0.2, within=0.25), keeps_region("sand"), keeps_unmasked()),
        ),
    ),
    *_cases(
        "print and place",
        (
            "chelsea+mug",
            "Print the first image on the mug of the second image.",
            (differs("mug"), keeps_outside("mug"), keeps_unmasked()),
        ),
        (
            "flower+screen",
            "Show the first picture on the screen of the second.",
            (differs("screen", at_least=0.8), keeps_outside("screen")),
        ),
        (
            "astronaut+beach",
            "Put the astronaut from image 1 onto the beach of image 2",
            (appears(0.5, 0.5, within=0.4, most=0.6), keeps_unmasked()),
        ),
    ),
    *_cases(
        "retouch",
        ("noisy", "Denoise the photo.", (nears_truth("noise", gain_db=3.0),)),
        ("hazy", "remove the haze", (nears_truth("haze", gain_db=1.5),)),
        ("chelsea", "sharpen it", (detail_changes(None, at_least=1.3),)),
        ("astronaut", "add a vignette", (differs(None, at_least=0.3),)),
        ("rocket", "auto enhance", (differs(None, at_least=0.3),)),
    ),
    *_cases(
        "other languages",
        ("mug", "Mach die Tasse rot.", (has_hue("mug", RED), keeps_outside("mug"))),
        ("mug", "Rends la tasse verte.", (has_hue("mug", GREEN), keeps_outside("mug"))),
        ("beach", "Quita la pelota.", (is_gone("ball"),)),
        ("astronaut", "把背景变成白色", (gains("flag", "L", at_least=0.1), keeps_region("face"))),
    ),
    *_refusals(
        ("camera", "Remove the man", "covers"),
        ("coffee", "make the sky purple", "sky"),
        ("chelsea", "turn the dog blue", "dog"),
        ("astronaut", "make her smile", "expression"),
        ("mug", "asdf qwer zxcv", ""),
        ("beach", "Make the ball red and blue", "one color"),
    ),
)
