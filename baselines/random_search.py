"""Random search: archs drawn uniformly without repetition, each trained to the end of the search schedule.

The best arch by validation is recommended. The expected result after n archs has a closed form, the best of n draws
without replacement. The reference tests compare this searcher with it.

Source: Bergstra and Bengio, JMLR 13 (2012); for architecture search Li and Talwalkar, arXiv 1902.07638.

Deviations from the paper: no arch is drawn twice. The rows of NAS-Bench-201 (arXiv 2001.00326, table 5) are for
the default settings and a budget of 12,000 s.
"""

from collections.abc import Sequence

import numpy as np

from baselines.parts.checks import search_fidelity
from baselines.parts.evaluations import evaluation, exhausted
from baselines.parts.incumbents import Observed
from baselines.parts.sampling import unseen
from pmfnas.core.ports import Space
from pmfnas.core.types import Arch, Decision, Fidelities, Outcome, Ticket


class RandomSearch:
    """Uniform random search.

    Args:
        space: the space that archs are drawn from.
        fidelities: the benchmark's schedules and validation epochs.
        budget_s: not used.
        n_workers: not used; the searcher waits only once the space is exhausted.
        rng: draws the archs.
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
        self._space = space
        self._rng = rng
        self._fidelity = search_fidelity(fidelity, fidelities)
        self._asked: set[Arch] = set()
        self._observed = Observed(fidelities)

    def ask(self, running: Sequence[Ticket], remaining_s: float) -> Decision:
        """Return the training of a new arch."""
        del remaining_s
        arch = unseen(self._space, self._asked, rng=self._rng)
        if arch is None:
            return exhausted(running)
        self._asked.add(arch)
        return evaluation(arch, self._fidelity)

    def tell(self, ticket: Ticket, outcome: Outcome) -> None:
        """Record an outcome."""
        self._observed.add(ticket, outcome)

    def recommend(self) -> Sequence[Arch]:
        """Return the best archs by validation, best first."""
        return self._observed.ranking()
