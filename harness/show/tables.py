"""The summary of an experiment as Markdown, CSV, LaTeX and terminal text.

The table over all data sets (`harness.show.overall`) and its conclusion come first in a file and last on a screen.
One table per data set gives the details: at most nine columns, with data, budget, workers, accounting and number of
seeds; `table.csv` has all columns. Published rows are optional and stand below a line, with their source.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal, TypeAlias

import pandas as pd

from harness.score.published import DATASETS, Published
from harness.score.words import to_file, words_for, words_of
from harness.show import render
from harness.show.cells import NONE, least_to_most, mean_std, number, p_cell, rules_of, seeds, span
from harness.show.overall import conclusion, overall_frame, overall_legend, overall_sheet
from harness.show.render import LINE, Notes, Part, plain
from harness.show.sheet import Column, Sheet, filled
from harness.stats.decision import MIN_SEEDS
from harness.stats.summary import without_host
from pmfnas.benchmarks.header import TEST
from pmfnas.files import write_text

Row: TypeAlias = Mapping[str, Any]
Width: TypeAlias = Literal["brief", "full"]
"""The columns of a printed table, or all of them."""


SUMMARY = "summary.csv"
"""The table over all data sets, for programs."""


@dataclass(frozen=True)
class Table:
    """A summary with title, ceilings and published rows."""

    summary: pd.DataFrame  # from `summarise`, with or without `columns_of_the_host`
    title: str = ""  # if empty: names of the experiments
    published: Sequence[Published] = ()
    ceilings: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Per data set, named values in percent, such as {"best test": 94.37}."""
    n_epochs: int | None = None
    """Epochs of the schedule at whose end an arch is scored; None if the results do not name it."""
    limits: str = ""
    """The excluded archs of the space, in words; empty if none."""
    unfinished: str = ""
    """A line on missing runs; empty if none."""


# ------------------------------------------------------------------------------------------------- columns


_OF_SCORE = ("test", "valid", "difference", "detectable")
"""Beginnings of the columns in the unit of the score."""


def _form(row: Row, name: str, form: str) -> str:
    """Return the format of a column; where the score is no percentage, figures of it have four digits."""
    words = words_for(str(row["data"]))
    if words.unit or not name.startswith(_OF_SCORE):
        return form
    return f"{'+' if '+' in form else ''}{words.form}"


def _numbers(title: str, name: str, form: str = ".2f", scale: float = 1.0, needs: str = "") -> Column[Row]:
    return Column(title, lambda row: number(row[name] * scale, _form(row, name, form)), needs)


def _interval(title: str, name: str, form: str = ".2f", scale: float = 1.0) -> Column[Row]:
    def cell(row: Row) -> str:
        low, high = row[f"{name}_low"] * scale, row[f"{name}_high"] * scale
        return NONE if pd.isna(low) or pd.isna(high) else span(low, high, _form(row, name, form))

    return Column(title, cell)


def _p(row: Row) -> str:
    if row["searcher"] == row["reference"]:
        return "ref"
    return NONE if pd.isna(row["p_value"]) and not row["claim"] else p_cell(row["p_value"])


def _sides(row: Row) -> str:
    return f"{row['wins']}/{row['ties']}/{row['losses']}" if row["n_pairs"] else NONE


_SEARCHER = Column[Row]("searcher", lambda row: str(row["searcher"]))
_N = Column[Row]("n", lambda row: seeds(row["n_seeds"], row["n_failed"]))
_VALID = Column[Row]("valid", lambda row: mean_std(row, "valid", _form(row, "valid", ".2f")))
_TEST = Column[Row](TEST, lambda row: mean_std(row, "test", _form(row, "test", ".2f")))
_CI = _interval("95 % CI", "test_ci")
_HIT = _numbers("hit %", "optimum_hit_rate", ".1f", 100)
_RESUME, _RESTART = _numbers("GPU-h", "gpu_hours_resume"), _numbers("restart", "gpu_hours_restart")
_FIT = _numbers("fit s", "searcher_s", ".1f", needs="searcher_s")
_P, _EFFECT = Column[Row]("p", _p), _numbers("r", "effect", "+.2f")

_COLUMNS: Mapping[Width, tuple[Column[Row], ...]] = {
    "brief": (_SEARCHER, _N, _TEST, _CI, _VALID, _HIT, _RESUME, _P, _EFFECT),
    "full": (
        *(_SEARCHER, _N, _TEST, _CI, _VALID),
        *(_numbers("median", "test_median"), _numbers("IQM", "test_iqm"), _numbers("worst", "test_worst")),
        *(_numbers("valid regret", "valid_regret_mean"), _numbers(f"{TEST} regret", "test_regret_mean")),
        *(_HIT, _interval("hit CI", "hit_ci", ".1f", 100)),
        Column("archs", lambda row: str(row["n_archs"])),
        *(_RESUME, _RESTART, _numbers("busy h", "busy_hours"), _numbers("found h", "hours_to_final_incumbent")),
        *(_numbers("evaluations", "evaluations", ".1f"), _FIT),
        *(_numbers("difference", "difference", "+.3f"), _interval("difference CI", "difference_ci", "+.3f")),
        *(Column("win/tie/loss", _sides), _P, _EFFECT),
        *(_numbers("detectable", "detectable_difference", ".3f"), _numbers("mean rank", "mean_rank", ".1f")),
    ),
}


