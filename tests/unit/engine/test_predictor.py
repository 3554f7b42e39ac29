from collections.abc import Sequence

import numpy as np
import pytest

from pmfnas.core.types import Arch, Curve
from pmfnas.engine.ladder import Level
from pmfnas.engine.model.curves import logit
from pmfnas.engine.pool import Pool
from pmfnas.engine.predictor import Predictor
from pmfnas.engine.settings import Settings
from pmfnas.spaces import space_for
from pmfnas.testing.grid import GridSpace

GRID = GridSpace((5, 5, 5))
PLAIN = Settings(capacity_belief=0.0, max_points=60)


def curve(valid: float, *, epochs: int = 12, mark: float = 0.0) -> Curve:
    train = np.linspace(10.0 + mark, valid, epochs)
    return Curve(0, 3.0 - train / 50.0, train, (epochs,), np.array([1.0]), np.array([valid]))


def predictor(settings: Settings = PLAIN, *, seed: int = 0) -> tuple[Predictor, Pool]:
    rng = np.random.default_rng(seed)
    pool = Pool(GRID, settings, rng=rng)
    return Predictor(pool, settings, rng=rng), pool


def value(arch: Arch) -> float:
    return 40.0 + 3.0 * sum(arch)


def teach(p: Predictor, archs: Sequence[Arch], *, noise: float = 0.0) -> None:
    rng = np.random.default_rng(1)
    for arch in archs:
        p.tell(arch, Level.MEDIUM, curve(value(arch) + noise * rng.standard_normal(), mark=rng.uniform()))


def some(n: int, *, seed: int = 0) -> list[Arch]:
    order = np.random.default_rng(seed).permutation(125)[:n]
    return [tuple(int(v) for v in np.unravel_index(i, (5, 5, 5))) for i in order]


def test_unseen_archs_are_ranked_by_what_their_relatives_scored() -> None:
    p, pool = predictor()
    teach(p, some(40))
    rest = [a for a in some(125) if a not in some(40)]
    found = p.posterior([pool.place(a) for a in rest])
    mean, std = found.mean, found.std
    truth = np.array([value(a) for a in rest])
    good = truth > np.median([value(a) for a in some(40)])  # the worse half is compressed on purpose
    assert np.corrcoef(mean[good], truth[good])[0, 1] > 0.95
    assert (std > 0).all()


def test_intervals_hold_what_they_promise() -> None:
    p, pool = predictor()
    teach(p, some(50), noise=2.0)
    rest = [a for a in some(125) if a not in some(50)]
    found = p.posterior([pool.place(a) for a in rest])
    mean, std = found.mean, found.std
    z = (np.array([logit(value(a)) for a in rest]) - mean) / std
    assert 0.6 < np.mean(np.abs(z) < 1.645) <= 1.0


def test_a_copied_trial_counts_once_and_a_replicate_twice() -> None:
    cells = space_for("nb201", n_classes=10, image_size=32)
    rng = np.random.default_rng(0)
    pool = Pool(cells, Settings(max_pool=10), rng=rng)
    p = Predictor(pool, PLAIN, rng=rng)
    arch, twin = (1, 0, 0, 3, 0, 0), (0, 1, 0, 3, 0, 0)  # isomorphs
    pool.add_neighbours((1, 1, 0, 3, 0, 0))  # of both
    p.tell(arch, Level.MEDIUM, curve(60.0))
    p.tell(twin, Level.MEDIUM, curve(60.0))
    assert len(p.promise) == 1
    p.tell(twin, Level.MEDIUM, curve(60.0, mark=0.5))
    assert len(p.promise) == 2


def test_the_pick_is_shrunk_towards_what_relatives_say() -> None:
    p, _ = predictor(Settings(capacity_belief=0.0, noise_share=0.9))
    lucky, solid = (0, 0, 1), (4, 4, 4)
    teach(p, [a for a in some(60) if a not in (lucky, solid)], noise=3.0)
    p.tell(solid, Level.MEDIUM, curve(76.0))
    p.tell(lucky, Level.MEDIUM, curve(76.5))
    assert p.final(24).archs[0] == solid


