from dataclasses import replace

import numpy as np
import pytest

from pmfnas.core.types import Arch, Cost, Curve, Fidelities, Schedule, Train
from pmfnas.engine.ablations import by_mean
from pmfnas.engine.choices import SIZES, Batch, Choice, Choices, Ranking, by_gain
from pmfnas.engine.costs import CostModel
from pmfnas.engine.ladder import Level, make_ladder
from pmfnas.engine.model.transfer import FinalBelief
from pmfnas.engine.pool import Pool
from pmfnas.engine.predictor import Predictor
from pmfnas.engine.record import Record
from pmfnas.engine.settings import Settings
from pmfnas.testing.grid import GridSpace

GRID = GridSpace((4, 4, 4))
TWO = Fidelities((Schedule("12", 12, frozenset(range(1, 13))), Schedule("200", 200, frozenset({200}))))
ONE = Fidelities((Schedule("40", 40, frozenset(range(1, 41))),))
DRAWS = np.random.default_rng(0).standard_normal((256, max(SIZES)))
PLENTY_S = 1e9


def curve(acc: float, epochs: int) -> Curve:
    train = np.linspace(10.0, acc, epochs)
    return Curve(0, -np.log(train / 100.0), train, (epochs,), np.array([1.0]), np.array([acc]))


class World:
    """Choices over 20 archs with a medium score."""

    def __init__(self, fidelities: Fidelities = TWO, ranking: Ranking = by_gain, *, probes: bool = True) -> None:
        rng = np.random.default_rng(0)
        self.pool = Pool(GRID, Settings(), rng=rng)
        self.predictor = Predictor(self.pool, Settings(), rng=rng)
        self.record, self.costs = Record(), CostModel(GRID)
        ladder = make_ladder(fidelities, 0.25, 0.125)
        ladder = ladder if probes else replace(ladder, probe=None)
        self.choices = Choices(ladder, self.costs, self.predictor, self.pool, self.record, ranking)
        medium = ladder.medium
        for arch in self.pool.archs[:20]:
            request = Train(arch, medium.schedule, 0, medium.epochs)
            self.record.begin("start", request)
            self.record.end(request, ok=True)
            self.costs.tell(request, Cost(medium.epochs * (1.0 + sum(arch)), 1.0), medium.epochs)
            self.reach(arch, Level.MEDIUM, curve(60.0 + sum(arch) + rng.standard_normal(), medium.epochs))

    def reach(self, arch: Arch, level: Level, seen: Curve) -> None:
        self.record.reach(arch, level, seen)
        self.predictor.tell(arch, level, seen)

    @property
    def belief(self) -> FinalBelief:
        return self.predictor.final(20)

    def batches(self, available_s: float = PLENTY_S) -> list[Batch]:
        return self.choices.batches(self.belief, available_s, DRAWS)

    def probe(self, arch: Arch) -> None:
        request = Train(arch, "200", 0, 25, ())
        self.record.begin("probe", request)
        self.record.end(request, ok=True)
        self.reach(arch, Level.PROBE, curve(60.0, 25))


def of(batches: list[Batch], action: str) -> list[Batch]:
    return [b for b in batches if b.action == action]


def test_probes_come_first_and_finish_only_what_was_probed() -> None:
    world = World()
    assert {b.action for b in world.batches()} == {"probe", "replicate"}
    best = world.belief.archs[0]
    world.probe(best)
    probed = world.batches()
    assert [[(r.arch, r.start, r.stop) for r in b.requests] for b in of(probed, "finish")] == [[(best, 25, 200)]]
    assert all(best not in [r.arch for r in b.requests] for b in of(probed, "probe"))


def test_a_batch_holds_the_best_means_in_order_without_repeats() -> None:
    world = World()
    for batch in of(world.batches(), "probe"):
        assert tuple(r.arch for r in batch.requests) == world.belief.archs[: len(batch.requests)]
        assert len(batch.requests) in SIZES


