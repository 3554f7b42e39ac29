"""The summary as Markdown, CSV, LaTeX and terminal text.

Each rendering has one block per data set, which opens with the data stamp and fingerprint, budget, workers,
accounting and number of seeds. Published rows stand below a line, in a block of their own, with their source; the
CSV, which programs read, holds our rows only. A table is derived: the same summary gives the same bytes.
"""

import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, TypeAlias

import pandas as pd

from harness.score.published import DATASETS, Published
from harness.score.words import to_file, words_of
from harness.show.cells import NONE, p_cell
from harness.stats.summary import MIN_SEEDS, without_host
from pmfnas.benchmarks.header import TEST
from pmfnas.files import write_text

Row: TypeAlias = Mapping[str, Any]

TERMINAL_WIDTH = 100


@dataclass(frozen=True)
class Table:
    """A summary and what is shown around it."""

    summary: pd.DataFrame  # from `summarise`, with or without `columns_of_the_host`
    title: str = ""  # the experiments' names where empty
    published: Sequence[Published] = ()
    ceilings: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Per data set, what a value is and the value, such as {"best test": 94.37}; percent."""
    n_epochs: int | None = None
    """Of the schedule at whose end an arch is judged; None where the results do not say."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a rendering: its title, its text for a row of the summary, and what the row must have."""

    title: str
    cell: Callable[[Row], str]
    needs: str = "searcher"


# --------------------------------------------------------------------------------------------------- cells


def _number(row: Row, name: str, form: str = ".2f", scale: float = 1.0) -> str:
    return NONE if pd.isna(row[name]) else format(row[name] * scale, form)


def _mean_std(row: Row, name: str) -> str:
    mean, std = _number(row, f"{name}_mean"), _number(row, f"{name}_std")
    return mean if std == NONE else f"{mean}±{std}"


def _range(row: Row, low: str, high: str, form: str = ".2f", scale: float = 1.0) -> str:
    ends = _number(row, low, form, scale), _number(row, high, form, scale)
    # A dash between signed numbers would read as a sign.
    return NONE if NONE in ends else (" to " if "+" in form else "-").join(ends)


def _seeds(row: Row) -> str:
    return f"{row['n_seeds']}" if row["n_failed"] == 0 else f"{row['n_seeds']}+{row['n_failed']}f"


def _p(row: Row) -> str:
    if row["searcher"] == row["reference"]:
        return "ref"
    return NONE if pd.isna(row["p_value"]) and not row["claim"] else p_cell(row["p_value"])


_SEARCHER = Column("searcher", lambda row: str(row["searcher"]))
_N = Column("n", _seeds)
_VALID = Column("valid", lambda row: _mean_std(row, "valid"))
_VALID_MEAN = Column("valid", lambda row: _number(row, "valid_mean"))
_TEST = Column("test", lambda row: _mean_std(row, "test"))
_CI = Column("95 % CI", lambda row: _range(row, "test_ci_low", "test_ci_high"))
_HIT = Column("hit %", lambda row: _number(row, "optimum_hit_rate", ".1f", 100))
_RESUME = Column("GPU-h", lambda row: _number(row, "gpu_hours_resume"))
_RESTART = Column("restart", lambda row: _number(row, "gpu_hours_restart"))
_FIT = Column("fit s", lambda row: _number(row, "searcher_s", ".1f"), needs="searcher_s")
_P = Column("p", _p)
_EFFECT = Column("r", lambda row: _number(row, "effect", "+.2f"))

_BRIEF = (_SEARCHER, _N, _VALID, _TEST, _CI, _HIT, _RESUME, _FIT, _P, _EFFECT)
_LATEX = (_SEARCHER, _N, _VALID_MEAN, _TEST, _CI, _HIT, _RESUME, _RESTART, _P, _EFFECT)
_FULL = (
    *(_SEARCHER, _N, _VALID, _TEST, _CI),
    Column("median", lambda row: _number(row, "test_median")),
    Column("IQM", lambda row: _number(row, "test_iqm")),
    Column("worst", lambda row: _number(row, "test_worst")),
    Column("valid regret", lambda row: _number(row, "valid_regret_mean")),
    Column("test regret", lambda row: _number(row, "test_regret_mean")),
    _HIT,
    Column("hit CI", lambda row: _range(row, "hit_ci_low", "hit_ci_high", ".1f", 100)),
    Column("archs", lambda row: str(row["n_archs"])),
    *(_RESUME, _RESTART),
    Column("busy h", lambda row: _number(row, "busy_hours")),
    Column("found h", lambda row: _number(row, "hours_to_final_incumbent")),
    Column("evaluations", lambda row: _number(row, "evaluations", ".1f")),
    _FIT,
    Column("difference", lambda row: _number(row, "difference", "+.3f")),
    Column("difference CI", lambda row: _range(row, "difference_ci_low", "difference_ci_high", "+.3f")),
    Column("win/tie/loss", lambda row: f"{row['wins']}/{row['ties']}/{row['losses']}" if row["n_pairs"] else NONE),
    *(_P, _EFFECT),
    Column("detectable", lambda row: _number(row, "detectable_difference", ".3f")),
    Column("mean rank", lambda row: _number(row, "mean_rank", ".1f")),
)


