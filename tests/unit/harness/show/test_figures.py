"""Figures: files, repeatable bytes, what they say, and what is drawn; the library's settings stay as they were."""

from pathlib import Path

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure

from harness.show import figures
from harness.show.figures import accuracy_figure, final_figure, ranked, regret_figure
from harness.show.looks import GREY, LEADING, MOST_COLOURED, highlighted, stage_colours
from harness.show.panels import write_figure
from harness.stats.runs import checked_runs
from pmfnas.core.errors import InputError
from tests.support.frames import runs_of, some_runs, steps_of

RUNS = some_runs()
STEPS = steps_of(RUNS)
CEILINGS = {"cifar10": 94.0, "cifar100": 73.0}


def _accuracy() -> Figure:
    return accuracy_figure(RUNS, STEPS, ceilings=CEILINGS, rng=np.random.default_rng(0))


def _regret() -> Figure:
    return regret_figure(RUNS, STEPS, rng=np.random.default_rng(0))


def _final() -> Figure:
    return final_figure(RUNS, ceilings=CEILINGS)


MAKERS = [_accuracy, _regret, _final]


def _texts(figure: Figure) -> str:
    return " ".join(" ".join(text.get_text() for text in figure.texts).split())


@pytest.mark.parametrize("make", MAKERS)
def test_files_parse_and_repeat_byte_for_byte(make, tmp_path: Path) -> None:
    before = dict(matplotlib.rcParams)
    first, again = (write_figure(make(), tmp_path / name, "figure") for name in ("a", "b"))
    assert [path.name for path in first] == ["figure.png", "figure.pdf"]
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in again]
    assert first[0].read_bytes().startswith(b"\x89PNG\r\n")
    assert first[1].read_bytes().startswith(b"%PDF-")
    for path in first:
        assert b"Matplotlib v" not in path.read_bytes()
        assert b"CreationDate" not in path.read_bytes()
    assert dict(matplotlib.rcParams) == before


@pytest.mark.parametrize("make", MAKERS)
def test_every_figure_says_what_it_shows(make) -> None:
    figure = make()
    assert [panel.get_title() for panel in figure.axes] == ["cifar10", "cifar100"]
    caption = _texts(figure)
    assert "ANCHORED data 0123456789ab, budget 1.00 h, 2 workers, resume accounting, n = 24" in caption
    assert "no claim" not in caption


def test_the_curve_is_the_mean_over_gpu_hours() -> None:
    panel = _accuracy().axes[0]
    thick = max(panel.lines, key=lambda line: line.get_linewidth())
    assert thick.get_color() == "#D55E00"
    hours, mean = np.asarray(thick.get_xdata()), np.asarray(thick.get_ydata())
    ours = RUNS[(RUNS["dataset"] == "cifar10") & (RUNS["searcher"] == "pmf_nas")]["test"].mean()
    assert hours[-1] == pytest.approx(2.0)
    assert mean[-1] == pytest.approx(ours)
    assert mean[np.searchsorted(hours, 2 * 300 / 3600)] == pytest.approx(ours - 2)
    low, high = panel.get_ylim()
    assert ours - 2 < low < ours < high


@pytest.mark.parametrize("make", [_accuracy, _regret])
def test_every_line_is_named_at_its_end(make) -> None:
    for panel in make().axes:
        named = {text.get_text(): text for text in panel.texts}
        assert sorted(named) == ["asha", "most_params", "pmf_nas", "random_search"]
        heights = sorted(text.get_position()[1] for text in named.values())
        assert min(np.diff(heights)) * 2.1 * 72 > 6.8, "names of 6.8 points do not overlap in 2.1 inches"
        order = sorted(named, key=lambda name: named[name].get_position()[1])
        curves = [line for line in panel.lines if len(line.get_xdata()) > 2]
        ends = {_name_of(line, named): line.get_ydata()[-1] for line in curves}
        assert [ends[name] for name in order] == sorted(ends.values())


