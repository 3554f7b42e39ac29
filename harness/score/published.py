"""Published results, shown beside ours and never mixed with them.

Budgets, splits, GPUs and cost units differ between papers, so these rows are reference, not evidence. Every row says
how it was read:

    R   in the text of the paper or its repository
    I   off an image or plot of it
    S   second-hand, in a text that reprints the table

Numbers that could not be checked are not listed. Accuracies are percent, mean and standard deviation over the
paper's own repetitions, without a deviation where none was printed. A cost is text, as printed: seconds of another
GPU, queries, or what is known of it.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias, cast

import pandas as pd

from harness.stats.runs import require
from pmfnas.core.errors import InputError

Trust: TypeAlias = Literal["R", "I", "S"]

DATASETS = ("cifar10", "cifar100", "ImageNet16-120")


class Score(NamedTuple):
    """Mean and standard deviation, percent."""

    mean: float
    std: float | None = None

    def __str__(self) -> str:
        return f"{self.mean:.2f}" if self.std is None else f"{self.mean:.2f}±{self.std:.2f}"


@dataclass(frozen=True, slots=True)
class Published:
    """One row of a published table. Scores are on `DATASETS`, in this order, None where nothing was printed."""

    method: str
    test: tuple[Score | None, ...]
    valid: tuple[Score | None, ...]
    cost: str
    n_runs: str
    source: str
    trust: Trust


_FILE = Path(__file__).with_name("published.csv")
"""A row per method and space; a score is written `valid/test`, `test` or `-`, each with or without `±std`."""
_BENCHMARK_PAPER = "Dong and Yang 2020"
"""Begin of the source whose rows are replayed."""


def published(space: str = "nb201") -> tuple[Published, ...]:
    """Return every published row on `space` ("nb201" or "nats-sss"), in the order of their sources."""
    rows = pd.read_csv(_FILE, dtype=str, keep_default_na=False)
    known = list(rows["space"].unique())
    if space not in known:
        raise InputError(f"space is {space!r}, but published rows exist for: {', '.join(known)}")
    return tuple(_row(row) for row in rows[rows["space"] == space].to_dict("records"))


def _row(row: Mapping[Hashable, str]) -> Published:
    cells = [row[dataset] for dataset in DATASETS]
    return Published(
        method=row["method"],
        test=tuple(_score(cell.split("/")[-1]) for cell in cells),
        valid=tuple(_score(cell.split("/")[0]) if "/" in cell else None for cell in cells),
        cost=row["cost"],
        n_runs=row["runs"] or "not stated",
        source=row["source"],
        trust=cast(Trust, row["trust"]),
    )


def _score(text: str) -> Score | None:
    if text == "-":
        return None
    mean, _, std = text.partition("±")
    return Score(float(mean), float(std) if std else None)


# ------------------------------------------------------------------------------- replay of the benchmark's paper

REPLAY_TOLERANCE_PCT = 0.15
"""How near our mean must come, percent points; about two standard errors of a 20-seed mean."""


class ReplayCheck(NamedTuple):
    """Our mean test accuracy on CIFAR-10 beside the one of the benchmark's paper, both after 12,000 s."""

    method: str
    searcher: str
    target: Score
    ours: Score
    n_seeds: int
    gap: float
    """Ours less theirs, percent points."""
    within: bool


def replay_targets() -> Mapping[str, Score]:
    """Return the CIFAR-10 test accuracy of the four searchers that the benchmark's paper ran for 12,000 s."""
    names = ("random search", "REINFORCE", "REA", "BOHB")
    rows = {row.method: row.test[0] for row in published("nb201") if row.source.startswith(_BENCHMARK_PAPER)}
    return {name: cast(Score, rows[name]) for name in names}


def compare_replay(
    summary: pd.DataFrame, names: Mapping[str, str], *, tolerance_pct: float = REPLAY_TOLERANCE_PCT
) -> Sequence[ReplayCheck]:
    """Return one check per target that `names` gives a searcher for.

    Args:
        summary: from `harness.stats.summary.summarise`, of runs with the replay's budget.
        names: method of `replay_targets` to our searcher, such as {"REA": "rea"}.
        tolerance_pct: largest gap of the means that passes.

    Raises:
        InputError: a method that is no target, or a searcher without runs on CIFAR-10.
    """
    require(summary, ("dataset", "searcher", "test_mean", "test_std", "n_seeds"), "summary")
    rows = summary[summary["dataset"] == "cifar10"].set_index("searcher").to_dict("index")
    targets = replay_targets()
    for method, searcher in names.items():
        if method not in targets:
            raise InputError(f"names has the method {method!r}, but the targets are: {', '.join(targets)}")
        if searcher not in rows:
            raise InputError(f"summary has no runs of {searcher} on cifar10, needed for {method}; run it")
    return tuple(_check(m, names[m], targets[m], rows[names[m]], tolerance_pct) for m in targets if m in names)


def _check(method: str, searcher: str, target: Score, row: Mapping[Hashable, Any], tolerance_pct: float) -> ReplayCheck:
    ours = Score(float(row["test_mean"]), float(row["test_std"]))
    gap = ours.mean - target.mean
    return ReplayCheck(method, searcher, target, ours, int(row["n_seeds"]), gap, abs(gap) <= tolerance_pct + 1e-9)
