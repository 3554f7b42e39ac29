"""On data without test accuracy nothing for people or programs calls the score by that name."""

import html
import io
import re

import numpy as np
import pandas as pd
import pytest

from harness.compare import agreement, verdict
from harness.compare.outputs import table_of
from harness.report.page import write_report
from harness.report.results import read_results
from harness.score.words import from_file, to_file, words_for, words_of
from harness.show import tables
from harness.show.figures import accuracy_figure, final_figure, regret_figure
from harness.show.render import TERMINAL_WIDTH
from tests.support.frames import some_runs, steps_of, timings_of
from tests.support.reported import folder_of

TEST = re.compile(r"(?<!Friedman's )(?<!signed-rank )\btests?\b", re.IGNORECASE)


@pytest.fixture(scope="module")
def runs() -> pd.DataFrame:
    return some_runs().assign(data="REAL-FINALS")


@pytest.fixture(scope="module")
def table(runs: pd.DataFrame) -> tables.Table:
    return table_of(runs, timings_of(runs), {"space": "nb201", "n_epochs": 200}, {"cifar10": 92.0, "cifar100": 74.0})


@pytest.mark.parametrize("render", [tables.markdown, tables.latex, tables.terminal])
def test_tables_have_columns_of_held_out_trials_and_no_published_rows(table, render):
    text = render(table)
    assert "held-out trials" in text
    assert "Best held-out trials 92.00" in text or "best held-out trials 92.00" in text
    assert "Published" not in text, "those are test accuracies"
    assert TEST.findall(html.unescape(text)) == []


def test_a_terminal_is_not_wider_than_it_was(table):
    assert max(map(len, tables.terminal(table).splitlines())) <= TERMINAL_WIDTH


def test_columns_of_files_are_named_by_what_they_hold_and_are_read_back(runs, table):
    words = words_of(runs)
    written = to_file(runs, words)
    assert {"held_out", "held_out_regret"} <= set(written.columns)
    pd.testing.assert_frame_equal(from_file(written), runs)
    header = tables.csv(table).splitlines()[0].split(",")
    assert {"held_out_mean", "held_out_ci_low", "held_out_regret_mean"} <= set(header)
    assert [name for name in (*written.columns, *header) if name.startswith("test")] == []


def test_frames_of_other_data_stay_as_they_are():
    runs = some_runs()
    assert to_file(runs, words_of(runs)) is runs
    assert list(from_file(runs).columns) == list(runs.columns)
    assert words_for("ANCHORED 5 of 9 archs").name == words_for("SURROGATE").name == "test"
    assert words_for("REAL-FINALS 5 of 9 archs").name == "held-out trials"


def test_axes_say_held_out_trials(runs):
    rng = np.random.default_rng(0)
    figures = [
        accuracy_figure(runs, steps_of(runs), rng=rng),
        regret_figure(runs, steps_of(runs), rng=rng),
        final_figure(runs),
    ]
    for figure in figures:
        drawn = io.BytesIO()
        figure.savefig(drawn, format="svg")
        labels = {panel.get_xlabel() + panel.get_ylabel() for panel in figure.axes}
        assert any("held-out trials" in label for label in labels)
        assert TEST.findall(" ".join([*labels, *(text.get_text() for text in figure.texts)])) == []


def test_verdicts_and_agreements_say_it(runs):
    found = verdict.verdicts(runs, ["pmf_nas"], ["asha"])
    page = verdict.markdown(found, runs, where={})
    assert "points of accuracy in held-out trials" in " ".join(page.split())
    assert "Accuracy in held-out trials of the arch recommended" in " ".join(page.split())
    peers = agreement.markdown([], where="here", absent={}, accuracy=words_of(runs).accuracy)
    assert "Accuracy in held-out trials of the arch returned" in peers
    assert TEST.findall(page.replace("signed-rank\ntest", "")) == []


def test_the_report_says_it(runs, tmp_path):
    folder = folder_of(tmp_path / "results", runs, with_record=False)
    assert read_results(folder).words.name == "held-out trials"
    write_report(folder, tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    text = re.sub(r"<(style|script).*?</\1>|<[^>]+>", " ", page, flags=re.DOTALL)
    assert "held-out trials" in text
    assert TEST.findall(html.unescape(text)) == []
