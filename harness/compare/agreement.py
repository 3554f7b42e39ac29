"""Does our implementation of a method end where the package's does? Paired by seed, per data set, with an interval."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from harness.players.packages import PEERS, Peer
from harness.score.words import sentence_case, words_for
from harness.stats.aggregates import mean
from harness.stats.intervals import interval
from harness.stats.runs import by_seed, checked_runs, groups
from harness.stats.summary import MIN_SEEDS, paired_differences
from pmfnas.core.rng import stream

WITHIN, OUTSIDE, OPEN = "within", "outside", "too few seeds"


@dataclass(frozen=True, slots=True)
class Agreement:
    """A package's method and ours on a data set; test accuracy, percent, over the seeds that both finished."""

    dataset: str
    package: str
    ours: str
    n_pairs: int
    package_mean: float
    our_mean: float
    difference: float
    """Ours less the package's, percent points."""
    low: float
    """Of the 95 % interval of the mean difference; NaN where there are fewer than two pairs."""
    high: float
    agreement: str
    """`within` where the interval holds 0, `outside` where it does not, `too few seeds` below 20 pairs."""


def agreements(runs: pd.DataFrame, *, seed: int = 0) -> tuple[Agreement, ...]:
    """Return every comparison of a peer with its counterpart that has a pair, by peer and data set.

    Args:
        runs: see `harness.stats.runs`.
        seed: of the bootstrap.
    """
    tests = {group: by_seed(rows, "test") for group, rows in groups(checked_runs(runs)).items()}
    datasets = sorted({dataset for dataset, _ in tests}, key=str.lower)
    found = [
        _compared(name, peer, dataset, tests, seed)
        for name, peer in PEERS.items()
        for dataset in datasets
        if (dataset, name) in tests and (dataset, peer.counterpart) in tests
    ]
    return tuple(agreement for agreement in found if agreement.n_pairs)


def _compared(
    name: str, peer: Peer, dataset: str, tests: "Mapping[tuple[str, str], pd.Series[float]]", seed: int
) -> Agreement:
    ours, theirs = tests[dataset, peer.counterpart], tests[dataset, name]
    gaps = paired_differences(ours, theirs)
    both = ours.index.intersection(theirs.index)
    n, low, high = len(gaps), np.nan, np.nan
    if n > 1:
        covered = interval(mean, gaps, rng=stream(seed, f"agreement/{dataset}/{name}"))
        low, high = covered.low, covered.high
    means = [float(values.loc[both].mean()) if n else np.nan for values in (theirs, ours)]
    verdict = OPEN if n < MIN_SEEDS else WITHIN if low <= 0 <= high else OUTSIDE
    gap = float(gaps.mean()) if n else np.nan
    return Agreement(dataset, name, peer.counterpart, n, means[0], means[1], gap, low, high, verdict)


def frame(found: Sequence[Agreement]) -> pd.DataFrame:
    """Return one row per comparison."""
    return pd.DataFrame([asdict(agreement) for agreement in found], columns=list(Agreement.__dataclass_fields__))


def markdown(
    found: Sequence[Agreement], *, where: str, absent: Mapping[str, str], accuracy: str = words_for("").accuracy
) -> str:
    """Return the comparisons as a table, and for each method what is known to differ.

    Args:
        found: the comparisons.
        where: data, budget and seeds, in words.
        absent: peer -> why it did not play.
        accuracy: what runs are scored by.
    """
    lines = ["# Our implementations against the packages'", "", where, "", f"{sentence_case(accuracy)} {_READING}", ""]
    if found:
        lines += [
            "| package | ours | data set | n | package | ours | difference | 95 % CI | agreement |",
            "| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | --- |",
            *(_row(agreement) for agreement in found),
        ]
    else:
        lines.append("No package and its counterpart have finished a run with the same seed.")
    lines += ["", "## What is known to differ", ""]
    lines += [f"- {name} and {peer.counterpart}: {peer.why}." for name, peer in PEERS.items() if peer.counterpart]
    without = [name for name, peer in PEERS.items() if not peer.counterpart]
    lines += ["", f"Methods that we do not implement, or only in another form: {', '.join(without)}."]
    if absent:
        lines += ["", "## Absent", "", *(f"- {name}: {why}" for name, why in absent.items())]
    return "\n".join(lines) + "\n"


_READING = (
    "of the arch returned, percent, mean over n paired seeds. Difference: ours less the package's, with "
    "its BCa bootstrap interval over seeds; *within* means that the interval holds 0. One interval in twenty misses "
    "0 by chance alone."
)


def _row(a: Agreement) -> str:
    covered = "-" if np.isnan(a.low) else f"{a.low:+.2f} to {a.high:+.2f}"
    cells = (a.package, a.ours, a.dataset, a.n_pairs, f"{a.package_mean:.2f}", f"{a.our_mean:.2f}")
    said = f"**{a.agreement}**" if a.agreement == OUTSIDE else a.agreement
    return f"| {' | '.join(map(str, cells))} | {a.difference:+.2f} | {covered} | {said} |"
