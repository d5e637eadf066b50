"""Packs of cut-outs on disk: a folder of PNG files and an index, written wholly or not at all."""

import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from retouch.editor.objects.cutout import ObjectEntry
from retouch.editor.objects.nouns import Place, canonical, kinds_of, known_noun, noun_of_name
from retouch.errors import ImageError, ObjectPackError
from retouch.images.array_types import PixelsRGBA
from retouch.images.codec import DecodeLimits, decode_rgba, encode
from retouch.types import OutputFormat

__all__ = [
    "PACK_LIMITS",
    "PackProgress",
    "PackSource",
    "build_pack",
    "installed_packs",
    "load_pixels",
    "no_progress",
    "read_pack",
    "tight_crop",
]

INDEX_NAME: Final = "index.json"
INDEX_FORMAT: Final = 1
MAX_INDEX_BYTES: Final = 8 * 2**20
MAX_OBJECTS: Final = 5000
MIN_SIDE_PX: Final = 24
STORED_SIDE_PX: Final = 2048
VISIBLE_ALPHA: Final = 8
"""Alpha below this is treated as nothing when a picture is cropped: 3 % of cover can't be seen."""

PACK_LIMITS: Final = DecodeLimits(max_bytes=16 * 2**20, max_pixels=24_000_000, max_side_px=8192)
_FOOT_SHARE: Final = 0.05
"""What of a cut-out's height, from below, touches the ground."""
_FOOT_SLACK: Final = 0.12
"""How far beside its foot the weight may lie, as a share of the width: legs lean, and a cut-out is flat."""
_PACK_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")

PackProgress = Callable[[str, int, int], None]
"""Called with what is being done, how much is done and how much there is (0: not known)."""


@dataclass(frozen=True, slots=True)
class PackSource:
    """One picture that is to become part of a pack.

    Attributes
    ----------
    path : Path
    name : str
        What it shows.
    kind : str or None
        A hypernym for a name that the table of nouns lacks.
    may_flip : bool
    """

    path: Path
    name: str
    kind: str | None = None
    may_flip: bool = True


def no_progress(label: str, done: int, total: int) -> None:
    """Report to nobody."""


def installed_packs(root: Path) -> tuple[Path, ...]:
    """Return the pack folders under ``root``, by name; an unfinished one is not among them."""
    if not root.is_dir():
        return ()
    return tuple(
        sorted(path for path in root.iterdir() if (path / INDEX_NAME).is_file() and not path.name.startswith("."))
    )


def check_pack_name(name: str) -> str:
    """Return ``name`` if it is fit for a folder, or raise ``ObjectPackError``."""
    if _PACK_NAME.fullmatch(name) is None or name == "built-in":
        raise ObjectPackError(
            f"A pack's name must be 1 to 40 lower-case letters, digits and hyphens, and not 'built-in'; received {name[:60]!r}."
        )
    return name


def tight_crop(rgba: PixelsRGBA) -> PixelsRGBA | None:
    """Crop to what can be seen; None when nothing can.

    Parameters
    ----------
    rgba : (H, W, 4) uint8, sRGB, straight alpha
    """
    visible = rgba[..., 3] >= VISIBLE_ALPHA
    rows, cols = np.flatnonzero(visible.any(axis=1)), np.flatnonzero(visible.any(axis=0))
    if rows.size == 0:
        return None
    return rgba[rows[0] : rows[-1] + 1, cols[0] : cols[-1] + 1]


def is_balanced(rgba: PixelsRGBA) -> bool:
    """Whether a thing would stand as it is shown: its lowest parts are below its middle, or on both sides of it.

    A bird that climbs, hangs or banks touches the ground with the tip of its tail or a wing, to one side of its weight.

    Parameters
    ----------
    rgba : (h, w, 4) uint8, sRGB, straight alpha
    """
    solid = rgba[..., 3] > 128
    columns = np.arange(rgba.shape[1])
    if not solid.any():
        return False
    rows = np.flatnonzero(solid.any(axis=1))
    foot = solid[rows[-1] - max(1, round(_FOOT_SHARE * rgba.shape[0])) : rows[-1] + 1].any(axis=0)
    weight = solid.sum(axis=0)
    middle = float((weight * columns).sum() / weight.sum())
    touching = columns[foot]
    slack = _FOOT_SLACK * rgba.shape[1]
    return bool(touching.min() - slack <= middle <= touching.max() + slack)


