"""The site as a table of names and bytes, each made when it is first asked for."""

import json
import posixpath
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from threading import Lock
from typing import Final

from PIL import Image

from retouch.guide.contents import CHAPTERS, Chapter, chapter_pages, page_name
from retouch.guide.markdown import Article, Link, render
from retouch.guide.template import Frame, Neighbor, compose

__all__ = ["Guide", "source_root"]

_PACKAGE: Final = Path(__file__).resolve().parent
_STATIC: Final = ("guide.css", "guide.js", "theme.js", "icon.svg")
_PICTURES: Final = (".jpg", ".png")
_FILES: Final = (*_PICTURES, ".json", ".yml")
_SEARCH: Final = "search.json"
_BRIEFLY_INDEXED: Final = 1
"""Of a section of the decisions and the changelog, search knows the title and so many paragraphs."""


def source_root() -> Path:
    """Return the folder that has ``docs``: beside this module in an installed package, else the repository."""
    packaged = _PACKAGE / "sources"
    return packaged if packaged.is_dir() else _PACKAGE.parents[2]


@dataclass(frozen=True, slots=True)
class _Page:
    source: str
    name: str
    label: str
    chapter: Chapter


class Guide:
    """The guide's files by their names, such as ``operating/jobs.html``.

    Parameters
    ----------
    root : Path
        The folder that has ``docs``.
    beside_server : bool
        Whether pages link to the server that they come from: the playground, the API reference.

    Raises
    ------
    FileNotFoundError
        There are no pages in that folder.
    """

    def __init__(self, root: Path, *, beside_server: bool) -> None:
        self._root = root
        self._beside_server = beside_server
        self._pages = {page.source: page for page in _find_pages(root)}
        if "docs/README.md" not in self._pages:
            raise FileNotFoundError(f"There is no guide in {root}: docs/README.md is missing.")
        self._articles: dict[str, Article] = {}
        self._made: dict[str, bytes] = {}
        self._lock = Lock()

    @cached_property
    def _makers(self) -> dict[str, Callable[[], bytes]]:
        """Every name there is. What a browser asks for is looked up here, and never becomes a path."""
        makers: dict[str, Callable[[], bytes]] = {
            page.name: partial(self._make_page, page) for page in self._pages.values()
        }
        makers |= {name: partial(_read, _PACKAGE / "static" / name) for name in _STATIC}
        docs = self._root / "docs"
        for path in sorted(docs.rglob("*")):
            if path.suffix in _FILES and path.is_file():
                makers[path.relative_to(docs).as_posix()] = partial(_read, path)
        makers[_SEARCH] = self._make_search
        return makers

    @property
    def names(self) -> tuple[str, ...]:
        """Every file of the site."""
        return tuple(self._makers)

    def read(self, name: str) -> bytes | None:
        """Return a file, made now if nobody asked before; None when there is none of that name."""
        maker = self._makers.get(name)
        if maker is None:
            return None
        with self._lock:
            if name not in self._made:
                self._made[name] = maker()
            return self._made[name]

    def problems(self) -> list[str]:
        """Render every page, and return what is wrong with any: links that lead nowhere, foreign HTML, no title."""
        found = [f"{source}: {each}" for source in self._pages for each in self._article(source).problems]
        for page in self._pages.values():
            found += [f"{page.source}: {each}" for each in self._dead_anchors(page)]
            if not self._article(page.source).title:
                found.append(f"{page.source}: it has no title")
        return found

    def _article(self, source: str) -> Article:
        if source not in self._articles:
            text = (self._root / source).read_text(encoding="utf-8")
            self._articles[source] = render(text, partial(self._resolve, source))
        return self._articles[source]

    def _resolve(self, source: str, written: str) -> Link | None:
        """Return where a link leads, by the page that has it: another page, a picture or file of docs, another host."""
        if written.startswith(("https://", "http://", "#")):
            return Link(written)
        path, hash_sign, anchor = written.partition("#")
        target = posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
        folder = posixpath.dirname(page_name(source))
        page = self._pages.get(target) or self._pages.get(f"{target}/README.md")
        if page is not None:
            return Link(posixpath.relpath(page.name, folder or ".") + hash_sign + anchor)
        if not target.startswith(("docs/", "../")):
            return Link("")  # the repository's tests see to it that the file is there
        name = target.removeprefix("docs/")
        if name not in self._makers:
            return None
        size_wh = _size(self._root / target) if target.endswith(_PICTURES) else None
        return Link(posixpath.relpath(name, folder or "."), size_wh)

    def _dead_anchors(self, page: _Page) -> list[str]:
        anchors = {each.name: {s.anchor for s in self._article(each.source).sections} for each in self._pages.values()}
        dead = []
        for url in self._links(page):
            path, hash_sign, anchor = url.partition("#")
            name = posixpath.normpath(posixpath.join(posixpath.dirname(page.name), path)) if path else page.name
            if hash_sign and name in anchors and anchor not in anchors[name]:
                dead.append(f"a link to a heading that is not there: {url}")
        return dead

    def _links(self, page: _Page) -> list[str]:
        return [url for url in self._article(page.source).links if "://" not in url]

    def _make_page(self, page: _Page) -> bytes:
        listed = list(self._pages.values())
        at = listed.index(page)
        frame = Frame(
            name=page.name,
            chapters=tuple(
                (chapter.title, tuple(self._neighbor(each) for each in listed if each.chapter is chapter))
                for chapter in CHAPTERS
                if chapter.listed or chapter is page.chapter
            ),
            previous=self._neighbor(listed[at - 1]) if at else None,
            following=self._neighbor(listed[at + 1]) if at + 1 < len(listed) else None,
            beside_server=self._beside_server,
        )
        return compose(self._article(page.source), frame).encode()

    def _neighbor(self, page: _Page) -> Neighbor:
        return Neighbor(page.name, page.label or self._article(page.source).title)

    def _make_search(self) -> bytes:
        index = []
        for page in self._pages.values():
            sections = self._article(page.source).sections
            kept = None if page.chapter.listed and page.source.startswith("docs/") else _BRIEFLY_INDEXED
            index.append(
                [
                    page.name,
                    self._article(page.source).title,
                    [[each.anchor, each.title, " ".join(" ".join(each.words[:kept]).split())] for each in sections],
                ]
            )
        return json.dumps(index, ensure_ascii=False, separators=(",", ":")).encode()


def _find_pages(root: Path) -> list[_Page]:
    return [
        _Page(source, page_name(source), label, chapter)
        for chapter in CHAPTERS
        for source, label in chapter_pages(chapter, root)
    ]


def _read(path: Path) -> bytes:
    return path.read_bytes()


def _size(path: Path) -> tuple[int, int]:
    with Image.open(path) as picture:
        return picture.size