def test_names_of_lines_that_end_together_do_not_overlap() -> None:
    ends = {"pmf_nas": [93.02] * 2, "asha": [93.01] * 2, "tpe": [93.0] * 2, "bohb": [92.9] * 2}
    runs = runs_of({"cifar10": ends})
    panel = accuracy_figure(runs, steps_of(runs), rng=np.random.default_rng(0)).axes[0]
    places = {text.get_text(): text.get_position()[1] for text in panel.texts}
    assert sorted(places, key=places.get) == ["bohb", "tpe", "asha", "pmf_nas"]
    assert min(np.diff(sorted(places.values()))) * 2.1 * 72 > 6.8, "6.8 points high, in 2.1 inches"


def _name_of(line, named) -> str:
    """Return the name whose text has the colour of the line, darkened."""
    dark = [tuple(round(0.72 * part, 6) for part in matplotlib.colors.to_rgb(line.get_color()))]
    (name,) = [n for n, text in named.items() if tuple(round(part, 6) for part in text.get_color()) in dark]
    return name


def _many(n: int = 14):
    """Searchers of rising accuracy: the last is the best; pmf_nas is the worst."""
    names = ["pmf_nas", *(f"searcher_{i}" for i in range(1, n))]
    return runs_of({"cifar10": {name: [92.0 + i / 10, 92.1 + i / 10] for i, name in enumerate(names)}})


def test_the_leading_six_are_in_colour_and_the_others_grey() -> None:
    runs = _many()
    figure = accuracy_figure(runs, steps_of(runs), rng=np.random.default_rng(0))
    curves = [line for line in figure.axes[0].lines if len(line.get_xdata()) > 2]
    coloured = [line for line in curves if line.get_color() != GREY]
    assert len(curves) == 14
    assert len(coloured) == LEADING == 6
    assert len({line.get_color() for line in coloured}) == 6, "no colour is used twice"
    assert {line.get_linewidth() for line in curves if line.get_color() == GREY} == {0.7}
    named = sorted(text.get_text() for text in figure.axes[0].texts)
    assert named == ["pmf_nas", "searcher_10", "searcher_11", "searcher_12", "searcher_13", "searcher_9"]
    assert "Grey: searcher_8, searcher_7, searcher_6" in _texts(figure)
    assert "n < 20: no claim" in _texts(figure)


def test_show_chooses_who_is_in_colour() -> None:
    names = ranked(checked_runs(_many()))
    assert names[:2] == ["searcher_13", "searcher_12"]
    styles = highlighted(names, ("searcher_1", "searcher_2"))
    assert [name for name, style in styles.items() if style.colour != GREY] == ["searcher_2", "searcher_1"]
    with_reference = highlighted(names, ("searcher_1", "pmf_nas"))
    assert next(iter(with_reference)) == "pmf_nas"
    assert with_reference["pmf_nas"].width > with_reference["searcher_1"].width
    everybody = highlighted([*names[: MOST_COLOURED - 1], "pmf_nas"])
    assert len({style.colour for style in everybody.values()} - {GREY}) == MOST_COLOURED


def test_a_mean_regret_of_zero_stands_on_the_lower_edge() -> None:
    runs = runs_of({"cifar10": {"pmf_nas": [94.0, 94.0], "asha": [93.0, 93.5]}})
    panel = regret_figure(runs, steps_of(runs), rng=np.random.default_rng(0)).axes[0]
    assert panel.get_xscale() == panel.get_yscale() == "log"
    thick = max(panel.lines, key=lambda line: line.get_linewidth())
    assert np.asarray(thick.get_ydata())[-1] == pytest.approx(0.375)  # half of asha's .75
    assert panel.get_ylim()[0] < 0.375
    validation = regret_figure(runs, steps_of(runs), column="valid_regret", rng=np.random.default_rng(0))
    assert "validation regret" in validation.axes[0].get_ylabel()


def test_a_searcher_far_below_is_named_instead_of_drawn() -> None:
    runs = runs_of({"cifar10": {"a": [93.9] * 3, "b": [93.8] * 3, "c": [93.7] * 3, "lost": [54.3] * 3}})
    panel = accuracy_figure(runs, steps_of(runs), rng=np.random.default_rng(0)).axes[0]
    assert panel.get_ylim()[0] > 92
    assert sorted(text.get_text() for text in panel.texts) == ["a", "b", "below:\nlost 54.3", "c"]


