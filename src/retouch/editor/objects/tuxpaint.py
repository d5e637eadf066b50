"""Debian's pack of photographic cut-outs, fetched with apt and without root.

The package ``tuxpaint-stamps-default`` holds photographs of animals, plants, vehicles and household things, cut out, each with a
text file that names it. Its license is GPL-2; it is fetched at the user's wish and never shipped.
"""

import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from retouch.editor.objects.folder_pack import clean_name
from retouch.editor.objects.nouns import known_noun, noun_of_name
from retouch.editor.objects.pack import PackProgress, PackSource, build_pack, no_progress, read_pack
from retouch.errors import ObjectPackError
from retouch.images.array_types import PixelsRGBA

__all__ = ["TUXPAINT", "add_tuxpaint", "stamps_in"]

TUXPAINT: Final = "tuxpaint"
PACKAGE: Final = "tuxpaint-stamps-default"
LICENSE: Final = "GPL-2"
STAMPS_FOLDER: Final = Path("usr/share/tuxpaint/stamps")
DRAWN_SHARE: Final = 0.42
MIN_PHOTO_SIDE_PX: Final = 40
STEP_TIMEOUT_SECONDS: Final = 1800

# Drawings, lettering and signs: what a photograph can't take in, or what means something else on its own.
_SKIPPED_FOLDERS: Final = frozenset(
    {
        "cartoon",
        "symbols",
        "body_parts",
        "roadsigns",
        "naturalforces",
        "easter",
        "hanukkah",
        "newyears",
        "flags",
        "hats",
    }
)
_MIRRORED: Final = re.compile(r"[_-](mirror|flip|mirror_flip)$")
# The pack's folders name a kind of thing where the name alone is a species that the table of nouns lacks.
_FOLDER_KINDS: Final = {
    "birds": "bird",
    "insects": "insect",
    "fish": "fish",
    "mammals": "mammal",
    "cats": "big cat",
    "dogs": "dog",
    "lizards": "lizard",
    "flowers": "flower",
    "trees": "tree",
    "mushrooms": "mushroom",
    "fruit": "fruit",
    "vegetables": "vegetable",
    "nuts": "nut",
    "tools": "tool",
    "auto": "car",
    "ship": "boat",
    "planes": "airplane",
    "planets": "planet",
    "string": "musical instrument",
    "people": "person",
}
_LETTERED: Final = frozenset({"emergency", "sports", "electronics", "masstransit", "race", "monuments", "flight"})


def add_tuxpaint(root: Path, *, on_progress: PackProgress = no_progress, renew: bool = False) -> tuple[int, bool]:
    """Fetch the package, check it, unpack it and build the pack.

    Parameters
    ----------
    root : Path
        The folder of packs.
    on_progress : callable
    renew : bool
        Fetch again what is there already.

    Returns
    -------
    tuple of int and bool
        How many cut-outs the pack has, and whether it was fetched now.

    Raises
    ------
    ObjectPackError
        No apt, no network, no such package, a bad checksum, or a full disk. Nothing is left behind.

    Notes
    -----
    apt checks the package against the signed lists of the distribution. Where the machine has no lists, they are fetched into a
    folder of our own, which needs no root either.
    """
    if not renew and (root / TUXPAINT).is_dir():
        return len(read_pack(root / TUXPAINT)), False
    for tool in ("apt-get", "dpkg-deb"):
        if shutil.which(tool) is None:
            raise ObjectPackError(
                f"The pack {TUXPAINT!r} comes from Debian's or Ubuntu's package archive, and this machine has no {tool}. Unpack "
                f"the package {PACKAGE} on a machine that has it and run `retouch objects add FOLDER --name tuxpaint`, or add a "
                "folder of your own cut-outs; the project's own objects work without any pack."
            )
    with tempfile.TemporaryDirectory(prefix="retouch-tuxpaint-") as scratch:
        package = _download(Path(scratch), on_progress)
        on_progress("unpacking", 0, 0)
        unpacked = Path(scratch) / "unpacked"
        _run(["dpkg-deb", "-x", str(package), str(unpacked)], Path(scratch), "The package can't be unpacked")
        package.unlink()
        sources = stamps_in(unpacked / STAMPS_FOLDER)
        count, _ = build_pack(root, TUXPAINT, LICENSE, sources, accept=is_photographic, on_progress=on_progress)
    return count, True


def stamps_in(folder: Path) -> list[PackSource]:
    """List the stamps that can pass for a part of a photograph: no drawings, no mirrored doubles, named in English."""
    sources: list[PackSource] = []
    for path in sorted(folder.rglob("*.png")):
        parts = path.relative_to(folder).parts[:-1]
        if _SKIPPED_FOLDERS & set(parts) or _MIRRORED.search(path.stem) or path.with_suffix(".svg").exists():
            continue
        data, text = path.with_suffix(".dat"), path.with_suffix(".txt")
        if data.is_file() and "tinter=vector" in data.read_text(encoding="utf-8", errors="replace"):
            continue
        if not text.is_file():
            continue
        name = _name_of(text, path.stem)
        kind = next((_FOLDER_KINDS[part] for part in reversed(parts) if part in _FOLDER_KINDS), None)
        if known_noun(noun_of_name(name)) is None and kind is None:
            continue
        sources.append(PackSource(path, name, kind, may_flip=not _LETTERED & set(parts)))
    return sources


