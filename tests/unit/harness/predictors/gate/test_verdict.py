"""The gate's test: against scipy, by hand, and its rates of false alarms and of losses noticed, simulated."""

import numpy as np
import pytest
from scipy import stats

from harness.predictors.gate.measures import MEASURES
from harness.predictors.gate.report import means_table, table, verdict
from harness.predictors.gate.verdict import adjusted_gain_p, adjusted_p, check_values, compare, loss_p, noticed
from pmfnas.core.errors import InputError

TAU, CRPS = MEASURES["tau"], MEASURES["crps_pct"]
SIZES = [160] * 9 + [48] * 15


def measures(tau, tau_top=0.4, crps=2.0):
    n = len(tau)
    return {"tau": np.asarray(tau), "tau_top": np.full(n, tau_top), "crps_pct": np.full(n, crps)}


def test_p_is_that_of_students_t():
    losses = np.random.default_rng(0).normal(0.01, 0.02, 48)
    expected = stats.ttest_1samp(losses, 0.003, alternative="greater").pvalue
    assert loss_p(losses, 0.003) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("loss", "p"), [(0.0, 1.0), (0.003, 1.0), (0.0031, 0.0), (-1.0, 1.0)])
def test_equal_losses_are_certain(loss, p):
    assert loss_p(np.full(10, loss), 0.003) == p


def test_losses_are_positive_where_it_got_worse():
    assert TAU.losses(np.array([0.8]), np.array([0.7]))[0] == pytest.approx(0.1)
    assert CRPS.losses(np.array([2.0]), np.array([2.2]))[0] == pytest.approx(np.log(1.1))


def test_levels_add_up_to_less_than_one_percent():
    assert sum(measure.level for measure in MEASURES.values()) == pytest.approx(0.009)


def test_the_same_figures_pass_and_a_loss_in_one_group_fails():
    rng = np.random.default_rng(1)
    before = {f"cifar10/n{n}/12@3": measures(rng.normal(0.8, 0.02, 48)) for n in (20, 100)}
    assert not any(c.worse for c in compare(before, before))
    now = before | {"cifar10/n20/12@3": measures(before["cifar10/n20/12@3"]["tau"] - 0.02 + rng.normal(0, 0.01, 48))}
    found = compare(before, now)
    assert [(c.cell, c.measure.name) for c in found if c.worse] == [("cifar10/n20/12@3", "tau")]
    assert "cifar10/n20/12@3: tau went from" in verdict(found)
    assert table(found).count("<") == 1


def test_better_passes():
    before = {"cifar10/n20/12@3": measures(np.linspace(0.7, 0.8, 48))}
    now = {"cifar10/n20/12@3": measures(np.linspace(0.75, 0.9, 48), crps=1.0)}
    assert verdict(compare(before, now)).startswith("as good as the reference")


def test_a_figure_that_is_gone_is_worse_and_a_new_one_is_not():
    whole, bare = ({"cifar10/n20/12@3": measures([0.8, 0.7, 0.6], crps=x)} for x in (2.0, np.nan))
    lost = compare(whole, bare)
    assert [c.measure.name for c in lost if c.worse] == ["crps_pct"]
    assert "the predictor gives no spread" in verdict(lost)
    assert "none<" in table(lost)
    gained = compare(bare, whole)
    assert [c.measure.name for c in gained] == ["tau", "tau_top"]
    assert not any(c.worse for c in gained)


def test_fewer_splits_are_the_first_of_the_reference():
    before = {"cifar10/n20/12@3": measures([0.8, 0.7, 0.1, 0.2])}
    found = compare(before, {"cifar10/n20/12@3": measures([0.8, 0.7])})
    assert found[0].reference == pytest.approx(0.75)
    assert found[0].n_splits == 2


@pytest.mark.parametrize(
    "now", [{"cifar10/n20/12@6": measures([0.8])}, {"cifar10/n20/12@3": measures([0.8, 0.7, 0.6])}]
)
def test_a_group_that_the_reference_lacks_is_refused(now):
    with pytest.raises(InputError, match="accept a new reference"):
        compare({"cifar10/n20/12@3": measures([0.8, 0.7])}, now)


def test_what_could_be_missed_is_said():
    tau = np.linspace(0.7, 0.8, 48)
    wild = tau + np.tile([0.1, -0.1], 24)
    found = compare({"cifar10/n20/12@3": measures(tau)}, {"cifar10/n20/12@3": measures(wild)})
    assert not found[0].worse
    assert "could have been missed in 1 of 1 groups" in verdict(found)


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
def test_a_loss_that_is_no_number_is_worse_in_its_group_and_changes_no_other(value):
    losses = [np.random.default_rng(i).normal(0.0, 0.02, 48) for i in range(3)]
    alone = adjusted_p(TAU, losses)
    losses[1][5] = value
    p = adjusted_p(TAU, losses)
    assert p[1] == 0.0
    assert (p[[0, 2]] > TAU.level).all()
    assert (alone > TAU.level).all()
    assert np.isnan(adjusted_gain_p(TAU, losses)).tolist() == [False, True, False]


