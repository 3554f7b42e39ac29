"""One page by hand in each rendering: what is escaped, marked, aligned and cut."""

import numpy as np
import pytest

from harness.show import render
from harness.show.cells import least_to_most, number, p_cell, p_text, span
from harness.show.render import LINE, TERMINAL_WIDTH, Notes
from harness.show.sheet import Column, Sheet, filled

SHEET = Sheet(
    "a_set", ("name", "score"), (("x_1", "9.5"), ("y", "10.25"), ("z", "-")), ("best", "level", ""), note="n = 3"
)


def test_a_page_of_markdown() -> None:
    parts = ["a < b", SHEET, Notes(["p < .05"]), Notes(["`code`"], "Ready", ready=True), LINE]
    assert render.markdown("T*", parts).split("\n") == [
        *("# T\\*", "", "a \\< b", "", "## a\\_set", "", "n = 3", ""),
        *("| name | score |", "| --- | ---: |", "| **x\\_1** | 9.5 |", "| *y* | 10.25 |", "| z | - |", ""),
        *("- p \\< .05", "", "## Ready", "", "- `code`", "", "---", ""),
    ]


def test_a_page_of_a_terminal() -> None:
    lines = render.terminal("T", ["text", SHEET, Notes(["one", "two"]), LINE]).split("\n")
    assert lines == [
        *("T", "", "text", "", "a_set n = 3"),
        *("  name      score", "* x_1         9.5", "~ y         10.25", "  z             -"),
        *("", "one", "two", "", "-" * TERMINAL_WIDTH, ""),
    ]


def test_cells_too_long_for_a_screen_stand_as_they_are() -> None:
    long = "a" * TERMINAL_WIDTH
    text = render.terminal("T", [Sheet("c", ("k", "v"), (("one", long), ("eleven", "b")))])
    assert f"  one     {long}\n  eleven  b\n" in text


def test_latex_marks_the_first_cell_and_says_all_in_its_caption() -> None:
    text = render.latex(SHEET, "tab:x")
    assert r"\caption{a\_set: n = 3.}" in text
    assert r"\textbf{x\_1} & 9.5 \\" in text
    assert r"\textit{y} & 10.25 \\" in text
    assert r"\label{tab:x}" in text


def test_columns_fill_a_sheet_row_by_row() -> None:
    columns = (Column[int]("n", str), Column[int]("twice", lambda n: str(2 * n)))
    assert filled(columns, [1, 2]) == (("n", "twice"), (("1", "2"), ("2", "4")))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (number(None), "-"),
        (number(np.nan), "-"),
        (number(1.005, ".1f"), "1.0"),
        (span(1, 2), "1.00-2.00"),
        (span(-1, 2, "+.1f"), "-1.0 to +2.0"),
        (p_cell(np.nan), "n<20"),
        (p_cell(0.0004), "<.001"),
        (p_text(0.0004), "p < .001"),
        (p_text(0.012), "p = 0.012"),
        (least_to_most([3, 3]), "3"),
        (least_to_most([9, 3]), "3 to 9"),
        (least_to_most([]), "0"),
    ],
)
def test_cells(text: str, expected: str) -> None:
    assert text == expected
