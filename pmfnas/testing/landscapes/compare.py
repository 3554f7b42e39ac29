"""Compares searchers on a landscape, paired by seed, by the regret of the final accuracy of their pick."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pmfnas.core.errors import InputError
from pmfnas.core.ports import SearcherFactory
from pmfnas.core.types import FloatArray
from pmfnas.testing.driver import drive
from pmfnas.testing.landscapes.landscape import Landscape

N_MEDIUM = (30, 100, 250)
"""Budgets of a comparison, in trainings of the medium level."""


@dataclass(frozen=True, eq=False)
class Comparison:
    """Regrets on one landscape, paired by seed."""

    landscape: str
    searchers: tuple[str, ...]
    n_medium: tuple[int, ...]
    regret_pct: FloatArray  # (n_searchers, n_budgets, n_seeds)

    def __str__(self) -> str:
        """A line per searcher: mean regret and its standard error at every budget."""
        mean = self.regret_pct.mean(axis=2)
        error = self.regret_pct.std(axis=2, ddof=1) / np.sqrt(self.regret_pct.shape[2])
        width = max(map(len, self.searchers))
        lines = [
            f"  {name:{width}}  " + "  ".join(f"{m:6.2f} ± {e:4.2f}" for m, e in zip(means, errors, strict=True))
            for name, means, errors in zip(self.searchers, mean, error, strict=True)
        ]
        budgets = " / ".join(map(str, self.n_medium))
        return "\n".join([f"{self.landscape}, regret in points at {budgets} medium trainings", *lines])


def compare_on(
    landscape: Landscape,
    searchers: Mapping[str, SearcherFactory],
    n_medium: Sequence[int] = N_MEDIUM,
    seeds: Sequence[int] = range(10),
) -> Comparison:
    """Return the regret of the first recommended arch of every searcher, from one run per budget and seed.

    Args:
        landscape: the benchmark.
        searchers: name -> factory.
        n_medium: budgets, in medium trainings of the mean arch.
        seeds: at least two; they determine the order of trials and the searcher's stream.
    """
    if not searchers or not n_medium or len(seeds) < 2:
        raise InputError(
            f"searchers, n_medium and seeds are {len(searchers)}, {len(n_medium)} and {len(seeds)} in number, "
            "but must be 1, 1 and 2 at least"
        )
    regret = [
        [[_regret(landscape, factory, n * landscape.medium_s, seed) for seed in seeds] for n in n_medium]
        for factory in searchers.values()
    ]
    return Comparison(landscape.name, tuple(searchers), tuple(n_medium), np.array(regret))


def _regret(landscape: Landscape, factory: SearcherFactory, budget_s: float, seed: int) -> float:
    recommended = drive(factory, landscape, budget_s=budget_s, seed=seed).recommended
    return landscape.regret_pct(recommended[0] if recommended else None)
