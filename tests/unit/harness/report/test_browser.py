"""The page in a real headless browser: silent, complete, within the screen, in light and dark, on paper; and used.

Skips with the reason where there is no Chromium or no playwright: `pip install -e .[browser]` and the system's
Chromium. With `PMFNAS_SCREENSHOTS=DIR` the pictures of the page are kept, to be looked at.
"""

import csv
import io
import itertools
import json
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from harness.report.content import Section
from harness.report.page import rendered, write_report
from harness.show.sheet import Sheet, sort_key
from tests.support.frames import runs_of, some_runs
from tests.support.reported import folder_of

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (extra `browser`)")

WIDE, NARROW = 1280, 390
INK = {"light": "rgb(28, 28, 28)", "dark": "rgb(230, 230, 227)"}
"""Of axes and text."""
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
    runs = some_runs()
    third = runs[runs["dataset"] == "cifar10"].assign(dataset="ImageNet16-120")  # for the diagram of ranks
    folder = folder_of(tmp_path_factory.mktemp("results") / "small", pd.concat([runs, third], ignore_index=True))
    (folder / "verdict.md").write_text("# Verdict\n\n## cifar10\n\n**mine is better** than pmf_nas.\n")
    return write_report(folder, folder / "report.html")


def shown(browser: Any, report: Path, width: int, scheme: str = "light", *, scripts: bool = True) -> Seen:
    page = browser.new_page(
        viewport={"width": width, "height": 900},
        color_scheme=scheme,
        java_script_enabled=scripts,
        offline=True,
        permissions=["clipboard-read", "clipboard-write"],
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
    assert len(loaded) == 1
    assert all(loaded)
    drawn = seen.page.evaluate("[...document.querySelectorAll('[data-chart] canvas')].map(c => c.offsetWidth)")
    assert len(drawn) == 18
    assert min(drawn) > 250
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
    assert strokes(seen.page, INK[scheme]) > 100
    seen.page.close()


def test_text_is_large_enough_on_a_small_screen(browser, report):
    page = shown(browser, report, NARROW).page
    sizes = page.evaluate(
        "[...document.querySelectorAll('p, li, td, th, dd, caption')]"
        ".map(e => parseFloat(getComputedStyle(e).fontSize))"
    )
    assert min(sizes) >= 12
    # the smallest letters of an image are 6.5 points at 6.9 inches
    widths = page.evaluate("[...document.images].map(i => i.getBoundingClientRect().width)")
    assert min(widths) / 6.9 * 6.5 / 72 >= 9.5
    page.close()


def test_names_stay_in_sight_while_a_table_is_scrolled(browser, report):
    page = shown(browser, report, NARROW).page
    page.locator("#table summary").first.click()
    left = page.evaluate(
        """() => {
          const scroll = document.querySelector('#table details[open] .scroll');
          scroll.scrollLeft = 200;
          return [scroll.scrollLeft, scroll.querySelector('tbody th').getBoundingClientRect().left,
                  scroll.getBoundingClientRect().left];
        }"""
    )
    assert left[0] == 200
    assert left[1] == pytest.approx(left[2], abs=1)
    page.close()


# ----------------------------------------------------------------------------------------------------- charts


def strokes(page: Any, colour: str) -> int:
    """Pixels of a colour (`rgb(r, g, b)`) in the first chart."""
    seen = np.asarray(Image.open(io.BytesIO(page.locator("[data-chart]").first.screenshot())).convert("RGB"), np.int64)
    wanted = [int(part) for part in colour.strip("rgb()").split(",")]
    return int((np.abs(seen - wanted).max(axis=2) < 8).sum())


def test_a_searcher_is_switched_off_and_on_in_every_chart_of_the_page(browser, report):
    seen = shown(browser, report, WIDE)
    page = seen.page
    swatch = page.locator('#answer .keys li[data-name="asha"] svg')
    colour = swatch.evaluate("svg => getComputedStyle(svg).color")
    before = strokes(page, colour)
    assert before > 100
    button = page.locator('#answer .keys li[data-name="asha"] button')
    button.click()
    page.mouse.move(5, 5)
    page.wait_for_timeout(50)
    assert strokes(page, colour) == 0
    pressed = page.locator('.keys li[data-name="asha"] button').evaluate_all("all => all.map(b => b.ariaPressed)")
    assert pressed == ["false"] * 4  # accuracy, regret, profiles, targets
    button.click()
    page.mouse.move(5, 5)
    page.wait_for_timeout(50)
    assert strokes(page, colour) == pytest.approx(before, rel=0.1)
    assert seen.said == []
    page.close()


def test_all_lines_are_hidden_and_shown_again(browser, report):
    seen = shown(browser, report, WIDE)
    for name, pressed in (("hide all", "false"), ("show all", "true")):
        seen.page.locator("#answer .keys").get_by_role("button", name=name).click()
        states = seen.page.locator("#answer .keys li[data-name] button").evaluate_all(
            "all => all.map(b => b.ariaPressed)"
        )
        assert states == [pressed] * 4
        stages = seen.page.locator("#why .keys li[data-name] button").evaluate_all("all => all.map(b => b.ariaPressed)")
        assert stages == ["true"]
    assert seen.said == []
    seen.page.close()


def test_the_values_under_the_pointer_are_those_of_the_curves(browser, report):
    page = shown(browser, report, WIDE).page
    chart = page.locator("#answer [data-chart]").first
    given = json.loads(chart.get_attribute("data-chart"))
    tip = chart.locator(".tip")
    assert tip.is_hidden()
    over = chart.locator(".u-over").bounding_box()
    page.mouse.move(over["x"] + over["width"] - 2, over["y"] + 0.5 * over["height"])
    told = tip.inner_text().splitlines()
    assert told[0] == f"{given['at'][-1]:.4g} GPU-hours"
    for one in given["series"]:
        (line,) = (line for line in told if line.startswith(f"{one['name']} "))
        assert f" {one['mean'][-1]:.4g} (".replace(".00 (", " (") in line
    page.mouse.move(5, 5)
    assert tip.is_hidden()
    page.close()


WRITTEN = """
window.written = [];
const fill = CanvasRenderingContext2D.prototype.fillText;
CanvasRenderingContext2D.prototype.fillText = function (text, ...at) {
  window.written.push([this.canvas.closest('[data-chart]')?.dataset.chart, text]);
  return fill.call(this, text, ...at);
};
"""
"""Keeps what is written on each chart."""


@pytest.mark.parametrize(
    ("worst", "n_near", "below"), [(92.9, 0, ""), (92.2, 0, ""), (90.0, 4, ""), (90.0, 5, "mine 90.1")]
)
def test_the_axes_hold_the_six_best_ends_and_have_round_ticks(browser, tmp_path, worst, n_near, below):
    near = {f"near{i}": [92.9, 93.0] * 12 for i in range(n_near)}
    runs = runs_of({"cifar10": {"pmf_nas": [93.0, 93.01] * 12, "mine": [worst, worst + 0.2] * 12, **near}})
    page = browser.new_page(viewport={"width": WIDE, "height": 900}, offline=True)
    page.add_init_script(WRITTEN)
    page.goto(write_report(folder_of(tmp_path, runs, with_record=False), tmp_path / "report.html").as_uri())
    chart = page.locator("#answer [data-chart]").first
    assert page.locator("#answer .below").all_inner_texts() == [below and f"Below the axis: {below}."]
    given = chart.get_attribute("data-chart")
    written = [text for of, text in page.evaluate("window.written") if of == given]
    ticks = sorted({text for text in written if re.fullmatch(r"\d\d\.\d+|\d\d", text)}, key=float)
    assert (float(ticks[0]) <= worst + 0.1) == (not below)
    steps = {round(float(high) - float(low), 6) for low, high in itertools.pairwise(ticks)}
    assert len(steps) == 1
    assert f"{steps.pop():e}"[0] in "125"
    assert len({len(text) for text in ticks}) == 1
    page.close()


def test_charts_follow_the_screen_and_the_scheme(browser, report):
    page = shown(browser, report, WIDE).page
    page.set_viewport_size({"width": NARROW, "height": 900})
    page.emulate_media(color_scheme="dark")
    page.wait_for_timeout(100)
    assert page.evaluate("document.documentElement.scrollWidth") == NARROW
    assert page.locator("[data-chart] canvas").first.bounding_box()["width"] <= NARROW
    assert strokes(page, INK["dark"]) > 100
    page.close()


# ----------------------------------------------------------------------------------------------------- tables


def test_every_column_of_the_tables_can_be_sorted(browser, report):
    page = shown(browser, report, WIDE).page
    for table in page.locator("#answer > .sheet table, #table > .sheet table").all():
        for place, head in enumerate(table.locator("thead th").all()):
            for state in ("ascending", "descending"):
                head.get_by_role("button").click()
                assert head.get_attribute("aria-sort") == state
                cells = table.locator(f"tbody tr > :nth-child({place + 1})").evaluate_all(
                    "all => all.map(cell => [cell.dataset.text ?? cell.textContent, cell.dataset.sort])"
                )
                known = [sort_key(text) for text, _ in cells if sort_key(text)]
                assert known == sorted(known, reverse=state == "descending")
                assert not any(sort_key(text) for text, _ in cells[len(known) :])
    page.close()


def test_headings_explain_themselves(browser, report):
    page = shown(browser, report, WIDE).page
    assert page.locator("#answer thead abbr", has_text="rank").get_attribute("title").startswith("place by mean score")
    legend = page.locator("#answer .meanings")
    legend.locator("summary").click()
    assert legend.get_by_text("p-value of Wilcoxon's signed-rank test").is_visible()
    page.close()


def test_a_table_is_copied_and_downloaded_as_it_stands(browser, report):
    seen = shown(browser, report, WIDE)
    page, sheet = seen.page, seen.page.locator("#answer .sheet").first
    sheet.locator("thead th").last.get_by_role("button").click()
    rows = sheet.locator("tr").evaluate_all(
        "rows => rows.map(row => [...row.cells].map(cell => cell.dataset.text ?? cell.textContent))"
    )
    assert rows[0] == ["searcher", "n", "cifar10", "cifar100", "ImageNet16-120", "rank", "p"]
    assert all("best" not in row[0] for row in rows)
    sheet.get_by_role("button", name="Copy TSV").click()
    sheet.get_by_role("button", name="Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == "".join("\t".join(row) + "\n" for row in rows)
    sheet.get_by_role("button", name="Copy Markdown").click()
    sheet.locator(".tools button:nth-child(1):text-is('Copied')").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()").splitlines()
    assert copied[0] == f"| {' | '.join(rows[0])} |"
    assert copied[1] == "| --- | ---: | ---: | ---: | ---: | ---: | ---: |"
    assert copied[2:] == [f"| {' | '.join(row)} |" for row in rows[1:]]
    with page.expect_download() as download:
        sheet.get_by_role("button", name="Download CSV").click()
    assert download.value.suggested_filename.startswith("all-data-sets-anchored")
    with Path(download.value.path()).open(newline="") as file:
        assert list(csv.reader(file)) == rows
    assert seen.said == []
    page.close()


COLUMNS = {
    "time": ["8:00:32", "8:02:40", "9:59:59", "10:00:00", "-"],
    "p": ["<.001", ".001", ".020", "0.5", "n<20"],
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
    text = rendered(title="t", warnings=(), sections=[Section("s", "S", sheets=(sheet,))])
    page_file.write_text(text, encoding="utf-8")
    page = shown(browser, page_file, WIDE).page
    place = list(COLUMNS).index(title)
    for wanted in (COLUMNS[title], [*COLUMNS[title][-2::-1], COLUMNS[title][-1]]):
        page.locator("thead th").nth(place + 1).get_by_role("button").click()
        assert [row.locator("td").nth(place).text_content() for row in page.locator("tbody tr").all()] == wanted
    page.close()


def test_without_scripts_everything_is_there(browser, report):
    page = shown(browser, report, WIDE, scripts=False).page
    assert page.locator("#table table").first.locator("tbody tr").count() == 4
    assert page.locator("button").count() == 0
    assert page.get_by_text("The curves need JavaScript").is_visible()
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
