"""What searchers of one fidelity are tested with: outcomes at 12@12 by hand, and a loop without a clock."""

from collections.abc import Callable, Sequence

import numpy as np

from pmfnas.core.ports import Searcher, SearcherFactory, Space
from pmfnas.core.rng import stream
from pmfnas.core.types import Arch, Cost, Curve, Diverged, Ok, Stop, Submit, Ticket, Train
from tests.support.fakes import FIDELITIES


def ticket(arch: Arch, number: int = 0) -> Ticket:
    return Ticket(number, Train(arch, "12", 0, 12))


def curve(valid_acc_pct: float, epoch: int = 12) -> Curve:
    ones = np.ones(epoch)
    return Curve(0, ones, ones, (epoch,), np.ones(1), np.array([valid_acc_pct]))


def ok(valid_acc_pct: float) -> Ok:
    return Ok(curve(valid_acc_pct), Cost())


DIVERGED = Diverged(curve(float("nan")), Cost())


def make(factory: SearcherFactory, space: Space, *, seed: int = 0, **settings: object) -> Searcher:
    return factory(space, FIDELITIES, 1e6, 1, rng=stream(seed, "searcher"), **settings)


def asked(searcher: Searcher, running: Sequence[Arch] = ()) -> Arch:
    """The one arch of a decision to submit."""
    decision = searcher.ask([ticket(arch, i) for i, arch in enumerate(running)], 1e6)
    assert isinstance(decision, Submit), decision
    (request,) = decision.requests
    assert request == Train(request.arch, "12", 0, 12)
    return request.arch


def walk(searcher: Searcher, value: Callable[[Arch], float], n: int) -> list[Arch]:
    """The first `n` archs that one worker trains, each told before the next is asked for; fewer where it stops."""
    archs: list[Arch] = []
    while len(archs) < n and not isinstance(decision := searcher.ask([], 1e6), Stop):
        assert isinstance(decision, Submit)
        arch = decision.requests[0].arch
        archs.append(arch)
        searcher.tell(ticket(arch, len(archs)), ok(value(arch)))
    return archs