# -------------------------------------------------------------------------------------------------- sheets


def sheets(table: Table, width: Width) -> list[Sheet]:
    """Return a sheet per data set."""
    name = words_of(table.summary).name
    shown = [column for column in _COLUMNS[width] if not column.needs or column.needs in table.summary.columns]
    columns = [replace(column, title=column.title.replace(TEST, name)) for column in shown]
    return [
        Sheet(
            dataset,
            *filled(columns, rows),
            marks=tuple(str(row["mark"]) for row in rows),
            remarks=tuple(_remarks(dataset, rows, table)),
            note=f"{'; '.join(rules_of(rows[0]))}; n = {least_to_most(int(row['n_seeds']) for row in rows)}",
            spare=("hit %", "GPU-h", "valid", "r", "n"),
        )
        for dataset, rows in _rows(table)
    ]


def _rows(table: Table) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Yield each data set with its rows, in the order of the summary."""
    for dataset, rows in table.summary.groupby("dataset", sort=False):
        yield str(dataset), [{str(key): value for key, value in row.items()} for row in rows.to_dict("records")]


def _remarks(dataset: str, rows: Sequence[Row], table: Table) -> list[str]:
    """Return the lines below a sheet: ceilings and failed runs."""
    given = table.ceilings.get(dataset, {})
    form = words_of(table.summary).form
    lines = [f"Ceilings: {', '.join(f'{name} {value:{form}}' for name, value in given.items())}."] if given else []
    return lines + [
        f"{row['searcher']}: {row['n_failed']} failed, left out: {row['failures']}." for row in rows if row["n_failed"]
    ]


def published_sheet(table: Table, width: Width) -> Sheet:
    """Return the published rows; only the full form has validation, number of runs and source."""
    is_full = width == "full"
    columns: list[Column[Published]] = [
        Column("method", lambda row: row.method),
        *(Column(f"{d}{' test (validation)' * is_full}", partial(_score, i, is_full)) for i, d in enumerate(DATASETS)),
        Column("cost", lambda row: row.cost),
        *([Column[Published]("runs", lambda row: row.n_runs)] if is_full else []),
        Column("read", lambda row: row.trust),
        *([Column[Published]("source", lambda row: row.source)] if is_full else []),
    ]
    return Sheet(PUBLISHED_NOTE, *filled(columns, table.published), remarks=(TRUST_NOTE,))


PUBLISHED_NOTE = "Published, for reference only: other budgets, splits and GPUs, so nothing here compares in cost"
TRUST_NOTE = "Read in the paper or its repository (R), off an image (I), or in a text that reprints it (S)."


def _score(place: int, is_full: bool, row: Published) -> str:
    test, valid = row.test[place], row.valid[place]
    text = NONE if test is None else str(test)
    return f"{text} ({valid})" if is_full and valid is not None else text


# -------------------------------------------------------------------------------------------- words around


def _title(table: Table) -> str:
    return table.title or ", ".join(sorted(set(table.summary["experiment"].astype(str))))


def _few(rows: Sequence[Row]) -> str:
    """Return a text that names the searchers with too few seeds on a data set; empty if there are none."""
    few = [str(row["searcher"]) for row in rows if row["claim"]]
    if not few:
        return ""
    return f"n < {MIN_SEEDS}: no claim" + ("" if len(few) == len(rows) else f" for {', '.join(few)}")


def few_seeds(table: Table) -> list[str]:
    """Return lines that name the searchers with too few seeds; data sets with the same searchers share a line."""
    found = {dataset: _few(rows) for dataset, rows in _rows(table)}
    places = {text: [dataset for dataset, own in found.items() if own == text] for text in found.values() if text}
    return [f"{text}." if len(on) == len(found) else f"{text} on {', '.join(on)}." for text, on in places.items()]


def legend(table: Table, best: str, level: str, *, width: Width = "full") -> list[str]:
    """Return an explanation of each column of the tables per data set; `best` and `level` name the marks, if shown."""
    words = words_of(table.summary)
    references = sorted(set(table.summary["reference"]) - {""})
    against = f"against {', '.join(references)}" if references else "not made: the reference has no runs"
    n_claims = int(table.summary["p_value"].notna().sum())
    family = f"; Holm over the {n_claims} comparisons of all tables" if n_claims else ""
    judged = f"{table.n_epochs}-epoch validation" if table.n_epochs else "validation after the longest schedule"
    host = "fit s: the searcher's own seconds on this host, not on the clock."
    same = f"; {level}: not distinguishable from it" if level else ""
    restart = "; restart: the same had every evaluation begun at epoch 0" if width == "full" else ""
    return [
        "n: runs with a result; +kf: k failed and are left out.",
        f"{words.name}, valid: {words.shown}of the network returned, mean±std over the runs; valid is {judged}, "
        f"{words.read}.",
        f"95 % CI: BCa bootstrap of the mean {words.accuracy}, over seeds only.",
        f"hit %: share of runs that return {words.hit}.",
        f"GPU-h: workers x clock, with checkpoints kept{restart}.",
        f"p: Wilcoxon signed-rank over paired seeds, {against}{family}.",
        "r: matched-pairs rank-biserial correlation, > 0 where the row is better than the reference.",
        *([host] if width == "full" and "searcher_s" in table.summary else []),
        *([f"{best}: best mean {words.accuracy} of those with n >= {MIN_SEEDS}{same}."] if best else []),
    ]


# ----------------------------------------------------------------------------------------------- renderings


def said(table: Table) -> str:
    """Return the closing sentence: the conclusion of the table, and its data."""
    return conclusion(table.summary, limits=table.limits)


def markdown(table: Table) -> str:
    """Return the table over all data sets with its sentence, the tables per data set, then the published rows."""
    notes = Notes([*map(plain, few_seeds(table)), *legend(table, "bold", "italic", width="brief")], ready=True)
    first: list[Part] = [
        *([table.unfinished] if table.unfinished else []),
        overall_sheet(table.summary),
        said(table),
        Notes([*overall_legend(table.summary), "bold: the best mean rank."]),
    ]
    return render.markdown(_title(table), [*first, *sheets(table, "brief"), notes, *_below(table, "full")])


def terminal(table: Table) -> str:
    """Return the details for a screen, printed before `closing`; `*` marks the best, `~` those level with the best."""
    marks = set(table.summary["mark"])
    best, level = ("*" if "best" in marks else "", "~" if "level" in marks else "")
    notes = Notes([*few_seeds(table), *legend(table, best, level, width="brief")])
    return render.terminal(_title(table), [*sheets(table, "brief"), notes, *_below(table, "brief")])


def closing(table: Table) -> str:
    """Return the end of the output on a screen: the table over all data sets, then its sentence."""
    notes = Notes([*overall_legend(table.summary, is_brief=True), "*: the best mean rank."])
    return render.terminal("", [overall_sheet(table.summary), notes, said(table)])


def _below(table: Table, width: Width) -> list[Part]:
    return [LINE, published_sheet(table, width)] if table.published else []


def csv(table: Table) -> str:
    """Return the rows of the summary as CSV; every line names its data and rules."""
    return render.csv(to_file(table.summary, words_of(table.summary)))


def overall_csv(table: Table) -> str:
    """Return the table over all data sets as CSV, one line per searcher."""
    return render.csv(overall_frame(table.summary))


def latex(table: Table) -> str:
    """Return booktabs tables for `\\input`, pure ASCII: all data sets, each data set, published rows."""
    parts = [f"% {render.tex(_title(table))}. Needs \\usepackage{{booktabs}}."]
    parts += [f"% {render.tex(line)}" for line in overall_legend(table.summary)]
    first = overall_sheet(table.summary)
    parts.append(render.latex(replace(first, caption=f"{first.caption}.", remarks=(said(table),)), "tab:overall"))
    for sheet, (dataset, rows) in zip(sheets(table, "brief"), _rows(table), strict=True):
        few = (f"{_few(rows)}.",) if _few(rows) else ()
        parts.append(render.latex(replace(sheet, remarks=sheet.remarks + few), f"tab:{dataset}"))
    parts += [f"% {render.tex(line)}" for line in legend(table, "bold", "italic", width="brief")]
    if table.published:
        sources = "; ".join(dict.fromkeys(f"{row.source} ({row.trust})" for row in table.published))
        shown = published_sheet(table, "brief")
        below = replace(shown, caption=f"{shown.caption}.", remarks=(*shown.remarks, f"Sources: {sources}."))
        parts.append(render.latex(below, "tab:published"))
    return "\n".join(parts) + "\n"


def write_tables(table: Table, folder: Path, *, stem: str = "table", host_columns: bool = True) -> tuple[Path, ...]:
    """Write `stem`.md, .csv, .tex and summary.csv to `folder` and return their paths.

    Args:
        table: the summary with its surroundings.
        folder: output folder, created if missing; existing files are replaced.
        stem: name of all files except the last.
        host_columns: False omits `columns_of_the_host`, for files with the same bytes on every host.
    """
    kept = table if host_columns else replace(table, summary=without_host(table.summary))
    texts = {
        f"{stem}.md": markdown(kept),
        f"{stem}.csv": csv(kept),
        f"{stem}.tex": latex(kept),
        SUMMARY: overall_csv(kept),
    }
    for name, text in texts.items():
        write_text(folder / name, text)
    return tuple(folder / name for name in texts)
