from typing import Any

import numpy as np

from pmfnas.core.types import Train
from pmfnas.engine.choices import Choice
from pmfnas.engine.pool import Pool
from pmfnas.engine.record import Record, State
from pmfnas.engine.settings import Settings
from pmfnas.engine.stages.explore import Explore
from pmfnas.engine.stages.searching import Searching
from pmfnas.testing.grid import GridSpace


class Free:
    """Choices that cost nothing and are worth nothing."""

    has_low = True

    def __init__(self, pool: Pool) -> None:
        self.pool = pool

    def starts(self, places: list[int]) -> list[Choice]:
        return [Choice("start", Train(self.pool.archs[p], "12", 0, 3), 0.0, 0.0, 0.0, 0.0, 0.0) for p in places]

    def rest_s(self, arch: object) -> float:
        del arch
        return 0.0


def capacities(settings: Settings, seed: int) -> list[float]:
    """Return the capacity of the first 18 archs that stage 1 starts."""
    rng = np.random.default_rng(seed)
    pool, record = Pool(GridSpace((10, 10, 10)), settings, rng=rng), Record()
    choices: Any = Free(pool)
    stage = Explore(choices, Searching(choices, 0.25), lambda n: [], settings, 100.0, rng=rng)
    for _ in range(18):
        choice = stage.next(State(record, pool, None), 100.0)  # type: ignore[arg-type]
        assert choice is not None
        record.begin(choice.action, choice.request)
    return [float(pool.capacity[place]) for place in pool.started]


def extra(settings: Settings) -> float:
    """Return by how much the capacity of every third arch exceeds that of the others, in the mean of ten runs."""
    drawn = np.array([capacities(settings, seed) for seed in range(10)])
    third = np.arange(18) % 3 == 0
    return float(drawn[:, third].mean() - drawn[:, ~third].mean())


def test_every_third_arch_is_drawn_by_capacity_and_without_a_belief_none_is() -> None:
    assert extra(Settings()) > 0.8
    assert abs(extra(Settings(capacity_belief=0.0))) < 0.4