# -------------------------------------------------------------------------------------------- words around


def _blocks(table: Table) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Yield each data set with its rows, in the order of the summary."""
    for dataset, rows in table.summary.groupby("dataset", sort=False):
        records: list[dict[str, Any]] = [{str(key): row[key] for key in row} for row in rows.to_dict("records")]
        yield str(dataset), records


def _shown(columns: Sequence[Column], table: Table) -> list[Column]:
    """Return the columns that the summary has, those of the score under its name."""
    name = words_of(table.summary).name
    shown = [column for column in columns if column.needs in table.summary.columns]
    return [replace(column, title=column.title.replace(TEST, name)) for column in shown]


def _title(table: Table) -> str:
    return table.title or ", ".join(sorted(set(table.summary["experiment"].astype(str))))


def _rules(rows: Sequence[Row]) -> str:
    """Return what every number of a block names: data, budget, workers, accounting, n."""
    first, seeds = rows[0], [int(row["n_seeds"]) for row in rows]
    n = f"{seeds[0]}" if len(set(seeds)) == 1 else f"{min(seeds)} to {max(seeds)}"
    workers = f"{first['n_workers']} worker{'s' if first['n_workers'] != 1 else ''}"
    return (
        f"{first['data']} data {str(first['fingerprint'])[:12]}; budget {first['budget_s'] / 3600:.2f} h; {workers}; "
        f"{first['accounting']} accounting; n = {n}"
    )


def _remarks(dataset: str, rows: Sequence[Row], table: Table) -> list[str]:
    """Return the lines below a block: ceilings and failed runs."""
    given = table.ceilings.get(dataset, {})
    lines = [f"Ceilings: {', '.join(f'{name} {value:.2f}' for name, value in given.items())}."] if given else []
    return lines + [
        f"{row['searcher']}: {row['n_failed']} failed, left out: {row['failures']}." for row in rows if row["n_failed"]
    ]


def _few(rows: Sequence[Row]) -> str:
    """Return for whom the seeds of a block are too few; empty where they are enough."""
    few = [str(row["searcher"]) for row in rows if row["claim"]]
    if not few:
        return ""
    return f"n < {MIN_SEEDS}: no claim" + ("" if len(few) == len(rows) else f" for {', '.join(few)}")


def few_seeds(table: Table) -> list[str]:
    """Return a line on whom the seeds are too few for, the data sets on which it is the same together."""
    found = {dataset: _few(rows) for dataset, rows in _blocks(table)}
    places = {text: [dataset for dataset, own in found.items() if own == text] for text in found.values() if text}
    return [f"{text}." if len(on) == len(found) else f"{text} on {', '.join(on)}." for text, on in places.items()]


def legend(table: Table, best: str, level: str) -> list[str]:
    """Return how the numbers are to be read."""
    words = words_of(table.summary)
    references = sorted(set(table.summary["reference"]) - {""})
    against = f"against {', '.join(references)}" if references else "not made: the reference has no runs"
    n_claims = int(table.summary["p_value"].notna().sum())
    judged = f"{table.n_epochs}-epoch validation" if table.n_epochs else "validation after the longest schedule"
    host = "fit s: the searcher's own seconds on this host, not on the clock."
    return [
        f"valid, {words.name}: percent, of the arch returned, mean±std over n seeds; {judged}, {words.read}.",
        f"95 % CI: BCa bootstrap of the mean {words.accuracy}, over seeds only. hit: share of runs ending at "
        f"{words.hit}.",
        "GPU-h: workers x clock with checkpoints kept; restart: had every evaluation begun at epoch 0.",
        *([host] if "searcher_s" in table.summary else []),
        f"p: Wilcoxon signed-rank over paired seeds, {against}; Holm over the {n_claims} comparisons of this table.",
        "r: matched-pairs rank-biserial correlation, > 0 where the row is better than the reference.",
        f"{best}: best mean {words.accuracy} of those with n >= {MIN_SEEDS}; {level}: not distinguishable from it.",
    ]


PUBLISHED_NOTE = "Published, for reference only: other budgets, splits and GPUs, so nothing here compares in cost"
TRUST_NOTE = "Read in the paper or its repository (R), off an image (I), or in a text that reprints it (S)."


def _published_cells(row: Published, *, with_valid: bool) -> list[str]:
    cells = []
    for test, valid in zip(row.test, row.valid, strict=True):
        text = NONE if test is None else str(test)
        cells.append(f"{text} ({valid})" if with_valid and valid is not None else text)
    return cells


# ----------------------------------------------------------------------------------------------- renderings


@dataclass(frozen=True, slots=True)
class Grid:
    """One data set's block as text, for renderings of other modules."""

    dataset: str
    rules: str
    """Data, budget, workers, accounting, n."""
    titles: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    marks: tuple[str, ...]
    """Per row: "best", "level" with it, or empty."""
    remarks: tuple[str, ...]