def build_pack(
    root: Path,
    name: str,
    license_name: str,
    sources: Sequence[PackSource],
    *,
    accept: Callable[[PixelsRGBA], bool] = lambda _: True,
    on_progress: PackProgress = no_progress,
) -> tuple[int, tuple[str, ...]]:
    """Read pictures, crop and normalize them, and put them under ``root / name`` in one step.

    Parameters
    ----------
    root : Path
        The folder of packs; made if it is missing.
    name, license_name : str
    sources : sequence of PackSource
    accept : callable
        Decides by the cropped pixels whether a picture is wanted.
    on_progress : callable

    Returns
    -------
    int
        How many pictures the pack has.
    tuple of str
        Why pictures were left out, one line each.

    Raises
    ------
    ObjectPackError
        No usable picture, a bad name, or the disk refused. Nothing is left behind, and a pack of the same name stays as it was.

    Notes
    -----
    Every picture is decoded under ``PACK_LIMITS`` and written anew, so that no file of somebody else's making is kept.
    """
    check_pack_name(name)
    try:
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{name}.", suffix=".part", dir=root) as staging:
            folder = Path(staging) / name
            folder.mkdir()
            rows, left_out = _store_pictures(folder, sources, accept, on_progress)
            if not rows:
                reasons = f" ({left_out[0]})" if left_out else ""
                raise ObjectPackError(
                    f"The pack {name!r} would hold no picture{reasons}. It needs PNG or WebP files with a transparent "
                    "background, each showing one thing and named after it: lark.png."
                )
            index = {"format": INDEX_FORMAT, "name": name, "license": license_name, "objects": rows}
            (folder / INDEX_NAME).write_text(json.dumps(index, ensure_ascii=False, indent=0), encoding="utf-8")
            _swap_in(folder, root / name, Path(staging) / "replaced")
    except OSError as exc:
        raise ObjectPackError(
            f"Can't write the pack {name!r}: {exc.strerror or type(exc).__name__}. Free some space, or choose another "
            "folder with --data-dir."
        ) from exc
    return len(rows), left_out


def _store_pictures(
    folder: Path,
    sources: Iterable[PackSource],
    accept: Callable[[PixelsRGBA], bool],
    on_progress: PackProgress,
) -> tuple[list[dict[str, Any]], tuple[str, ...]]:
    sources = list(sources)
    rows: list[dict[str, Any]] = []
    left_out: list[str] = []
    for number, source in enumerate(sources):
        on_progress("reading pictures", number, len(sources))
        rgba = _read_source(source, left_out)
        if rgba is None or not accept(rgba):
            continue
        file_name = f"{len(rows):04d}.png"
        (folder / file_name).write_bytes(encode(rgba, OutputFormat.PNG))
        rows.append(
            {
                "name": source.name,
                "kind": source.kind,
                "file": file_name,
                "width": int(rgba.shape[1]),
                "height": int(rgba.shape[0]),
                "may_flip": source.may_flip,
                "stands": is_balanced(rgba),
            }
        )
    on_progress("reading pictures", len(sources), len(sources))
    return rows, tuple(left_out)


def _read_source(source: PackSource, left_out: list[str]) -> PixelsRGBA | None:
    """Decode, crop and bound one picture; a reason is noted for what can't be used."""
    try:
        if source.path.stat().st_size > PACK_LIMITS.max_bytes:
            left_out.append(f"{source.path.name}: more than {PACK_LIMITS.max_bytes // 2**20} MiB")
            return None
        rgba = decode_rgba(source.path.read_bytes(), PACK_LIMITS)
    except ImageError as exc:
        left_out.append(f"{source.path.name}: {exc.message}")
        return None
    if rgba[..., 3].min() >= 250:
        left_out.append(f"{source.path.name}: no transparent background")
        return None
    cropped = tight_crop(rgba)
    if cropped is None or max(cropped.shape[:2]) < MIN_SIDE_PX:
        left_out.append(f"{source.path.name}: smaller than {MIN_SIDE_PX} px, or empty")
        return None
    scale = STORED_SIDE_PX / max(cropped.shape[:2])
    if scale < 1:
        cropped = _shrink(cropped, scale)
    return np.ascontiguousarray(cropped)