@pytest.mark.parametrize("name", MEASURES)
@pytest.mark.parametrize(("value", "n_broken"), [(np.inf, 1), (np.nan, 1), (np.nan, 3)])
def test_a_figure_that_is_infinite_or_missing_is_worse_also_beside_gains(name, value, n_broken):
    before = {c: measures(np.linspace(0.7, 0.8, 8)) for c in ("cifar10/n20/12@3", "cifar10/n20/12@0")}
    now = {cell: {key: values.copy() for key, values in of.items()} for cell, of in before.items()}
    worse_side = -value if MEASURES[name].scale == "difference" else value
    now["cifar10/n20/12@0"][name][:n_broken] = worse_side
    found = compare(before, now)
    assert [(c.cell, c.measure.name) for c in found if c.worse] == [("cifar10/n20/12@0", name)]
    assert not any(c.better for c in found)
    assert f"cifar10/n20/12@0: {name} is infinite or missing in {n_broken} of 8 splits" in verdict(found)


def test_a_gate_that_could_miss_a_tenth_of_tau_has_compared_nothing():
    before = {"cifar10/n20/12@3": measures([0.8, 0.7])}
    found = compare(before, {"cifar10/n20/12@3": measures([0.1, 0.3])})
    assert not found[0].worse
    assert found[0].blind
    told = verdict(found)
    assert told.startswith("NOTHING WAS COMPARED: a loss of 0.1 tau could go unnoticed in 1 of 1 groups")
    assert "as good" not in told


def test_groups_that_got_better_are_named_beside_those_that_got_worse():
    tau, rng = np.linspace(0.7, 0.8, 48), np.random.default_rng(6)
    cells = ("cifar10/n20/12@3", "cifar100/n20/12@3")
    before = {cell: measures(tau) for cell in cells}
    now = {cells[0]: measures(tau - 0.05), cells[1]: measures(tau + 0.05 + rng.normal(0, 0.001, 48), crps=1.0)}
    told = verdict(compare(before, now))
    assert told.startswith("WORSE than the reference in 1 of 2 groups")
    assert "better in: tau in 1 groups: cifar100/n20/12@3 (by 0.05" in told
    assert "better in: crps_pct in 1 groups: cifar100/n20/12@3 (by 50.0 %)" in told


def test_a_reference_with_gaps_compares_with_nothing_and_is_refused():
    broken = measures([0.8, 0.7, 0.6])
    broken["crps_pct"][1] = np.inf
    with pytest.raises(InputError, match="the reference's cifar10/n20/12@3 has 1 values of crps_pct"):
        compare({"cifar10/n20/12@3": broken}, {"cifar10/n20/12@3": measures([0.8, 0.7, 0.6])})
    with pytest.raises(InputError, match="3 values of tau"):
        check_values(measures(np.full(3, np.nan)), "mine in cifar10")
    check_values(measures([0.8, 0.7], crps=np.nan), "one without a spread")


def test_means_are_shown_where_there_is_no_reference():
    shown = means_table({"cifar10/n20/12@3": measures([0.8, 0.7], crps=np.nan)}).splitlines()
    assert shown[1].split() == ["cifar10/n20/12@3", "2", "0.750", "0.400", "-"]


def _normal(rng, n):
    return rng.standard_normal(n)


def _heavy(rng, n):
    return rng.standard_t(3, n) / np.sqrt(3.0)


def _skewed(rng, n):
    """Rare large losses, many small gains: what a fit that sometimes collapses does."""
    return rng.gamma(4.0, 0.5, n) - 2.0


@pytest.mark.parametrize("scatter", [_normal, _heavy])
def test_false_alarms_at_the_margin_are_below_one_percent(scatter):
    rng, n_runs = np.random.default_rng(2), 300
    alarms = 0
    for _ in range(n_runs):
        losses = [TAU.margin + 0.03 * scatter(rng, n) for n in SIZES]
        alarms += bool((adjusted_p(TAU, losses) <= TAU.level).any())
    assert alarms / n_runs <= TAU.level + 3 * np.sqrt(TAU.level / n_runs)


def test_false_alarms_of_equal_predictors_are_rare_also_where_losses_are_skewed():
    rng, n_runs = np.random.default_rng(3), 300
    alarms = 0
    for _ in range(n_runs):
        losses = [0.02 * _skewed(rng, n) for n in SIZES]
        alarms += bool((adjusted_p(TAU, losses) <= TAU.level).any())
    assert alarms / n_runs <= 0.009


@pytest.mark.parametrize(("n", "std"), [(160, 0.04), (48, 0.02)])
def test_a_loss_of_two_hundredths_is_noticed(n, std):
    rng, n_runs, place = np.random.default_rng(4), 100, SIZES.index(n)
    seen = 0
    for _ in range(n_runs):
        losses = [np.zeros(size) for size in SIZES]
        losses[place] = rng.normal(0.02, std, n)
        seen += bool(adjusted_p(TAU, losses)[place] <= TAU.level)
    assert seen / n_runs >= 0.9


def test_noticed_is_the_loss_that_is_noticed_nine_times_in_ten():
    rng, level, one = np.random.default_rng(5), 0.0003, np.tile([1.0, -1.0], 24)
    size = noticed(0.02 * one / one.std(ddof=1), 0.003, level)
    share = np.mean([loss_p(row, 0.003) <= level for row in rng.normal(size, 0.02, (2000, 48))])
    assert 0.86 < share < 0.93
