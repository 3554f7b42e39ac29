"""The table of speed: what falls short is marked, and the committed page is the one of the committed figures."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from harness.experiment.checksums import verify_references
from harness.speed import measuring, page
from harness.speed.figure import Figure, exponent, line
from harness.speed.parts import Plan, in_process, run_part

FAST = Figure("loop", "an event", 20.0, "us", 25.0, peer="Syne Tune", peer_value=100.0, least_ratio=4.0)


def test_a_figure_is_judged_by_its_goal_and_by_the_ratio_to_its_peer():
    assert (FAST.ratio, FAST.verdict) == (5.0, "met")
    assert replace(FAST, value=26.0).verdict == "SHORT"
    assert replace(FAST, least_ratio=5.1).verdict == "SHORT"
    assert replace(FAST, value=30.0, more_is_better=True).verdict == "SHORT"  # a ratio of .3
    assert replace(FAST, value=500.0, more_is_better=True).ratio == 5.0
    assert replace(FAST, value=None).verdict == "absent"
    assert Figure("loop", "an event", 1.0, "us").verdict == ""


def test_the_exponent_of_a_power_and_the_line_through_points():
    assert exponent((1, 10, 100), (3.0, 300.0, 30_000.0)) == pytest.approx(2.0)
    assert line((4, 12), (9.0, 25.0)) == pytest.approx((1.0, 2.0))


def test_what_falls_short_is_marked_in_the_table(tmp_path: Path):
    page.write({"events": [FAST], "table2": [replace(FAST, value=26.4567)]}, "SYNTHETIC", tmp_path)
    rows = (tmp_path / page.TABLE).read_text().splitlines()[2:]
    assert [page.SHORT in row for row in rows] == [False, True]
    assert "26.5 us" in rows[1]
    assert json.loads((tmp_path / page.FILE).read_text())["parts"]["events"] == [asdict(FAST)]
    assert page.read(tmp_path)[1]["table2"] == [replace(FAST, value=26.5)]


def test_every_part_has_a_name_in_order():
    assert tuple(measuring._parts()) == measuring.PARTS


def test_the_committed_page_is_made_from_the_committed_figures():
    assert page.PAGE.read_text() == page.page(page.REFERENCE), "write it again: ./reproduce.sh speed --write-page"


def test_a_part_that_fails_or_takes_too_long_says_so(tmp_path: Path):
    plan = Plan(str(tmp_path / "none"), str(tmp_path), smoke=True)
    (figure,) = run_part("queries.measure", plan)
    assert (figure.value, figure.verdict) == (None, "absent")
    assert "none" in figure.note
    assert in_process("queries.measure", replace(plan, until=0.0)) == "the time for the whole measurement was over"


def test_accepted_figures_are_the_reference_with_its_checksum_and_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    reference, shown = tmp_path / "reference" / "speed", tmp_path / "speed.md"
    monkeypatch.setattr(page, "REFERENCE", reference)
    monkeypatch.setattr(page, "PAGE", shown)
    page.write({"loop": [FAST]}, "SURROGATE 1", tmp_path / "out")
    page.accept(tmp_path / "out")
    assert page.read(reference) == page.read(tmp_path / "out")
    assert verify_references(reference.parent) == 1
    assert shown.read_text() == page.page(reference)
    assert "an event" in shown.read_text()
