"""Wraps a searcher so that its search ends with a fully trained network.

A searcher may end with an arch that was trained for only a few epochs. This wrapper reserves the seconds of a full
training of the recommended arch, estimated from the measured seconds of its epochs. Once only the reserve is left, the
wrapper submits that training before the searcher's own request. It takes the longest schedule that fits into the rest
of the budget. If the recommended arch is fully trained already, the wrapper adds nothing.
A searcher that later probes that arch, which is free then, and goes on from there, is told the added training.
"""

from collections.abc import Sequence
from dataclasses import replace
from math import inf

from pmfnas.core.ports import Searcher
from pmfnas.core.types import (
    Arch,
    Decision,
    Diverged,
    Fidelities,
    Ok,
    Outcome,
    Request,
    Stop,
    Submit,
    Ticket,
    Train,
    Wait,
)

RESERVE = 1.15
"""Reserve as a multiple of the expected seconds, since epochs vary in length."""
_MOST_IDLE = 4.0
"""Upper bound of the assumed ratio of clock seconds to training seconds."""


class Finishing:
    """A searcher that ends with a full training of its recommendation. Implements `Searcher`."""

    def __init__(self, searcher: Searcher, fidelities: Fidelities, width: int) -> None:
        """Wrap a searcher.

        Args:
            searcher: decides until only the reserve is left.
            fidelities: a full training uses the longest schedule.
            width: number of candidates that share the device; an epoch takes at most `width` times its share.
        """
        self._searcher, self._fidelities, self._width = searcher, fidelities, width
        self._epoch_s: dict[Arch, float] = {}
        self._pass_s = self._setup_s = 0.0
        self._clock_s = self._paid_s = 0.0
        self._given_s: float | None = None
        self._trained: set[tuple[Arch, str]] = set()  # with the schedule
        self._last: Train | None = None
        self._held: Decision | None = None
        self._values: dict[Arch, tuple[int, float]] = {}  # epochs and score of the longest whole training
        self._added: dict[tuple[Arch, str], Train] = {}
        self._asked: dict[Train, Train] = {}  # request from the first epoch -> the searcher's own

    def ask(self, running: Sequence[Ticket], remaining_s: float) -> Decision:
        """Return the searcher's decision, or the full training if only its reserve is left."""
        self._given_s = remaining_s if self._given_s is None else self._given_s
        self._clock_s = self._given_s - remaining_s
        if self._last is not None:
            return Wait()
        decision, self._held = self._held or self._searcher.ask(running, remaining_s), None
        decision = self._from_the_start(decision)
        best = self._recommended()
        last = self._whole(best, remaining_s) if best is not None else None
        if last is None or self._is_under_way(last, running):
            return decision
        if isinstance(decision, Submit):
            ahead_s = sum(self._seconds(r) for r in decision.requests if isinstance(r, Train))
            if self._seconds(last) * RESERVE + ahead_s <= remaining_s or self._is_whole(decision, last):
                return decision
        elif not isinstance(decision, Stop) and self._seconds(last) * RESERVE <= remaining_s:
            return decision
        self._last, self._held = last, decision
        return Submit((last,), ({"stage": "finish"},))

    def tell(self, ticket: Ticket, outcome: Outcome) -> None:
        """Record the cost of epochs; pass on every outcome except that of the added training."""
        request = ticket.request
        self._paid_s += outcome.cost.total_s
        if isinstance(request, Train) and isinstance(outcome, (Ok, Diverged)):
            self._learn(request, outcome)
        if request != self._last:
            own = self._asked.pop(request, request) if isinstance(request, Train) else request
            self._searcher.tell(replace(ticket, request=own), outcome)
            return
        self._last = None
        if isinstance(outcome, Ok):
            self._added[request.arch, request.schedule] = request
        self._trained.add((request.arch, request.schedule))  # also if it diverged or failed: it is not repeated

    def recommend(self) -> Sequence[Arch]:
        """Return the searcher's archs; after an added training, the best of those trained longest leads.

        It does not where the searcher's best was trained as long.
        """
        archs = self._searcher.recommend()
        if not self._added or (archs and self._height(archs[0]) >= max(map(self._height, self._values))):
            return archs
        leader = max(self._values, key=lambda arch: self._values[arch])
        return (leader, *(arch for arch in archs if arch != leader))

    def _from_the_start(self, decision: Decision) -> Decision:
        """Return the decision with what goes on within an added training asked from the first epoch, which is known."""
        if not isinstance(decision, Submit):
            return decision
        return replace(decision, requests=tuple(map(self._replaced, decision.requests)))

    def _replaced(self, request: Request) -> Request:
        added = self._added.get((request.arch, request.schedule)) if isinstance(request, Train) else None
        if added is None or not isinstance(request, Train) or not 0 < request.start < request.stop <= added.stop:
            return request
        whole = added if request.stop == added.stop else replace(request, start=0)
        self._asked[whole] = request
        return whole

    def _height(self, arch: Arch) -> int:
        """Return the epochs of the longest schedule that the arch has completed; 0 if none."""
        return max((s.epochs for s in self._fidelities.schedules if (arch, s.name) in self._trained), default=0)

    def _learn(self, request: Train, outcome: Ok | Diverged) -> None:
        cost = outcome.cost
        if isinstance(outcome, Ok) and request.stop == self._fidelities[request.schedule].epochs:
            self._trained.add((request.arch, request.schedule))
            value = (request.stop, outcome.curve.last_valid_acc if outcome.curve.valid_epochs else -inf)
            self._values[request.arch] = max(value, self._values.get(request.arch, value))
        if request.stop > request.start and cost.train_s > 0:
            self._epoch_s[request.arch] = cost.train_s / (request.stop - request.start)
        self._setup_s = max(self._setup_s, cost.setup_s)
        if request.validations and cost.valid_s > 0:
            self._pass_s = max(self._pass_s, cost.valid_s / len(request.validations))

    def _recommended(self) -> Arch | None:
        best = self._searcher.recommend()
        return best[0] if best else None

    def _whole(self, arch: Arch, remaining_s: float) -> Train | None:
        """Return the longest full training that fits into the time; None if the arch has had it or a longer one."""
        for schedule in reversed(self._fidelities.schedules):
            whole = Train(arch, schedule.name, 0, schedule.epochs)
            if (arch, schedule.name) in self._trained:
                return None
            if self._share_s(whole) <= remaining_s:  # lower bound of its time on the clock
                return whole
        return None

    def _seconds(self, request: Train) -> float:
        """Return an upper bound of a request's clock seconds, from measured epochs of the arch, or else of any arch.

        The clock also runs between trainings: so far `_clock_s` seconds, of which `_paid_s` were training.
        """
        idle = self._clock_s / self._paid_s if self._paid_s > 0 else 1.0
        return self._share_s(request) * self._width * min(max(idle, 1.0), _MOST_IDLE)

    def _share_s(self, request: Train) -> float:
        """Return the expected cost of a request, from the same measurements."""
        epoch_s = self._epoch_s.get(request.arch, max(self._epoch_s.values(), default=0.0))
        return epoch_s * (request.stop - request.start) + self._pass_s * len(request.validations) + self._setup_s

    def _is_whole(self, decision: Submit, last: Train) -> bool:
        """Return whether the searcher itself requests a full training, on the longest schedule or that of `last`."""
        ends = (self._fidelities.highest, last.fidelity)
        return any(isinstance(r, Train) and r.fidelity in ends for r in decision.requests)

    def _is_under_way(self, last: Train, running: Sequence[Ticket]) -> bool:
        return any(
            isinstance(t.request, Train) and t.request.arch == last.arch and t.request.fidelity == last.fidelity
            for t in running
        )
