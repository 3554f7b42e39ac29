"""Figures as cells of a table, for every table alike."""

import pandas as pd

from harness.stats.summary import MIN_SEEDS

NONE = "-"


def number(value: float, form: str = ".2f") -> str:
    """Return a figure in the given format; `NONE` for NaN."""
    return NONE if pd.isna(value) else format(value, form)


def p_cell(p_value: float) -> str:
    """Return an adjusted p-value; NaN says that there are too few seeds for one."""
    if pd.isna(p_value):
        return f"n<{MIN_SEEDS}"
    return "<.001" if p_value < 0.0005 else format(p_value, ".3f")
