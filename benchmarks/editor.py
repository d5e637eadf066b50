"""Time and memory of each operation of the built-in editor at 1184x880, cold and warm, at 24 megapixels, and of the imports.

    python -m benchmarks.editor [--repeats 5] [--only WORDS] [--json OUT.json]

Every operation runs in a process of its own: "cold" is its first edit (libraries and models load, the scene is computed), "new"
a further picture with the models loaded, "same" another seed on a picture whose scene is known. Beside each wall time stands the
CPU time of all threads, which tells more on a machine that others use too. "same/cold" compares the second edit of a picture with
the first, "x plain" with one full pass of the plain path (decode, resize, encode, no edit) in the same process. Peak memory is
that of the process. At 24 megapixels the answer has the original's size. The package's bytecode is compiled beforehand, as pip
does it, whatever PYTHONDONTWRITEBYTECODE says.
"""

import argparse
import compileall
import importlib.util
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from retouch.types import SizeMode

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
    "keep a color": ("coffee", "Keep only the red in color."),
    "replace a color": ("coffee", "Turn everything red into green."),
    "turn the hue": ("coffee", "Shift the hue by 90 degrees."),
    "film look": ("coffee", "Give it a Kodachrome look."),
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
    "print on a poster": ("chelsea+poster", "Print the first image on the poster of the second image."),
    "print on a shirt": ("chelsea+astronaut", "Print the first image on the shirt of the second image."),
    "write text": ("coffee", 'Write "Good morning" at the top in white.'),
    "erase text": ("poster", "Remove the text."),
    "sunset": ("rocket", "Make it a sunset."),
    "night with stars": ("rocket", "Make it night with stars."),
    "snow": ("rocket", "Make it snow."),
    "fog": ("rocket", "Make it foggy."),
    "golden hour": ("coffee", "Make it look like golden hour."),
    "spotlight": ("chelsea", "Put a spotlight on the cat."),
    "sharpen": ("coffee", "Sharpen it."),
    "denoise": ("coffee", "Denoise the photo."),
    "auto enhance": ("coffee", "Auto enhance."),
    "smooth skin": ("astronaut", "Smooth her skin."),
    "crop to a square": ("coffee", "Crop to a square."),
    "rotate": ("coffee", "Rotate 2 degrees to the right."),
    # removal: under 3 s
    "remove the subject": ("motorcycle", "Remove the motorcycle."),
    "remove a drawn cup": ("cup", "Remove the mug."),
    "extend the canvas": ("cup", "Extend the picture to 21:9."),
    # style: under 2.5 s
    "pencil sketch": ("coffee", "Turn it into a pencil sketch."),
    "oil painting": ("coffee", "Make it an oil painting."),
    "watercolor": ("coffee", "Make it a watercolor."),
    "gouache": ("coffee", "Make it a gouache."),
    "low poly": ("coffee", "Make it low poly."),
    "stained glass": ("coffee", "Make it look like a stained glass window."),
    "cartoon": ("coffee", "Make it a cartoon."),
    "Van Gogh": ("coffee", "In the style of Van Gogh."),
    "style of a picture": ("coffee+chelsea", "Paint the first picture in the style of the second."),
}
LARGE_OPERATIONS = {
    "24 MP: warmer": ("coffee", "Make it warmer."),
    "24 MP: recolor": ("coffee", "Make the cup blue."),
    "24 MP: keep a color": ("coffee", "Keep only the red in color."),
    "24 MP: blur the background": ("astronaut", "Blur the background."),
    "24 MP: plain background": ("astronaut", "Make the background white."),
}
SIZE_WH = (1184, 880)
LARGE_SIZE_WH = (6000, 4000)
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
    parser.add_argument("--only", default="", help="comma-separated parts of the names of the operations to measure")
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
    print(
        f"{'seconds, wall (CPU)':26} {'cold':>14} {'new':>14} {'same':>14} {'same/cold':>9} {'x plain':>8} {'peak MB':>8}"
    )
    wanted = arguments.only.split(",")
    with tempfile.TemporaryDirectory() as folder:
        environment = with_bytecode(folder)
        for name in (*OPERATIONS, *LARGE_OPERATIONS):
            if any(part in name for part in wanted):
                report["operations"][name] = row = run_apart(name, arguments.repeats, environment)
                print(describe_row(name, row), flush=True)
    for name, command in IMPORTS.items() if wanted == [""] else ():
        seconds = [timed(command) for _ in range(arguments.repeats)]
        report["imports"][name] = min(seconds)
        print(f"{name:26} best of {arguments.repeats}: {min(seconds):.2f} s, median {statistics.median(seconds):.2f} s")
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=2))


