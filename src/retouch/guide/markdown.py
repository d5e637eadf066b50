"""From Markdown to HTML that needs no inline style, no inline script and no foreign host."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from html import escape
from typing import Any, Final

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from mdit_py_plugins.anchors import anchors_plugin
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

__all__ = ["Article", "Link", "Section", "render"]

_ANCHORED_LEVELS: Final = 4
_LONG_CODE: Final = 16
_BREAKABLE: Final = re.compile(r"(?<=\w)[_./,]+(?=\w)")
_COMMENT: Final = re.compile(r"\s*<!--.*?-->\s*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Link:
    """Where a link of the sources leads in the site.

    Attributes
    ----------
    url : str
        Empty for a file of the repository that is not part of the site: its name is shown, and leads nowhere.
    size_wh : tuple of int, optional
        Width and height, of a picture.
    """

    url: str
    size_wh: tuple[int, int] | None = None


@dataclass(slots=True)
class Section:
    """A heading and the words below it, without code."""

    level: int
    title: str
    anchor: str
    words: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Article:
    """A page without what is around it.

    Attributes
    ----------
    html : str
    sections : list of Section
        The first one is the page's title.
    links : list of str
        Where its links lead.
    problems : list of str
        What the page's author has to see to; empty when all is well.
    """

    html: str = ""
    sections: list[Section] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def title(self) -> str:
        """The text of the first heading."""
        return self.sections[0].title if self.sections else ""


def render(text: str, resolve: Callable[[str], Link | None]) -> Article:
    """Return a page's HTML and sections.

    Parameters
    ----------
    text : str
        Markdown as GitHub reads it, with tables; of HTML only comments, which are left out.
    resolve : callable
        Takes a link as it is written, and returns where it leads, or None where it leads nowhere.
    """
    article = Article()
    parser = _parser()
    tokens = _without_html(parser.parse(text), article.problems)
    for token in _all(tokens):
        if "style" in token.attrs:  # how the parser aligns a table's column
            token.attrs["class"] = str(token.attrs.pop("style")).removeprefix("text-align:")
        if token.type == "link_open":
            _lead(token, "href", resolve, article.problems)
        elif token.type == "image":
            _lead(token, "src", resolve, article.problems)
        elif token.type == "fence" and _lexer(token.info) is None:
            article.problems.append(f"a code block in an unknown language: {token.info!r}")
    for token in tokens:
        _show_only(token.children or [])
    article.sections = _sections(tokens)
    article.links = [str(token.attrs["href"]) for token in _all(tokens) if token.type == "link_open"]
    article.html = parser.renderer.render(tokens, parser.options, {})
    return article


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"]).use(anchors_plugin, max_level=_ANCHORED_LEVELS)
    for name, rule in _RULES.items():
        parser.add_render_rule(name, rule)
    return parser


def _all(tokens: Sequence[Token]) -> list[Token]:
    return [each for token in tokens for each in (token, *(token.children or ()))]


def _without_html(tokens: list[Token], problems: list[str]) -> list[Token]:
    kept = []
    for token in tokens:
        if token.type != "html_block":
            kept.append(token)
        elif _COMMENT.fullmatch(token.content) is None:
            problems.append(f"HTML that is not a comment: {token.content.strip()[:60]}")
        if token.children:
            token.children = _without_inline_html(token.children, problems)
    return kept


def _without_inline_html(tokens: list[Token], problems: list[str]) -> list[Token]:
    problems += [f"HTML within text: {each.content}" for each in tokens if each.type == "html_inline"]
    return [each for each in tokens if each.type != "html_inline"]


def _lead(token: Token, attribute: str, resolve: Callable[[str], Link | None], problems: list[str]) -> None:
    written = str(token.attrs[attribute])
    link = resolve(written)
    if link is None:
        problems.append(f"a link that leads nowhere: {written}")
        return
    token.attrs[attribute] = link.url
    if link.size_wh is not None:
        token.attrs |= {"width": link.size_wh[0], "height": link.size_wh[1], "loading": "lazy", "decoding": "async"}


def _show_only(tokens: list[Token]) -> None:
    """Make plain words of links that have no address."""
    opened = None
    for token in tokens:
        if token.type == "link_open":
            opened = token
        elif token.type == "link_close" and opened is not None and not opened.attrs["href"]:
            opened.type = token.type = "text"  # with no text of their own


def _sections(tokens: Sequence[Token]) -> list[Section]:
    sections: list[Section] = []
    heading: Token | None = None
    for token in tokens:
        if token.type == "heading_open":
            heading = token
        elif token.type == "inline":
            text = _text(token)
            if heading is not None:
                sections.append(Section(int(heading.tag[1]), text, str(heading.attrs.get("id", ""))))
                heading = None
            elif sections:
                sections[-1].words.append(text)
    return sections


def _text(inline: Token) -> str:
    return "".join(" " if each.type == "softbreak" else each.content for each in inline.children or ())


@cache
def _lexer(info: str) -> Any:
    try:
        return get_lexer_by_name(info.strip() or "text", stripnl=False)
    except ClassNotFound:
        return None


def _fence(_: RendererHTML, tokens: Sequence[Token], at: int, *__: object) -> str:
    token = tokens[at]
    lexer = _lexer(token.info)
    code = escape(token.content) if lexer is None else highlight(token.content, lexer, HtmlFormatter(nowrap=True))
    # Whoever has no mouse scrolls what has the focus.
    return f'<div class="code"><pre tabindex="0"><code>{code}</code></pre></div>\n'


def _code_inline(_: RendererHTML, tokens: Sequence[Token], at: int, *__: object) -> str:
    code = escape(tokens[at].content)
    if len(code) > _LONG_CODE:  # or a name such as a setting's makes its column wider than the page
        code = _BREAKABLE.sub(r"\g<0><wbr>", code)
    return f"<code>{code}</code>"


def _heading_close(_: RendererHTML, tokens: Sequence[Token], at: int, *__: object) -> str:
    heading = tokens[at - 2]
    anchor = heading.attrs.get("id")
    if heading.tag == "h1" or anchor is None:
        return f"</{heading.tag}>\n"
    label = escape(f"Link to “{_text(tokens[at - 1])}”")
    return f' <a class="anchor" href="#{anchor}" aria-label="{label}">#</a></{heading.tag}>\n'


def _table_open(*_: object) -> str:
    return '<div class="scroll" tabindex="0" role="group" aria-label="Table"><table>\n'


def _table_close(*_: object) -> str:
    return "</table></div>\n"


_RULES: Final[dict[str, Callable[..., str]]] = {
    "code_inline": _code_inline,
    "fence": _fence,
    "heading_close": _heading_close,
    "table_open": _table_open,
    "table_close": _table_close,
}
