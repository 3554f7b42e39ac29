"""Formats the cells of a table and the conditions above it, in the same way for every table."""

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from harness.host.units import counted
from harness.stats.decision import MIN_SEEDS

NONE = "-"


def number(value: float | None, form: str = ".2f") -> str:
    """Return a number in the given format; `NONE` for None or NaN."""
    return NONE if pd.isna(value) else format(value, form)


def mean_std(row: Mapping[str, Any], name: str, form: str = ".2f") -> str:
    """Return `mean±std` of the columns `NAME_mean` and `NAME_std`, or the mean alone if there is no std."""
    mean, std = number(row[f"{name}_mean"], form), number(row[f"{name}_std"], form)
    return mean if std == NONE else f"{mean}±{std}"


def span(low: float, high: float, form: str = ".2f") -> str:
    """Return both ends of an interval, joined by a dash, or by a word if they have signs that a dash would hide."""
    return (" to " if "+" in form or low < 0 else "-").join((number(low, form), number(high, form)))


def seeds(n: int, n_failed: int) -> str:
    """Return how many runs succeeded and how many failed, such as `22+2f`."""
    return f"{n}+{n_failed}f" if n_failed else str(n)


def p_cell(p_value: float) -> str:
    """Return an adjusted p-value as a cell; NaN means too few seeds."""
    if pd.isna(p_value):
        return f"n<{MIN_SEEDS}"
    return "<.001" if p_value < 0.0005 else format(p_value, ".3f")


def p_text(p_value: float) -> str:
    """Return a p-value for a sentence: `p < .001`, `p = 0.012`."""
    return "p < .001" if p_value < 0.0005 else f"p = {p_value:.3f}"


def least_to_most(values: Iterable[int]) -> str:
    """Return a single value or the range of several, such as `24` or `5 to 24`; `0` for no values."""
    least, most = min(values := list(values), default=0), max(values, default=0)
    return str(least) if least == most else f"{least} to {most}"


def rules_of(row: "Mapping[str, Any] | pd.Series[Any]") -> tuple[str, str, str, str]:
    """Return the conditions of the numbers in a row of a frame: data, budget, workers, accounting."""
    return (
        f"{row['data']} data {str(row['fingerprint'])[:12]}",
        f"budget {row['budget_s'] / 3600:.2f} h",
        counted(row["n_workers"], "worker"),
        f"{row['accounting']} accounting",
    )
