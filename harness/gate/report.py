"""The gate in words: one line per group, then what got worse, by how much, and beyond which doubt."""

from collections.abc import Iterator, Sequence

import numpy as np

from harness.gate.figures import FIGURES, Figure
from harness.gate.verdict import POWER, Comparison

NAMED_LOSS = 0.02
"""Loss of tau that the gate promises to notice."""


def table(comparisons: Sequence[Comparison]) -> str:
    """Return a line per group: reference and now of each figure, `<` where it got worse."""
    cells = list(dict.fromkeys(c.cell for c in comparisons))
    width = max(len(cell) for cell in cells)
    by_place = {(c.cell, c.figure.name): c for c in comparisons}
    head = "  ".join(f"{name:^17}" for name in FIGURES)
    lines = [
        f"{'':{width}}  splits  {head}",
        f"{'':{width}}          " + "  ".join(["reference    now "] * len(FIGURES)),
    ]
    for cell in cells:
        shown = [by_place.get((cell, name)) for name in FIGURES]
        n_splits = next(c.n_splits for c in shown if c is not None)
        lines.append(f"{cell:{width}}  {n_splits:6}  " + "  ".join(_pair(c) for c in shown))
    return "\n".join(line.rstrip() for line in lines)


def _pair(comparison: Comparison | None) -> str:
    if comparison is None:
        return f"{'-':>9} {'-':>6} "
    now = "none" if comparison.lacks else f"{comparison.now:.3f}"
    return f"{comparison.reference:9.3f} {now:>6}{'<' if comparison.worse else ' '}"


def verdict(comparisons: Sequence[Comparison]) -> str:
    """Return what follows from the comparisons, in words."""
    worse = [c for c in comparisons if c.worse]
    if not worse:
        return "\n".join(["as good as the reference", *_closing(comparisons)])
    n_groups, total = len({c.cell for c in worse}), len({c.cell for c in comparisons})
    lines = [f"WORSE than the reference in {n_groups} of {total} groups:"]
    lines += [f"  {_sentence(c)}" for c in sorted(worse, key=_by_how_much)]
    return "\n".join(lines)


def _by_how_much(comparison: Comparison) -> float:
    """Return a key that sorts the greatest loss, in margins, first."""
    return float("-inf") if comparison.lacks else -comparison.loss / comparison.figure.margin


def _sentence(c: Comparison) -> str:
    if c.lacks:
        return f"{c.cell}: {c.figure.name} was {c.reference:.3f} and is no more: the predictor gives no uncertainty"
    change = f"{c.figure.name} went from {c.reference:.3f} to {c.now:.3f}, worse by {written(c.figure, c.loss)}"
    doubt = f"95 % interval {written(c.figure, c.low)} to {written(c.figure, c.high)}"
    allowed = f"{written(c.figure, c.figure.margin)} is allowed"
    return f"{c.cell}: {change} ({doubt}; {allowed}; p = {c.p:.1g} over all groups, {c.n_splits} splits)"


def written(figure: Figure, loss: float) -> str:
    """Return a loss in the unit people think in: a difference, or percent for a ratio."""
    return f"{loss:.4f}" if figure.scale == "difference" else f"{100 * np.expm1(loss):.1f} %"


def _closing(comparisons: Sequence[Comparison]) -> Iterator[str]:
    """Yield the greatest loss of each figure, and which loss of tau would have been noticed."""
    for name, figure in FIGURES.items():
        own = [c for c in comparisons if c.figure.name == name]
        if own:
            most = max(own, key=lambda c: c.loss)
            yield f"  {name}: greatest mean loss {written(figure, most.loss)}, in {most.cell}"
    taus = [c for c in comparisons if c.figure.name == "tau"]
    blind = [c for c in taus if c.noticed > NAMED_LOSS]
    if blind:
        yield (
            f"  a loss of {NAMED_LOSS} tau could have been missed in {len(blind)} of {len(taus)} groups, since the two "
            f"predictors differ much from split to split: {', '.join(f'{c.cell} ({c.noticed:.3f})' for c in blind)}"
        )
    else:
        yield (
            f"  a loss of {max(c.noticed for c in taus):.3f} tau in any group would have been noticed "
            f"with probability {100 * POWER:.0f} %"
        )
