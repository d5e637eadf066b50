import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage import data

from retouch.editor.objects import tuxpaint
from retouch.editor.objects.tuxpaint import add_tuxpaint, is_photographic, stamps_in
from retouch.errors import ObjectPackError


def photo_disc(size: int = 120) -> np.ndarray:
    rows, cols = np.mgrid[:size, :size]
    inside = (rows - size / 2) ** 2 + (cols - size / 2) ** 2 < (size / 2 - 4) ** 2
    return np.dstack([data.chelsea()[60 : 60 + size, 120 : 120 + size], np.where(inside, 255, 0).astype(np.uint8)])


def put(folder: Path, path: str, text: str | None, **extra: str) -> None:
    target = folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(photo_disc()).save(target)
    if text is not None:
        target.with_suffix(".txt").write_text(text, encoding="utf-8")
    for ending, content in extra.items():
        target.with_suffix(f".{ending}").write_text(content)


def test_stamps_are_named_in_english_and_drawings_signs_and_doubles_are_skipped(tmp_path: Path) -> None:
    put(tmp_path, "animals/birds/lark.png", "A lark.\nde.utf8=Eine Lerche.\n")
    put(tmp_path, "animals/birds/heron_flying.png", "A heron.\n")
    put(tmp_path, "animals/birds/lark_mirror.png", "A lark.\n")
    put(tmp_path, "animals/birds/cartoon/tux.png", "A penguin.\n")
    put(tmp_path, "symbols/shapes/star.png", "A star.\n")
    put(tmp_path, "clothes/cap.png", "A cap.\n", dat="tintable\ntinter=vector\n")
    put(tmp_path, "food/bread.png", "Bread.\n", svg="<svg/>")
    put(tmp_path, "food/nameless.png", None)
    put(tmp_path, "animals/insects/xanthia_x.png", "A xanthicus mirabilis.\n")
    sources = {source.path.stem: source for source in stamps_in(tmp_path)}
    assert set(sources) == {"lark", "heron_flying", "xanthia_x"}
    assert sources["lark"].name == "lark"
    assert sources["heron_flying"].name == "flying heron"
    assert sources["xanthia_x"].kind == "insect"


def test_a_photograph_is_told_from_a_drawing() -> None:
    drawing = photo_disc()
    drawing[..., :3] = (200, 30, 30)
    assert is_photographic(photo_disc())
    assert not is_photographic(drawing)


def test_without_apt_the_error_says_what_to_do_instead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuxpaint.shutil, "which", lambda tool: None)
    with pytest.raises(ObjectPackError, match="folder of your own"):
        add_tuxpaint(tmp_path / "objects")
    assert not (tmp_path / "objects").exists()


def fake_apt(monkeypatch: pytest.MonkeyPatch, stamps: Path | None) -> list[list[str]]:
    """Stand in for apt-get and dpkg-deb: the real subprocess module, with commands that copy files."""
    calls: list[list[str]] = []
    real_run, real_popen = subprocess.run, subprocess.Popen

    def run(command: list[str], **options: object) -> object:
        calls.append(list(command))
        if "--print-uris" in command:
            line = f"'http://x/{tuxpaint.PACKAGE}_1_all.deb' {tuxpaint.PACKAGE}_1_all.deb 12 SHA256:0"
            return real_run(["echo", line], **options)  # type: ignore[call-overload]
        if command[0] == "dpkg-deb":
            home = Path(command[3]) / tuxpaint.STAMPS_FOLDER.parent
            script = f"mkdir -p '{home}' && cp -r '{stamps}' '{home}/stamps'"
            return real_run(["sh", "-c", script], **options)  # type: ignore[call-overload]
        return real_run(["true"], **options)  # type: ignore[call-overload]

    def popen(command: list[str], **options: object) -> object:
        if command[0] != "apt-get":
            return real_popen(command, **options)  # type: ignore[call-overload]
        calls.append(list(command))
        fails = "echo 'E: Failed to fetch' >&2; exit 100"
        script = fails if stamps is None else f"echo deb > {tuxpaint.PACKAGE}_1_all.deb"
        return real_popen(["sh", "-c", script], **options)  # type: ignore[call-overload]

    monkeypatch.setattr(tuxpaint.shutil, "which", lambda tool: f"/usr/bin/{tool}")
    monkeypatch.setattr(tuxpaint.subprocess, "run", run)
    monkeypatch.setattr(tuxpaint.subprocess, "Popen", popen)
    return calls


def test_the_package_is_fetched_once_and_found_the_second_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path / "stamps", "animals/birds/lark.png", "A lark.\n")
    calls = fake_apt(monkeypatch, tmp_path / "stamps")
    seen: list[str] = []
    first = add_tuxpaint(tmp_path / "objects", on_progress=lambda label, done, total: seen.append(label))
    number = len(calls)
    second = add_tuxpaint(tmp_path / "objects")
    assert first == (1, True)
    assert second == (1, False)
    assert len(calls) == number
    assert {"downloading", "unpacking", "reading pictures"} <= set(seen)


def test_a_failed_download_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_apt(monkeypatch, None)
    with pytest.raises(ObjectPackError, match="Failed to fetch"):
        add_tuxpaint(tmp_path / "objects")
    assert not (tmp_path / "objects").exists()


def test_an_interrupted_build_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path / "stamps", "animals/birds/lark.png", "A lark.\n")
    fake_apt(monkeypatch, tmp_path / "stamps")

    def interrupt(label: str, done: int, total: int) -> None:
        if label == "reading pictures":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        add_tuxpaint(tmp_path / "objects", on_progress=interrupt)
    assert list((tmp_path / "objects").iterdir()) == []