def with_bytecode(folder: str) -> dict[str, str]:
    """Compile the package's bytecode into a folder and return an environment in which Python finds it there."""
    before, sys.pycache_prefix = sys.pycache_prefix, folder
    try:
        package = importlib.util.find_spec("retouch")
        assert package is not None
        assert package.submodule_search_locations is not None
        for place in package.submodule_search_locations:
            compileall.compile_dir(place, quiet=1)
    finally:
        sys.pycache_prefix = before
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPYCACHEPREFIX": folder}


def run_apart(name: str, repeats: int, environment: dict[str, str]) -> dict[str, Any]:
    """Measure one operation in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.editor", "--one", name, "--repeats", str(repeats)]
    result = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if result.returncode:
        return {"refused": result.stderr.strip().splitlines()[-1]}
    row: dict[str, Any] = json.loads(result.stdout)
    return row


def describe_row(name: str, row: dict[str, Any]) -> str:
    """Return one line of the table."""
    if "refused" in row:
        return f"{name:26} refused: {row['refused']}"
    times = " ".join(f"{row[key]['wall']:6.2f} ({row[key]['cpu']:5.2f})" for key in ("cold", "new", "same"))
    same = row["same"]["wall"]
    return (
        f"{name:26} {times} {same / row['cold']['wall']:9.2f} {same / row['plain']['wall']:8.1f} {row['peak_mb']:8.0f}"
    )


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

    is_large = name in LARGE_OPERATIONS
    names, prompt = (LARGE_OPERATIONS if is_large else OPERATIONS)[name]
    photos = [load_photo(each) for each in names.split("+")]
    size_wh = fill_size(photos[0].shape[1], photos[0].shape[0], LARGE_SIZE_WH if is_large else SIZE_WH)
    first = fit_pixels(photos[0], size_wh)
    output_format = OutputFormat.PNG if name == "transparent background" else OutputFormat.JPEG
    file = encode(first if is_large else photos[0], output_format)
    editor = Editor()

    def edit(pixels: Any, seed: int) -> dict[str, float]:
        size: SizeMode = "original" if is_large else "preset"
        return clock(
            lambda: editor.edit([pixels, *photos[1:]], prompt, seed=seed, size=size, output_format=output_format)
        )

    def plain() -> object:
        return encode(fit_pixels(decode(file).pixels, size_wh), output_format)

    try:
        cold = edit(first, 1)
    except UnsupportedInstructionError as exc:
        return {"refused": exc.message}
    # A copy that is rolled by two columns is another picture to the scene cache, and the same work.
    new_picture = [edit(np.roll(first, 2 * turn, axis=1), 1) for turn in range(1, repeats + 1)]
    edit(first, 1)
    return {
        "cold": cold,
        "new": median_time(new_picture),
        "same": median_time([edit(first, seed) for seed in range(2, repeats + 2)]),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "plain": median_time([clock(plain) for _ in range(repeats)]),
    }


def clock(work: Callable[[], object]) -> dict[str, float]:
    """Return the wall time and the CPU time of all threads, in seconds, that a piece of work takes."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}


def median_time(times: Sequence[dict[str, float]]) -> dict[str, float]:
    """Return the medians of wall and CPU time."""
    return {key: statistics.median(each[key] for each in times) for key in ("wall", "cpu")}


def load_photo(name: str) -> Any:
    """Return one of scikit-image's photos, or a cup or a poster that is drawn here."""
    if name == "cup":
        return draw_cup()
    if name == "poster":
        return draw_poster()
    import skimage.data

    if name == "motorcycle":
        return skimage.data.stereo_motorcycle()[0]
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


def draw_poster() -> Any:
    """Return a (800, 1000, 3) uint8 picture of a poster with two lines of lettering on a wall, seen a little from the side."""
    import cv2
    import numpy as np

    sheet = np.full((600, 440, 3), (205, 60, 45), np.uint8)
    for row, words in ((220, "SUMMER"), (330, "MARKET")):
        cv2.putText(sheet, words, (45, row), cv2.FONT_HERSHEY_DUPLEX, 2.6, (250, 245, 235), 7, cv2.LINE_AA)
    corners = np.array([[300, 110], [690, 160], [690, 640], [300, 700]], np.float32)
    flat = np.array([[0, 0], [440, 0], [440, 600], [0, 600]], np.float32)
    wall = np.broadcast_to(np.linspace(215, 180, 1000)[None, :, None], (800, 1000, 3)).astype(np.uint8)
    warped = cv2.warpPerspective(sheet, cv2.getPerspectiveTransform(flat, corners), (1000, 800))
    return np.where(warped.any(axis=2, keepdims=True), warped, wall)


if __name__ == "__main__":
    main()
