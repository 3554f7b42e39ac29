"""A control without learning: train the archs with the most parameters, most first.

Archs are ordered by their official parameter count; ties are broken at random. Each arch is trained to the end of the
search schedule, until the budget ends, and the best by validation is recommended. The order never depends on results,
so a searcher must beat this rule to show that it learns.

Source: none; the rule is ours.

Deviations from the paper: none.
"""

from collections.abc import Sequence

import numpy as np

from baselines.parts.checks import search_fidelity
from baselines.parts.evaluations import evaluation, exhausted
from baselines.parts.incumbents import Observed
from baselines.scan import descending
from pmfnas.core.ports import Space
from pmfnas.core.types import Arch, Decision, Fidelities, Outcome, Ticket


class MostParams:
    """Trains archs by their number of parameters, most first.

    Args:
        space: the space; it defines the parameters of an arch.
        fidelities: the benchmark's schedules and validation epochs.
        budget_s: not used.
        n_workers: not used; the searcher waits only once the space is exhausted.
        rng: breaks ties.
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
        fidelity: str | None = None,
    ) -> None:
        del budget_s, n_workers
        self._archs = descending(space.cardinalities, space.params_m, rng=rng)
        self._fidelity = search_fidelity(fidelity, fidelities)
        self._observed = Observed(fidelities)

    def ask(self, running: Sequence[Ticket], remaining_s: float) -> Decision:
        """Return the training of the next arch."""
        del remaining_s
        arch = next(self._archs, None)
        return exhausted(running) if arch is None else evaluation(arch, self._fidelity)

    def tell(self, ticket: Ticket, outcome: Outcome) -> None:
        """Record an outcome."""
        self._observed.add(ticket, outcome)

    def recommend(self) -> Sequence[Arch]:
        """Return the best archs by validation, best first."""
        return self._observed.ranking()
