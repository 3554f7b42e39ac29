"""The study as Markdown and on a terminal: the cells that matter, all predictors; the whole grid is in the CSV."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from harness.predictors.candidates import REFERENCE
from harness.predictors.cells import KINDS, LONG, SHORT
from harness.predictors.summary import JUDGED, over_datasets
from harness.show import render
from harness.show.cells import NONE, number
from harness.show.sheet import Sheet

COLUMNS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "tau": ("tau", ".3f"),
        "tau_top": ("tau top 10 %", ".3f"),
        "tau_test": ("tau to test", ".3f"),
        "precision_1": ("best 1 %", ".1f"),
        "precision_5": ("best 5 %", ".1f"),
        "regret_10_pct": ("regret of 10", ".2f"),
        "rmse_pct": ("RMSE", ".2f"),
        "crps_pct": ("CRPS", ".2f"),
        "coverage_50": ("in 50 %", ".1f"),
        "coverage_90": ("in 90 %", ".1f"),
        "coverage_90_chosen": ("chosen in 90 %", ".1f"),
        "width_90_pct": ("width 90 %", ".1f"),
    }
)
"""Measures shown, their titles and how they are written."""

BRIEF = ("tau", "tau_top", "precision_1", "regret_10_pct", "coverage_90")
"""Those shown on a terminal."""

HEADLINES = ((20, SHORT, 12, "uniform"), (100, SHORT, 3, "uniform"), (100, SHORT, 12, "uniform"))
"""Cells shown in full: labels, schedule, epochs, kind."""

_OTHERS = ((100, SHORT, 12, "affordable"), (100, SHORT, 12, "visited"))


@dataclass(frozen=True)
class StudyText:
    """The frames and words of the tables."""

    summary: pd.DataFrame
    """From `harness.predictors.summary.summarise`."""
    ceiling: pd.DataFrame
    """From `harness.predictors.noise.noise_ceiling`, all data sets."""
    against: pd.DataFrame
    """From `harness.predictors.summary.against`; may be empty."""
    about: str
    """Data stamp and fingerprint, splits, archs judged."""
    reference: str = REFERENCE


def sheets(text: StudyText, measures: Sequence[str] = tuple(COLUMNS)) -> list[Sheet]:
    """Return the sheets of the table, with these measures; those whose cells were not run are left out."""
    means = over_datasets(text.summary)
    names = ", ".join(dict.fromkeys(text.summary["dataset"]))
    over = f"mean of {names}" if "," in names else names
    found = [_headline(means, cell, over, measures) for cell in (*HEADLINES, *_OTHERS)]
    found += [
        _by_epochs(means, SHORT, "uniform", over),
        _by_epochs(text.summary[text.summary["dataset"] == "cifar10"], LONG, "uniform", "cifar10"),
        _by_epochs(means, LONG, "real", over),
        _by_epochs(means, LONG, "modelled", over),
        _by_labels(means, text.reference),
        _against(text),
        _ceiling(text.ceiling),
    ]
    return [sheet for sheet in found if sheet.rows]


def markdown(text: StudyText) -> str:
    """Return the table as Markdown."""
    page = render.markdown("Performance predictors", [text.about, *sheets(text)])
    return "\n".join([page, *_legend()]) + "\n"


def terminal(text: StudyText) -> str:
    """Return the sheets that the claims rest on as text of a terminal, the reference marked."""
    shown = [
        replace(sheet, note="", marks=tuple("best" if row[0] == text.reference else "" for row in sheet.rows))
        for sheet in sheets(text, BRIEF)
        if not sheet.caption.startswith("Kendall")
    ]
    return render.terminal(text.about, shown)


def _legend() -> list[str]:
    return [
        "Truth is validation accuracy at 200@200, mean over trials; labels are single trials of it. `±` is the 95 % "
        "interval over splits. `-`: a predictor that only orders states no accuracy and no interval.",
        f"`GPU-h`: everything learnt from and the curves of {JUDGED} archs that are judged. `regret of 10`: what the "
        "best of the ten predicted best lies below the best, points. `chosen in 90 %`: coverage of the 90 % intervals "
        "among the predicted best tenth.",
    ]


def _headline(means: pd.DataFrame, cell: tuple[int, str, int, str], over: str, measures: Sequence[str]) -> Sheet:
    """Return the measures of every predictor in one cell, best tau first."""
    n, schedule, epochs, kind = cell
    rows = means[_is(means, n, schedule, epochs, kind)].sort_values("tau", ascending=False, kind="stable")
    titles = ("predictor", *(COLUMNS[name][0] for name in measures), "GPU-h")
    body = tuple(
        (
            str(row["predictor"]),
            *(_written(row, name, COLUMNS[name][1]) for name in measures),
            f"{row['total_s'] / 3600:.1f}",
        )
        for row in rows.to_dict("records")
    )
    heading = f"{n} archs learnt from, {schedule}@{epochs} seen" + ("" if kind == "uniform" else f", {kind}")
    return Sheet(heading, titles, body, note=f"{over}; {KINDS[kind]}.")  # type: ignore[index]


def _written(row: Mapping[Any, Any], name: str, form: str) -> str:
    value, half = number(row[name], form), float(row[f"{name}_half"])
    return f"{value} ± {half:.3f}" if name == "tau" and value != NONE and np.isfinite(half) else value


def _is(frame: pd.DataFrame, n: int, schedule: str, epochs: int, kind: str) -> "pd.Series[bool]":
    same = (frame["n_known"] == n) & (frame["epochs"] == epochs)
    return same & (frame["schedule"] == schedule) & (frame["kind"] == kind)


def _by_epochs(means: pd.DataFrame, schedule: str, kind: str, over: str, n_known: int = 100) -> Sheet:
    """Return tau of every predictor by the epochs seen, at one number of labels."""
    rows = means[(means["n_known"] == n_known) & (means["schedule"] == schedule) & (means["kind"] == kind)]
    heading = f"Kendall tau by epochs seen of schedule {schedule}, {n_known} archs learnt from"
    heading += "" if kind == "uniform" else f", {kind} curves"
    return _crossed(heading, f"{over}; {KINDS[kind]}.", rows, "predictor", "epochs")  # type: ignore[index]


def _by_labels(means: pd.DataFrame, reference: str) -> Sheet:
    """Return tau of the reference by labels and epochs."""
    rows = means[(means["predictor"] == reference) & (means["schedule"] == SHORT) & (means["kind"] == "uniform")]
    note = "Mean of all data sets; rows: archs learnt from, columns: epochs seen."
    return _crossed(f"Kendall tau of {reference} by labels and epochs", note, rows, "n_known", "epochs")


def _crossed(heading: str, note: str, rows: pd.DataFrame, down: str, across: str) -> Sheet:
    wide = rows.pivot_table(index=down, columns=across, values="tau", sort=True)
    if down == "predictor" and len(wide):
        wide = wide.loc[wide.iloc[:, -1].sort_values(ascending=False, kind="stable").index]
    body = tuple(
        (str(name), *(number(value, ".3f") for value in values))
        for name, values in zip(wide.index, wide.to_numpy(), strict=True)
    )
    return Sheet(heading, (down.replace("_", " "), *map(str, wide.columns)), body, note=note)


_NEITHER = ["none", "mixed", "no claim"]


def _against(text: StudyText) -> Sheet:
    """Return in how many cells each predictor is better or worse than the reference by tau."""
    titles = ("predictor", "better", "worse", "neither", "mean difference of tau")
    if text.against.empty:
        return Sheet("", titles, ())
    rows = text.against[text.against["measure"] == "tau"]
    body = tuple(
        (
            str(name),
            *(str(int(of["verdict"].isin(said).sum())) for said in (["better"], ["worse"], _NEITHER)),
            f"{of['difference'].mean():+.3f}",
        )
        for name, of in rows.groupby("predictor", sort=True)
    )
    note = "Cells of the grid by Wilcoxon's test, paired by split, p < 0.05 after Holm over the predictors of a cell."
    return Sheet(f"Against {text.reference}", titles, body, note=note)


def _ceiling(ceiling: pd.DataFrame) -> Sheet:
    measures = {name: COLUMNS[name] for name in ("tau", "tau_top", "precision_1", "precision_5")}
    body = tuple(
        (str(row["dataset"]), str(row["of"]), *(number(row[name], form) for name, (_, form) in measures.items()))
        for row in ceiling.to_dict("records")
    )
    note = "All archs; mean of five draws of trials. What no predictor can be expected to exceed."
    return Sheet("Noise ceiling", ("data set", "of", *(title for title, _ in measures.values())), body, note=note)
