from typing import Any

import numpy as np

from pmfnas.core.types import FloatArray, Train
from pmfnas.engine.choices import Choice
from pmfnas.engine.model.capacity import Normal
from pmfnas.engine.pool import Pool
from pmfnas.engine.record import Record, State
from pmfnas.engine.settings import Settings
from pmfnas.engine.stages.explore import Explore
from pmfnas.engine.stages.searching import Searching
from pmfnas.testing.grid import GridSpace


class Free:
    """Choices that cost nothing and are worth nothing, and what is believed of the slope on capacity."""

    has_low = True

    def __init__(self, pool: Pool, slope: Normal) -> None:
        self.pool, self.slope = pool, slope

    def starts(self, places: list[int]) -> list[Choice]:
        return [Choice("start", Train(self.pool.archs[p], "12", 0, 3), 0.0, 0.0, 0.0, 0.0, 0.0) for p in places]

    def rest_s(self, arch: object) -> float:
        del arch
        return 0.0


def capacities(slope: Normal, settings: Settings) -> FloatArray:
    """Return the capacities of the archs that stage 1 starts, in ten runs."""
    found = []
    for seed in range(10):
        rng = np.random.default_rng(seed)
        pool, record = Pool(GridSpace((10, 10, 10)), settings, rng=rng), Record()
        choices: Any = Free(pool, slope)
        stage = Explore(choices, Searching(choices, 0.25), lambda n: [], settings, 100.0, rng=rng)
        for _ in range(settings.explore_low):
            choice = stage.next(State(record, pool, None), 100.0)  # type: ignore[arg-type]
            assert choice is not None
            record.begin(choice.action, choice.request)
        found.append(pool.capacity[pool.started])
    return np.concatenate(found)


def test_stage_one_draws_by_capacity_as_it_is_believed_to_help() -> None:
    none, half, much = (capacities(Normal(mean, 0.0), Settings()).mean() for mean in (0.0, 0.25, 0.6))
    assert abs(none) < 0.5
    assert none + 0.1 < half < much - 0.1
    assert capacities(Normal(-0.6, 0.0), Settings()).mean() < none - 0.3
    ignored = capacities(Normal(0.6, 0.0), Settings(explore_belief=0.0)).mean()
    assert ignored == none


def test_the_more_the_slope_is_in_doubt_the_wider_stage_one_draws() -> None:
    sure, doubtful = (capacities(Normal(0.6, std**2), Settings()) for std in (0.0, 0.5))
    assert doubtful.std() > 1.2 * sure.std()
    assert np.mean(doubtful < -0.5) > 2.0 * np.mean(sure < -0.5)
