"""The guide in Chromium, from a real server: its policy, its network, its console, and whom it keeps out."""

import pytest
from tests.browser.conftest import chromium, fake, serving, visit  # noqa: F401
from tests.browser.test_playground import fits, serious_findings, small_targets

pytestmark = pytest.mark.slow

PAGES = ("index.html", "quickstart/application.html", "instructions.html", "reference/settings.html", "comparison.html")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with serving(fake(tmp_path_factory.mktemp("guide"))) as running:
        yield running


@pytest.fixture
def read(visit, server):  # noqa: F811
    """Open a page of the guide."""

    def open_page(name="index.html", **options):
        return visit(server, path=f"guide/{name}", ready="article", **options)

    return open_page


@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (768, "light"), (1280, "light"), (1280, "dark")])
def test_pages_fit_and_axe_finds_nothing_serious(read, width, scheme):
    page = read(width=width, color_scheme=scheme)
    for name in PAGES:
        page.goto(page.url.rpartition("/guide/")[0] + f"/guide/{name}")
        page.until("document.querySelector('#theme').textContent !== ''")
        assert serious_findings(page) == [], name
        assert fits(page), name
        assert small_targets(page) == [], name


def test_search_leads_to_a_section_from_the_keyboard(read):
    page = read("operating/jobs.html")
    page.keyboard.press("/")
    page.keyboard.type("balloon sky")
    page.wait_for_selector("#found a")
    assert "found" in page.text_content("#count")
    page.keyboard.press("ArrowDown")
    assert serious_findings(page) == []
    page.keyboard.press("Enter")
    page.wait_for_url("**/instructions.html#*")
    assert page.evaluate("document.querySelector(':target') !== null")


def test_search_says_when_there_is_nothing_and_closes(read):
    page = read()
    page.fill("#search", "zzzz")
    page.until("document.querySelector('#count').textContent === '0 found'")
    page.fill("#search", "mask")
    page.wait_for_selector("#found a")
    page.keyboard.press("Escape")
    assert page.locator("#found").is_hidden()


def test_code_is_copied(read):
    page = read("quickstart/application.html")
    page.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator(".code").nth(1).hover()
    page.locator(".code button").nth(1).click()
    page.until("document.querySelectorAll('.code button')[1].textContent === 'Copied'")
    assert page.evaluate("navigator.clipboard.readText()") == "retouch serve\n"


def test_the_chosen_colors_hold_on_the_next_page_and_in_the_playground(read, server):
    page = read(color_scheme="light")
    page.click("#theme")
    page.click("#theme")
    assert page.text_content("#theme") == "Theme: dark"
    page.click("a[rel=next]")
    page.until("document.documentElement.dataset.theme === 'dark'")
    page.goto(server.url)
    page.until("document.documentElement.dataset.theme === 'dark'")


def test_without_javascript_all_but_search_and_copying_is_there(chromium, server):  # noqa: F811
    context = chromium.new_context(java_script_enabled=False, viewport={"width": 360, "height": 740})
    page = context.new_page()
    page.goto(f"{server.url}guide/")
    assert page.locator("#search").is_hidden()
    page.click(".to-menu")
    page.click("#menu >> text=Jobs and their database")
    page.wait_for_url("**/operating/jobs.html")
    page.click(".here summary")
    page.click(".here >> text=The database")
    assert page.url.endswith("#the-database")
    context.close()


def test_a_page_prints_without_what_is_around_it(read):
    page = read("quickstart/photo.html")
    page.page.emulate_media(media="print")
    assert page.locator(".menu").is_hidden()
    assert page.locator(".bar").is_hidden()
    assert page.locator("article").is_visible()


def test_the_page_is_drawn_soon(read):
    page = read("instructions.html")
    paint = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0"
    page.until(f"({paint}) > 0")
    first_ms = page.evaluate(paint)
    loaded = page.evaluate("performance.getEntriesByType('resource').map((each) => each.name)")
    assert not [name for name in loaded if name.endswith("search.json")]  # only whoever searches needs it
    assert first_ms < 5000  # 0.5 s on a machine that has nothing else to do


def test_the_navigation_shows_where_the_page_stands(read):
    page = read("adr/0037-playground.html")
    box = page.locator("#menu [aria-current]").bounding_box()
    assert 0 < box["y"] < 800 - box["height"]
    assert page.evaluate("scrollY") == 0
