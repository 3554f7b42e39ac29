"""The page of a folder whose tables are Markdown: the same texts, tables as tables, nothing of theirs as HTML."""

import html5lib
import numpy as np
import pytest
from PIL import Image

from harness.cli.main import main
from harness.report.tables_page import has_tables_only, sections_of, tables_page
from pmfnas.core.errors import DataError
from tests.support.frames import some_runs
from tests.support.reported import folder_of

TABLE = """# What a part is worth

ANCHORED data; n = 60

## First

| variant | test p |
| --- | ---: |
| **no\\_explore** | \\<.001 |
| *<b>x</b>* | n\\<20 |

Below the table.

- A note.

## Second

Words.

| a | b |
| --- | ---: |
| 1 | 2 |
"""
VERDICT = "# Verdict: mine against PMF-NAS\n\n**mine is worse**\n"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "table.md").write_text(TABLE)
    Image.fromarray(np.zeros((4, 6), np.uint8)).save(tmp_path / "test.png")
    return tmp_path


def test_a_text_is_read_into_sections():
    title, (first, second) = sections_of(TABLE)
    assert title == "What a part is worth"
    assert (first.title, first.words, first.notes) == (
        "First",
        ("ANCHORED data; n = 60",),
        ("Below the table.", "A note."),
    )
    (sheet,) = first.sheets
    assert (sheet.titles, sheet.marks) == (("variant", "test p"), ("best", "level"))
    assert sheet.rows == (("no_explore", "<.001"), ("<b>x</b>", "n<20"))
    assert (second.words, second.sheets[0].rows, second.sheets[0].marks) == (("Words.",), (("1", "2"),), ())


def test_the_page_has_the_tables_and_the_figures(folder):
    shown = tables_page(folder)
    html5lib.HTMLParser(strict=True).parse(shown)
    assert "<title>What a part is worth: report</title>" in shown
    order = [shown.index(part) for part in (">First</h2>", ">Figures</h2>", ">Second</h2>")]
    assert order == sorted(order)
    assert 'width="6" height="4"' in shown
    assert "&lt;b&gt;x&lt;/b&gt;" in shown
    assert "<b>x" not in shown
    assert '<abbr title="p-value of Wilcoxon' in shown


def test_a_verdict_stands_first_and_names_the_page(folder):
    (folder / "verdict.md").write_text(VERDICT)
    shown = tables_page(folder)
    assert "<title>Verdict: mine against PMF-NAS: report</title>" in shown
    assert shown.index("<strong>mine is worse</strong>") < shown.index(">First</h2>")


def test_a_text_without_tables_is_one_section(folder):
    (folder / "both.md").write_text("# Both\n\n## cifar10\n\n**b** is better\n")
    shown = tables_page(folder)
    assert shown.index(">Second</h2>") < shown.index(">Both</h2>") < shown.index("<h3>cifar10</h3>")


def test_the_command_chooses_the_page_by_what_the_folder_holds(folder, tmp_path, capsys):
    assert has_tables_only(folder)
    assert main(["report", str(folder)]) == 0
    assert "What a part is worth" in (folder / "report.html").read_text()
    assert "report.html" in capsys.readouterr().out
    whole = folder_of(tmp_path / "whole", some_runs(2))
    (whole / "table.md").write_text(TABLE)
    assert not has_tables_only(whole)
    (whole / "table.md").unlink()
    (whole / "steps.parquet").unlink()
    assert not has_tables_only(whole)


def test_a_damaged_text_is_named(folder):
    (folder / "table.md").write_bytes(b"\xff\xfe damaged")
    with pytest.raises(DataError, match=r"table\.md is damaged"):
        tables_page(folder)