def grids(table: Table, *, width: Literal["brief", "full"]) -> list[Grid]:
    """Return a block per data set, with the terminal's columns (brief) or all of them (full)."""
    columns = _shown(_BRIEF if width == "brief" else _FULL, table)
    return [
        Grid(
            dataset,
            _rules(rows),
            tuple(column.title for column in columns),
            tuple(tuple(column.cell(row) for column in columns) for row in rows),
            tuple(str(row["mark"]) for row in rows),
            tuple(_remarks(dataset, rows, table)),
        )
        for dataset, rows in _blocks(table)
    ]


def published_grid(table: Table) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return titles and cells of the published rows."""
    titles = ("method", *(f"{name} test (validation)" for name in DATASETS), "cost", "runs", "read", "source")
    return titles, [
        (row.method, *_published_cells(row, with_valid=True), row.cost, row.n_runs, row.trust, row.source)
        for row in table.published
    ]


def csv(table: Table) -> str:
    """Return the summary's own rows, every line naming its data and rules; six significant digits."""
    summary = to_file(table.summary, words_of(table.summary))
    return str(summary.to_csv(index=False, float_format="%.6g", lineterminator="\n"))


def markdown(table: Table) -> str:
    """Return all columns of every data set, then the published rows."""
    columns = _shown(_FULL, table)
    lines = [f"# {plain(_title(table))}"]
    for dataset, rows in _blocks(table):
        body = [[_emphasis(row, column.cell(row), place) for place, column in enumerate(columns)] for row in rows]
        lines += ["", f"## {plain(dataset)}", "", plain(_rules(rows)), ""]
        lines += pipes([column.title for column in columns], body)
        lines += [f"\n{plain(remark)}" for remark in _remarks(dataset, rows, table)]
    lines += ["", *(f"- {plain(line)}" for line in few_seeds(table))]
    lines += [f"- {line}" for line in legend(table, "bold", "italic")]
    if table.published:
        titles, cells = published_grid(table)
        body = [[plain(text) for text in row] for row in cells]
        lines += ["", "---", "", f"## {PUBLISHED_NOTE}", "", *pipes(titles, body), "", TRUST_NOTE]
    return "\n".join(lines) + "\n"


def _emphasis(row: Row, text: str, place: int) -> str:
    mark = {"best": "**", "level": "*"}.get(row["mark"], "") if place == 0 else ""
    return f"{mark}{plain(text)}{mark}"


def plain(text: str) -> str:
    """Return `text` on one line with what Markdown would interpret escaped."""
    return "".join(f"\\{char}" if char in "\\|*_`<>[]#" else char for char in " ".join(text.split()))


