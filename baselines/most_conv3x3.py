"""A control without learning: train the archs with the most 3x3 convolutions, most first.

Archs are ordered by the number of `nor_conv_3x3` in their official string; ties are broken at random. Each arch is
trained to the end of the search schedule, until the budget ends, and the best by validation is recommended. On
NAS-Bench-201, the 25 cells with five or six 3x3 convolutions include the best cell on CIFAR-100 and almost the best on
the other data sets. A searcher must beat this rule to show that it learns.

Source: none; the rule is ours.

Deviations from the paper: none.
"""

from collections.abc import Sequence

import numpy as np

from baselines.parts.checks import search_fidelity
from baselines.parts.evaluations import evaluation, exhausted
from baselines.parts.incumbents import Observed
from baselines.scan import choices_by_size, descending
from pmfnas.core.errors import InputError
from pmfnas.core.ports import Space
from pmfnas.core.types import Arch, Decision, Fidelities, Outcome, Ticket

_OPERATION = "nor_conv_3x3"


class MostConv3x3:
    """Trains archs by their number of 3x3 convolutions, most first.

    Args:
        space: a space whose arch strings name operations. Raises `InputError` if no arch has a 3x3 convolution.
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
        """Record an outcome."""
        self._observed.add(ticket, outcome)

    def recommend(self) -> Sequence[Arch]:
        """Return the best archs by validation, best first."""
        return self._observed.ranking()
