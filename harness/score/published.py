"""Published results, to stand beside ours and never among them.

Budgets, splits, GPUs and cost units differ between papers, so these rows are reference, not evidence. Every row says
how it was read:

    R   in the text of the paper or its repository
    I   off an image or plot of it
    S   second-hand, in a text that reprints the table

Figures that could not be checked are not listed. Accuracies are percent, mean and standard deviation over the
paper's own repetitions, without a deviation where none was printed. A cost is text, as printed: seconds of another
GPU, queries, or what is known of it.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
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
    """One row of somebody's table. Scores are on `DATASETS`, in this order, None where nothing was printed."""

    method: str
    test: tuple[Score | None, ...]
    valid: tuple[Score | None, ...]
    cost: str
    n_runs: str
    source: str
    trust: Trust


class _Block(NamedTuple):
    """Rows of one source: method | C10 | C100 | IN16 | cost | runs, a cell being `valid/test` or `test` or `-`."""

    source: str
    trust: Trust
    rows: str


_NB201_PAPER = _Block(
    "Dong and Yang 2020, Table 5, in arXiv 2006.04647, Table 2a; searched on CIFAR-10, the arch used on all",
    "R",
    """
    REA                | 91.19±.31/93.92±.30   | 71.81±1.12/71.84±.99  | 45.15±.89/45.54±1.03  | 12,000 s | 500
    random search      | 90.93±.36/93.70±.36   | 70.93±1.09/71.04±1.07 | 44.45±1.10/44.57±1.25 | 12,000 s | 500
    REINFORCE          | 91.09±.37/93.85±.37   | 71.61±1.12/71.71±1.09 | 45.05±1.02/45.24±1.18 | 12,000 s | 500
    BOHB               | 90.82±.53/93.61±.52   | 70.74±1.29/70.85±1.28 | 44.26±1.36/44.42±1.49 | 12,000 s | 500
    RSPS               | 84.16±1.69/87.66±1.69 | 59.00±4.60/58.33±4.34 | 31.56±3.28/31.14±3.88 | 7,587 s  | 3
    DARTS V1, V2, ENAS | 39.77/54.30           | 15.03/15.61           | 16.43/16.32 | 10,890 to 29,902 s | 3
    GDAS               | 90.00±.21/93.51±.13   | 71.14±.27/70.61±.26   | 41.70±1.26/41.84±.90  | 28,926 s | 3
    SETN               | 82.25±5.17/86.19±4.63 | 56.86±7.59/56.87±7.77 | 32.54±3.63/31.90±4.07 | 31,010 s | 3
    ResNet             | 93.97                 | 70.86                 | 43.63                 | no search |
    """,
)

_NASWOT = _Block(
    "Mellor et al., arXiv 2006.04647, Table 2a",
    "R",
    """
    NASWOT, N = 1,000    | 92.96±.81 | 69.98±1.22 | 44.44±2.10 | 306 s | 500
    best of 100 by test  | 93.84±.23 | 71.56±.78  | 45.67±.64  | selects on test | 500
    """,
)

_ROBOT = _Block(
    "hzf1174/RoBoT, images/Table2.jpg; cost of a 12-epoch search on CIFAR-10, results transferred",
    "I",
    """
    RoBoT       | 94.36±.00 | 73.51±.00  | 46.34±.00  | 3,051 s  | 10
    HNAS        | 94.04±.21 | 71.75±1.04 | 45.91±.88  | 3,010 s  |
    TE-NAS      | 93.90±.47 | 71.24±.56  | 42.38±.46  | 1,558 s  |
    NASI        | 93.55±.10 | 71.20±.14  | 44.84±1.41 | 120 s    |
    DrNAS       | 93.98±.58 | 72.31±1.70 | 44.02±3.24 | 14,887 s |
    Shapley-NAS | 94.05±.19 | 73.15±.26  | 46.25±.25  | 14,762 s |
    beta-DARTS  | 94.00±.22 | 72.91±.43  | 46.20±.38  | 3,280 s  |
    """,
)

_MF_NAS = _Block(
    "ELO-Lab/MF-NAS, docs/MF-NAS.md, doi 10.1145/3638529.3654027; 1,192 epochs in 20,000, 40,000, 120,000 s",
    "R",
    """
    MF-NAS | 94.36±.00 | 73.51±.00 | 46.34±.00 | 20,000 to 120,000 s |
    """,
)

_R_MF_NAS = _Block(
    "ELO-Lab/MF-NAS, docs/R-MF-NAS.md, doi 10.1145/3774940; 20,000, 40,000, 120,000 s",
    "R",
    """
    R-MF-NAS, best proxy of 13 | 94.32±.08  | 73.51±.00  | 46.41±.14  | 20,000 to 120,000 s |
    R-MF-NAS, mean of proxies  | 93.70±.35  | 71.46±1.05 | 45.06±.89  | 20,000 to 120,000 s |
    MF-NAS, mean of proxies    | 93.13±1.26 | 69.96±3.45 | 42.61±3.98 | 20,000 to 120,000 s |
    """,
)

