"""A control without learning: train the archs with the most parameters, most first.

The official parameter count is what decides; ties are broken at random. Each arch is trained to the end of the
search schedule, until the budget ends, and the best by validation is recommended. Nothing that is observed changes
what is trained next, so a searcher that does no better has shown nothing.

Source: none; the rule is ours.

Deviations from the paper: none.
"""

from collections.abc import Sequence

import numpy as np

from baselines.parts.evaluations import evaluation, exhausted
from baselines.parts.incumbents import Observed
from baselines.parts.settings import search_fidelity
from baselines.scan import descending
from pmfnas.core.ports import Space
from pmfnas.core.types import Arch, Decision, Fidelities, Outcome, Ticket


class MostParams:
    """Trains archs in the order of their parameters.

    Args:
        space: knows the parameters of an arch.
        fidelities: what exists.
        budget_s: not used.
        n_workers: not used; never waits before the space is exhausted.
        rng: breaks ties.
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
        """Take note of an outcome."""
        self._observed.add(ticket, outcome)

    def recommend(self) -> Sequence[Arch]:
        """Return the best archs by validation, best first."""
        return self._observed.ranking()
