import pytest

from baselines.hyperband import Hyperband
from pmfnas.core.errors import InputError
from pmfnas.core.types import Wait
from tests.support.climbing import best_by_sum, requests, segments, trace
from tests.support.evaluating import make
from tests.support.fakes import cells

CYCLE = [(0, 1)] * 12 + [(1, 3)] * 4 + [(3, 12)] + [(0, 3)] * 6 + [(3, 12)] + [(0, 12)] * 3


def test_one_cycle_and_the_next():
    moves = segments(trace(Hyperband).decisions)
    assert moves[: len(CYCLE)] == CYCLE
    assert moves[len(CYCLE) : len(CYCLE) + 16] == CYCLE[:16]


def test_each_bracket_promotes_its_own_best():
    archs = [r.arch for r in requests(trace(Hyperband).decisions)]
    assert archs[12:16] == best_by_sum(archs[:12], 4)
    assert archs[16:17] == best_by_sum(archs[:12], 1)
    assert archs[23:24] == best_by_sum(archs[17:23], 1)


def test_sizes_rounded_down_as_the_package_does():
    moves = segments(trace(Hyperband, rounding="down").decisions)
    assert moves[:24] == [(0, 1)] * 12 + [(1, 3)] * 4 + [(3, 12)] + [(0, 3)] * 4 + [(3, 12)] + [(0, 12)] * 2


def test_rungs_counted_by_eta():
    moves = segments(trace(Hyperband, eta=2).decisions)
    assert moves[:14] == [(0, 1)] * 4 + [(1, 3)] * 2 + [(3, 12)] + [(0, 3)] * 3 + [(3, 12)] + [(0, 12)] * 3


def test_one_rung_is_random_search():
    run = trace(Hyperband, ladder="12@12")
    assert set(segments(run.decisions)) == {(0, 12)}


def test_workers_wait_at_the_barrier():
    run = trace(Hyperband, n_workers=16)
    assert any(isinstance(d, Wait) for d in run.decisions)
    assert segments(run.decisions)[: len(CYCLE)] == CYCLE


def test_bad_settings():
    with pytest.raises(InputError, match="eta is 0"):
        make(Hyperband, cells(), eta=0)