def test_the_capacity_belief_orders_equals_by_size_and_none_leaves_them() -> None:
    def promises(belief: float) -> list[float]:
        p, pool = predictor(Settings(capacity_belief=belief, capacity_std=0.0))
        for mark, arch in enumerate(some(8)):
            p.tell(arch, Level.MEDIUM, curve(50.0, mark=float(mark)))
        archs = sorted(some(20), key=GRID.flops_m)
        return [float(x) for x in p.posterior([pool.place(a) for a in archs]).mean]

    believed = promises(0.05)
    assert believed == sorted(believed)
    assert believed[0] < 0.0 < believed[-1]
    assert promises(0.1) == pytest.approx([2.0 * x for x in believed])
    assert promises(0.0) == pytest.approx([0.0] * 20)


def test_the_diverged_are_no_candidates_but_a_warning() -> None:
    p, pool = predictor()
    teach(p, [a for a in some(40) if a[0] < 4])
    for arch in [(4, 0, 0), (4, 4, 0), (4, 0, 4), (4, 2, 2), (4, 4, 4)]:
        p.tell(arch, Level.MEDIUM, None)
    assert all(a[0] < 4 for a in p.final(24).archs)
    mean = p.posterior([pool.place((3, 3, 3)), pool.place((4, 3, 3))]).mean
    assert mean[0] > mean[1]


def test_memory_is_bounded_and_keeps_best_and_refined() -> None:
    p, _ = predictor(Settings(max_points=30, capacity_belief=0.0))
    worst, best = (0, 0, 0), (4, 4, 4)
    order = [worst, best, *(a for a in some(125) if a not in (worst, best))]
    p.tell(worst, Level.MEDIUM, curve(value(worst)))
    p.tell(worst, Level.HIGH, curve(80.0, epochs=200))
    teach(p, order[1:])
    assert len(p.promise) <= 1.25 * 30 + 1
    assert {worst, best} <= set(p.final(40).archs)


def test_equal_scores_are_survived() -> None:
    p, _ = predictor()
    for arch in some(20):
        p.tell(arch, Level.MEDIUM, curve(50.0, mark=float(sum(arch))))
    assert p.final(24).mean == pytest.approx(0.0, abs=1e-6)
    assert p.posterior([0, 1]).std == pytest.approx(0.0, abs=1e-4)


def test_probes_of_a_lower_loss_raise_an_arch_among_equals() -> None:
    p, _ = predictor()
    teach(p, some(20))
    for arch, valid in (((4, 4, 4), 76.0), ((4, 4, 3), 76.0)):
        p.tell(arch, Level.MEDIUM, curve(valid, mark=float(arch[2])))
    first, second = p.final(10).archs[:2]
    p.tell(first, Level.PROBE, Curve(0, np.array([0.5]), np.array([80.0])))
    p.tell(second, Level.PROBE, Curve(0, np.array([0.1]), np.array([80.0])))
    assert p.final(10).archs[0] == second


def test_a_probe_without_a_loss_is_no_sighting() -> None:
    p, _ = predictor()
    teach(p, some(20))
    p.tell(some(20)[0], Level.PROBE, Curve(0, np.array([np.nan]), np.array([80.0])))
    assert p.final(40).sighted == {}


def test_what_lies_below_the_median_is_promised_no_more_than_it_scored() -> None:
    p, _ = predictor()
    teach(p, some(30))
    promise = dict(zip(some(30), p.promise, strict=True))
    belief = p.final(30)
    mean = dict(zip(belief.archs, belief.mean, strict=True))
    for arch in sorted(some(30), key=value)[:3]:
        assert promise[arch] == pytest.approx(logit(value(arch)), abs=0.15)
        assert mean[arch] == pytest.approx(promise[arch])


