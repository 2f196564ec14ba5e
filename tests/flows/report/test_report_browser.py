"""The page of a night in headless Chromium: on a desk and on a phone, by day and by night, and by keyboard alone."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.conftest import Said
from tests.flows.report.browser import CHROMIUM

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install '.[dev]'")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on the PATH: apt-get install chromium")

NightRank = Callable[..., Said]
DESK, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
ENDS_BESIDE = """() => [...document.querySelectorAll("body *")].filter(one => {
  for (let up = one.parentElement; up; up = up.parentElement)
    if (up.matches("svg, .unseen") || ["auto", "scroll"].includes(getComputedStyle(up).overflowX)) return false;
  return one.getBoundingClientRect().right > innerWidth + 1;
}).map(one => one.outerHTML.slice(0, 80))"""
STOPS = """[...document.querySelectorAll('a[href], summary, [tabindex="0"]')].filter(one => one.checkVisibility())"""
# WCAG 2.2, 1.4.3: the contrast of each text with what lies behind it, where it is under 4.5.
FAINT = """() => {
  const parts = color => color.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, n) => sum + v * [0.2126, 0.7152, 0.0722][n], 0);
  const behind = one => {
    const disc = one.closest(".disc");
    if (disc) return parts(getComputedStyle(disc.querySelector("circle")).fill);
    for (let up = one; up; up = up.parentElement) {
      const color = parts(getComputedStyle(up).backgroundColor);
      if (color.length < 4 || color[3] > 0) return color;
    }
  };
  document.querySelectorAll("details").forEach(one => one.open = true);
  return [...document.querySelectorAll("body *")].filter(one =>
    [...one.childNodes].some(child => child.nodeType == 3 && child.data.trim()) && one.checkVisibility()
    && !one.matches("title, desc, script")
  ).flatMap(one => {
    const style = getComputedStyle(one), ink = parts(one.matches("svg text") ? style.fill : style.color);
    const [high, low] = [light(ink), light(behind(one))].sort((a, b) => b - a);
    const contrast = (high + 0.05) / (low + 0.05);
    return contrast < 4.5 ? [`${contrast.toFixed(2)} ${one.outerHTML.slice(0, 90)}`] : [];
  });
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=CHROMIUM)
        yield opened
        opened.close()


@pytest.fixture
def page_file(walked_store: Path) -> Path:
    return walked_store / "reports" / "2025-03-20.html"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_a_page_fits_asks_for_nothing_and_says_nothing_of_errors(
    browser: Any, page_file: Path, size: dict[str, int], scheme: str
) -> None:
    said, asked = [], []
    with browser.new_context(viewport=size, color_scheme=scheme) as context:
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(page_file.as_uri())
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")

        assert page.evaluate("document.documentElement.scrollWidth") == size["width"]
        assert page.evaluate(ENDS_BESIDE) == []
        assert (
            page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
            == {
                "light": "rgb(251, 250, 248)",
                "dark": "rgb(19, 22, 25)",
            }[scheme]
        )
        assert page.evaluate(FAINT) == []
    assert said == []
    assert [url for url in asked if not url.startswith("data:")] == [page_file.as_uri()]


def test_long_names_without_a_space_do_not_widen_the_page(browser: Any, own_store: Path, nightrank: NightRank) -> None:
    release = (own_store / "published.duckdb").resolve()
    release.chmod(0o644)
    with duckdb.connect(str(release)) as con:
        con.execute("update goods set name = repeat('Rindfleischetikettierung', 8)")
        con.execute("update rankings set sources = [repeat('source', 20)]")
        con.execute("update intervals set asset = asset || repeat('purchases', 20) where starts_with(asset, 'events.')")
        con.execute("update intervals set status = 'failed', error = repeat('/folder', 40) where asset = 'outcomes'")
        con.execute("update nights set model_id = repeat('din', 40)")
    page = browser.new_page(viewport=PHONE)
    page.goto(Path(nightrank("report", "--store", own_store).out.strip()).as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")

    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    assert page.evaluate(ENDS_BESIDE) == []
    page.close()


def test_what_an_on_call_person_needs_is_on_one_screen(browser: Any, page_file: Path) -> None:
    page = browser.new_page(viewport=DESK)
    page.goto(page_file.as_uri())

    for what in (".verdict", ".facts", ".strip", ".advice, .calm", ".sources", ".checks", ".trends"):
        box = page.locator(what).first.bounding_box()
        assert box["y"] + box["height"] <= DESK["height"], what
    page.close()


def test_the_age_is_told_when_the_page_is_read(browser: Any, page_file: Path) -> None:
    page = browser.new_page()
    page.goto(page_file.as_uri())

    assert page.locator("[data-age-said]").inner_text() == ", less than an hour ago"
    assert not page.locator("[data-old]").is_visible()
    page.clock.install(time="2099-01-01")
    page.reload()
    assert page.locator("[data-age-said]").inner_text().endswith(" days ago")
    assert page.locator("[data-old]").is_visible()
    page.close()


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_the_keyboard_reaches_every_link_and_fold_in_order_and_shows_where_it_is(
    browser: Any, page_file: Path, size: dict[str, int]
) -> None:
    page = browser.new_page(viewport=size)
    page.goto(page_file.as_uri())
    stops = page.evaluate(f"{STOPS}.length")

    reached = []
    for _ in range(stops):
        page.keyboard.press("Tab")
        place, outline = page.evaluate(
            f"[{STOPS}.indexOf(document.activeElement), getComputedStyle(document.activeElement).outlineStyle]"
        )
        assert outline == "solid"
        reached.append(place)

    assert reached == list(range(stops))
    assert stops > 20
    page.close()


def test_enter_unfolds_and_the_skip_link_leads_to_the_night(browser: Any, page_file: Path) -> None:
    page = browser.new_page(viewport=PHONE)
    page.goto(page_file.as_uri())

    page.keyboard.press("Tab")
    skip = page.locator(".skip").bounding_box()
    page.keyboard.press("Enter")
    first = page.locator("summary").first
    first.focus()
    page.keyboard.press("Enter")

    assert skip["y"] >= 0
    assert page.url.endswith("#tonight")
    assert page.evaluate("document.querySelector('details').open")
    page.close()


def test_a_page_on_paper_shows_all_but_the_links(browser: Any, page_file: Path) -> None:
    page = browser.new_page(viewport=DESK)
    page.goto(page_file.as_uri())

    page.emulate_media(media="print", color_scheme="dark")

    assert not page.locator("nav").is_visible()
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(255, 255, 255)"
    assert page.evaluate(FAINT) == []
    page.close()
