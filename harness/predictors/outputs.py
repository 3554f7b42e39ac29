"""The outputs of the study, all derived from its chunks.

OUT/results.parquet                    one row per predictor, cell and split
OUT/summary.parquet, against.csv           means with intervals; paired differences to the reference
OUT/table.md                           the cells that matter
OUT/predictors.json                    means per cell without what depends on the host: the reference of later runs
OUT/quality.png, calibration.png, real.png (.pdf)
OUT/noise.csv, manifest.json
"""

from math import isfinite
from pathlib import Path
from typing import Any

import pandas as pd

from harness.compare.outputs import parquet
from harness.experiment.folder import MANIFEST, copy_to_reference, manifest, write_json
from harness.predictors.candidates import REFERENCE
from harness.predictors.figures import calibration_figure, quality_figure, real_figure
from harness.predictors.material import read_material
from harness.predictors.measures import MEASURES
from harness.predictors.noise import noise_ceiling
from harness.predictors.study import CELL, NAME, Plan, results
from harness.predictors.summary import HOST, against, summarise
from harness.predictors.tables import StudyText, markdown, terminal
from harness.show.panels import write_figure
from pmfnas.benchmarks.table import CurveTable
from pmfnas.files import write_bytes, write_text

DISTRIBUTIONS = ("numpy", "pandas", "scipy", "matplotlib", "seaborn", "pyarrow", "joblib", "scikit-learn")
KEPT = ("calibration.png", "manifest.json", "noise.csv", "quality.png", "real.png", "summary.parquet", "table.md")
"""Files of a committed reference: what the figures are made from, and what people read."""


def write_outputs(plan: Plan, table: CurveTable, out: Path, *, reference: str = REFERENCE) -> StudyText:
    """Write every output to `out`, print the table, and return its content."""
    found = results(plan, out)
    summary = summarise(found)
    ceiling = pd.concat([noise_ceiling(read_material(table, name)) for name in plan.datasets], ignore_index=True)
    compared = against(found, reference) if reference in plan.candidates else pd.DataFrame()
    text = StudyText(summary, ceiling, compared, about(plan, table), reference)
    _write_frames(found, text, out)
    _write_figures(summary, text.about, out)
    made = {"title": "Performance predictors", "space": table.header.space, "data_version": table.header.version}
    write_json(out / MANIFEST, manifest(out, {**made, **extent(plan), "failed": 0}, DISTRIBUTIONS))
    print(terminal(text))
    print(f"\nwritten to {out}: table.md, summary.parquet, against.csv, predictors.json, results.parquet, figures")
    return text


def about(plan: Plan, table: CurveTable) -> str:
    """Return data, splits and archs judged in one line."""
    header = table.header
    return (
        f"{table.stamp} {header.fingerprint}, {plan.n_splits} splits of archs, at most {plan.n_queries} judged in each"
    )


def _write_frames(found: pd.DataFrame, text: StudyText, out: Path) -> None:
    write_bytes(out / "results.parquet", parquet(found))
    write_bytes(out / "summary.parquet", parquet(text.summary))
    write_text(out / "against.csv", text.against.to_csv(index=False, float_format="%.5g"))
    write_text(out / "noise.csv", text.ceiling.to_csv(index=False, float_format="%.5g"))
    write_text(out / "table.md", markdown(text))
    write_json(out / "predictors.json", as_json(text.summary))


def as_json(summary: pd.DataFrame) -> dict[str, Any]:
    """Return predictor -> cell -> measure -> [mean, half-width of its 95 % interval], rounded; nothing of the host."""
    shown: dict[str, dict[str, dict[str, Any]]] = {}
    for row in summary.drop(columns=list(HOST)).to_dict("records"):
        cell = "/".join(f"{row[name]}" for name in CELL)
        numbers = {m: _rounded(row[m], row[f"{m}_half"]) for m in MEASURES if row[m] == row[m]}
        shown.setdefault(str(row["predictor"]), {})[cell] = numbers
    return shown


def _rounded(mean: float, half: float) -> list[float | None]:
    """Return both, rounded; None for a number that is not finite, which JSON lacks."""
    return [
        float(f"{mean:.5g}") if isfinite(mean) else None,
        float(f"{half:.3g}") if isfinite(half) else None,
    ]


def _write_figures(summary: pd.DataFrame, said: str, out: Path) -> None:
    """Write the figures whose cells were run."""
    uniform = (summary["kind"] == "uniform").any()
    if uniform:
        write_figure(quality_figure(summary, said), out, "quality")
    cell = (summary["n_known"] == 100) & (summary["epochs"] == 12) & (summary["kind"] == "uniform")
    if (cell & summary["coverage_90"].notna()).any():
        write_figure(calibration_figure(summary, said), out, "calibration")
    if ((summary["kind"] == "real") & (summary["n_known"] == 100)).any():
        write_figure(real_figure(summary, said), out, "real")


def reference_name(table: CurveTable) -> str:
    """Return the name of the committed reference of the study on these data."""
    return f"{NAME}/{table.header.stamp.lower()}"


def extent(plan: Plan) -> dict[str, Any]:
    """Return the extent of a plan's outputs, as their manifest has it."""
    return {
        "datasets": list(plan.datasets),
        "predictors": list(plan.candidates),
        "cells": len(plan.cells),
        "splits": plan.n_splits,
    }


def update_reference(table: CurveTable, out: Path) -> Path:
    """Copy the outputs of `out` to the committed reference of the data; return the folder.

    Raises:
        InputError: what is there has more (see `harness.experiment.folder.refuse_less`).
    """
    return copy_to_reference(reference_name(table), out, only=KEPT)
