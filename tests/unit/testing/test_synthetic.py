"""The synthetic benchmark: deterministic, smooth, crossing, and honest about what it has."""

import numpy as np
import pytest
from scipy.stats import kendalltau

from pmfnas.core.errors import InputError, UnavailableError
from pmfnas.core.types import Cost, Schedule, Train
from pmfnas.spaces import CellSpace
from pmfnas.testing.grid import GridSpace
from pmfnas.testing.synthetic import LATENCY_MS, SyntheticBenchmark

ALL = tuple(range(1, 13))


@pytest.fixture(scope="module")
def benchmark():
    return SyntheticBenchmark(GridSpace())


@pytest.fixture(scope="module")
def archs(benchmark):
    rng = np.random.default_rng(0)
    return [benchmark.space.sample(rng=rng) for _ in range(150)]


def final(benchmark, arch, schedule="200", trial=0):
    epochs = benchmark.fidelities[schedule].epochs
    return benchmark.train(Train(arch, schedule, 0, epochs), trial)[0].last_valid_acc


def test_the_short_schedule_is_validated_throughout_and_the_last_at_its_end(benchmark):
    short, long = benchmark.fidelities.schedules
    assert (short.name, short.epochs, short.validation_epochs) == ("12", 12, frozenset(ALL))
    assert (long.name, long.epochs, long.validation_epochs) == ("200", 200, frozenset({200}))


def test_schedules_can_be_chosen():
    only = SyntheticBenchmark(GridSpace(), schedules=("9",)).fidelities["9"]
    assert only.validation_epochs == frozenset(range(1, 10))
    given = Schedule("long", 30, frozenset({10, 30}))
    assert SyntheticBenchmark(GridSpace(), schedules=("3", given)).fidelities["long"] == given


def test_values_do_not_depend_on_the_order_of_calls(archs):
    one, other = SyntheticBenchmark(GridSpace()), SyntheticBenchmark(GridSpace())
    forward = [final(one, arch) for arch in archs[:20]]
    backward = [final(other, arch) for arch in reversed(archs[:20])]
    assert forward == backward[::-1]


def test_another_seed_is_another_landscape(benchmark, archs):
    other = SyntheticBenchmark(GridSpace(), seed=1)
    tau = kendalltau([final(benchmark, a) for a in archs], [final(other, a) for a in archs]).statistic
    assert abs(tau) < 0.7


def test_a_curve_in_segments_is_the_curve_at_once(benchmark):
    arch = (0, 1, 2, 3, 0)
    whole, cost = benchmark.train(Train(arch, "12", 0, 12, ALL), 1)
    parts = [benchmark.train(Train(arch, "12", a, b, tuple(range(a + 1, b + 1))), 1) for a, b in ((0, 3), (3, 12))]
    joined = parts[0][0].then(parts[1][0])
    for name in ("train_loss", "train_acc", "valid_loss", "valid_acc"):
        np.testing.assert_array_equal(getattr(joined, name), getattr(whole, name))
    assert joined.valid_epochs == whole.valid_epochs
    assert sum(part[1].total_s for part in parts) == pytest.approx(cost.total_s)


def test_accuracies_are_percent_and_losses_are_not_negative(benchmark, archs):
    for arch in archs[:40]:
        curve, _ = benchmark.train(Train(arch, "12", 0, 12, ALL), 0)
        assert ((curve.train_acc > 0) & (curve.train_acc < 100)).all()
        assert ((curve.valid_acc > 0) & (curve.valid_acc < 100)).all()
        assert (curve.train_loss >= 0).all()
        assert (curve.valid_loss >= 0).all()


def test_curves_rise_and_cross_and_a_longer_look_ranks_better(benchmark, archs):
    curves = np.array([benchmark.train(Train(a, "12", 0, 12, ALL), 0)[0].valid_acc for a in archs])
    ends = [final(benchmark, arch) for arch in archs]
    taus = [kendalltau(curves[:, epoch - 1], ends).statistic for epoch in (1, 6, 12)]
    assert (curves[:, -1] > curves[:, 0]).mean() > 0.95
    assert taus == sorted(taus)
    assert taus[0] < 0.3
    assert 0.8 < taus[2] < 1.0


def test_neighbours_resemble_each_other(benchmark, archs):
    ends = np.array([final(benchmark, arch) for arch in archs])
    near = [[final(benchmark, other) for other in benchmark.space.neighbours(arch)] for arch in archs[:50]]
    apart = np.abs(ends[:, None] - ends[None, :])
    assert np.abs(np.array(near) - ends[:50, None]).mean() < 0.8 * apart.mean()


def test_trials_differ_a_little_and_repeat(benchmark, archs):
    noise = np.array([[final(benchmark, arch, trial=k) for k in range(3)] for arch in archs])
    assert 0.1 < noise.std(axis=1).mean() < 1.5
    assert noise.mean(axis=1).std() > 10 * noise.std(axis=1).mean()
    assert final(benchmark, archs[0], trial=2) == noise[0, 2]


def test_isomorphs_tend_to_the_same_accuracy():
    cells = SyntheticBenchmark(CellSpace(n_classes=10, image_size=32))
    one, other = (3, 0, 0, 1, 0, 0), (2, 0, 0, 1, 0, 0)
    assert abs(final(cells, one) - final(cells, other)) < 3
    assert final(cells, one) != final(cells, other)


def test_seconds_grow_with_parameters(benchmark):
    small, large = (0, 0, 0, 0, 0), (3, 3, 3, 3, 3)
    costs = [benchmark.train(Train(a, "12", 0, 12, (6, 12)), 0)[1] for a in (small, large)]
    assert costs[0] == Cost(12 * 3.0, 2 * 0.2 * 3.0)
    assert costs[1].total_s > costs[0].total_s


def test_latency_grows_with_operations_and_costs_time(benchmark):
    (quick, cost), (slow, _) = (benchmark.measure((i,) * 5, LATENCY_MS) for i in (0, 3))
    assert 0 < quick < slow
    assert cost.total_s == 0.5


@pytest.mark.parametrize(
    ("request_", "trial"),
    [
        (Train((0,) * 5, "12", 0, 13), 0),
        (Train((0,) * 5, "12", 0, 12), 3),
        (Train((0,) * 5, "12", 0, 12), -1),
        (Train((0,) * 5, "200", 0, 199), 0),
        (Train((0,) * 5, "200", 0, 200, validate_at=(199, 200)), 0),
    ],
)
def test_what_does_not_exist_is_refused(benchmark, request_, trial):
    with pytest.raises(UnavailableError):
        benchmark.train(request_, trial)


def test_an_unknown_metric_is_refused(benchmark):
    with pytest.raises(UnavailableError, match="measured: latency_ms"):
        benchmark.measure((0,) * 5, "energy_mj")


@pytest.mark.parametrize(
    "options", [{"n_trials": 0}, {"schedules": ()}, {"schedules": ("full",)}, {"schedules": ("0",)}]
)
def test_wrong_settings_are_refused(options):
    with pytest.raises(InputError):
        SyntheticBenchmark(GridSpace(), **options)
