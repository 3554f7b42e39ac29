"""Does our implementation of a method end where the package's does? Paired by seed, per data set, with an interval."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from harness.players.packages import PACKAGES, Package
from harness.score.words import sentence_case, words_for
from harness.show import render
from harness.show.cells import NONE, number, span
from harness.show.render import pipes
from harness.show.sheet import Sheet
from harness.stats.decision import MIN_SEEDS, compare, paired_differences
from harness.stats.runs import by_seed, checked_runs, groups
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
    """Return every comparison of a package with its counterpart that has a pair, by package and data set.

    Args:
        runs: see `harness.stats.runs`.
        seed: of the bootstrap.
    """
    tests = {group: by_seed(rows, "test") for group, rows in groups(checked_runs(runs)).items()}
    datasets = sorted({dataset for dataset, _ in tests}, key=str.lower)
    found = [
        _compared(name, package, dataset, tests, seed)
        for name, package in PACKAGES.items()
        for dataset in datasets
        if (dataset, name) in tests and (dataset, package.counterpart) in tests
    ]
    return tuple(agreement for agreement in found if agreement.n_pairs)


def _compared(
    name: str, package: Package, dataset: str, tests: "Mapping[tuple[str, str], pd.Series[float]]", seed: int
) -> Agreement:
    ours, theirs = tests[dataset, package.counterpart], tests[dataset, name]
    gaps = paired_differences(ours, theirs)
    both = ours.index.intersection(theirs.index)
    found = compare(gaps, rng=stream(seed, f"agreement/{dataset}/{name}"))
    holds_0 = found.ci_low <= 0 <= found.ci_high
    return Agreement(
        dataset=dataset,
        package=name,
        ours=package.counterpart,
        n_pairs=found.n_pairs,
        package_mean=float(theirs.loc[both].mean()),
        our_mean=float(ours.loc[both].mean()),
        difference=found.difference,
        low=found.ci_low,
        high=found.ci_high,
        agreement=OPEN if found.n_pairs < MIN_SEEDS else WITHIN if holds_0 else OUTSIDE,
    )


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
        absent: package -> why it did not play.
        accuracy: what runs are scored by.
    """
    known = [
        f"{name} and {package.counterpart}: {package.why}." for name, package in PACKAGES.items() if package.counterpart
    ]
    without = ", ".join(name for name, package in PACKAGES.items() if not package.counterpart)
    blocks = [
        "# Our implementations against the packages'",
        where,
        f"{sentence_case(accuracy)} {_READING}",
        "\n".join(pipes(_TITLES, map(_cells, found)))
        if found
        else "No package and its counterpart have finished a run with the same seed.",
        "## What is known to differ",
        "\n".join(f"- {line}" for line in known),
        f"Methods that we do not implement, or only in another form: {without}.",
    ]
    if absent:
        blocks += ["## Absent", "\n".join(f"- {name}: {why}" for name, why in absent.items())]
    return "\n\n".join(blocks) + "\n"


def terminal(found: Sequence[Agreement], *, where: str, accuracy: str = words_for("").accuracy) -> str:
    """Return the comparisons for a screen; what is known to differ is in the page alone."""
    rows = tuple(tuple(cell.strip("*") for cell in _cells(one)) for one in found)
    sheet = Sheet(
        "Our implementations against the packages'", _TITLES, rows, note=where, spare=("n", "package %", "ours %")
    )
    reading = f"{sentence_case(accuracy)} {_READING}".replace("*", "")
    return render.terminal("", [sheet, reading] if rows else ["No package and its counterpart share a seed."])


_READING = (
    "of the arch returned, percent, mean over n paired seeds. Difference: ours less the package's, with "
    "its BCa bootstrap interval over seeds; *within* means that the interval holds 0. One interval in twenty misses "
    "0 by chance alone."
)


_TITLES = ("package", "ours", "data set", "n", "package %", "ours %", "difference", "95 % CI", "agreement")


def _cells(a: Agreement) -> tuple[str, ...]:
    numbers = number(a.package_mean), number(a.our_mean), number(a.difference, "+.2f")
    covered = NONE if np.isnan(a.low) else span(a.low, a.high, "+.2f")
    said = f"**{a.agreement}**" if a.agreement == OUTSIDE else a.agreement
    return a.package, a.ours, a.dataset, str(a.n_pairs), *numbers, covered, said
