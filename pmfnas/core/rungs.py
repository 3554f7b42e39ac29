"""Rungs and ladders, counted with integers.

`floor(log(R / r) / log(eta))` loses a rung to rounding: R/r = 243 with eta 3 gives 5 rungs instead of 6, and 1000
with 10 gives 3 instead of 4. So the rungs are counted by an integer loop.
"""

from pmfnas.core.errors import InputError
from pmfnas.core.types import Fidelities, Fidelity


def rungs(lowest: int, highest: int, eta: int) -> tuple[int, ...]:
    """Return `lowest, lowest * eta, ...`, with the last rung moved up to `highest`.

    >>> rungs(1, 12, 3), rungs(1, 243, 3), rungs(1, 1000, 10)
    ((1, 3, 12), (1, 3, 9, 27, 81, 243), (1, 10, 100, 1000))
    """
    if not 1 <= lowest <= highest:
        raise InputError(f"lowest is {lowest}, but must be in 1..highest={highest}")
    if not eta >= 2:
        raise InputError(f"eta is {eta}, but must be at least 2")
    steps = [lowest]
    while steps[-1] * eta <= highest:
        steps.append(steps[-1] * eta)
    steps[-1] = highest
    return tuple(steps)


def climb(fidelities: Fidelities, *, eta: int = 3, schedules: int = 2) -> tuple[Fidelity, ...]:
    """Return the default ladder: the rungs of the search schedule, then the end of each longer schedule.

    The search schedule is the `schedules`-th from the end: schedule 12 of NAS-Bench-201 and of the size space. So
    the default is `12@1, 12@3, 12@12, 200@200`. With `schedules=1` the ladder has the last schedule only.
    """
    kept = fidelities.schedules[-min(schedules, len(fidelities.schedules)) :]
    first = [Fidelity(kept[0].name, e) for e in rungs(1, kept[0].epochs, eta) if e in kept[0].validation_epochs]
    return (*first, *(Fidelity(s.name, s.epochs) for s in kept[1:]))


def parse_ladder(text: str, fidelities: Fidelities) -> tuple[Fidelity, ...]:
    """Return the ladder written as `12@1,12@3,12@12`. Raises `InputError` unless its rungs exist and rise."""
    ladder = tuple(Fidelity.parse(part) for part in text.split(","))
    order = [s.name for s in fidelities.schedules]
    for rung in ladder:
        fidelities.check(rung)
    ranks = [(order.index(rung.schedule), rung.epochs) for rung in ladder]
    if ranks != sorted(set(ranks)):
        raise InputError(f"ladder is {text!r}, but its rungs must rise; order of schedules: {', '.join(order)}")
    return ladder
