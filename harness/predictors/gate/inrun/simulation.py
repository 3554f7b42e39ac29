"""False alarms of the in-run part, and the share of its runs in which each damage is noticed.

**False alarms.** The whole engine on several random streams is equally good. In every course and search one of them is
the reference and another one the new engine, drawn at random. Then all losses are raised by the margins, so that H0
only just holds in every group: the least favourable case. **Power.** The reference is the whole engine, the new one is
damaged. Runs resample courses and searches.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from harness.predictors.gate.inrun.engines import DAMAGED, EQUAL, WHOLE, Engine
from harness.predictors.gate.inrun.measures import IN_RUN
from harness.predictors.gate.inrun.measuring import Plan, measure_engine
from harness.predictors.gate.measures import Measure
from harness.predictors.gate.verdict import Values, adjusted_p, n_splits
from pmfnas.core.types import FloatArray


@dataclass(frozen=True, slots=True)
class Noticed:
    """Shares of the simulated runs in which the gate failed."""

    false_alarms: float
    """All losses at their margins."""
    equal: Mapping[str, float]
    """The whole engine with other random numbers, as it is."""
    damaged: Mapping[str, float]


def simulate_engine(table: Path, plan: Plan, n_runs: int, *, n_jobs: int, rng: np.random.Generator) -> Noticed:
    """Return the rates over `n_runs` simulated runs each."""

    def figures(engines: Mapping[str, Engine]) -> dict[str, Values]:
        return {name: measure_engine(engine, table, plan, n_jobs=n_jobs) for name, engine in engines.items()}

    equal, damaged = figures({"whole": WHOLE, **EQUAL}), figures(DAMAGED)
    return noticed(equal, damaged, n_runs, rng=rng)


def noticed(
    equal: Mapping[str, Values], damaged: Mapping[str, Values], n_runs: int, *, rng: np.random.Generator
) -> Noticed:
    """Return the rates from figures of equally good engines, the reference first, and of damaged ones."""
    alike = list(equal.values())
    whole = alike[0]

    def share(now: Values) -> float:
        return sum(_fails(_losses(whole, now, rng=rng)) for _ in range(n_runs)) / n_runs

    alarms = sum(_fails(_at_the_margin(alike, rng=rng)) for _ in range(n_runs)) / n_runs
    others = {name: share(now) for name, now in equal.items() if now is not whole}
    return Noticed(alarms, others, {name: share(now) for name, now in damaged.items()})


def _fails(losses: Iterator[tuple[Measure, list[FloatArray]]]) -> bool:
    return any((adjusted_p(measure, of_groups) <= measure.level).any() for measure, of_groups in losses)


def _losses(whole: Values, now: Values, *, rng: np.random.Generator) -> Iterator[tuple[Measure, list[FloatArray]]]:
    """Yield each measure with its losses in every group, resampled."""
    rows = _rows(whole, rng=rng)
    for name, measure in IN_RUN.items():
        cells = [cell for cell in whole if name in whole[cell]]
        yield measure, [measure.losses(whole[c][name][rows[c]], now[c][name][rows[c]]) for c in cells]


def _at_the_margin(alike: Sequence[Values], *, rng: np.random.Generator) -> Iterator[tuple[Measure, list[FloatArray]]]:
    """Yield the same of two equally good engines, whose mean loss is exactly the margin."""
    rows = _rows(alike[0], rng=rng)
    two = {cell: rng.permuted(np.tile(np.arange(len(alike)), (len(rows[cell]), 1)), axis=1)[:, :2] for cell in rows}
    for name, measure in IN_RUN.items():
        losses = []
        for cell in (cell for cell in alike[0] if name in alike[0][cell]):
            figures = np.array([values[cell][name] for values in alike])  # (n_engines, n_splits)
            a, b = (figures[two[cell][:, i], rows[cell]] for i in (0, 1))
            losses.append(measure.losses(a, b) + measure.margin)
        yield measure, losses


def _rows(values: Values, *, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Return the resampled splits of each group; groups of the same courses or searches are resampled together."""
    sizes = {cell: n_splits(figures) for cell, figures in values.items()}
    drawn = {n: rng.integers(n, size=n) for n in sorted(set(sizes.values()))}
    return {cell: drawn[n] for cell, n in sizes.items()}
