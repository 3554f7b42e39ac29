"""A landscape keeps its promises: who is best, what capacity is worth, what trainings show and cost."""

import numpy as np
import pytest

from baselines.most_params import MostParams
from pmfnas.core.errors import InputError, UnavailableError
from pmfnas.core.types import Arch, FloatArray, Train
from pmfnas.testing.grid import GridSpace
from pmfnas.testing.landscapes import NAMES, Landscape, compare_on, landscape, reflected
from pmfnas.testing.landscapes.__main__ import main
from pmfnas.testing.landscapes.landscape import log_odds, percent

GRID = GridSpace((7, 7, 7, 7))
GRIDS = [
    f"grid-{shape}-{surface}"
    for shape in ("rising", "reversed", "saturating", "irrelevant")
    for surface in ("smooth", "rugged")
]


def capacity(found: Landscape) -> FloatArray:
    """Return standardised log FLOPs of every arch: seconds grow with FLOPs."""
    z = np.log(found.cost)
    return np.asarray((z - z.mean()) / z.std())


def all_archs(found: Landscape) -> list[Arch]:
    return [tuple(int(i) for i in arch) for arch in np.ndindex(*found.space.cardinalities)]


@pytest.mark.parametrize("name", GRIDS)
def test_accuracies_are_the_quantile_function_and_the_best_is_known(name: str) -> None:
    found = landscape(name)
    n = len(found.acc_pct)
    ranks = np.arange(1, n + 1) / n
    assert np.sort(found.acc_pct) == pytest.approx(73.5 - 11.0 * (-np.log(ranks)) ** 0.6)
    assert found.best_pct == 73.5
    best = all_archs(found)[int(found.acc_pct.argmax())]
    assert found.regret_pct(best) == 0.0
    assert found.regret_pct(None) == pytest.approx(np.ptp(found.acc_pct))


@pytest.mark.parametrize(
    ("shape", "low", "high"), [("rising", 0.5, 0.8), ("reversed", -0.8, -0.5), ("irrelevant", -0.1, 0.1)]
)
@pytest.mark.parametrize("space", ["cells", "grid"])
@pytest.mark.parametrize("surface", ["smooth", "rugged"])
def test_capacity_is_worth_what_the_shape_says(space: str, shape: str, surface: str, low: float, high: float) -> None:
    found = landscape(f"{space}-{shape}-{surface}")
    ranks = found.acc_pct.argsort().argsort()
    assert low < np.corrcoef(capacity(found), ranks)[0, 1] < high


def test_above_the_mean_saturating_capacity_is_worth_nothing_and_below_it_is() -> None:
    below, above = [], []
    for seed in range(12):
        found = landscape("grid-saturating-rugged", seed=seed)
        z, ranks = capacity(found), found.acc_pct.argsort().argsort()
        below.append(np.corrcoef(z[z < 0.0], ranks[z < 0.0])[0, 1])
        above.append(np.corrcoef(z[z > 0.0], ranks[z > 0.0])[0, 1])
    assert np.mean(below) > 0.45
    assert abs(np.mean(above)) < 0.15


def test_a_rugged_surface_differs_more_between_neighbours_than_a_smooth_one() -> None:
    def roughness(name: str) -> float:
        found = landscape(name)
        ranks = found.acc_pct.argsort().argsort().reshape(found.space.cardinalities) / len(found.acc_pct)
        return float(np.mean([np.abs(np.diff(ranks, axis=axis)).mean() for axis in range(ranks.ndim)]))

    assert roughness("grid-irrelevant-rugged") > 2.0 * roughness("grid-irrelevant-smooth")


def test_isomorphs_share_their_truth() -> None:
    found = landscape("cells-reversed-rugged")
    acc = {arch: float(value) for arch, value in zip(all_archs(found), found.acc_pct, strict=True)}
    arch, twin = (1, 0, 0, 3, 0, 0), (0, 1, 0, 3, 0, 0)
    assert found.space.canonical(arch) == found.space.canonical(twin)
    assert acc[arch] == acc[twin]
    assert 4_000 < len(set(acc.values())) <= 6_466


def test_a_full_training_shows_the_truth_and_a_trial() -> None:
    found = landscape("grid-reversed-smooth")
    archs = all_archs(found)[::97]
    ends = np.array([[found.train(Train(a, "200", 0, 200), t)[0].last_valid_acc for t in range(3)] for a in archs])
    errors = log_odds(ends) - log_odds(found.acc_pct[::97])[:, None]
    assert abs(errors.mean()) < 0.01
    assert errors.std() == pytest.approx(0.02, rel=0.3)
    assert np.corrcoef(errors.T)[0, 1] < 0.5  # trials of one arch are independent


@pytest.mark.parametrize(("shape", "sign"), [("reversed", -1.0), ("rising", 1.0), ("irrelevant", 0.0)])
def test_a_short_training_hides_what_capacity_is_worth_in_the_end(shape: str, sign: float) -> None:
    found = landscape(f"grid-{shape}-smooth")
    archs = all_archs(found)[::11]
    medium = log_odds(np.array([found.train(Train(a, "12", 0, 12), 0)[0].last_valid_acc for a in archs]))
    hidden = log_odds(found.acc_pct[::11]) - medium - 0.35
    slope = np.polyfit(capacity(found)[::11], hidden, 1)[0]
    assert slope == pytest.approx(0.05 * sign, abs=0.004)
    assert hidden.mean() == pytest.approx(0.0, abs=0.01)