def test_seconds_are_those_of_the_requests() -> None:
    world = World()
    for batch in world.batches():
        assert batch.seconds == pytest.approx(sum(world.costs.seconds(r) for r in batch.requests))
        assert batch.gain >= 0.0


@pytest.mark.parametrize("share", [0.0, 0.05, 0.3, 0.7])
def test_what_is_left_affords_every_batch_and_no_other_is_dropped(share: float) -> None:
    world = World()
    world.probe(world.belief.archs[0])
    every = world.batches()
    available_s = share * max(b.seconds for b in every)
    assert world.batches(available_s) == [b for b in every if b.seconds <= available_s]


def test_without_probes_full_trainings_begin_at_once() -> None:
    batches = World(probes=False).batches()
    assert {b.action for b in batches} == {"promote", "replicate"}
    assert {(r.start, r.stop) for b in of(batches, "promote") for r in b.requests} == {(0, 200)}


def test_within_one_schedule_the_medium_run_goes_on() -> None:
    batches = World(ONE).batches()
    assert {b.action for b in batches} == {"promote", "replicate"}
    assert {(r.start, r.stop) for b in of(batches, "promote") for r in b.requests} == {(10, 40)}


def test_a_replicate_is_the_next_trial_of_one_of_the_best() -> None:
    world = World()
    again = of(world.batches(), "replicate")
    assert [b.requests[0].arch for b in again] == list(world.belief.archs[:4])
    assert {(r.replicate, r.start, r.stop) for b in again for r in b.requests} == {(1, 0, 12)}


def test_where_no_further_trial_exists_none_is_offered() -> None:
    world = World()
    best = world.belief.archs[0]
    world.record.end(Train(best, "12", 0, 12), ok=False)
    assert best not in [b.requests[0].arch for b in of(world.batches(), "replicate")]


def test_an_ordered_training_is_dropped_where_its_arch_is_among_the_best_no_more() -> None:
    world = World()
    batch = of(world.batches(), "probe")[-1]
    choice = world.choices.refinement(batch, batch.requests[0], world.belief)
    assert choice is not None
    assert choice.gain * len(batch.requests) == pytest.approx(batch.gain)
    other = next(a for a in world.pool.archs if a not in world.belief.archs)
    assert world.choices.refinement(batch, Train(other, "200", 0, 25, ()), world.belief) is None


def continued(ranking: Ranking) -> list[Choice]:
    world = World(ranking=ranking)
    rest = [a for a in world.pool.archs if a not in world.belief.archs][:10]
    for number, arch in enumerate(rest):
        world.reach(arch, Level.LOW, curve(40.0 + 3.0 * (number % 5), 3))
    return world.choices.continuations()


def test_early_curves_go_on_by_gain_or_without_potential_by_mean() -> None:
    gainful, hopeful = continued(by_gain), continued(by_mean)
    assert [c.gain for c in gainful] == sorted((c.gain for c in gainful), reverse=True)
    assert [c.mean for c in hopeful] == sorted((c.mean for c in hopeful), reverse=True)
    assert {(c.request.start, c.request.stop) for c in gainful} == {(3, 12)}


def test_a_reason_is_plain_numbers_and_text() -> None:
    choice = Choice("start", Train((0,), "12", 0, 3), 0.0, 0.1, 0.2, 0.01, 100.0)
    reason = choice.reason("region")
    assert {type(v) for v in reason.values()} <= {float, str}
    assert reason["gain_per_hour"] == pytest.approx(reason["potential"] * 36.0)
    assert 0.0 < reason["p_best"] < 0.5


def test_a_batch_is_worth_its_gain_per_second() -> None:
    request = Train((0,), "12", 0, 3)
    assert Batch("probe", (request,), 0.3, 6.0).rate == pytest.approx(0.05)
    assert Batch("none").rate == 0.0
    assert SIZES[0] == 1
    assert sorted(set(SIZES)) == list(SIZES)
