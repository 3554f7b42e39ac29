"""Ranks, profiles, interquartile means, probability of improvement, small multiples: what is drawn where."""

import numpy as np
import pytest

from harness.show.against import against_figures
from harness.show.aggregates import improvement_figure, iqm_figure
from harness.show.figures import ranked
from harness.show.looks import highlighted
from harness.show.ranks import rank_figure
from harness.show.shares import profile_figure
from harness.show.view import View
from harness.stats.runs import checked_runs
from harness.stats.summary import summarise
from pmfnas.core.errors import InputError
from tests.support.frames import runs_of, some_runs, steps_of, timings_of

RUNS = some_runs()
NAMES = ranked(checked_runs(RUNS))
STYLES = highlighted(NAMES)


def _rng() -> np.random.Generator:
    return np.random.default_rng(0)


def _summary(runs):
    return summarise(runs, timings_of(runs), rng=_rng())


def _texts(panel) -> list[str]:
    return [text.get_text().strip() for text in panel.texts]


def test_each_searcher_stands_at_its_mean_rank():
    runs = runs_of({d: {"pmf_nas": [73.0], "asha": [72.0], "tpe": [71.0]} for d in ("cifar10", "cifar100")})
    panel = rank_figure(_summary(runs), STYLES | highlighted(["tpe"])).axes[0]
    assert sorted(_texts(panel)) == [
        "3.0  tpe",
        "CD = 2.34 (longer than the axis)",  # 3.314 / sqrt(2) * sqrt(3 * 4 / 12)
        "asha  2.0",
        "mean rank",
        "pmf_nas  1.0",
    ]
    stems = [line.get_xdata()[0] for line in panel.lines if len(line.get_xdata()) == 3]
    assert stems == [1.0, 2.0, 3.0]
    bar = next(line for line in panel.lines if line.get_linewidth() == 2.6)
    assert list(bar.get_xdata()) == pytest.approx([0.94, 3.06]), "three searchers on two data sets are not told apart"


def test_ranks_need_two_data_sets_and_two_searchers():
    assert rank_figure(_summary(RUNS[RUNS["dataset"] == "cifar10"]), STYLES) is None
    assert rank_figure(_summary(RUNS[RUNS["searcher"] == "asha"]), STYLES) is None


def test_profiles_end_at_the_share_of_runs():
    runs = runs_of({"cifar10": {"pmf_nas": [94.0, 94.0, 93.9, 93.0], "asha": [93.0] * 4}})
    figure = profile_figure(runs, highlighted(["pmf_nas", "asha"]), rng=_rng())
    (ours,) = [line for line in figure.axes[0].lines if line.get_color() == "#D55E00"]
    at, share = np.asarray(ours.get_xdata()), np.asarray(ours.get_ydata())
    assert share[0] == 0.5
    assert share[np.searchsorted(at, 0.11)] == 0.75
    assert share[-1] == pytest.approx(0.75 if at[-1] < 1 else 1.0)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["pmf_nas", "asha"]


def test_profiles_have_a_panel_over_all_data_sets():
    assert [panel.get_title() for panel in profile_figure(RUNS, STYLES, rng=_rng()).axes] == [
        *("cifar10", "cifar100", "all data sets"),
    ]


def test_the_interquartile_mean_leaves_out_a_quarter_at_each_end():
    runs = runs_of({"cifar10": {"pmf_nas": [90.0, 92.0, 93.0, 94.0], "asha": [91.0] * 4}})
    panel = iqm_figure(runs, highlighted(["pmf_nas", "asha"]), rng=_rng()).axes[0]
    points = {tuple(line.get_ydata()): line.get_xdata()[0] for line in panel.lines if line.get_marker() == "o"}
    assert points == {(0,): 92.5, (1,): 91.0}
    assert [text.get_text() for text in panel.get_yticklabels()] == ["pmf_nas", "asha"]


def test_the_probability_of_improvement_is_of_the_reference():
    runs = runs_of(
        {
            "cifar10": {"pmf_nas": [93.0, 92.0], "asha": [91.0, 92.0], "tpe": [94.0, 94.0]},  # 3.5 / 4 and 0
            "cifar100": {"pmf_nas": [72.0], "asha": [71.0]},  # 1
        }
    )
    figure = improvement_figure(runs, highlighted(["pmf_nas", "asha", "tpe"]), rng=_rng())
    panel = figure.axes[0]
    assert [text.get_text() for text in panel.get_yticklabels()] == ["asha"], "tpe lacks a data set"
    large = [line for line in panel.lines if line.get_marker() == "o" and line.get_markersize() > 4]
    assert [line.get_xdata()[0] for line in large] == [pytest.approx((3.5 / 4 + 1) / 2)]
    small = [line.get_xdata()[0] for line in panel.lines if line.get_markersize() == 3.2]
    assert small == [pytest.approx(3.5 / 4), 1.0]
    assert improvement_figure(RUNS[RUNS["searcher"] != "pmf_nas"], STYLES, rng=_rng()) is None


def test_small_multiples_have_a_panel_for_each_other_searcher():
    figures = against_figures(RUNS, steps_of(RUNS), NAMES, rng=_rng())
    assert list(figures) == ["cifar10", "cifar100"]
    panels = [panel for panel in figures["cifar10"].axes if panel.lines]
    assert [panel.get_title() for panel in panels] == [name for name in NAMES if name != "pmf_nas"]
    for panel in panels:
        colours = [line.get_color() for line in panel.lines]
        assert colours.count("#D55E00") == colours.count("#0072B2") == 1
        own = RUNS[(RUNS["dataset"] == "cifar10") & (RUNS["searcher"] == panel.get_title())]
        (drawn,) = [line for line in panel.lines if line.get_color() == "#0072B2"]
        assert drawn.get_ydata()[-1] == pytest.approx(own["test_regret"].mean())
    assert len({panel.get_ylim() for panel in panels}) == 1, "panels of a figure share their axes"


def test_no_reference_no_small_multiples():
    others = RUNS[RUNS["searcher"] != "pmf_nas"]
    assert against_figures(others, steps_of(others), NAMES, rng=_rng()) == {}


def test_a_choice_of_searchers_is_checked():
    View(show=("asha",)).check(NAMES)
    with pytest.raises(InputError, match=r"--show is 'ashe', .*did you mean 'asha'"):
        View(show=("ashe",)).check(NAMES)
    with pytest.raises(InputError, match="names 9 searchers, but a figure has colours for 8"):
        View(show=tuple("abcdefghi")).check("abcdefghi")
