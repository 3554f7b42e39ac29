"""Starts that do not fit: what is too dear now may be started when it is found to be cheaper."""

from typing import Any

import numpy as np

from pmfnas.core.types import Train
from pmfnas.engine.choices import Choice
from pmfnas.engine.pool import Pool
from pmfnas.engine.record import Record, State
from pmfnas.engine.settings import Settings
from pmfnas.engine.stages.searching import Searching
from pmfnas.testing.grid import GridSpace


class Priced:
    """Choices of which the rest of a training costs a given number of seconds."""

    has_low = True

    def __init__(self, rest_s: float) -> None:
        self._rest_s = rest_s

    def rest_s(self, arch: object) -> float:
        del arch
        return self._rest_s


def start(pool: Pool, rest_s: float) -> Choice | None:
    """Return the choice of starting the first arch with 10 s left."""
    choices: Any = Priced(rest_s)
    record = Record(medium=[pool.archs[1]])
    state = State(record, pool, None)  # type: ignore[arg-type]
    choice = Choice("start", Train(pool.archs[0], "12", 0, 3), 0.0, 0.0, 0.0, 0.0, 1.0)
    return Searching(choices, 0.25).start(state, 0, choice, 10.0)


def test_an_arch_that_was_too_dear_is_started_once_it_is_cheaper() -> None:
    pool = Pool(GridSpace((3, 3)), Settings(), rng=np.random.default_rng(0))
    assert start(pool, rest_s=20.0) is None
    assert (pool.free.sum(), pool.started) == (len(pool) - 1, [])  # another is proposed meanwhile
    pool.reopen()
    assert start(pool, rest_s=5.0) is not None
    assert pool.started == [0]
