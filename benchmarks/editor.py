"""Time and memory of each operation of the built-in editor at 1184x880, cold and warm, and of the imports.

    python -m benchmarks.editor [--repeats 5] [--json OUT.json]

Every operation runs in a process of its own: "cold" is its first edit (models load, the scene is computed), "new picture" a
further picture with the models loaded, "same picture" another seed on a picture whose scene is known. Ratios are against one
full pass of the plain path (decode, resize, encode, no edit) measured in the same process. Peak memory is that of the process.
"""

import argparse
import json
import platform
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

OPERATIONS = {
    # looks and recolor: target under 0.3 s on the same picture
    "black and white": ("coffee", "Make it black and white."),
    "vintage": ("coffee", "Give it a vintage look."),
    "warmer": ("coffee", "Make it warmer."),
    "more contrast": ("coffee", "More contrast."),
    "more saturated": ("coffee", "More saturated."),
    "recolor a named thing": ("coffee", "Make the cup blue."),
    "recolor the subject": ("chelsea", "Make the subject teal."),
    "color splash": ("coffee", "Desaturate everything except the cup."),
    # masked edits: under 1 s
    "add an object": ("coffee", "Add a bird to the foreground of the photo."),
    "wear sunglasses": ("astronaut", "Give her sunglasses."),
    "blur the background": ("astronaut", "Blur the background."),
    "plain background": ("astronaut", "Make the background white."),
    "gradient background": ("astronaut", "Replace the background with a gradient from blue to white."),
    "transparent background": ("astronaut", "Remove the background."),
    "another background": ("astronaut+rocket", "Replace the background with the second image."),
    "place a subject": ("astronaut+rocket", "Put the astronaut from the first photo into the second photo."),
    "print on a cup": ("chelsea+cup", "Print the first image on the mug of the second image."),
    "write text": ("coffee", 'Write "Good morning" at the top in white.'),
    "sunset": ("rocket", "Make it a sunset."),
    "night with stars": ("rocket", "Make it night with stars."),
    "snow": ("rocket", "Make it snow."),
    "sharpen": ("coffee", "Sharpen it."),
    "denoise": ("coffee", "Denoise the photo."),
    "auto enhance": ("coffee", "Auto enhance."),
    "crop to a square": ("coffee", "Crop to a square."),
    # removal: under 3 s
    "remove the subject": ("chelsea", "Remove the cat."),
    "remove a drawn cup": ("cup", "Remove the mug."),
    "extend the canvas": ("cup", "Extend the picture to 21:9."),
    # style: under 2.5 s
    "pencil sketch": ("coffee", "Turn it into a pencil sketch."),
    "oil painting": ("coffee", "Make it an oil painting."),
    "watercolor": ("coffee", "Make it a watercolor."),
    "cartoon": ("coffee", "Make it a cartoon."),
    "Van Gogh": ("coffee", "In the style of Van Gogh."),
    "style of a picture": ("coffee+chelsea", "Paint the first picture in the style of the second."),
}
SIZE_WH = (1184, 880)
IMPORTS = {
    "import retouch": [sys.executable, "-c", "import retouch"],
    "retouch --help": [sys.executable, "-m", "retouch", "--help"],
    "python -c pass": [sys.executable, "-c", "pass"],
}


