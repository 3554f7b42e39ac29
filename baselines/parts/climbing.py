"""Training archs from rung to rung of a ladder, and their live checkpoints.

Within a schedule an arch continues from its checkpoint. A rung of another schedule is a fresh run; the old checkpoint
is dropped first. A ladder may repeat its last rung. Each repetition trains from epoch 0 again and buys one more
validation than the last one, because the record answers an identical request for free.
"""

import math
from collections import Counter, deque
from collections.abc import Iterable, Sequence

from baselines.parts.checks import check_at_least
from pmfnas.core.errors import InputError
from pmfnas.core.rungs import climb, parse_ladder
from pmfnas.core.types import Arch, Decision, Drop, Fidelities, Fidelity, Ok, Outcome, Request, Submit, Ticket, Train

FULL = "full"
"""Name of the ladder that ends with the longest schedule: `12@1, 12@3, 12@12, 200@200`."""


def ladder_of(text: str | None, fidelities: Fidelities) -> tuple[Fidelity, ...]:
    """Return the ladder that a setting names.

    Args:
        text: None for the rungs of the search schedule (`12@1, 12@3, 12@12`); `full` for these and the end of each
            longer schedule (`200@200`); or the rungs written out.
        fidelities: the benchmark's schedules and validation epochs.

    Raises:
        InputError: rungs do not exist or do not rise, or the ladder has no rung.
    """
    if text is not None and text != FULL:
        return parse_ladder(text, fidelities)
    full = climb(fidelities)
    if not full:
        raise InputError(
            f"ladder is {text}, but schedule {fidelities.highest.schedule} has no clean validation at a rung"
        )
    return full if text == FULL else tuple(rung for rung in full if rung.schedule == full[0].schedule)


def repeated(ladder: Sequence[Fidelity], times: int, fidelities: Fidelities) -> tuple[Fidelity, ...]:
    """Return `ladder` with its last rung `times` times. Each repetition needs a validation one epoch earlier."""
    check_at_least("repeats", times, 1)
    last = ladder[-1]
    for epochs in range(last.epochs - times + 1, last.epochs):
        fidelities.check(Fidelity(last.schedule, epochs))
    return (*ladder, *(last,) * (times - 1))


class Climber:
    """Trains archs to the rungs of a ladder, from their live checkpoints if they have any."""

    def __init__(self, ladder: Sequence[Fidelity]) -> None:
        self._ladder = tuple(ladder)
        self._is_repeated = [self._ladder.count(rung) > 1 for rung in self._ladder]
        self._live: dict[Arch, tuple[str, int]] = {}  # schedule and epochs of the newest checkpoint
        self._rungs: dict[Request, int] = {}  # of requests in flight
        self._queue: deque[Decision] = deque()
        self._times: Counter[tuple[Arch, Fidelity]] = Counter()  # trainings at rungs that the ladder repeats

    def queued(self) -> Decision | None:
        """Return the next queued decision; None if the queue is empty. Call it before `take`."""
        return self._queue.popleft() if self._queue else None

    def take(self, arch: Arch, rung: int) -> Decision:
        """Return the decision to train `arch` to `rung`, or a `Drop` that must precede it; the training is queued."""
        request = self._request(arch, rung)
        self._rungs[request] = rung
        if self._live.get(arch, (request.schedule, 0))[0] == request.schedule:
            return Submit((request,))
        del self._live[arch]
        self._queue.append(Submit((request,)))
        return Drop(arch)

    def _request(self, arch: Arch, rung: int) -> Train:
        fidelity = self._ladder[rung]
        if self._is_repeated[rung]:
            again = self._times[arch, fidelity]
            self._times[arch, fidelity] += 1
            if again:
                return Train(arch, fidelity.schedule, 0, fidelity.epochs, (fidelity.epochs - again, fidelity.epochs))
        schedule, epochs = self._live.get(arch, (fidelity.schedule, 0))
        goes_on = schedule == fidelity.schedule and epochs < fidelity.epochs
        return Train(arch, fidelity.schedule, epochs if goes_on else 0, fidelity.epochs)

    def note(self, ticket: Ticket, outcome: Outcome) -> tuple[Arch, int, float]:
        """Return (arch, rung, percent) of an outcome; -inf if there is no finite validation accuracy."""
        request, value = ticket.request, -math.inf
        if isinstance(outcome, Ok) and isinstance(request, Train):
            self._live[request.arch] = (request.schedule, outcome.curve.stop)
            valid_acc_pct = outcome.curve.last_valid_acc
            value = valid_acc_pct if math.isfinite(valid_acc_pct) else -math.inf
        return request.arch, self._rungs.pop(request), value

    def drop(self, archs: Iterable[Arch]) -> None:
        """Queue a `Drop` of the live checkpoints of `archs`, which must not be in flight."""
        for arch in archs:
            if self._live.pop(arch, None) is not None:
                self._queue.append(Drop(arch))