def test_an_arch_that_diverged_once_is_no_candidate_whatever_was_seen_of_it() -> None:
    p, _ = predictor()
    teach(p, some(40))
    first, second = p.final(40).archs[:2]
    p.tell(first, Level.PROBE, curve(60.0, epochs=25))
    p.tell(second, Level.HIGH, curve(90.0, epochs=200))
    for lost in (first, second):
        p.tell(lost, Level.MEDIUM, None)
        assert lost not in p.final(40).archs
        assert np.isfinite(p.final(40).mean).all()


def test_new_finds_stay_candidates_when_many_have_been_seen_at_the_last_schedule() -> None:
    p, _ = predictor()
    known = sorted(some(125), key=value)[:60]
    teach(p, known)
    for arch in p.final(40).archs:
        p.tell(arch, Level.PROBE, curve(60.0, epochs=25))
    find = max(some(125), key=value)
    teach(p, [find])
    belief = p.final(40)
    assert find in [belief.archs[i] for i in belief.unsighted()]
    assert len(belief.archs) == 45


def test_the_early_curve_has_its_say_whatever_else_was_told() -> None:
    small, large = (0, 0, 1), (4, 4, 3)
    for n_scores in (0, 1, 30):
        p, pool = predictor()
        for arch in [a for a in some(n_scores + 2) if a not in (small, large)][:n_scores]:
            p.tell(arch, Level.LOW, curve(value(arch) - 20.0, epochs=3))
            teach(p, [arch])
        before = p.posterior([pool.place(small), pool.place(large)])
        p.tell(small, Level.LOW, curve(60.0, epochs=3))
        p.tell(large, Level.LOW, curve(10.0, epochs=3))
        after = p.posterior([pool.place(small), pool.place(large)])
        assert after.mean[0] - after.mean[1] > before.mean[0] - before.mean[1] + 0.01
        assert (after.std[0] > 1e-3).all()


def test_early_curves_of_archs_that_never_go_on_teach_about_their_relatives() -> None:
    p, pool = predictor()
    teach(p, [(2, 2, 2), (2, 1, 2), (2, 2, 1), (1, 2, 2)])
    relatives = [pool.place((4, 4, 3)), pool.place((0, 0, 1))]
    before = p.posterior(relatives).mean
    for arch, valid in (((4, 4, 4), 8.0), ((4, 3, 4), 9.0), ((0, 0, 0), 55.0), ((0, 1, 0), 54.0)):
        p.tell(arch, Level.LOW, curve(valid, epochs=3))
    after = p.posterior(relatives).mean
    assert after[0] - after[1] < before[0] - before[1]
    assert len(p.final(24).archs) == 4  # none of them is a candidate
    assert np.isfinite(p.standing.best)


def test_how_much_an_early_curve_tells_is_learnt() -> None:
    def moved(noise: float) -> float:
        rng = np.random.default_rng(0)
        p, pool = predictor()
        for arch in some(40):
            p.tell(arch, Level.LOW, curve(max(value(arch) - 20.0 + noise * rng.standard_normal(), 5.0), epochs=3))
            p.tell(arch, Level.MEDIUM, curve(value(arch) + 0.01 * rng.standard_normal()))
        arch = next(a for a in some(125) if a not in some(40) and value(a) > 60.0)
        before = p.posterior([pool.place(arch)]).mean[0]
        p.tell(arch, Level.LOW, curve(5.0, epochs=3))
        return float(before - p.posterior([pool.place(arch)]).mean[0])

    assert moved(0.5) > 2.0 * moved(25.0) > 0.0


def test_scores_that_fall_with_capacity_take_the_lift_away() -> None:
    def gap(sign: float, belief: float) -> float:
        p, pool = predictor(Settings(capacity_belief=belief, capacity_std=0.0))
        for arch in some(30):
            p.tell(arch, Level.MEDIUM, curve(50.0 + sign * 2.0 * sum(arch), mark=0.001 * sum(arch)))
        mean = p.posterior([pool.place((0, 0, 0)), pool.place((4, 4, 4))]).mean
        return float(mean[1] - mean[0])

    assert gap(1.0, 0.05) > gap(1.0, 0.0) + 0.1
    assert gap(-1.0, 0.05) == pytest.approx(gap(-1.0, 0.0), abs=1e-3)
