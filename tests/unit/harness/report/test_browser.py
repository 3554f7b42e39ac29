"""The page in a real headless browser: silent, complete, within the screen, sortable, in light and dark, on paper.

Skips with the reason where there is no Chromium or no playwright: `pip install -e .[browser]` and the system's
Chromium. With `PMFNAS_SCREENSHOTS=DIR` the pictures of the page are kept, to be looked at.
"""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from harness.report.content import Section
from harness.report.page import rendered, write_report
from harness.show.sheet import Sheet
from tests.support.reported import folder_of

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (extra `browser`)")

WIDE, NARROW = 1280, 400
QUIET = (  # no sandbox: tests may run as root; the rest keeps the browser from calling home
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
)


@dataclass
class Seen:
    """What the browser said while it showed the page."""

    page: Any
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    found = [shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome", "chrome")]
    path = next((name for name in found if name), None)
    if path is None:
        pytest.skip("there is no Chromium on this machine")
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=path, args=QUIET)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def report(tmp_path_factory) -> Path:
    folder = folder_of(tmp_path_factory.mktemp("results") / "small")
    (folder / "verdict.md").write_text("# Verdict\n\n## cifar10\n\n**mine is better** than pmf_nas.\n")
    return write_report(folder, folder / "report.html")


def shown(browser: Any, report: Path, width: int, scheme: str = "light", *, scripts: bool = True) -> Seen:
    page = browser.new_page(
        viewport={"width": width, "height": 900}, color_scheme=scheme, java_script_enabled=scripts, offline=True
    )
    seen = Seen(page)
    page.on("console", lambda message: seen.said.append(message.text))
    page.on("pageerror", lambda error: seen.said.append(str(error)))
    page.on("request", lambda request: seen.asked.append(request.url))
    page.goto(report.as_uri())
    return seen


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_the_page_is_silent_complete_and_fits(browser, report, width, scheme, tmp_path):
    seen = shown(browser, report, width, scheme)
    assert seen.said == []
    assert [url for url in seen.asked if not url.startswith("data:")] == [report.as_uri()]
    loaded = seen.page.evaluate(
        "[...document.images].map(i => i.complete && i.naturalWidth > 0 && i.offsetWidth > 150)"
    )
    assert len(loaded) == 15
    assert all(loaded)
    assert seen.page.evaluate("document.documentElement.scrollWidth") == width
    assert (
        seen.page.evaluate("getComputedStyle(document.body).backgroundColor")
        == {
            "light": "rgb(255, 255, 255)",
            "dark": "rgb(22, 22, 22)",
        }[scheme]
    )
    folder = Path(os.environ.get("PMFNAS_SCREENSHOTS") or tmp_path)
    seen.page.screenshot(path=folder / f"report-{width}-{scheme}.png", full_page=True)
    seen.page.close()


def test_text_is_large_enough_on_a_small_screen(browser, report):
    page = shown(browser, report, NARROW).page
    sizes = page.evaluate(
        "[...document.querySelectorAll('p, li, td, th, dd, caption')]"
        ".map(e => parseFloat(getComputedStyle(e).fontSize))"
    )
    assert min(sizes) >= 12
    # the smallest letters of a figure are 6.5 points at 3.2 inches
    widths = page.evaluate("[...document.images].map(i => i.getBoundingClientRect().width)")
    assert min(widths) / 3.2 * 6.5 / 72 >= 9.5
    page.close()


def test_names_stay_in_sight_while_a_table_is_scrolled(browser, report):
    page = shown(browser, report, NARROW).page
    left = page.evaluate(
        """() => {
          const scroll = document.querySelector('#table .scroll');
          scroll.scrollLeft = 200;
          return [scroll.scrollLeft, scroll.querySelector('tbody th').getBoundingClientRect().left,
                  scroll.getBoundingClientRect().left];
        }"""
    )
    assert left[0] == 200
    assert left[1] == pytest.approx(left[2], abs=1)
    page.close()


def test_a_table_is_sorted_by_the_heading_pressed(browser, report):
    page = shown(browser, report, WIDE).page
    table = page.locator("#table table").first
    place = table.locator("thead th").all_text_contents().index("valid")

    def values() -> list[float]:
        texts = [row.locator("td").nth(place - 1).text_content() for row in table.locator("tbody tr").all()]
        return [float(text.partition("±")[0]) for text in texts]

    for wanted, state in ((False, "ascending"), (True, "descending")):
        table.locator("thead th").nth(place).get_by_role("button").click()
        assert values() == sorted(values(), reverse=wanted)
        assert table.locator("thead th").nth(place).get_attribute("aria-sort") == state
    page.close()


COLUMNS = {
    "time": ["8:00:32", "8:02:40", "9:59:59", "10:00:00", "-"],
    "p": ["<.001", ".001", ".020", "ref", "-"],
    "trains": ["12@3", "12@12", "12@12 from 3", "200@200", "-"],
    "came out": ["diverged", "valid 9.1", "valid 10.25", "valid 88.2", "-"],
    "regret": ["-0.50", "+0.25", "1.5e+01", "20", "-"],
}
"""Titles and cells in the order that pressing the heading is to give; a cell without a value stands last."""


@pytest.mark.parametrize("title", COLUMNS)
def test_every_kind_of_cell_is_sorted_by_what_it_means(browser, tmp_path, title):
    rows = list(zip("abcde", *COLUMNS.values(), strict=True))
    mixed = tuple(rows[place] for place in (4, 2, 0, 3, 1))
    sheet = Sheet("Cells", ("name", *COLUMNS), mixed)
    page_file = tmp_path / "page.html"
    text = rendered(title="t", facts={}, warnings=(), sections=[Section("s", "S", sheets=(sheet,))])
    page_file.write_text(text, encoding="utf-8")
    page = shown(browser, page_file, WIDE).page
    place = list(COLUMNS).index(title)
    for wanted in (COLUMNS[title], [*COLUMNS[title][-2::-1], "-"]):
        page.locator("thead th").nth(place + 1).get_by_role("button").click()
        assert [row.locator("td").nth(place).text_content() for row in page.locator("tbody tr").all()] == wanted
    page.close()


def test_without_scripts_everything_is_there(browser, report):
    page = shown(browser, report, WIDE, scripts=False).page
    assert page.locator("#table table").first.locator("tbody tr").count() == 4
    assert page.locator("button").count() == 0
    page.locator("#table summary").first.click()
    assert page.locator("#table details").first.locator("table").first.is_visible()
    page.close()


def test_it_prints_on_a_few_pages_in_light_colours(browser, report):
    page = shown(browser, report, WIDE, "dark").page
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.querySelector('.ink')).filter") == "none"
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    paper = page.pdf(prefer_css_page_size=True)
    assert paper.startswith(b"%PDF")
    assert 3 <= paper.count(b"/Type /Page\n") <= 12
    page.close()