def pipes(titles: Sequence[str], body: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a Markdown table; the first column reads from the left, the others from the right."""
    rule = ["---", *("---:" for _ in titles[1:])]
    return [f"| {' | '.join(cells)} |" for cells in (titles, rule, *body)]


def latex(table: Table) -> str:
    """Return one booktabs table per data set and one of the published rows, to be `\\input`; pure ASCII."""
    parts = [f"% {_tex(_title(table))}. Needs \\usepackage{{booktabs}}."]
    columns = _shown(_LATEX, table)
    titles = [column.title for column in columns]
    for dataset, rows in _blocks(table):
        body = [[_tex_emphasis(row, column.cell(row), place) for place, column in enumerate(columns)] for row in rows]
        few = [f"{_few(rows)}."] if _few(rows) else []
        caption = " ".join([f"{dataset}: {_rules(rows)}.", *_remarks(dataset, rows, table), *few])
        parts.append(_float(titles, body, _tex(caption), f"tab:{dataset}"))
    parts += [f"% {_tex(line)}" for line in legend(table, "bold", "italic")]
    if table.published:
        titles = ["method", *DATASETS, "cost", "read"]
        body = [
            [_tex(text) for text in (row.method, *_published_cells(row, with_valid=False), row.cost, row.trust)]
            for row in table.published
        ]
        sources = "; ".join(dict.fromkeys(f"{row.source} ({row.trust})" for row in table.published))
        parts.append(_float(titles, body, _tex(f"{PUBLISHED_NOTE}. {TRUST_NOTE} Sources: {sources}."), "tab:published"))
    return "\n".join(parts) + "\n"


_TEX = {
    **{char: f"\\{char}" for char in "&%$#_{}"},
    **{"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"},
    **{"<": "$<$", ">": "$>$", "|": "$|$"},
}


def _tex(text: str) -> str:
    """Return `text` on one line, escaped; other than ASCII only the plus-minus sign is kept."""
    parts = (part.encode("ascii", "backslashreplace").decode() for part in " ".join(text.split()).split("±"))
    return r"$\pm$".join("".join(_TEX.get(char, char) for char in part) for part in parts)


def _tex_emphasis(row: Row, text: str, place: int) -> str:
    command = {"best": "textbf", "level": "textit"}.get(row["mark"], "") if place == 0 else ""
    return f"\\{command}{{{_tex(text)}}}" if command else _tex(text)


def _float(titles: Sequence[str], body: Sequence[Sequence[str]], caption: str, label: str) -> str:
    lines = [
        r"\begin{table}[t]",
        r"  \centering\scriptsize\setlength{\tabcolsep}{2pt}",
        f"  \\caption{{{caption}}}",
        f"  \\label{{{label}}}",
        f"  \\begin{{tabular}}{{@{{}}l{'r' * (len(titles) - 1)}@{{}}}}",
        r"    \toprule",
        f"    {' & '.join(_tex(title) for title in titles)} \\\\",
        r"    \midrule",
        *(f"    {' & '.join(cells)} \\\\" for cells in body),
        r"    \bottomrule",
        r"  \end{tabular}",
        r"\end{table}",
    ]
    return "\n".join(lines)


def terminal(table: Table) -> str:
    """Return the main columns for a screen of `TERMINAL_WIDTH` characters; `*` is best, `~` level with it."""
    columns = _shown(_BRIEF, table)
    lines = [_title(table)]
    for dataset, rows in _blocks(table):
        body = [[column.cell(row) for column in columns] for row in rows]
        marks = [{"best": "*", "level": "~"}.get(row["mark"], " ") for row in rows]
        lines += ["", *wrap(f"{dataset}  {_rules(rows)}")]
        lines += aligned([column.title for column in columns], body, marks)
        lines += [line for remark in _remarks(dataset, rows, table) for line in wrap(remark)]
    said = (*few_seeds(table), *legend(table, "*", "~"))
    lines += ["", *(line for remark in said for line in wrap(remark))]
    if table.published:
        body = [[row.method, *_published_cells(row, with_valid=False), row.cost, row.trust] for row in table.published]
        lines += ["", "-" * TERMINAL_WIDTH, *wrap(PUBLISHED_NOTE)]
        lines += aligned(["method", *DATASETS, "cost", "read"], body, [" "] * len(body))
        lines += wrap(TRUST_NOTE)
    return "\n".join(lines) + "\n"


def wrap(text: str) -> list[str]:
    """Return `text` as lines of a screen."""
    return textwrap.wrap(" ".join(text.split()), TERMINAL_WIDTH, subsequent_indent="    ")


def aligned(titles: Sequence[str], body: Sequence[Sequence[str]], marks: Sequence[str]) -> list[str]:
    """Return the lines of a grid; where it would be too wide the gaps narrow, then the first column gives way."""
    widths = [max(map(len, column)) for column in zip(titles, *body, strict=True)]
    free = TERMINAL_WIDTH - 2 - sum(widths)
    gap = 2 if free >= 2 * (len(titles) - 1) else 1
    widths[0] = max(8, min(widths[0], widths[0] + free - gap * (len(titles) - 1)))
    lines = []
    for mark, cells in zip((" ", *marks), (titles, *body), strict=True):
        name = cells[0] if len(cells[0]) <= widths[0] else cells[0][: widths[0] - 1] + "…"
        rest = (f"{cell:>{width}}" for cell, width in zip(cells[1:], widths[1:], strict=True))
        lines.append((" " * gap).join([f"{mark} {name:<{widths[0]}}", *rest]).rstrip())
    return lines


def write_tables(table: Table, folder: Path, *, stem: str = "table", host_columns: bool = True) -> tuple[Path, ...]:
    """Write `stem`.md, .csv and .tex to `folder` and return their paths.

    Args:
        table: what to write.
        folder: made if missing; files of the same names are replaced.
        stem: name of the files.
        host_columns: False leaves `columns_of_the_host` out, for files that compare byte for byte.
    """
    kept = table if host_columns else replace(table, summary=without_host(table.summary))
    texts = {".md": markdown(kept), ".csv": csv(kept), ".tex": latex(kept)}
    for suffix, text in texts.items():
        write_text(folder / f"{stem}{suffix}", text)
    return tuple(folder / f"{stem}{suffix}" for suffix in texts)