def test_a_mean_that_fell_again_stays_inside() -> None:
    runs = runs_of({"cifar10": {"a": [93.0] * 3, "b": [92.5] * 3}})
    steps = steps_of(runs)
    early = steps["time_s"] == 100
    panel = accuracy_figure(
        runs, steps.assign(test=steps["test"].where(~early, 93.8)), rng=np.random.default_rng(0)
    ).axes[0]
    assert panel.get_ylim()[1] > 93.8


def test_boxes_are_sorted_and_runs_off_the_axis_counted() -> None:
    values = {"a": [93.0 + i / 1000 for i in range(30)], "b": [93.5] * 29 + [60.0]}
    assert not final_figure(runs_of({"cifar10": {"a": values["a"]}})).axes[0].texts
    panel = final_figure(runs_of({"cifar10": values})).axes[0]
    assert [text.get_text() for text in panel.get_yticklabels()] == ["a", "b"]  # b's mean is 92.4
    assert [text.get_text() for text in panel.texts] == ["<1"]
    assert panel.get_xlim()[0] > 90


def test_failed_runs_are_left_out_and_said() -> None:
    runs = RUNS.copy()
    runs.loc[(runs["searcher"] == "asha") & (runs["dataset"] == "cifar10"), "status"] = "failed"
    for figure in (accuracy_figure(runs, STEPS, rng=np.random.default_rng(0)), final_figure(runs)):
        assert "24 failed runs left out" in _texts(figure)


@pytest.mark.parametrize("n_seeds", [1, 2])
def test_one_searcher_with_hardly_a_run_can_be_drawn(n_seeds: int, tmp_path: Path) -> None:
    runs = runs_of({"cifar10": {"asha": [94.0] * n_seeds}})
    steps = steps_of(runs)
    write_figure(accuracy_figure(runs, steps, rng=np.random.default_rng(0)), tmp_path, "accuracy")
    write_figure(regret_figure(runs, steps, rng=np.random.default_rng(0)), tmp_path, "regret")
    write_figure(final_figure(runs), tmp_path, "final")
    assert len(list(tmp_path.iterdir())) == 6


def test_data_sets_under_different_rules_are_told_apart() -> None:
    runs = RUNS.copy()
    runs.loc[runs["dataset"] == "cifar10", "budget_s"] = 1800.0
    caption = _texts(final_figure(runs))
    assert "cifar10: ANCHORED data 0123456789ab, budget 0.50 h" in caption
    assert "cifar100: ANCHORED data 0123456789ab, budget 1.00 h" in caption


def test_a_data_set_without_ok_runs_has_no_panel() -> None:
    failed = RUNS.copy()
    failed.loc[failed["dataset"] == "cifar10", "status"] = "failed"
    for figure in (accuracy_figure(failed, STEPS, rng=np.random.default_rng(0)), final_figure(failed)):
        assert [panel.get_title() for panel in figure.axes] == ["cifar100"]
        assert "n = 0; cifar100: ANCHORED" in _texts(figure)
        assert "nan" not in _texts(figure)


def test_nothing_ok_is_an_input_error() -> None:
    failed = RUNS.assign(status="failed")
    with pytest.raises(InputError, match="no ok run"):
        accuracy_figure(failed, STEPS, rng=np.random.default_rng(0))
    with pytest.raises(InputError, match="no ok run"):
        final_figure(failed)


def test_importing_draws_nothing() -> None:
    assert not hasattr(figures, "plt")


def test_a_stage_keeps_its_colour_and_requests_without_one_are_grey():
    colours = stage_colours(["a", "", "b", "a"])
    assert list(colours) == ["a", "", "b"]
    assert len(set(colours.values())) == 3
    assert colours[""] == "#888888"
    assert stage_colours(["a", "b"])["a"] == colours["a"]
