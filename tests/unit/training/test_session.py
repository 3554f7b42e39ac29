"""Segments in training: going on from checkpoints, packing, costs, and what goes wrong."""

import numpy as np
import pytest

from pmfnas.core.errors import DataError
from pmfnas.core.types import Diverged, Failed, Ok, Train
from pmfnas.training.recipe import Recipe

torch = pytest.importorskip("torch", reason="torch is not installed: no training here (extra train)")

from pmfnas.training import session as session_module  # noqa: E402
from tests.support.training_runs import TINY, ticking, tiny_benchmark  # noqa: E402

A, B, C = (3, 3, 1, 3, 1, 3), (2, 0, 4, 1, 3, 2), (1, 4, 0, 3, 2, 1)


def run(benchmark, *requests, trial=0):
    """Train requests together; return their outcomes in the order asked."""
    session = benchmark.session
    for number, request in enumerate(requests):
        session.begin(benchmark.segment(number, request, trial))
    outcomes = {}
    while len(session):
        outcomes |= {ended.number: ended.outcome for ended in session.advance()}
    return [outcomes[number] for number in range(len(requests))]


def state_of(benchmark, arch, schedule, epoch, trial=0):
    key = benchmark.segment(0, Train(arch, schedule, 0, 1), trial).key
    return benchmark.session.checkpoints.load(key, epoch)


def assert_equal_curves(first, second, **tolerance):
    assert (first.start, first.stop, first.valid_epochs) == (second.start, second.stop, second.valid_epochs)
    for field in ("train_loss", "train_acc", "valid_loss", "valid_acc"):
        np.testing.assert_allclose(getattr(first, field), getattr(second, field), **(tolerance or {"rtol": 0}))


def test_a_network_learns(tmp_path):
    (outcome,) = run(tiny_benchmark(tmp_path, epochs=(6,)), Train(A, "6", 0, 6, validate_at=(1, 6)))
    assert isinstance(outcome, Ok)
    assert outcome.curve.train_loss[-1] < outcome.curve.train_loss[0]
    assert outcome.curve.valid_epochs == (1, 6)
    assert outcome.curve.valid_acc[-1] > 60


def test_the_same_arch_schedule_and_seed_train_alike_and_others_do_not(tmp_path):
    first, again, other = (
        run(tiny_benchmark(tmp_path / str(i)), Train(A, "4", 0, 4), trial=trial)[0].curve
        for i, trial in enumerate((0, 0, 1))
    )
    assert_equal_curves(first, again)
    assert (first.train_loss != other.train_loss).all()


def test_going_on_from_a_checkpoint_equals_never_having_stopped(tmp_path):
    whole = tiny_benchmark(tmp_path / "whole")
    (at_once,) = run(whole, Train(A, "4", 0, 4, validate_at=(2, 4)))
    parts = tiny_benchmark(tmp_path / "parts")
    (first,) = run(parts, Train(A, "4", 0, 2))
    (second,) = run(tiny_benchmark(tmp_path / "parts"), Train(A, "4", 2, 4))  # by another process
    assert_equal_curves(first.curve.then(second.curve), at_once.curve)
    ours, theirs = state_of(parts, A, "4", 4), state_of(whole, A, "4", 4)
    for field in ("weights", "momentum", "statistics"):
        torch.testing.assert_close(getattr(ours, field), getattr(theirs, field), rtol=0, atol=0)


def test_a_packed_candidate_trains_as_it_does_alone(tmp_path):
    requests = [Train(A, "4", 0, 3, validate_at=(1, 3)), Train(B, "4", 0, 4), Train(C, "2", 0, 2), Train(A, "2", 0, 1)]
    packed = run(tiny_benchmark(tmp_path / "packed", width=4, dtype=torch.float64), *requests)
    for number, request in enumerate(requests):
        (alone,) = run(tiny_benchmark(tmp_path / str(number), dtype=torch.float64), request)
        assert_equal_curves(packed[number].curve, alone.curve, rtol=0, atol=1e-8)


def test_candidates_join_and_leave_while_others_train(tmp_path):
    benchmark = tiny_benchmark(tmp_path / "packed", width=4, dtype=torch.float64)
    session = benchmark.session
    session.begin(benchmark.segment(0, Train(A, "4", 0, 4), 0))
    session.begin(benchmark.segment(1, Train(B, "4", 0, 4), 0))
    assert session.advance() == []
    session.begin(benchmark.segment(2, Train(C, "4", 0, 2), 0))
    assert session.advance() == []
    assert session.abandon(1).train_s > 0
    outcomes = {}
    while len(session):
        outcomes |= {ended.number: ended.outcome for ended in session.advance()}
    assert set(outcomes) == {0, 2}
    for number, request in ((0, Train(A, "4", 0, 4)), (2, Train(C, "4", 0, 2))):
        (alone,) = run(tiny_benchmark(tmp_path / str(number), dtype=torch.float64), request)
        assert_equal_curves(outcomes[number].curve, alone.curve, rtol=0, atol=1e-8)
    assert not session.checkpoints.epochs(benchmark.segment(1, Train(B, "4", 0, 1), 0).key)


def test_archs_of_the_size_space_train_side_by_side_each_in_a_pack_of_its_own(tmp_path):
    archs = [(0, 1, 0, 1, 0), (1, 0, 0, 0, 1)]
    together = run(tiny_benchmark(tmp_path / "a", space="nats-sss", width=4), *(Train(a, "2", 0, 2) for a in archs))
    for i, arch in enumerate(archs):
        (alone,) = run(tiny_benchmark(tmp_path / str(i), space="nats-sss"), Train(arch, "2", 0, 2))
        assert_equal_curves(together[i].curve, alone.curve)