def main() -> None:
    """Run all benchmarks, print the table, and save it as JSON when asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(measure_operation(arguments.one, arguments.repeats)))
        return
    report: dict[str, Any] = {
        "machine": platform.machine(),
        "python": platform.python_version(),
        "operations": {},
        "imports": {},
    }
    print(f"{'operation':26} {'cold':>8} {'new pic':>8} {'same pic':>9} {'x plain':>8} {'peak MB':>8}")
    for name in OPERATIONS:
        command = [sys.executable, "-m", "benchmarks.editor", "--one", name, "--repeats", str(arguments.repeats)]
        row = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        report["operations"][name] = row
        if "refused" in row:
            print(f"{name:26} refused: {row['refused']}")
            continue
        print(
            f"{name:26} {row['cold_seconds']:7.2f}s {row['new_picture_seconds']:7.2f}s {row['same_picture_seconds']:8.2f}s "
            f"{row['same_picture_seconds'] / row['plain_seconds']:8.1f} {row['peak_mb']:8.0f}"
        )
    for name, command in IMPORTS.items():
        seconds = [timed(command) for _ in range(arguments.repeats)]
        report["imports"][name] = min(seconds)
        print(f"{name:26} best of {arguments.repeats}: {min(seconds):.2f} s, median {statistics.median(seconds):.2f} s")
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=2))


def timed(command: list[str]) -> float:
    """Return the wall time of a command in seconds."""
    started = time.perf_counter()
    subprocess.run(command, capture_output=True, check=True)
    return time.perf_counter() - started


def measure_operation(name: str, repeats: int) -> dict[str, Any]:
    """Measure one operation in this process."""
    import numpy as np

    from retouch.errors import UnsupportedInstructionError
    from retouch.images.codec import decode, encode
    from retouch.images.geometry import fill_size, fit_pixels
    from retouch.library import Editor
    from retouch.types import OutputFormat

    names, prompt = OPERATIONS[name]
    photos = [load_photo(each) for each in names.split("+")]
    first = fit_pixels(photos[0], fill_size(photos[0].shape[1], photos[0].shape[0], SIZE_WH))

    def edit(pixels: Any, seed: int) -> float:
        started = time.perf_counter()
        editor.edit([pixels, *photos[1:]], prompt, seed=seed, output_format=OutputFormat.PNG)
        return time.perf_counter() - started

    def plain() -> float:
        started = time.perf_counter()
        encode(
            fit_pixels(decode(file).pixels, fill_size(photos[0].shape[1], photos[0].shape[0], SIZE_WH)),
            OutputFormat.PNG,
        )
        return time.perf_counter() - started

    file = encode(photos[0], OutputFormat.PNG)
    editor = Editor()
    try:
        cold = edit(first, 1)
    except UnsupportedInstructionError as exc:
        return {"refused": exc.message}
    # A copy that is rolled by two columns is another picture to the scene cache, and the same work.
    new_picture = [edit(np.roll(first, 2 * turn, axis=1), 1) for turn in range(1, repeats + 1)]
    same_picture = [edit(first, seed) for seed in range(2, repeats + 2)]
    return {
        "cold_seconds": cold,
        "new_picture_seconds": statistics.median(new_picture),
        "same_picture_seconds": statistics.median(same_picture),
        "plain_seconds": statistics.median(plain() for _ in range(repeats)),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def load_photo(name: str) -> Any:
    """Return one of scikit-image's photos, or a cup that is drawn here."""
    if name == "cup":
        return draw_cup()
    import skimage.data

    return getattr(skimage.data, name)()


def draw_cup() -> Any:
    """Return a (800, 1000, 3) uint8 picture of a plain shaded mug on a light table."""
    import cv2
    import numpy as np

    picture = np.full((800, 1000, 3), 235, np.uint8)
    columns = np.linspace(-1, 1, 400)
    shade = 0.55 + 0.45 * np.sqrt(np.clip(1 - (columns * 0.9 + 0.2) ** 2, 0, 1))
    picture[200:650, 300:700] = (shade[None, :, None] * np.array([60, 120, 190])).astype(np.uint8)
    cv2.ellipse(picture, (500, 650), (200, 45), 0, 0, 180, (50, 100, 160), -1, cv2.LINE_AA)
    cv2.ellipse(picture, (500, 200), (200, 45), 0, 0, 360, (35, 70, 110), -1, cv2.LINE_AA)
    cv2.ellipse(picture, (500, 200), (200, 45), 0, 0, 360, (80, 140, 210), 8, cv2.LINE_AA)
    cv2.ellipse(picture, (700, 400), (90, 120), 0, -80, 80, (55, 110, 175), 36, cv2.LINE_AA)
    return picture


if __name__ == "__main__":
    main()