def _name_of(text: Path, stem: str) -> str:
    """The first line names the stamp; where it is a sentence about it, the file's name is the better one."""
    line = text.read_text(encoding="utf-8", errors="replace").split("\n", 1)[0]
    name = clean_name(line)
    from_file = clean_name(re.sub(r"[\W_]*\d+$", "", stem).replace("-", " "))
    if known_noun(noun_of_name(name)) is None and known_noun(noun_of_name(from_file)) is not None:
        return from_file
    is_label = 0 < len(name.split()) <= 6 and not {"!", "—", "–"} & set(line)
    name = name if is_label else from_file
    # The pose matters: what flies can't stand on the ground.
    return f"flying {name}" if "flying" in stem and "flying" not in name else name


def is_photographic(rgba: PixelsRGBA) -> bool:
    """Whether a cut-out is a photograph rather than a drawing: few neighboring pixels have exactly the same color."""
    if max(rgba.shape[:2]) < MIN_PHOTO_SIDE_PX:
        return False
    solid = (rgba[:, 1:, 3] > 200) & (rgba[:, :-1, 3] > 200)
    if solid.sum() < 200:
        return False
    same = np.all(rgba[:, 1:, :3] == rgba[:, :-1, :3], axis=-1)
    return bool(same[solid].mean() < DRAWN_SHARE)


def _download(scratch: Path, on_progress: PackProgress) -> Path:
    """Let apt fetch and check the package; with lists of our own where the machine has none."""
    options: list[str] = ["-o", "APT::Sandbox::User=root"] if os.geteuid() == 0 else []
    total = _package_bytes(scratch, options)
    if total is None:
        on_progress("fetching package lists", 0, 0)
        for each in ("lists/partial", "cache/archives/partial"):
            (scratch / each).mkdir(parents=True)
        options += [
            "-o",
            f"Dir::State::Lists={scratch / 'lists'}",
            "-o",
            f"Dir::Cache={scratch / 'cache'}",
            "-o",
            "Debug::NoLocking=1",
        ]
        _run(["apt-get", *options, "update"], scratch, "apt can't fetch its package lists; is there a network?")
        total = _package_bytes(scratch, options)
    if total is None:
        raise ObjectPackError(
            f"apt knows no package {PACKAGE}. On Ubuntu, enable the component 'universe'; or add a folder of your own "
            "cut-outs with `retouch objects add FOLDER`."
        )
    _watch_download(["apt-get", *options, "download", PACKAGE], scratch, total, on_progress)
    packages = sorted(scratch.glob(f"{PACKAGE}_*.deb"))
    if not packages:
        raise ObjectPackError(f"apt finished without the package {PACKAGE}. Try again.")
    return packages[0]


def _package_bytes(scratch: Path, options: Sequence[str]) -> int | None:
    """Size of the package as apt knows it, or None when apt knows no such package."""
    command = ["apt-get", *options, "download", "--print-uris", PACKAGE]
    answer = subprocess.run(command, cwd=scratch, capture_output=True, text=True, check=False)  # noqa: S603 - a fixed command
    match = re.search(rf"'\S+' {re.escape(PACKAGE)}_\S+\.deb (\d+)", answer.stdout)
    return int(match.group(1)) if match else None


def _watch_download(command: Sequence[str], scratch: Path, total: int, on_progress: PackProgress) -> None:
    """Run apt and report how much has arrived; apt is stopped when we are."""
    log = scratch / "apt.log"
    with log.open("wb") as sink, subprocess.Popen(command, cwd=scratch, stdout=sink, stderr=sink) as process:  # noqa: S603
        try:
            deadline = time.monotonic() + STEP_TIMEOUT_SECONDS
            while process.poll() is None:
                if time.monotonic() > deadline:
                    raise ObjectPackError(f"The download of {PACKAGE} took too long. Try again on a faster network.")
                arrived = sum(each.stat().st_size for each in _arriving(scratch))
                on_progress("downloading", min(arrived, total), total)
                time.sleep(0.2)
        except BaseException:
            process.kill()
            raise
    if process.returncode != 0:
        detail = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        said = next((line for line in reversed(detail) if line.startswith("E:")), "")
        raise ObjectPackError(
            f"apt can't download {PACKAGE}. {said[:200]} Check the network and try again.".replace("  ", " ")
        )
    on_progress("downloading", total, total)


def _arriving(scratch: Path) -> list[Path]:
    return [path for path in scratch.rglob(f"{PACKAGE}_*") if path.is_file()]


def _run(command: Sequence[str], folder: Path, problem: str) -> None:
    try:
        answer = subprocess.run(  # noqa: S603 - fixed commands, no shell
            command, cwd=folder, capture_output=True, text=True, check=False, timeout=STEP_TIMEOUT_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired) as exc:
        raise ObjectPackError(f"{problem}. Try again.") from exc
    if answer.returncode != 0:
        said = next((line for line in reversed(answer.stderr.splitlines()) if line.startswith("E:")), "")
        raise ObjectPackError(f"{problem}. {said[:200]} Try again.".replace("  ", " "))
