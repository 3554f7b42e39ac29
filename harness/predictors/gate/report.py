"""The gate in words: one line per group, then each loss with its size and its p-value."""

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np

from harness.predictors.gate.measures import MEASURES, Measure
from harness.predictors.gate.simulation import LOSS, Rates
from harness.predictors.gate.verdict import BLIND, INTERVAL, POWER, Comparison, Values
from harness.show.cells import number
from harness.show.render import aligned
from harness.show.sheet import Column, filled

MOST_NAMED = 5
"""Groups that are named per measure."""


def means_table(values: Values) -> str:
    """Return a line per group: the mean of each measure, where there is no reference to compare them with."""
    columns = (
        Column[str]("", lambda cell: cell),
        Column[str]("splits", lambda cell: str(len(values[cell]["tau"]))),
        *(Column[str](name, partial(_mean, values, name)) for name in MEASURES),
    )
    return "\n".join(aligned(*filled(columns, values)))


def _mean(values: Values, measure: str, cell: str) -> str:
    return number(float(values[cell][measure].mean()), ".3f")


def table(comparisons: Sequence[Comparison]) -> str:
    """Return a line per group: reference and now of each measure, `<` where it got worse."""
    cells = list(dict.fromkeys(c.cell for c in comparisons))
    width = max(len(cell) for cell in cells)
    by_place = {(c.cell, c.measure.name): c for c in comparisons}
    head = "  ".join(f"{name:^17}" for name in MEASURES)
    lines = [
        f"{'':{width}}  splits  {head}",
        f"{'':{width}}          " + "  ".join(["reference    now "] * len(MEASURES)),
    ]
    for cell in cells:
        shown = [by_place.get((cell, name)) for name in MEASURES]
        n_splits = next(c.n_splits for c in shown if c is not None)
        lines.append(f"{cell:{width}}  {n_splits:6}  " + "  ".join(_pair(c) for c in shown))
    return "\n".join(line.rstrip() for line in lines)


def _pair(comparison: Comparison | None) -> str:
    if comparison is None:
        return f"{'-':>9} {'-':>6} "
    now = "none" if comparison.lacks else f"{comparison.now:.3f}"
    return f"{comparison.reference:9.3f} {now:>6}{'<' if comparison.worse else ' '}"


def verdict(comparisons: Sequence[Comparison]) -> str:
    """Return the verdict in words."""
    n_groups, total = len({c.cell for c in comparisons if c.worse}), len({c.cell for c in comparisons})
    if not n_groups and any(c.blind for c in comparisons):
        return "\n".join([_unseeing(comparisons), *_better_in(comparisons)])
    if not n_groups:
        return "\n".join(["as good as the reference", *_better_in(comparisons), *_closing(comparisons)])
    lines = [f"WORSE than the reference in {n_groups} of {total} groups:"]
    for name in MEASURES:
        lines += _worse_in([c for c in comparisons if c.measure.name == name and c.worse])
    return "\n".join([*lines, *_better_in(comparisons)])


def _unseeing(comparisons: Sequence[Comparison]) -> str:
    """Return why nothing was compared, and the remedy."""
    taus = [c for c in comparisons if c.measure.name == "tau"]
    blind = [c for c in taus if c.blind]
    n_splits = max(c.n_splits for c in blind)
    return (
        f"NOTHING WAS COMPARED: a loss of {BLIND} tau could go unnoticed in {len(blind)} of {len(taus)} groups, since "
        f"the two predictors differ much from split to split ({', '.join(c.cell for c in blind[:MOST_NAMED])}"
        f"{', ...' if len(blind) > MOST_NAMED else ''}) and these groups have at most {n_splits} splits; give more "
        "splits, or leave --splits out"
    )


def _better_in(comparisons: Sequence[Comparison]) -> Iterator[str]:
    """Yield a line per measure on the groups in which it got better, the greatest gains first."""
    for name, measure in MEASURES.items():
        better = sorted((c for c in comparisons if c.measure.name == name and c.better), key=lambda c: c.loss)
        if better:
            shown = ", ".join(f"{c.cell} (by {_gain(measure, c.loss)})" for c in better[:MOST_NAMED])
            more = ", ..." if len(better) > MOST_NAMED else ""
            yield f"  better in: {name} in {len(better)} groups: {shown}{more}"


def _gain(measure: Measure, loss: float) -> str:
    """Return a gain in the unit people think in; `loss` is negative."""
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
    """Return a loss in the unit people think in: a difference, or percent for a ratio."""
    return f"{loss:.4f}" if measure.scale == "difference" else f"{100 * np.expm1(loss):.1f} %"


def _closing(comparisons: Sequence[Comparison]) -> Iterator[str]:
    """Yield the greatest loss of each measure, and which loss of tau would have been noticed."""
    for name, measure in MEASURES.items():
        own = [c for c in comparisons if c.measure.name == name]
        if own:
            most = max(own, key=lambda c: c.loss)
            yield f"  {name}: greatest mean loss {written(measure, most.loss)}, in {most.cell}"
    taus = [c for c in comparisons if c.measure.name == "tau"]
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
