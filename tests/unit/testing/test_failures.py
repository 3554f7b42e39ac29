import numpy as np
import pytest

from pmfnas.core.errors import InputError, UnavailableError
from pmfnas.core.types import Cancelled, Cost, Failed, Ok, Ticket, Train
from pmfnas.loop.executor import SimulatedExecutor
from pmfnas.testing.failures import ConstantScores, Disturbed, Diverging, Unavailable, Uneven
from pmfnas.testing.grid import GridSpace
from pmfnas.testing.synthetic import LATENCY_MS, SyntheticBenchmark

SOUND = SyntheticBenchmark(GridSpace())
ARCHS = [SOUND.space.sample(rng=np.random.default_rng(i)) for i in range(200)]


def diverges(benchmark, arch, schedule="12", start=0, trial=0):
    stop = benchmark.fidelities[schedule].epochs
    return not np.isfinite(benchmark.train(Train(arch, schedule, start, stop), trial)[0].train_loss).all()


@pytest.mark.parametrize("wrapper", [ConstantScores, Diverging, Unavailable, Uneven])
def test_a_wrapper_shows_the_benchmark_inside(wrapper):
    wrapped = wrapper(SOUND)
    assert wrapped.space is SOUND.space
    assert wrapped.fidelities is SOUND.fidelities
    assert max(wrapped.n_trials(arch, "12") for arch in ARCHS) == 3


def test_constant_scores_keep_shapes_epochs_and_costs():
    request = Train(ARCHS[0], "12", 3, 9, (5, 9))
    (flat, cost), (true, true_cost) = ConstantScores(SOUND, acc_pct=40.0).train(request, 0), SOUND.train(request, 0)
    assert cost == true_cost
    assert (flat.start, flat.stop, flat.valid_epochs) == (true.start, true.stop, true.valid_epochs)
    assert set(flat.train_acc) | set(flat.valid_acc) == {40.0}
    assert ConstantScores(SOUND).measure(ARCHS[0], LATENCY_MS) == (1.0, SOUND.measure(ARCHS[0], LATENCY_MS)[1])


def test_the_stated_share_diverges_in_every_trial_and_schedule_or_in_none():
    broken = Diverging(SOUND, share=0.3)
    which = [diverges(broken, arch) for arch in ARCHS]
    assert 0.15 < np.mean(which) < 0.45
    assert which == [diverges(broken, arch, "200", trial=2) for arch in ARCHS]
    assert all(diverges(Diverging(SOUND, share=1.0), arch) for arch in ARCHS)
    assert not any(diverges(Diverging(SOUND, share=0.0), arch) for arch in ARCHS)


def test_a_diverged_run_stays_so_and_its_segments_agree():
    broken = Diverging(SOUND, share=1.0)
    for arch in ARCHS[:30]:
        whole, cost = broken.train(Train(arch, "12", 0, 12, tuple(range(1, 13))), 0)
        first = int(np.argmax(np.isnan(whole.train_loss)))
        assert 0 <= first < 6
        assert np.isnan(whole.train_loss[first:]).all()
        assert np.isnan(whole.valid_acc[first:]).all()
        assert np.isfinite(whole.valid_acc[:first]).all()
        assert diverges(broken, arch, start=8)
        assert cost == SOUND.train(Train(arch, "12", 0, 12, tuple(range(1, 13))), 0)[1]
        parts = [broken.train(Train(arch, "12", a, b), 0)[0] for a, b in ((0, 4), (4, 12))]
        np.testing.assert_array_equal(parts[0].then(parts[1]).train_loss, whole.train_loss)
    assert broken.measure(ARCHS[0], LATENCY_MS) == SOUND.measure(ARCHS[0], LATENCY_MS)


def test_the_stated_share_is_unavailable():
    partial = Unavailable(SOUND, share=0.3)
    missing = [arch for arch in ARCHS if partial.n_trials(arch, "12") == 0]
    assert 0.15 < len(missing) / len(ARCHS) < 0.45
    for call in (lambda a: partial.train(Train(a, "12", 0, 3), 0), lambda a: partial.measure(a, LATENCY_MS)):
        with pytest.raises(UnavailableError, match="was never measured"):
            call(missing[0])
    there = next(arch for arch in ARCHS if arch not in missing)
    assert partial.train(Train(there, "12", 0, 3), 0)[1] == SOUND.train(Train(there, "12", 0, 3), 0)[1]
    assert partial.measure(there, LATENCY_MS) == SOUND.measure(there, LATENCY_MS)


def test_impossible_settings_are_refused():
    with pytest.raises(InputError, match=r"share is 1\.5"):
        Diverging(SOUND, share=1.5)
    with pytest.raises(InputError, match="share is -1"):
        Unavailable(SOUND, share=-1)
    with pytest.raises(InputError, match="acc_pct is 101"):
        ConstantScores(SOUND, acc_pct=101)


def test_uneven_seconds_are_an_eighth_to_eightfold_and_the_same_again():
    uneven, true = Uneven(SOUND), []
    for arch in ARCHS:
        request = Train(arch, "12", 0, 3)
        (curve, cost), (same, sound) = uneven.train(request, 0), SOUND.train(request, 0)
        np.testing.assert_array_equal(curve.valid_acc, same.valid_acc)
        assert cost == uneven.train(request, 0)[1]
        assert cost.train_s / sound.train_s == pytest.approx(cost.valid_s / sound.valid_s)
        true.append(np.log(cost.total_s / sound.total_s) / np.log(8))
    assert -1 <= min(true) < -0.9
    assert 0.9 < max(true) <= 1
    assert abs(np.mean(true)) < 0.15
    other = Uneven(SOUND, seed=1).train(Train(ARCHS[0], "12", 0, 3), 0)[1]
    assert other != uneven.train(Train(ARCHS[0], "12", 0, 3), 0)[1]
    value, cost = uneven.measure(ARCHS[0], LATENCY_MS)
    assert value == SOUND.measure(ARCHS[0], LATENCY_MS)[0]
    assert 0.5 / 8 <= cost.total_s <= 0.5 * 8


def test_a_disturbed_outcome_takes_as_long_as_the_true_one():
    def fail_the_first(ticket, outcome):
        return Failed("no power", Cost(1.0)) if ticket.number == 0 else outcome

    def executor():
        return SimulatedExecutor(SOUND, lambda arch, schedule, k: k, n_workers=1, accounting="resume")

    sound, disturbed = executor(), Disturbed(executor(), fail_the_first)
    tickets = [Ticket(i, Train(ARCHS[i], "12", 0, 3)) for i in range(3)]
    for each in (sound, disturbed):
        each.submit(tickets)
    first = disturbed.next_event(1e9)
    assert (first.outcome, first.time_s) == (Failed("no power", Cost(1.0)), sound.next_event(1e9).time_s)
    assert disturbed.running() == sound.running()
    assert disturbed.spent(tickets[1]) == Cost(0.0)
    assert isinstance(disturbed.next_event(1e9).outcome, Ok)
    assert disturbed.n_free == 0
    assert disturbed.cancel(tickets[2]).outcome == Cancelled(Cost(0.0))
    assert disturbed.next_event(1e9) is None
