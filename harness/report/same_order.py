"""Do two results put the searchers in the same order? Rank correlations per data set.

Of use where the same experiment was run on two kinds of data: what is said of the searchers on the one should hold on
the other. Means of few seeds are noisy, and searchers that are level swap places by chance, so the pairs on which the
two differ are listed with their differences.
"""

from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
import pandas as pd
from scipy.stats import kendalltau, spearmanr

from harness.report.results import Results
from harness.show.render import pipes
from harness.stats.runs import groups, scores
from pmfnas.core.errors import InputError

SHOWN = 5
"""How many of the pairs in another order are listed, the largest differences first."""


@dataclass(frozen=True, slots=True)
class Order:
    """How two results order the searchers of one data set."""

    dataset: str
    means: pd.DataFrame
    """Mean score per searcher (index), in two columns: first and second result; percent."""

    @property
    def spearman(self) -> float:
        """Rank correlation of the means."""
        return float(spearmanr(*self.means.to_numpy().T).statistic)

    @property
    def kendall(self) -> float:
        """Kendall tau of the means."""
        return float(kendalltau(*self.means.to_numpy().T).statistic)

    @property
    def swapped(self) -> list[tuple[str, str, float, float]]:
        """Pairs in another order: the better of the first result, the other, by how much it leads there, and here."""
        values = self.means.to_numpy()
        gaps = [
            (a, b, float(values[a, 0] - values[b, 0]), float(values[a, 1] - values[b, 1]))
            for a, b in combinations(range(len(values)), 2)
        ]
        lead = [(a, b, x, y) if x > 0 else (b, a, -x, -y) for a, b, x, y in gaps]
        names = [str(name) for name in self.means.index]
        found = [(names[a], names[b], x, y) for a, b, x, y in lead if x > 0 > y]
        return sorted(found, key=lambda pair: -min(pair[2], -pair[3]))


def orders(first: Results, second: Results) -> list[Order]:
    """Return the orders of the searchers that both results have, per data set.

    Raises:
        InputError: there is no data set on which both have three searchers in common.
    """
    found = []
    for dataset in (name for name in first.datasets if name in second.datasets):
        columns = [_means(results, dataset) for results in (first, second)]
        means = pd.concat(columns, axis=1, join="inner", keys=["first", "second"])
        if len(means) >= 3:
            found.append(Order(dataset, means.sort_values("first", ascending=False)))
    if not found:
        raise InputError("the two results have no data set with three searchers in common; give others")
    return found


def _means(results: Results, dataset: str) -> "pd.Series[float]":
    parts = {name: rows for (of, name), rows in groups(results.runs).items() if of == dataset and rows["ok"].any()}
    return pd.Series({name: float(scores(rows, "test").mean()) for name, rows in parts.items()}, dtype=np.float64)


def markdown(first: Results, second: Results) -> str:
    """Return the correlations as a table, and the pairs whose order differs most."""
    found = orders(first, second)
    names = [f"{r.runs['data'].iloc[0]} ({r.words.name})" for r in (first, second)]
    blocks = [
        f"# Order of the searchers: {names[0]} against {names[1]}",
        "Mean score of each searcher over its seeds; rank correlation over the searchers that both have.",
        "\n".join(pipes(_TITLES, [_cells(order, (first, second)) for order in found])),
    ]
    for order in found:
        pairs = [
            f"- {a} leads {b} by {here:.3f}, and trails it by {-there:.3f}"
            for a, b, here, there in order.swapped[:SHOWN]
        ]
        blocks.append(f"{order.dataset}, the pairs in another order with the largest differences (points):")
        blocks.append("\n".join(pairs or ["- none"]))
    return "\n\n".join(blocks) + "\n"


_TITLES = ("data set", "searchers", "seeds", "Spearman", "Kendall tau", "pairs in another order")


def _cells(order: Order, both: tuple[Results, Results]) -> tuple[str, ...]:
    seeds = (str(of.runs.loc[of.runs["dataset"] == order.dataset, "seed"].nunique()) for of in both)
    n, rho, tau = len(order.means), f"{order.spearman:.3f}", f"{order.kendall:.3f}"
    return order.dataset, str(n), ", ".join(dict.fromkeys(seeds)), rho, tau, f"{len(order.swapped)} of {comb(n, 2)}"
