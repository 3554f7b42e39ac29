"""Every part that an ablation leaves out is one other part. What whole runs do without it: `test_searcher`."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pmfnas.core.types import Arch, Curve
from pmfnas.engine.ablations import Deaf, Sure, anywhere, by_best_value, by_mean, greedy, parts_without
from pmfnas.engine.ladder import Level
from pmfnas.engine.parts import WHOLE, Parts
from pmfnas.engine.pick import by_early_curve, by_posterior
from pmfnas.engine.pool import Pool, View
from pmfnas.engine.ports import SearchPredictor
from pmfnas.engine.predictor import Predictor
from pmfnas.engine.proposals import at_random
from pmfnas.engine.record import Record, State
from pmfnas.engine.settings import PARTS, Settings
from pmfnas.testing.grid import GridSpace

GRID = GridSpace((5, 5, 5))


def curve(valid: float, epochs: int) -> Curve:
    train = np.linspace(10.0, valid, epochs)
    return Curve(0, -np.log(train / 100.0), train, (epochs,), np.array([1.0]), np.array([valid]))


class Books:
    """A record and a predictor that are told the same."""

    def __init__(self, around: Callable[[SearchPredictor], Any] = lambda inner: inner) -> None:
        rng = np.random.default_rng(0)
        settings = Settings(capacity_belief=0.0)
        self.pool, self.record = Pool(GRID, settings, rng=rng), Record()
        self.predictor: SearchPredictor = around(Predictor(self.pool, settings, rng=rng))

    def reach(self, arch: Arch, level: Level, valid: float | None) -> None:
        epochs = {Level.LOW: 3, Level.MEDIUM: 12, Level.PROBE: 25, Level.HIGH: 200}[level]
        seen = None if valid is None else curve(valid, epochs)
        self.record.reach(arch, level, seen)
        self.predictor.tell(arch, level, seen)

    @property
    def state(self) -> State:
        return State(self.record, self.pool, self.predictor.final(40))


def taught(around: Callable[[SearchPredictor], Any] = lambda inner: inner) -> tuple[Books, list[int]]:
    """Books of 20 medium scores, and the places of ten archs with an early curve."""
    books = Books(around)
    for place in range(20):
        books.reach(books.pool.archs[place], Level.MEDIUM, 40.0 + 3.0 * sum(books.pool.archs[place]))
    for place, valid in zip(range(20, 30), np.linspace(20.0, 60.0, 10), strict=True):
        books.reach(books.pool.archs[place], Level.LOW, float(valid))
    return books, list(range(20, 30))


@pytest.mark.parametrize("part", PARTS)
def test_leaving_a_part_out_changes_the_parts_and_leaving_nothing_out_does_not(part: str) -> None:
    assert parts_without(WHOLE, frozenset({part})) != WHOLE
    assert parts_without(WHOLE, frozenset()) is WHOLE


def test_what_takes_the_place_of_each_part() -> None:
    def without(part: str) -> Parts:
        return parts_without(WHOLE, frozenset({part}))

    assert (without("curves").around, without("curves").probes) == ((Deaf,), False)
    assert (without("uncertainty").around, without("uncertainty").propose) == ((Sure,), greedy)
    assert (without("potential").propose, without("potential").ranking) == (at_random, by_mean)
    assert without("region").propose is anywhere
    assert [without(part).believes for part in ("architecture", "capacity", "canonical")] == [False, False, True]
    assert [without(part).view for part in ("architecture", "capacity", "canonical")] == [
        View(structure=False),
        View(sizes=False),
        View(isomorphs=False),
    ]
    both = parts_without(WHOLE, frozenset({"adaptive", "explore", "region", "uncertainty"}))
    assert (both.explore, both.propose) == (None, anywhere)


def test_a_deaf_predictor_is_told_no_early_curve() -> None:
    hearing, places = taught()
    deaf, _ = taught(Deaf)
    assert isinstance(hearing.predictor, Predictor)
    assert np.abs(deaf.predictor.posterior(places).mean - hearing.predictor.posterior(places).mean).max() > 1e-3
    deaf.reach(deaf.pool.archs[20], Level.LOW, None)
    assert deaf.state.belief.archs
    assert deaf.pool.archs[20] in deaf.record.lost


def test_a_sure_predictor_keeps_means_and_has_no_std_but_of_final_scores() -> None:
    plain, places = taught()
    sure, _ = taught(Sure)
    assert sure.predictor.posterior(places).mean == pytest.approx(plain.predictor.posterior(places).mean)
    assert sure.predictor.posterior(places).std.max() < 1e-4
    paths = sure.predictor.paths(np.arange(20, 30), 3)
    assert paths == pytest.approx(np.repeat(paths[:, :1], 3, axis=1))
    assert sure.state.belief.std == pytest.approx(plain.state.belief.std)


def test_the_best_value_seen_prefers_full_trainings_and_passes_over_the_lost() -> None:
    books = Books()
    for arch, valid in (((0, 0, 0), 70.0), ((1, 0, 0), 80.0), ((2, 0, 0), 60.0), ((3, 0, 0), 65.0), ((4, 0, 0), 99.0)):
        books.reach(arch, Level.MEDIUM, valid)
    books.reach((1, 0, 0), Level.MEDIUM, 61.0)  # another trial
    books.reach((2, 0, 0), Level.HIGH, 85.0)
    books.reach((0, 0, 0), Level.HIGH, 84.0)
    books.reach((4, 0, 0), Level.PROBE, None)
    assert list(by_best_value(books.state)) == [(2, 0, 0), (0, 0, 0), (1, 0, 0), (3, 0, 0)]
    assert (4, 0, 0) not in by_posterior(books.state)


def test_before_any_medium_score_early_curves_rank_and_those_that_diverged_later_come_last() -> None:
    books = Books()
    worst, best, middle = (0, 4, 0), (4, 0, 0), (0, 0, 4)
    for arch, valid in ((worst, 10.0), (best, 60.0), (middle, 28.0)):
        books.reach(arch, Level.LOW, valid)
    assert not by_posterior(books.state)
    assert list(by_early_curve(books.state, books.predictor)) == [best, middle, worst]
    books.reach(best, Level.MEDIUM, None)
    assert list(by_early_curve(books.state, books.predictor)) == [middle, worst, best]
