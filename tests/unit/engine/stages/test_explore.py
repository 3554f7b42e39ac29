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
    """Choices that cost nothing and are worth nothing, and how certain it is that capacity helps."""

    has_low = True

    def __init__(self, pool: Pool, helps: float) -> None:
        self.pool, self.helps = pool, helps

    def starts(self, places: list[int]) -> list[Choice]:
        return [Choice("start", Train(self.pool.archs[p], "12", 0, 3), 0.0, 0.0, 0.0, 0.0, 0.0) for p in places]

    def rest_s(self, arch: object) -> float:
        del arch
        return 0.0


def mean_capacity(helps: float, settings: Settings) -> float:
    """Return the mean capacity of the archs that stage 1 starts, over ten runs."""
    found = []
    for seed in range(10):
        rng = np.random.default_rng(seed)
        pool, record = Pool(GridSpace((10, 10, 10)), settings, rng=rng), Record()
        choices: Any = Free(pool, helps)
        stage = Explore(choices, Searching(choices, 0.25), lambda n: [], settings, 100.0, rng=rng)
        for _ in range(settings.explore_low):
            choice = stage.next(State(record, pool, None), 100.0)  # type: ignore[arg-type]
            assert choice is not None
            record.begin(choice.action, choice.request)
        found.append(pool.capacity[pool.started].mean())
    return float(np.mean(found))


def test_stage_one_draws_by_capacity_as_far_as_it_is_certain_to_help() -> None:
    uniform, half, certain = (mean_capacity(helps, Settings()) for helps in (0.0, 0.5, 1.0))
    assert abs(uniform) < 0.5
    assert uniform + 0.1 < half < certain - 0.1
    assert mean_capacity(1.0, Settings(explore_belief=0.0)) == uniform
