"""The guide as a site: whole, without a dead end, light, and from no other host."""

import json
import re
import subprocess
import sys
import tomllib
from html.parser import HTMLParser
from pathlib import Path, PurePosixPath
from posixpath import dirname, join, normpath

import pytest
from fastapi.testclient import TestClient

from retouch.guide import Guide, source_root
from retouch.guide.contents import CHAPTERS
from retouch.guide.markdown import Link, render
from retouch.server.app import create_app
from retouch.server.page_files import POLICY
from retouch.settings import load_settings
from retouch.testing import fake_registry

ROOT = Path(__file__).resolve().parents[2]
MOST_STYLE_AND_SCRIPT_BYTES = 20_000
MOST_PAGE_BYTES_COMPRESSED = 20_000


class Page(HTMLParser):
    """What the tests ask of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.ids: list[str] = []
        self.inline: list[str] = []
        self.tags: list[tuple[str, dict]] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.tags.append((tag, attributes))
        if "id" in attributes:
            self.ids.append(attributes["id"])
        if tag == "a":
            self.links.append(attributes["href"])
        elif "src" in attributes or tag == "link":
            self.loaded.append(attributes.get("src") or attributes["href"])
        self.inline += [name for name in attributes if name == "style" or name.startswith("on")]
        if tag == "style" or (tag == "script" and "src" not in attributes):
            self.inline.append(tag)


@pytest.fixture(scope="module")
def guide() -> Guide:
    return Guide(source_root(), beside_server=False)


@pytest.fixture(scope="module")
def pages(guide) -> dict[str, Page]:
    return {name: Page(guide.read(name).decode()) for name in guide.names if name.endswith(".html")}


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    app = create_app(
        load_settings(None, {"engine": {"default": "fake"}}), fake_registry(), tmp_path_factory.mktemp("data")
    )
    return TestClient(app, base_url="http://127.0.0.1:8000")


def test_the_sources_have_no_problem(guide):
    assert guide.problems() == []


def test_every_page_of_the_folder_is_in_the_guide(guide):
    sources = [path.relative_to(ROOT / "docs") for path in (ROOT / "docs").rglob("*.md")]
    expected = {str(path.with_suffix(".html")).replace("README", "index") for path in sources}
    assert expected <= set(guide.names)


def test_every_link_leads_to_a_page_and_a_heading_that_are_there(guide, pages):
    names = set(guide.names)
    assert len(pages) > 50
    for name, page in pages.items():
        for link in page.links:
            if link.startswith("https://"):
                continue
            path, _, anchor = link.partition("#")
            target = normpath(join(dirname(name), path)) if path else name
            assert target in names, f"{name} links to {link}"
            if anchor:
                assert anchor in pages[target].ids, f"{name} links to {link}"


def test_the_words_of_some_page_lead_to_every_page():
    """The navigation does not count: who reads comes across every page."""
    sources = {}
    for path in [*(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md")]:
        article = re.findall(r"\]\(([^)#:]+\.md)(?:#[^)]*)?\)", path.read_text())
        sources[path] = {(path.parent / target).resolve() for target in article}
    reached, waiting = set(), [ROOT / "docs" / "README.md"]
    while waiting:
        page = waiting.pop()
        if page not in reached:
            reached.add(page)
            waiting += sources[page]
    assert sorted(str(page.relative_to(ROOT)) for page in (ROOT / "docs").rglob("*.md") if page not in reached) == []


def test_every_page_that_is_named_in_the_contents_is_named_once():
    sources = [source for chapter in CHAPTERS for source, _ in chapter.pages]
    assert len(sources) == len(set(sources))


def test_pages_load_nothing_from_elsewhere_and_have_nothing_inline(pages, guide):
    for name, page in pages.items():
        assert page.inline == [], name
        assert {normpath(join(dirname(name), each)) for each in page.loaded} <= set(guide.names), name


def test_every_page_has_one_title_unique_ids_and_pictures_with_words_and_sizes(pages):
    for name, page in pages.items():
        assert [tag for tag, _ in page.tags].count("h1") == 1, name
        assert len(page.ids) == len(set(page.ids)), name
        for tag, attributes in page.tags:
            if tag == "img":
                assert attributes["alt"], name
                assert int(attributes["width"]), name


def test_the_guide_is_light(client, guide):
    style_and_script = [guide.read(name) for name in guide.names if name.endswith((".css", ".js"))]
    assert sum(map(len, style_and_script)) < MOST_STYLE_AND_SCRIPT_BYTES
    for name in guide.names:
        if name.endswith(".html"):
            answer = client.get(f"/guide/{name}")
            assert int(answer.headers["content-length"]) < MOST_PAGE_BYTES_COMPRESSED, name


def test_pages_come_under_the_policy_and_are_sent_once(client):
    first = client.get("/guide/instructions.html")
    assert first.headers["content-security-policy"] == POLICY
    assert first.headers["cache-control"] == "no-cache"
    assert "Make the motorcycle green." in first.text
    again = client.get("/guide/instructions.html", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_the_entrance_is_found_below_any_prefix(client):
    entrance = client.get("/guide", follow_redirects=False)
    assert entrance.headers["location"] == "guide/"
    assert client.get("/guide/").content == client.get("/guide/index.html").content


def test_a_server_links_to_its_playground_and_its_reference_and_a_static_site_does_not(client, pages):
    served = Page(client.get("/guide/operating/jobs.html").text).links
    assert {"../../", "../../docs"} <= set(served)
    assert not {"../../", "../../docs"} & set(pages["operating/jobs.html"].links)


@pytest.mark.parametrize(
    "path",
    [
        "none.html",
        "../../pyproject.toml",
        "%2e%2e/%2e%2e/pyproject.toml",
        "..%2f..%2fREADME.md",
        "docs/README.md",
        "page.html",
    ],
)
def test_what_is_not_a_file_of_the_guide_is_not_found(client, path):
    assert client.get(f"/guide/{path}").status_code == 404


def test_search_knows_every_page(guide, pages):
    index = json.loads(guide.read("search.json"))
    assert [page[0] for page in index] == list(pages)
    for name, _, sections in index:
        assert {anchor for anchor, _, _ in sections} <= {*pages[name].ids}, name


def test_the_site_is_written_as_files(tmp_path):
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "build_docs"), str(tmp_path / "site")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "site" / "quickstart" / "photo.html").exists()
    assert (tmp_path / "site" / "images" / "before-after.jpg").exists()


def test_the_pages_travel_in_the_wheel():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    carried = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    named = {PurePosixPath(source).parts[0] for chapter in CHAPTERS for source, _ in chapter.pages}
    assert set(carried) == named
    assert all(target == f"retouch/guide/sources/{source}" for source, target in carried.items())


def test_the_library_does_not_load_the_guide():
    code = "import sys, retouch; print([name for name in sys.modules if name.startswith(('retouch.guide', 'markdown_it'))])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("# A\n\n[gone](nowhere.md)", "leads nowhere"),
        ("# A\n\n<script>alert(1)</script>", "HTML that is not a comment"),
        ("# A\n\na <b>bold</b> word", "HTML within text"),
        ("# A\n\n```klingon\nqapla\n```", "unknown language"),
    ],
)
def test_what_an_author_must_see_to_is_named(text, problem):
    article = render(text, lambda _: None)
    assert problem in article.problems[0]
    assert "<script>" not in article.html
    assert "<b>" not in article.html


def test_headings_have_the_anchors_that_code_hosts_give_them():
    article = render("# A\n\n## What it can't do\n\n## `queue` and *more*\n\n## What it can't do\n", lambda _: None)
    assert [each.anchor for each in article.sections] == ["a", "what-it-cant-do", "queue-and-more", "what-it-cant-do-1"]


def test_a_file_of_the_repository_that_is_not_part_of_the_guide_is_named_without_a_link():
    article = render(
        "# A\n\nSee [the *file*](../deploy/a.yaml) and [a page](b.md).\n", lambda to: Link("" if "deploy" in to else to)
    )
    assert '<p>See the <em>file</em> and <a href="b.md">a page</a>.</p>' in article.html
    assert article.links == ["b.md"]