def _shrink(rgba: PixelsRGBA, scale: float) -> PixelsRGBA:
    """Area-average with premultiplied alpha, so that hidden colors don't leak in."""
    alpha = rgba[..., 3:].astype(np.float32) / 255.0
    premultiplied = np.dstack([rgba[..., :3].astype(np.float32) * alpha, alpha * 255.0])
    small = cv2.resize(premultiplied, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    cover = np.maximum(small[..., 3:] / 255.0, 1e-4)
    return np.dstack([np.clip(small[..., :3] / cover, 0, 255), small[..., 3:]]).round().astype(np.uint8)


def _swap_in(folder: Path, target: Path, replaced: Path) -> None:
    """Rename ``folder`` to ``target``; a pack that was there goes to ``replaced`` first, and comes back on failure."""
    if not target.exists():
        os.replace(folder, target)
        return
    os.replace(target, replaced)
    try:
        os.replace(folder, target)
    except OSError:
        os.replace(replaced, target)
        raise
    shutil.rmtree(replaced, ignore_errors=True)


def read_pack(folder: Path) -> tuple[ObjectEntry, ...]:
    """Read the index of a pack.

    Raises
    ------
    ObjectPackError
        The index is missing, damaged, of another format, or points outside the pack.
    """
    damaged = f"The pack {folder.name!r} is damaged ({{}}). Add it again with `retouch objects add`."
    try:
        path = folder / INDEX_NAME
        if path.stat().st_size > MAX_INDEX_BYTES:
            raise ObjectPackError(damaged.format("its index is too large"))
        index = json.loads(path.read_text(encoding="utf-8"))
        if index["format"] != INDEX_FORMAT:
            raise ObjectPackError(
                f"The pack {folder.name!r} has format {index['format']!r:.20}; this version reads {INDEX_FORMAT}."
            )
        rows = index["objects"][:MAX_OBJECTS]
        return tuple(_read_row(folder.resolve(), str(index["name"]), str(index["license"]), row) for row in rows)
    except (OSError, UnicodeDecodeError, ValueError, KeyError, TypeError, AttributeError) as exc:
        raise ObjectPackError(damaged.format("its index can't be read")) from exc


def _read_row(folder: Path, pack: str, license_name: str, row: dict[str, Any]) -> ObjectEntry:
    path = (folder / str(row["file"])).resolve()
    if not path.is_relative_to(folder):
        raise ObjectPackError(
            f"The pack {pack!r} points outside its own folder. Add it again with `retouch objects add`."
        )
    name = str(row["name"])
    return make_entry(
        name,
        pack=pack,
        license_name=license_name,
        kind=row.get("kind"),
        path=path,
        size_wh=(int(row["width"]), int(row["height"])),
        may_flip=bool(row.get("may_flip", True)),
        stands=bool(row.get("stands", True)),
    )


def make_entry(
    name: str,
    *,
    pack: str,
    license_name: str,
    kind: str | None = None,
    path: Path | None = None,
    size_wh: tuple[int, int] = (0, 0),
    may_flip: bool = True,
    stands: bool = True,
) -> ObjectEntry:
    """List a named thing: the table of nouns says what kind of thing it is, how big, and where it belongs."""
    noun = noun_of_name(name)
    table = known_noun(noun) or (known_noun(kind) if kind else None) or known_noun("thing")
    assert table is not None, "the table of nouns has a root"
    known = known_noun(noun) is not None
    kinds = kinds_of(noun) if known else (noun, *kinds_of(kind or "thing"))
    places: tuple[Place, ...] = table.places
    return ObjectEntry(
        name=name,
        noun=canonical(noun),
        kinds=kinds,
        pack=pack,
        license=license_name,
        places=places,
        length_m=table.length_m,
        width_px=size_wh[0],
        height_px=size_wh[1],
        path=path,
        photographic=path is not None,
        may_flip=may_flip,
        stands=stands,
    )


def load_pixels(entry: ObjectEntry) -> PixelsRGBA:
    """Decode an entry's picture: (h, w, 4) uint8, sRGB, straight alpha.

    Raises
    ------
    ObjectPackError
        The file is gone or damaged.
    """
    assert entry.path is not None, "a drawn object has no file"
    try:
        rgba = tight_crop(decode_rgba(entry.path.read_bytes(), PACK_LIMITS))
    except (OSError, ImageError) as exc:
        raise ObjectPackError(
            f"The picture of {entry.name!r} in the pack {entry.pack!r} can't be read. "
            "Add the pack again with `retouch objects add`."
        ) from exc
    if rgba is None:
        raise ObjectPackError(f"The picture of {entry.name!r} in the pack {entry.pack!r} is empty. Add the pack again.")
    return np.ascontiguousarray(rgba)
