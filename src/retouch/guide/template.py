"""What is around a page: navigation, contents, search, and the way on."""

import posixpath
from dataclasses import dataclass
from functools import cache
from html import escape
from importlib import resources
from string import Template

from retouch._version import __version__
from retouch.guide.markdown import Article

__all__ = ["Frame", "Neighbor", "compose"]


@dataclass(frozen=True, slots=True)
class Neighbor:
    """Another page: its name in the site, and what it is called."""

    name: str
    label: str


@dataclass(frozen=True, slots=True)
class Frame:
    """Where a page stands.

    Attributes
    ----------
    name : str
        The page's own name in the site.
    chapters : tuple of (str, tuple of Neighbor)
        What the navigation lists.
    previous, following : Neighbor, optional
    beside_server : bool
        Whether there is a server around the site, with a playground and an API reference.
    """

    name: str
    chapters: tuple[tuple[str, tuple[Neighbor, ...]], ...]
    previous: Neighbor | None
    following: Neighbor | None
    beside_server: bool


def compose(article: Article, frame: Frame) -> str:
    """Return the whole page."""
    root = "../" * frame.name.count("/")
    on_this_page = _contents(article)
    return _page().substitute(
        title=escape(article.title if frame.name == "index.html" else f"{article.title} · Retouch"),
        root=root,
        server=_server_links(root) if frame.beside_server else "",
        navigation=_navigation(frame),
        contents_above=_wrapped('<details class="here"><summary>On this page</summary>', on_this_page, "</details>"),
        contents=_wrapped(
            '<nav class="contents" aria-label="On this page"><p>On this page</p>', on_this_page, "</nav>"
        ),
        article=article.html,
        ways=_way(frame, frame.previous, "prev", "Before") + _way(frame, frame.following, "next", "Next"),
        version=escape(__version__),
    )


@cache
def _page() -> Template:
    return Template((resources.files(__package__) / "static" / "page.html").read_text(encoding="utf-8"))


def _server_links(root: str) -> str:
    return f'<a href="{root}../">Playground</a><a href="{root}../docs">API</a>'


def _navigation(frame: Frame) -> str:
    parts = []
    for title, pages in frame.chapters:
        links = "".join(f"<li>{_link(frame, page)}</li>" for page in pages)
        parts.append(f"<p>{escape(title)}</p><ul>{links}</ul>")
    return "\n".join(parts)


def _link(frame: Frame, page: Neighbor) -> str:
    current = ' aria-current="page"' if page.name == frame.name else ""
    return f'<a href="{_url(frame, page)}"{current}>{escape(page.label)}</a>'


def _url(frame: Frame, page: Neighbor) -> str:
    return posixpath.relpath(page.name, posixpath.dirname(frame.name) or ".")


def _contents(article: Article) -> str:
    headings = [each for each in article.sections if each.level == 2]
    if len(headings) < 2:
        return ""
    links = "".join(f'<li><a href="#{each.anchor}">{escape(each.title)}</a></li>' for each in headings)
    return f"<ul>{links}</ul>"


def _wrapped(before: str, html: str, after: str) -> str:
    return before + html + after if html else ""


def _way(frame: Frame, page: Neighbor | None, rel: str, word: str) -> str:
    if page is None:
        return ""
    return f'<a rel="{rel}" href="{_url(frame, page)}"><span>{word}</span>{escape(page.label)}</a>'
