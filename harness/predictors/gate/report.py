"""The gate in words: one line per group, then each loss with its size and its p-value."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

import numpy as np

from harness.predictors.gate.inrun.simulation import Noticed
from harness.predictors.gate.measures import Measure
from harness.predictors.gate.simulation import LOSS, Rates
from harness.predictors.gate.verdict import INTERVAL, POWER, Comparison, Values, n_splits
from harness.show.cells import number
from harness.show.render import aligned
from harness.show.sheet import Column, filled

MOST_NAMED = 5
"""Largest number of groups named per measure."""


def means_table(values: Values) -> str:
    """Return a line per group with the mean of each measure, for a run without a reference to compare with."""
    columns = (
        Column[str]("", lambda cell: cell),
        Column[str]("splits", lambda cell: str(n_splits(values[cell]))),
        *(
            Column[str](name, partial(_mean, values, name))
            for name in dict.fromkeys(n for of in values.values() for n in of)
        ),
    )
    return "\n".join(aligned(*filled(columns, values)))


def _mean(values: Values, measure: str, cell: str) -> str:
    return number(float(values[cell][measure].mean()) if measure in values[cell] else np.nan, ".3f")


def table(comparisons: Sequence[Comparison]) -> str:
    """Return a line per group: each measure in the reference and now, marked `<` if it got worse."""
    cells = list(dict.fromkeys(c.cell for c in comparisons))
    width = max(len(cell) for cell in cells)
    by_place = {(c.cell, c.measure.name): c for c in comparisons}
    names = _measures(comparisons)
    head = "  ".join(f"{name:^17}" for name in names)
    lines = [
        f"{'':{width}}  splits  {head}",
        f"{'':{width}}          " + "  ".join(["reference    now "] * len(names)),
    ]
    for cell in cells:
        shown = [by_place.get((cell, name)) for name in names]
        n_all = next(c.n_splits for c in shown if c is not None)
        lines.append(f"{cell:{width}}  {n_all:6}  " + "  ".join(_pair(c) for c in shown))
    return "\n".join(line.rstrip() for line in lines)


def _pair(comparison: Comparison | None) -> str:
    if comparison is None:
        return f"{'-':>9} {'-':>6} "
    now = "none" if comparison.lacks else f"{comparison.now:.3f}"
    return f"{comparison.reference:9.3f} {now:>6}{'<' if comparison.worse else ' '}"


def _measures(comparisons: Sequence[Comparison]) -> Mapping[str, Measure]:
    """Return the measures by name, in order."""
    return {c.measure.name: c.measure for c in comparisons}


def verdict(comparisons: Sequence[Comparison]) -> str:
    """Return the verdict in words."""
    n_groups, total = len({c.cell for c in comparisons if c.worse}), len({c.cell for c in comparisons})
    if not n_groups and any(c.blind for c in comparisons):
        return "\n".join([_unseeing(comparisons), *_better_in(comparisons)])
    if not n_groups:
        return "\n".join(["as good as the reference", *_better_in(comparisons), *_closing(comparisons)])
    lines = [f"WORSE than the reference in {n_groups} of {total} groups:"]
    for name in _measures(comparisons):
        lines += _worse_in([c for c in comparisons if c.measure.name == name and c.worse])
    return "\n".join([*lines, *_better_in(comparisons)])


def _unseeing(comparisons: Sequence[Comparison]) -> str:
    """Return why nothing was compared, and the remedy."""
    taus = [c for c in comparisons if np.isfinite(c.measure.blind)]
    blind = [c for c in taus if c.blind]
    most = max(c.n_splits for c in blind)
    return (
        f"NOTHING WAS COMPARED: a loss of {taus[0].measure.blind} tau could go unnoticed in {len(blind)} of "
        f"{len(taus)} groups, since the two predictors differ much from split to split "
        f"({', '.join(c.cell for c in blind[:MOST_NAMED])}{', ...' if len(blind) > MOST_NAMED else ''}) and these "
        f"groups have at most {most} splits; give more splits, or leave --splits out"
    )


def _better_in(comparisons: Sequence[Comparison]) -> Iterator[str]:
    """Yield a line per measure on the groups in which it got better, the greatest gains first."""
    for name, measure in _measures(comparisons).items():
        better = sorted((c for c in comparisons if c.measure.name == name and c.better), key=lambda c: c.loss)
        if better:
            shown = ", ".join(f"{c.cell} (by {_gain(measure, c.loss)})" for c in better[:MOST_NAMED])
            more = ", ..." if len(better) > MOST_NAMED else ""
            yield f"  better in: {name} in {len(better)} groups: {shown}{more}"


def _gain(measure: Measure, loss: float) -> str:
    """Return a gain as text: a difference, or percent for a ratio. `loss` is negative."""
    return f"{-loss:.4f}" if measure.scale == "difference" else f"{-100 * np.expm1(loss):.1f} %"


def _worse_in(worse: Sequence[Comparison]) -> Iterator[str]:
    """Yield the losses of one measure, the greatest first."""
    lacking = [c for c in worse if c.lacks]
    if lacking:
        name = lacking[0].measure.name
        yield f"  {name} in {len(lacking)} groups: the reference has it, but the predictor gives no spread"
    broken = [c for c in worse if c.n_broken and not c.lacks]
    for c in broken[:MOST_NAMED]:
        yield f"  {c.cell}: {c.measure.name} is infinite or missing in {c.n_broken} of {c.n_splits} splits"
    if len(broken) > MOST_NAMED:
        yield f"  ... and {broken[0].measure.name} is so in {len(broken) - MOST_NAMED} more groups, marked < above"
    lost = sorted((c for c in worse if not c.n_broken), key=lambda c: -c.loss)
    yield from (f"  {_sentence(c)}" for c in lost[:MOST_NAMED])
    if len(lost) > MOST_NAMED:
        yield f"  ... and {lost[0].measure.name} in {len(lost) - MOST_NAMED} more groups, marked < above"


def _sentence(c: Comparison) -> str:
    """Return the loss of one group, with interval and p-value."""
    change = f"{c.measure.name} went from {c.reference:.3f} to {c.now:.3f}, worse by {written(c.measure, c.loss)}"
    doubt = f"{100 * INTERVAL:.0f} % interval {written(c.measure, c.low)} to {written(c.measure, c.high)}"
    allowed = f"{written(c.measure, c.measure.margin)} is allowed"
    return f"{c.cell}: {change} ({doubt}; {allowed}; p = {c.p:.1g} over all groups, {c.n_splits} splits)"


def written(measure: Measure, loss: float) -> str:
    """Return a loss as text: a difference, or percent for a ratio."""
    return f"{loss:.4f}" if measure.scale == "difference" else f"{100 * np.expm1(loss):.1f} %"


def _closing(comparisons: Sequence[Comparison]) -> Iterator[str]:
    """Yield the greatest loss of each measure, and the smallest loss of tau that the gate would have noticed."""
    for name, measure in _measures(comparisons).items():
        own = [c for c in comparisons if c.measure.name == name]
        most = max(own, key=lambda c: c.loss)
        yield f"  {name}: greatest mean loss {written(measure, most.loss)}, in {most.cell}"
    taus = [c for c in comparisons if np.isfinite(c.measure.blind)]
    if not taus:
        return
    blind = [c for c in taus if c.noticed > LOSS]
    if blind:
        yield (
            f"  a loss of {LOSS} tau could have been missed in {len(blind)} of {len(taus)} groups, since the two "
            f"predictors differ much from split to split: {', '.join(f'{c.cell} ({c.noticed:.3f})' for c in blind)}"
        )
    else:
        yield (
            f"  a loss of {max(c.noticed for c in taus):.3f} tau in any group would have been noticed "
            f"with probability {100 * POWER:.0f} %"
        )


def rates_table(found: Sequence[Rates], n_runs: int) -> str:
    """Return the results of the simulations: false alarms per run, and the power in every group."""
    lines = [f"{n_runs} simulated runs of the gate for each rate; copies altered by: {', '.join(r.how for r in found)}"]
    alarms = ", ".join(f"{100 * r.false_alarms:.2f} % ({r.how})" for r in found)
    lines += [f"false alarms per run, every figure of every group at its margin: {alarms}"]
    lines += [f"chance to notice a loss of {LOSS} tau in one group, percent:"]
    power = [[f"{100 * r.power[cell]:.1f}" for r in found] for cell in found[0].power]
    body = [[cell, *shares] for cell, shares in zip(found[0].power, power, strict=True)]
    lines += aligned(["", *(r.how for r in found)], body)
    least = ", ".join(f"{100 * min(r.power.values()):.1f} ({r.how})" for r in found)
    return "\n".join([*lines, f"least: {least}"])


def notice_table(found: Noticed, n_runs: int) -> str:
    """Return the results of the simulations of the in-run part."""
    lines = [
        f"{n_runs} simulated runs of the gate for each rate",
        f"false alarms per run, every figure of every group at its margin: {100 * found.false_alarms:.2f} %",
        "runs that fail, percent:",
    ]
    shares = [[name, f"{100 * share:.1f}"] for name, share in {**found.equal, **found.damaged}.items()]
    return "\n".join([*lines, *aligned(["", ""], shares)])
