"""The result: the answer, the verdict, the table, and the anytime curves."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from markdown_it import MarkdownIt
from markupsafe import Markup

from harness.report.charts import Axes, line_chart
from harness.report.content import Chart, Folded, Key, Section, listed
from harness.report.results import Results
from harness.show.cells import number, rules_of
from harness.show.overall import overall_legend, overall_sheet
from harness.show.sheet import Sheet
from harness.show.tables import Table, legend, published_sheet, said, sheets
from harness.stats.anytime import Band, on_grid
from harness.stats.curves import Curves, mean_curves
from harness.stats.decision import MIN_SEEDS
from harness.stats.runs import run_steps
from pmfnas.core.rng import stream

NAMED = 4
"""Number of searchers that a picture's alternative text names with their values."""

SHARES = (0.05, 0.1, 0.25, 0.5, 1.0)
"""Shares of the budget in the table of a curve."""

_BANDS = "Bands are 95 % percentile bootstrap intervals of the mean over seeds, at each time by itself."


def verdict(text: str) -> list[Section]:
    """Return the section of a verdict given as Markdown; empty for an empty text."""
    if not text:
        return []
    parser = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
    tokens = parser.parse(text)
    if tokens and tokens[0].tag == "h1":
        tokens = tokens[3:]  # opening, text, closing
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(max(int(token.tag[1]) + 1, 3), 6)}"
    html = Markup(parser.renderer.render(tokens, parser.options, {}))
    return [Section("verdict", "Verdict", html=html)]


def table_section(table: Table) -> Section:
    """Return the table: the main columns open, all columns and the published rows on demand."""
    brief, full = (tuple(_headed(sheet) for sheet in sheets(table, width)) for width in ("brief", "full"))
    folded = [Folded("All columns", full)]
    if table.published:
        folded.append(Folded("Published rows", (published_sheet(table, "full"),)))
    notes = tuple(legend(table, "best", "level"))
    return Section("table", "Table per data set", sheets=brief, notes=notes, folded=tuple(folded))


def _headed(sheet: Sheet) -> Sheet:
    """Return the sheet with its note moved to the caption."""
    return replace(sheet, caption=f"{sheet.caption}: {sheet.note}", note="")


# ------------------------------------------------------------------------------------ the answer and the curves


def answer_section(results: Results, table: Table, keys: tuple[Key, ...]) -> Section:
    """Return one sentence, accuracy over GPU-hours, and the table of searchers by data set; no curve without runs."""
    name, best, summary = results.words.accuracy, results.best, table.summary
    y = results.words.axis
    axes = {d: Axes("GPU-hours", y, x_log=True, cut=True, ceiling=best.get(d)) for d in results.datasets}
    charts, folded = _curves(results, summary, keys, "test", axes)
    note = (
        f"Curves: mean {name} of the arch that each searcher would return, from the time at which all runs have one. "
        f"The dotted line is the best {name} of the data set. {_BANDS} The axes are cut to where the visible searchers "
        "differ; they show where the six best of these end, and who ends below is named under the chart."
    )
    return Section(
        "answer",
        "The answer",
        words=(said(table),),
        pictures=charts,
        keys=keys if charts else (),
        sheets=(_headed(replace(overall_sheet(summary), note="; ".join(rules_of(summary.iloc[0])))),),
        notes=(*overall_legend(summary, is_brief=True), *([note] if charts else [])),
        folded=folded,
    )


def regret_section(results: Results, summary: pd.DataFrame, keys: tuple[Key, ...]) -> list[Section]:
    """Return regret over GPU-hours on two logarithmic axes; empty if no run is ok."""
    name, points = results.words.regret, results.words.points
    axes = Axes("GPU-hours", f"{name} ({results.words.short_points})", x_log=True, y_log=True, low_is_best=True)
    charts, folded = _curves(results, summary, keys, "test_regret", dict.fromkeys(results.datasets, axes))
    words = (
        f"Mean {name} ({points} below the best arch of the data set) over GPU-hours, both axes logarithmic. A "
        f"mean of zero stands on the lower edge. {_BANDS}"
    )
    return [Section("regret", "Regret over GPU-hours", (words,), (), charts, keys, folded=folded)] if charts else []


def _curves(
    results: Results, summary: pd.DataFrame, keys: tuple[Key, ...], column: str, axes: Mapping[str, Axes]
) -> tuple[tuple[Chart, ...], tuple[Folded, ...]]:
    """Return the mean curves of a column as one chart per data set and as tables; empty if no run is ok."""
    if not results.runs["ok"].any():
        return (), ()
    curves = mean_curves(results.runs, results.steps, column, rng=stream(0, "figures"))
    charts = tuple(
        line_chart(
            dataset,
            _alt(f"mean {axes[dataset].y}", dataset, summary, f"{column}_mean"),
            curves[dataset].hours,
            _raised(curves[dataset]) if axes[dataset].y_log else curves[dataset].bands,
            keys,
            axes[dataset],
        )
        for dataset in sorted(curves, key=str.lower)
    )
    caption = f"Mean {axes[results.datasets[0]].y} after a share of the budget"
    return charts, (_written_down(results, column, caption),)


def _raised(curves: Curves) -> dict[str, Band]:
    """Return the bands with all values raised to at least half of the smallest positive mean."""
    means = np.concatenate([band.mean for band in curves.bands.values()])
    floor = float(min(means[means > 0], default=0.02)) / 2
    return {
        name: Band(np.maximum(band.mean, floor), np.maximum(band.low, floor), np.maximum(band.high, floor), band.n)
        for name, band in curves.bands.items()
    }


def _alt(what: str, dataset: str, summary: pd.DataFrame, column: str) -> str:
    """Return a picture's alternative text: its content, and the leading searchers of the table."""
    rows = summary[(summary["dataset"] == dataset) & (summary["n_seeds"] > 0)]
    ends = [f"{row['searcher']} {number(row[column])}" for row in rows.head(NAMED).to_dict("records")]
    return (
        f"Lines with bands, {what} over GPU-hours on {dataset}, {len(rows)} searchers. Best at the end: {listed(ends)}."
    )


def _written_down(results: Results, column: str, caption: str) -> Folded:
    """Return the curves as tables: the mean over runs at the `SHARES` of the budget."""
    curves = run_steps(results.steps, results.runs, column)
    sheets = []
    for dataset in results.datasets:
        budget_s = float(results.runs.loc[results.runs["dataset"] == dataset, "budget_s"].iloc[0])
        grid_s = np.array(SHARES) * budget_s
        means = {
            searcher: on_grid(given, grid_s).mean(axis=0)  # NaN where any run has no incumbent yet
            for (of, searcher), given in curves.items()
            if of == dataset and given.n_runs
        }
        order = sorted(means, key=lambda name: (means[name][-1] if column == "test_regret" else -means[name][-1], name))
        titles = ("searcher", *(f"{share:.0%} ({share * budget_s / 3600:.2f} h)" for share in SHARES))
        rows = tuple((name, *(number(float(value)) for value in means[name])) for name in order)
        sheets.append(Sheet(f"{caption}, {dataset}", titles, rows))
    return Folded("The curves in numbers", tuple(sheets))


def few_seeds(summary: pd.DataFrame) -> Sequence[str]:
    """Return a warning if seeds are too few; else empty."""
    few = sorted({str(row["searcher"]) for row in summary.to_dict("records") if row["n_seeds"] < MIN_SEEDS})
    if not few:
        return ()
    who = "every searcher" if len(few) == summary["searcher"].nunique() else listed(few)
    return (f"Fewer than {MIN_SEEDS} seeds for {who}: numbers, no claim.",)
