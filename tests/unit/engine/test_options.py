import numpy as np
import pytest

from pmfnas.core.types import Arch, Cost, Curve, Fidelities, Schedule, Train
from pmfnas.engine.costs import CostModel
from pmfnas.engine.ladder import Ladder, make_ladder
from pmfnas.engine.options import Options
from pmfnas.engine.pool import Pool
from pmfnas.engine.predictor import Predictor
from pmfnas.engine.record import Record
from pmfnas.engine.settings import Settings
from pmfnas.engine.stages import SIZES, Batch
from pmfnas.engine.transfer import FinalBelief
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
    """Options over 20 archs with a medium score."""

    def __init__(self, fidelities: Fidelities = TWO) -> None:
        rng = np.random.default_rng(0)
        self.pool = Pool(GRID, Settings(), rng=rng)
        self.predictor = Predictor(self.pool, Settings(), rng=rng)
        self.record, self.costs = Record(), CostModel(GRID)
        self.ladder: Ladder = make_ladder(fidelities, 0.25, 0.125)
        self.options = Options(self.ladder, self.costs, self.predictor, self.pool, self.record)
        medium = self.ladder.medium
        for arch in self.pool.archs[:20]:
            request = Train(arch, medium.schedule, 0, medium.epochs)
            self.record.begin("start", request)
            self.record.end(request, ok=True)
            self.costs.tell(request, Cost(medium.epochs * (1.0 + sum(arch)), 1.0), medium.epochs)
            self.predictor.tell_medium(arch, curve(60.0 + sum(arch) + rng.standard_normal(), medium.epochs))
        self.predictor.refresh()

    @property
    def belief(self) -> FinalBelief:
        return self.predictor.final(20)

    def batches(self, available_s: float = PLENTY_S, *, probes: bool = True) -> list[Batch]:
        return self.options.batches(self.belief, available_s, DRAWS, probes=probes)

    def probe(self, arch: Arch) -> None:
        request = Train(arch, "200", 0, 25, ())
        self.record.begin("probe", request)
        self.record.end(request, ok=True)
        self.record.probed.append(arch)
        self.predictor.tell_probe(arch, curve(60.0, 25))


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
    batches = World().batches(probes=False)
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
    option = world.options.refinement(batch, batch.requests[0], world.belief)
    assert option is not None
    assert option.gain * len(batch.requests) == pytest.approx(batch.gain)
    other = next(a for a in world.pool.archs if a not in world.belief.archs)
    assert world.options.refinement(batch, Train(other, "200", 0, 25, ()), world.belief) is None


def test_early_curves_go_on_by_gain_or_without_potential_by_mean() -> None:
    world = World()
    rest = [a for a in world.pool.archs if a not in world.belief.archs][:10]
    for number, arch in enumerate(rest):
        world.predictor.tell_low(arch, curve(40.0 + 3.0 * (number % 5), 3))
    by_gain, by_mean = (world.options.continuations(rest, by_gain=b) for b in (True, False))
    assert [o.gain for o in by_gain] == sorted((o.gain for o in by_gain), reverse=True)
    assert [o.mean for o in by_mean] == sorted((o.mean for o in by_mean), reverse=True)
    assert {(o.request.start, o.request.stop) for o in by_gain} == {(3, 12)}