def test_a_validation_can_be_bought_at_a_checkpoint_without_training(tmp_path):
    benchmark = tiny_benchmark(tmp_path)
    (trained,) = run(benchmark, Train(A, "4", 0, 2))
    (bought,) = run(benchmark, Train(A, "4", 2, 2))
    assert bought.curve.stop == 2
    assert bought.curve.valid_acc.tolist() == trained.curve.valid_acc.tolist()
    assert bought.cost.valid_s > 0


def test_costs_add_up_to_the_clock(tmp_path):
    clock = ticking()
    benchmark = tiny_benchmark(tmp_path, width=2, clock=clock)
    session = benchmark.session
    requests = [Train(A, "4", 0, 4, validate_at=(2, 4)), Train(B, "4", 0, 3), Train(C, "4", 0, 1, validate_at=())]
    for number, request in enumerate(requests):
        session.begin(benchmark.segment(number, request, 0))
    costs, spent_s = {}, 0.0
    while len(session):
        begin_s = clock()
        ended = session.advance()
        spent_s += clock() - begin_s - 2  # the readings before and after lie outside
        costs |= {e.number: e.outcome.cost for e in ended}
    assert sum(cost.total_s for cost in costs.values()) == pytest.approx(spent_s)
    assert costs[2].valid_s == 0
    assert costs[0].valid_s > costs[1].valid_s > 0


def test_building_a_pack_is_set_up_and_is_paid_when_somebody_joins_or_leaves(tmp_path):
    benchmark = tiny_benchmark(tmp_path, width=2, clock=ticking())
    session = benchmark.session
    session.begin(benchmark.segment(0, Train(A, "4", 0, 3, validate_at=()), 0))
    setups = []
    for join in (None, B, None):
        if join:
            session.begin(benchmark.segment(1, Train(join, "4", 0, 4, validate_at=()), 0))
        (ended,) = session.advance() or [None]
        setups.append(session.cost(1).setup_s if ended else session.cost(0).setup_s)
    assert setups[:2] == [1.0, 1.5]  # one reading of the clock apart: alone, then half of the pack's
    assert ended.outcome.cost.setup_s == 1.5
    assert ended.outcome.cost.total_s > ended.outcome.cost.train_s + 1.5 - 1e-9


# ------------------------------------------------------------------------------------------------------ what goes wrong


def test_a_loss_that_is_not_finite_ends_the_candidate_alone(tmp_path):
    wild = Recipe(TINY.channels, TINY.cells_per_stage, TINY.batch_size, learning_rate=1e30)
    (outcome,) = run(tiny_benchmark(tmp_path, recipe=wild), Train(A, "4", 0, 4))
    assert isinstance(outcome, Diverged)
    assert outcome.curve.stop < 4
    assert not np.isfinite(outcome.curve.train_loss[-1])
    assert outcome.cost.train_s > 0


@pytest.fixture
def memory_for(monkeypatch):
    """Return a function that lets packs of more than so many candidates run out of memory."""
    real = session_module.train_epoch

    def limit(most, after_epochs=0):
        calls = []

        def train_epoch(pack, progress, images, recipe):
            calls.append(len(progress))
            if len(progress) > most and len(calls) > after_epochs:
                raise torch.OutOfMemoryError("by the test")
            return real(pack, progress, images, recipe)

        monkeypatch.setattr(session_module, "train_epoch", train_epoch)
        return calls

    return limit


@pytest.mark.parametrize("after_epochs", [0, 2])
def test_too_wide_a_pack_is_halved_until_it_fits_and_nothing_is_lost(tmp_path, memory_for, after_epochs):
    requests = [Train(arch, "4", 0, 3, validate_at=(1, 3)) for arch in (A, B, C, (0,) * 6)]
    calls = memory_for(1, after_epochs)
    benchmark = tiny_benchmark(tmp_path / "narrow", width=4, dtype=torch.float64)
    outcomes = run(benchmark, *requests)
    assert max(calls) == 4
    assert calls[-1] == benchmark.session.width == 1
    for number, request in enumerate(requests):
        (alone,) = run(tiny_benchmark(tmp_path / str(number), dtype=torch.float64), request)
        assert_equal_curves(outcomes[number].curve, alone.curve, rtol=0, atol=1e-8)


def test_a_candidate_that_does_not_fit_alone_has_failed(tmp_path, memory_for):
    memory_for(0)
    outcomes = run(tiny_benchmark(tmp_path, width=2), Train(A, "4", 0, 4), Train(B, "4", 0, 4))
    assert [type(outcome) for outcome in outcomes] == [Failed, Failed]
    assert "out of memory" in outcomes[0].reason


def test_a_checkpoint_that_is_missing_or_damaged_is_named(tmp_path):
    benchmark = tiny_benchmark(tmp_path)
    with pytest.raises(DataError, match=r"00002\.pt is missing"):
        benchmark.session.begin(benchmark.segment(0, Train(A, "4", 2, 4), 0))
    run(benchmark, Train(A, "4", 0, 2))
    (path,) = tmp_path.rglob("*.pt")
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DataError, match=r"00002\.pt is damaged"):
        benchmark.session.begin(benchmark.segment(0, Train(A, "4", 2, 4), 0))
