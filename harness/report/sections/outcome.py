"""Who ended where: the verdict, the table, and the anytime curves."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeAlias

import numpy as np
import pandas as pd
from markdown_it import MarkdownIt
from markupsafe import Markup
from matplotlib.axes import Axes

from harness.report.content import Folded, Section, listed
from harness.report.pictures import line_key, picture
from harness.report.results import Results
from harness.show.cells import number
from harness.show.looks import Style, accuracy_panel, regret_panel
from harness.show.sheet import Sheet
from harness.show.tables import Table, legend, published_sheet, sheets
from harness.stats.anytime import on_grid
from harness.stats.curves import Curves, mean_curves
from harness.stats.decision import MIN_SEEDS
from harness.stats.runs import run_steps
from pmfnas.core.rng import stream

NAMED = 4
"""Searchers that a picture's text names with their values."""

SHARES = (0.05, 0.1, 0.25, 0.5, 1.0)
"""Parts of the budget at which the curves are written down."""


def verdict(results: Results) -> list[Section]:
    """Return the comparison's verdict, where the folder has one; its title is that of the section."""
    if not results.verdict:
        return []
    parser = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
    tokens = parser.parse(results.verdict)
    if tokens and tokens[0].tag == "h1":
        tokens = tokens[3:]  # opening, text, closing
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(max(int(token.tag[1]) + 1, 3), 6)}"
    html = Markup(parser.renderer.render(tokens, parser.options, {}))
    return [Section("verdict", "Verdict", html=html)]


def table_section(table: Table) -> Section:
    """Return the table: the main columns open, all of them and the published rows on demand."""
    brief, full = (tuple(_headed(sheet) for sheet in sheets(table, width)) for width in ("brief", "full"))
    folded = [Folded("All columns", full)]
    if table.published:
        folded.append(Folded("Published rows", (published_sheet(table, "full"),)))
    notes = tuple(legend(table, "best", "level"))
    return Section("table", "Table", sheets=brief, notes=notes, folded=tuple(folded))


def _headed(sheet: Sheet) -> Sheet:
    """Return the sheet with its note in the caption."""
    return replace(sheet, caption=f"{sheet.caption}: {sheet.note}", note="")


def curve_sections(results: Results, summary: pd.DataFrame, styles: Mapping[str, Style]) -> list[Section]:
    """Return accuracy and regret over GPU-hours; nothing where no run is ok."""
    if not results.runs["ok"].any():
        return []
    words, keys = results.words, tuple(line_key(name, style) for name, style in styles.items())
    bands = "Bands are 95 % percentile bootstrap intervals of the mean over seeds, at each time by itself."

    def accuracy(panel: Axes, dataset: str, curves: Curves) -> None:
        accuracy_panel(panel, curves, styles, ceiling=results.best.get(dataset))

    def regret(panel: Axes, dataset: str, curves: Curves) -> None:
        del dataset
        regret_panel(panel, curves, styles)

    def section(key: str, title: str, text: str, column: str, measured: tuple[str, str], draw: _Draw) -> Section:
        curves, (name, unit) = mean_curves(results.runs, results.steps, column, rng=stream(0, "figures")), measured
        pictures = tuple(
            picture(
                dataset,
                _alt(f"mean {name}", dataset, summary, f"{column}_mean", unit),
                partial(_drawn, draw=draw, dataset=dataset, curves=curves[dataset], across=f"{name} ({unit})"),
            )
            for dataset in sorted(curves, key=str.lower)
        )
        folded = _written_down(results, column, f"Mean {name} ({unit}) after a share of the budget")
        return Section(key, title, words=(text,), pictures=pictures, keys=keys, folded=(folded,))

    over_time = (
        f"Mean {words.accuracy} (%) of the arch that each searcher would return, over GPU-hours on a logarithmic "
        f"axis. The dotted line is the best {words.accuracy} of the data set. {bands} A line begins when all runs "
        "have an incumbent. The axis is cut to where the searchers differ."
    )
    on_logs = (
        f"Mean {words.regret} (percent points below the best arch of the data set) over GPU-hours, both axes "
        f"logarithmic. A mean of zero stands on the lower edge. {bands}"
    )
    return [
        section("accuracy", "Accuracy over time", over_time, "test", (words.accuracy, "%"), accuracy),
        section("regret", "Regret on logarithmic axes", on_logs, "test_regret", (words.regret, "points"), regret),
    ]


_Draw: TypeAlias = Callable[[Axes, str, Curves], None]


def _drawn(panel: Axes, *, draw: _Draw, dataset: str, curves: Curves, across: str) -> None:
    draw(panel, dataset, curves)
    panel.set_ylabel(across)


def _alt(what: str, dataset: str, summary: pd.DataFrame, column: str, unit: str) -> str:
    """Return a picture's text: what it draws, and who leads at the end by the table."""
    rows = summary[(summary["dataset"] == dataset) & (summary["n_seeds"] > 0)]
    ends = [f"{row['searcher']} {number(row[column])}" for row in rows.head(NAMED).to_dict("records")]
    return (
        f"Lines with bands, {what} over GPU-hours on {dataset}, {len(rows)} searchers. "
        f"Best at the end ({unit}): {listed(ends)}."
    )


def _written_down(results: Results, column: str, caption: str) -> Folded:
    """Return the curves as numbers: the mean over runs at some shares of the budget."""
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
    """Return the warning that seeds are too few, where they are."""
    few = sorted({str(row["searcher"]) for row in summary.to_dict("records") if row["n_seeds"] < MIN_SEEDS})
    if not few:
        return ()
    who = "every searcher" if len(few) == summary["searcher"].nunique() else listed(few)
    return (f"Fewer than {MIN_SEEDS} seeds for {who}: numbers, no claim.",)
