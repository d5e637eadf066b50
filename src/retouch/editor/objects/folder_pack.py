"""A user's own folder of cut-outs as a pack."""

import os
import re
from pathlib import Path
from typing import Final

from retouch.editor.objects.pack import MAX_OBJECTS, PackProgress, PackSource, build_pack, check_pack_name, no_progress
from retouch.errors import ObjectPackError

__all__ = ["add_folder"]

OWN_LICENSE: Final = "your own"
MAX_NAME_CHARACTERS: Final = 80
MAX_SIDECAR_BYTES: Final = 64 * 1024
_ENDINGS: Final = frozenset({".png", ".webp"})


def add_folder(
    root: Path,
    folder: Path,
    *,
    name: str | None = None,
    renew: bool = False,
    on_progress: PackProgress = no_progress,
) -> tuple[str, int, tuple[str, ...]]:
    """Copy a folder of RGBA pictures into a pack.

    Parameters
    ----------
    root : Path
        The folder of packs.
    folder : Path
        Holds PNG or WebP files, also in subfolders. "red_kite.png" is named "red kite"; the first line of a "red_kite.txt" beside
        it names it better. Links that lead out of the folder are left out.
    name : str or None
        The pack's name; None takes the folder's.
    renew : bool
        Replace a pack of that name.

    Returns
    -------
    tuple
        The pack's name, how many pictures it has, and why others were left out.

    Raises
    ------
    ObjectPackError
        No such folder, nothing usable in it, a pack of that name is there already, or the disk refused.
    """
    if not folder.is_dir():
        raise ObjectPackError(
            f"There is no folder {str(folder)!r}. Name a folder of PNG or WebP cut-outs, or 'tuxpaint'."
        )
    pack_name = check_pack_name(name or slug(folder.resolve().name))
    if (root / pack_name).exists() and not renew:
        raise ObjectPackError(
            f"There is a pack named {pack_name!r} already. Choose another name with --name, or replace it with --renew."
        )
    home = folder.resolve()
    outside: list[str] = []
    sources: list[PackSource] = []
    for path in _pictures_in(home):
        if not path.resolve().is_relative_to(home):
            outside.append(f"{path.name}: a link that leads out of the folder")
        else:
            sources.append(PackSource(path, _name_of(path, home)))
        if len(sources) > MAX_OBJECTS:
            raise ObjectPackError(f"The folder holds more than {MAX_OBJECTS} pictures. Split it into several packs.")
    count, left_out = build_pack(root, pack_name, OWN_LICENSE, sources, on_progress=on_progress)
    return pack_name, count, (*outside, *left_out)


def slug(text: str) -> str:
    """Return a pack name made of a folder's name: "My Birds!" is "my-birds"."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:40].strip("-") or "own"


def _pictures_in(home: Path) -> list[Path]:
    """All pictures by path, without entering linked folders; special files are no pictures."""
    found: list[Path] = []
    for folder, _, files in os.walk(home, followlinks=False):
        found += [Path(folder) / each for each in files if Path(each).suffix.lower() in _ENDINGS]
    return sorted(path for path in found if path.is_file())


def _name_of(path: Path, home: Path) -> str:
    sidecar = path.with_suffix(".txt")
    if sidecar.is_file() and sidecar.resolve().is_relative_to(home) and sidecar.stat().st_size <= MAX_SIDECAR_BYTES:
        first = sidecar.read_text(encoding="utf-8", errors="replace").lstrip("\ufeff").split("\n", 1)[0]
        if clean_name(first):
            return clean_name(first)
    return clean_name(re.sub(r"[\W_]*\d+$", "", path.stem)) or "thing"


def clean_name(text: str) -> str:
    """Return a name as it is listed: no article, no control characters, no full stop.

    >>> clean_name("A great_blue heron (flying).")
    'great blue heron'
    """
    plain = "".join(each if each.isprintable() else " " for each in text).replace("_", " ")
    plain = re.split(r"[(,.:;!?—]", plain)[0]
    plain = re.sub(r"^\s*(an?|the|some|our|my|your)\s+", "", " ".join(plain.split()), flags=re.IGNORECASE)
    return plain[:MAX_NAME_CHARACTERS].strip()
