"""What the guide is made of, and in which order it is read."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = ["CHAPTERS", "Chapter", "chapter_pages", "page_name"]


@dataclass(frozen=True, slots=True)
class Chapter:
    """A part of the guide.

    Attributes
    ----------
    title : str
    pages : tuple of (str, str)
        A page's file, below the root of the sources, and what the navigation calls it; "" for the page's own title.
    folder : str
        Where further pages are: all Markdown files there that are not named, by name.
    listed : bool
        Whether its pages stand in the navigation of every page, or only in that of its own.
    """

    title: str
    pages: tuple[tuple[str, str], ...]
    folder: str = ""
    listed: bool = True


CHAPTERS: Final = (
    Chapter(
        "Start",
        (
            ("docs/README.md", "Overview"),
            ("docs/quickstart/application.md", "For your application"),
            ("docs/quickstart/photo.md", "For a photo"),
            ("docs/quickstart/service.md", "For a service on GPUs"),
        ),
    ),
    Chapter(
        "Edit",
        (
            ("docs/instructions.md", "Instructions"),
            ("docs/limits.md", "What it can't do"),
            ("docs/playground.md", "The playground"),
            ("docs/preserve.md", "Untouched means untouched"),
        ),
    ),
    Chapter(
        "Connect",
        (
            ("docs/moving-from-the-hosted-api.md", "From the hosted API"),
            ("docs/clients.md", "The client that you have"),
            ("docs/reference/api.md", "API reference"),
        ),
    ),
    Chapter(
        "Engines",
        (("docs/gpu.md", "FLUX.1 Kontext on a GPU"), ("docs/remote.md", "Engines elsewhere")),
    ),
    Chapter(
        "Operate",
        (
            ("docs/operating/README.md", "Overview"),
            ("docs/operating/deployment.md", "Deployment"),
            ("docs/operating/processes.md", "Processes"),
            ("docs/operating/jobs.md", "Jobs and their database"),
            ("docs/operating/keys-and-credits.md", "Keys, limits and credits"),
            ("docs/operating/storage.md", "Storage"),
            ("docs/operating/safety-and-provenance.md", "Safety and provenance"),
            ("docs/operating/monitoring.md", "Monitoring"),
            ("docs/operating/security.md", "Security"),
        ),
        folder="docs/operating",
    ),
    Chapter(
        "Know",
        (
            ("docs/comparison.md", "How it compares"),
            ("docs/performance.md", "How fast it is"),
            ("docs/reference/settings.md", "Settings reference"),
            ("docs/architecture/README.md", "Architecture"),
            ("docs/adr/README.md", "Decisions"),
            ("CHANGELOG.md", "Changelog"),
            ("CONTRIBUTING.md", "Contributing"),
            ("SECURITY.md", "Reporting a weakness"),
        ),
    ),
    Chapter("Decisions", (), folder="docs/adr", listed=False),
)
"""The chapters, in the order in which previous and next lead through them."""


def chapter_pages(chapter: Chapter, root: Path) -> Iterator[tuple[str, str]]:
    """Yield the pages of a chapter that are there: those it names, then the others of its folder."""
    for source, label in chapter.pages:
        if (root / source).is_file():
            yield source, label
    if chapter.folder:
        named = {source for each in CHAPTERS for source, _ in each.pages}
        for path in sorted((root / chapter.folder).glob("*.md")):
            source = path.relative_to(root).as_posix()
            if source not in named:
                yield source, ""


def page_name(source: str) -> str:
    """Return the name that a page has in the site.

    >>> page_name("docs/operating/README.md"), page_name("docs/gpu.md"), page_name("CHANGELOG.md")
    ('operating/index.html', 'gpu.html', 'changelog.html')
    """
    if not source.startswith("docs/"):
        return source.removesuffix(".md").lower() + ".html"
    stem = source.removeprefix("docs/").removesuffix(".md")
    return ("index" if stem == "README" else stem.replace("/README", "/index")) + ".html"
