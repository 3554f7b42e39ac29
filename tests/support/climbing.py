"""What searchers that climb a ladder are tested with: a landscape whose order is plain, and their moves on it."""

from collections.abc import Sequence
from functools import partial

from pmfnas.core.ports import SearcherFactory
from pmfnas.core.types import Arch, Decision, Drop, Submit, Train
from pmfnas.testing.driver import Trace, drive
from tests.support.fakes import ByHand

AMPLE_S = 1e6


def trace(factory: SearcherFactory, *, budget_s: float = 4_000.0, n_workers: int = 1, **settings: object) -> Trace:
    """A run by `ByHand`: validation rises with the sum of the arch, an epoch costs 10 s and a pass 1 s."""
    return drive(partial(factory, **settings), ByHand(), budget_s=budget_s, n_workers=n_workers)


def requests(decisions: Sequence[Decision]) -> list[Train]:
    """All requests in order."""
    return [request for d in decisions if isinstance(d, Submit) for request in d.requests]


def segments(decisions: Sequence[Decision]) -> list[tuple[int, int]]:
    """(start, stop) of all requests in order."""
    return [(request.start, request.stop) for request in requests(decisions)]


def dropped(decisions: Sequence[Decision]) -> list[Arch]:
    return [d.arch for d in decisions if isinstance(d, Drop)]


def best_by_sum(archs: Sequence[Arch], n: int) -> list[Arch]:
    """The `n` archs of highest validation, of equals the first."""
    return sorted(archs, key=lambda arch: -sum(arch))[:n]