_COLLM = _Block(
    "CoLLM-NAS, Table 4; selects on the true accuracy, CoLLM-NAS with at most 100",
    "R",
    """
    CoLLM-NAS             | 94.37±.01 | 73.44±.15 | 46.79±.28 | 100 true evaluations | 10
    random search (CoLLM) | 93.83±.09 | 71.52±.93 | 45.37±.54 | 200 evaluations |
    evolution (CoLLM)     | 94.23±.25 | 72.82±.87 | 46.49±.60 | 200 evaluations |
    LLMatic               | 94.26     | 71.62     | 45.87     | not stated |
    GENIUS                | 93.79     | 70.91     | 44.96     | not stated |
    LM-Searcher           | 94.20     | 72.96     | 46.51     | not stated |
    EG-NAS                | 93.56     | 70.91     | 46.13     | not stated |
    """,
)

_REPRINTS = _Block(
    "arXiv 2506.05869",
    "S",
    """
    PWLNAS  | 94.37 | 73.49 | 47.12 | queries not stated |
    NPENAS  | 94.31 | 73.46 | 46.48 | not stated |
    ReNAS   | 93.99 | 72.12 | 45.97 | not stated |
    NASBOT  | 93.64 | 71.38 | 45.88 | not stated |
    """,
)

_RZ_PRINTS = _Block(
    "reprinted in RZ-NAS, ICML 2025",
    "S",
    """
    DrNAS (in RZ-NAS)      | 94.36±.00 | 73.51±.00 | 46.34±.00 | not stated |
    beta-DARTS (in RZ-NAS) | 94.36±.00 | 73.51±.00 | 46.34±.00 | not stated |
    """,
)

_RZ_NAS = _Block(
    "RZ-NAS, ICML 2025, Table 2", "R", "RZ-NAS + ZiCo | 94.24±.12 | 73.30±.21 | 46.24±.23 | not stated | 3"
)

_META = _Block(
    "HayeonLee/MetaD2A, README; meta-trained on this space",
    "R",
    "MetaD2A | 94.37±.03 | 73.51±.00 | - | 69, 96 s |",
)

_MLS = _Block(
    "MLS-Bench, its results; one seed",
    "R",
    """
    random search (MLS-Bench) | 93.83 | 73.14 | 46.23 | 500 queries | 1
    REA (MLS-Bench)           | 94.36 | 73.26 | 47.03 | 500 queries | 1
    DARTS (MLS-Bench)         | 92.95 | 71.70 | 46.33 | 500 queries | 1
    """,
)

_SIZE = _Block(
    "Mellor et al., arXiv 2006.04647, Table 2b; searched on each data set",
    "R",
    """
    REA           | 90.37±.20/93.22±.16 | 70.23±.50/70.11±.61 | 45.30±.69/45.54±.92  | not stated | 500
    random search | 90.10±.26/93.03±.25 | 69.57±.57/69.72±.61 | 45.01±.74/45.42±.86  | not stated | 500
    BOHB          | 90.07±.28/93.01±.24 | 69.75±.60/69.90±.60 | 45.11±.69/45.56±.81  | not stated | 500
    REINFORCE     | 90.25±.23/93.16±.21 | 69.84±.59/69.96±.57 | 45.06±.77/45.24±1.18 | not stated | 500
    """,
)

_BLOCKS: Mapping[str, tuple[_Block, ...]] = {
    "nb201": (
        *(_NB201_PAPER, _NASWOT, _ROBOT, _MF_NAS, _R_MF_NAS),
        *(_COLLM, _REPRINTS, _RZ_NAS, _RZ_PRINTS, _META, _MLS),
    ),
    "nats-sss": (_SIZE,),
}


def published(space: str = "nb201") -> tuple[Published, ...]:
    """Return every published row on `space` ("nb201" or "nats-sss"), in the order of their sources."""
    if space not in _BLOCKS:
        raise InputError(f"space is {space!r}, but published rows exist for: {', '.join(_BLOCKS)}")
    return tuple(_row(line, block) for block in _BLOCKS[space] for line in block.rows.strip().splitlines())


def _row(line: str, block: _Block) -> Published:
    method, *cells, cost, n_runs = (part.strip() for part in line.split("|"))
    return Published(
        method=method,
        test=tuple(_score(cell.split("/")[-1]) for cell in cells),
        valid=tuple(_score(cell.split("/")[0]) if "/" in cell else None for cell in cells),
        cost=cost,
        n_runs=n_runs or "not stated",
        source=block.source,
        trust=block.trust,
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
    rows = {row.method: row.test[0] for row in published("nb201") if row.source == _NB201_PAPER.source}
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