def test_seconds_grow_with_flops_and_epochs_and_a_run_goes_on_where_it_was() -> None:
    found = landscape("grid-reversed-smooth")
    large, small = (6, 6, 6, 6), (0, 0, 0, 0)
    costs = [found.train(Train(arch, "12", 0, 12), 0)[1] for arch in (large, small)]
    assert costs[0].train_s == pytest.approx(240.0)
    assert costs[0].train_s / costs[1].train_s == pytest.approx(GRID.flops_m(large) / GRID.flops_m(small))
    whole, part = (found.train(Train(large, "12", start, 12), 1)[0] for start in (0, 3))
    assert part.train_acc.tolist() == whole.train_acc[3:].tolist()
    mean = np.mean([found.train(Train(a, "12", 0, 12), 0)[1].total_s for a in all_archs(found)])
    assert found.medium_s == pytest.approx(mean)


@pytest.mark.parametrize(
    ("request_", "trial"),
    [(Train((0,) * 4, "12", 0, 13), 0), (Train((0,) * 4, "200", 0, 9), 0), (Train((0,) * 4, "12", 0, 3), 3)],
)
def test_what_does_not_exist_is_refused(request_: Train, trial: int) -> None:
    with pytest.raises(UnavailableError, match="does not exist"):
        landscape("grid-rising-smooth").train(request_, trial)


def test_given_values_only_change_hands_and_rising_leaves_them() -> None:
    z = np.log([GRID.flops_m(arch) for arch in all_archs(landscape("grid-rising-smooth"))])
    noise = np.random.default_rng(0).standard_normal(len(z))
    values = percent(0.8 * (z - z.mean()) / z.std() + 0.5 * noise)
    same, turned, flat = (reflected(shape, GRID, values, shape) for shape in ("rising", "reversed", "irrelevant"))
    assert same.acc_pct == pytest.approx(values)
    for found, times in ((turned, 2.0), (flat, 1.0)):
        assert np.sort(found.acc_pct) == pytest.approx(np.sort(values))
        y, better = log_odds(values), values >= np.median(values)
        slope = np.polyfit(z[better], y[better], 1)[0]
        by_hand = y - times * slope * z
        assert found.acc_pct.argsort().tolist() == by_hand.argsort().tolist()


def test_values_of_another_number_of_archs_are_refused() -> None:
    with pytest.raises(InputError, match=r"shape \(3,\), but must hold a value for each of 2401 archs"):
        reflected("mine", GRID, np.ones(3), "reversed")
    with pytest.raises(InputError, match="shape is 'bent', but must be one of: rising, reversed"):
        reflected("mine", GRID, np.ones(2401), "bent")


@pytest.mark.parametrize(
    "name", ["cells", "cells-bent-smooth", "moon-rising-smooth", "grid-rising-flat", "grid-rising-smooth-x"]
)
def test_an_unknown_landscape_is_refused(name: str) -> None:
    with pytest.raises(InputError, match=rf"landscape is '{name}', but must be SPACE-SHAPE-SURFACE"):
        landscape(name)


def test_the_suite_holds_every_shape_but_rising_on_cells_and_grids_both_smooth_and_rugged() -> None:
    parts = {tuple(name.split("-")) for name in NAMES}
    assert {(space, shape) for space, shape, _ in parts} >= {
        (space, shape) for space in ("cells", "grid") for shape in ("reversed", "irrelevant", "saturating")
    }
    assert {(space, surface) for space, _, surface in parts} >= {
        (space, surface) for space in ("cells", "grid", "sizes") for surface in ("smooth", "rugged")
    }


def test_a_searcher_that_trusts_in_size_is_far_behind_where_size_harms_and_the_table_says_so() -> None:
    found = landscape("grid-reversed-smooth")
    compared = compare_on(found, {"largest": MostParams}, (2, 5), range(3))
    assert compared.regret_pct.shape == (1, 2, 3)
    assert compared.regret_pct[0, 0] == pytest.approx(found.regret_pct((6, 6, 6, 6)))  # it trains one or two archs
    assert compared.regret_pct.min() > 0.9 * found.regret_pct((6, 6, 6, 6)) > 8.0
    mean, error = compared.regret_pct[0, 1].mean(), compared.regret_pct[0, 1].std(ddof=1) / np.sqrt(3)
    shown = str(compared).splitlines()[1].split()
    assert shown == [
        "largest",
        f"{found.regret_pct((6, 6, 6, 6)):.2f}",
        "±",
        "0.00",
        f"{mean:.2f}",
        "±",
        f"{error:.2f}",
    ]


def test_one_seed_is_refused() -> None:
    with pytest.raises(InputError, match="1, 1 and 1 in number, but must be 1, 1 and 2 at least"):
        compare_on(landscape("grid-rising-smooth"), {"largest": MostParams}, (2,), range(1))


def test_the_command_prints_a_table_per_landscape_and_refuses_an_unknown_searcher(capsys) -> None:
    size = ["--medium", "2", "--seeds", "2"]
    assert (
        main(["grid-rising-smooth", "grid-reversed-smooth", "--searcher", "baselines.most_params:MostParams", *size])
        == 0
    )
    out = capsys.readouterr().out
    assert out.count("regret in points at 2 medium trainings") == 2
    assert out.count("MostParams") == 2
    assert main(["grid-rising-smooth", "--searcher", "nowhere:Nobody", *size]) == 2
    assert "must be MODULE:CLASS of a searcher" in capsys.readouterr().err
