"""A control without learning: train the archs with the most 3x3 convolutions, most first.

What counts is how often `nor_conv_3x3` stands in the official arch string; ties are broken at random. Each arch is
trained to the end of the search schedule, until the budget ends, and the best by validation is recommended. On
NAS-Bench-201 the 25 cells with five or more of them hold the best of the space on CIFAR-100 and nearly so elsewhere:
a searcher that does no better has shown nothing.

Source: none; the rule is ours.

Deviations from the paper: none.
"""

from collections.abc import Sequence

import numpy as np

from baselines.parts.evaluations import evaluation, exhausted
from baselines.parts.incumbents import Observed
from baselines.parts.settings import search_fidelity
from baselines.scan import choices_by_size, descending
from pmfnas.core.errors import InputError
from pmfnas.core.ports import Space
from pmfnas.core.types import Arch, Decision, Fidelities, Outcome, Ticket

_OPERATION = "nor_conv_3x3"


class MostConv3x3:
    """Trains archs in the order of their 3x3 convolutions.

    Args:
        space: prints archs as strings that name operations; one without 3x3 convolutions is refused.
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

        def count(arch: Arch) -> int:
            return space.format(arch).count(_OPERATION)

        most = tuple(of_place[0] for of_place in choices_by_size(space.cardinalities, count))
        if count(most) == 0:
            raise InputError(
                f"space is {space.name}, but no arch of it has a {_OPERATION}, as {space.format(most)} shows; "
                "use most_params instead"
            )
        self._archs = descending(space.cardinalities, count, rng=rng)
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
