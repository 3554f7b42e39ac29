"""The tables of a study: where each variant loses, and by how much; as Markdown, CSV and terminal text.

The frame that all of them are made from is `described`: the rows of `harness.stats.variants` with what each variant
changes. It names its data, budget and number of pairs in every row; the same frame gives the same bytes.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import pandas as pd

from harness.compare.studies import Study
from harness.host.units import written_hours
from harness.score.words import words_of
from harness.show.cells import number, p_cell
from harness.show.tables import aligned, pipes, plain, wrap
from harness.stats.summary import MIN_SEEDS
from harness.stats.variants import BETTER

SIGNS: Mapping[str, str] = MappingProxyType({"helps": "+", "harms": "-", "mixed": "~", "none": "."})
"""Verdict -> its sign in a cell."""

_EQUAL = "="

SCORE, REGRET = "test", "valid_regret"
"""The measures by which a variant is compared."""

_NOT_RUN = " "
_IDENTITY = ["subject", "kind", "change", "variant"]


@dataclass(frozen=True)
class StudyTable:
    """A study's comparisons and what is said around them."""

    frame: pd.DataFrame
    """From `described`."""
    title: str = ""
    unvaried: Mapping[str, str] = field(default_factory=dict)
    """What has no variant, and why."""


def described(study: Study, comparisons: pd.DataFrame) -> pd.DataFrame:
    """Return the comparisons with `subject`, `kind` and `change` of each variant, in the order they are shown.

    Budgets ascend, data sets stand as the study lists them, and so do the variants, unless the study is ranked: then
    that subject comes first of which a variant has the largest mean |difference| of test accuracy.
    """
    variants = pd.DataFrame(
        [{"variant": v.name, "subject": v.subject, "kind": v.kind, "change": v.change} for v in study.variants]
    ).assign(place=range(len(study.variants)))
    frame = comparisons.merge(variants, on="variant", how="inner", validate="many_to_one")
    rank = _ranks(frame) if study.ranked else {}
    keys = frame.assign(
        rank=frame["subject"].map(lambda subject: rank.get(subject, 0)),
        set=frame["dataset"].map({name: place for place, name in enumerate(study.datasets)}),
        by=frame["measure"].map({name: place for place, name in enumerate(BETTER)}),
    )
    ordered = keys.sort_values(["budget_s", "set", "rank", "place", "by"], ignore_index=True)
    columns = [name for name in comparisons.columns if name not in ("budget_s", "dataset", "variant", "measure")]
    return ordered[["budget_s", "dataset", *_IDENTITY, "measure", *columns]]


def _ranks(frame: pd.DataFrame) -> dict[str, int]:
    moved = frame[frame["measure"] == "test"].assign(moved=lambda rows: rows["difference"].abs())
    largest = moved.groupby(["subject", "variant"])["moved"].mean().groupby("subject").max()
    return {str(name): place for place, name in enumerate(largest.sort_values(ascending=False, kind="stable").index)}


def where(frame: pd.DataFrame) -> pd.DataFrame:
    """Return one row per measure and variant: the verdict at each budget and data set, and how often it was which.

    Columns: measure, subject, kind, change, variant, one `8.5 h cifar10` per budget and data set ("" without a
    claim), and the counts `helps`, `harms`, `mixed`, `none`.
    """
    places = list(dict.fromkeys(zip(frame["budget_s"], frame["dataset"], strict=True)))
    records = []
    for (measure, *identity), rows in frame.groupby(["measure", *_IDENTITY], sort=False):
        verdicts = {(row["budget_s"], row["dataset"]): str(row["verdict"]) for _, row in rows.iterrows()}
        cells = {f"{written_hours(budget_s)} {name}": verdicts.get((budget_s, name), "") for budget_s, name in places}
        counts = {word: list(verdicts.values()).count(word) for word in SIGNS}
        records.append({"measure": measure, **dict(zip(_IDENTITY, identity, strict=True)), **cells, **counts})
    order = pd.Series(range(len(BETTER)), index=list(BETTER))
    return pd.DataFrame(records).sort_values("measure", key=lambda names: names.map(order), kind="stable")


# --------------------------------------------------------------------------------------------------- cells


_CHANGE = "change"


def _without_constant(titles: list[str], body: list[list[str]]) -> tuple[list[str], list[list[str]]]:
    """Return the table less the column of the change, where it says the same in every row."""
    place = titles.index(_CHANGE)
    if len({cells[place] for cells in body}) > 1:
        return titles, body
    return [*titles[:place], *titles[place + 1 :]], [[*cells[:place], *cells[place + 1 :]] for cells in body]


def _grid(frame: pd.DataFrame, measure: str) -> tuple[list[str], list[list[str]]]:
    """Return titles and rows: per variant and budget one sign per data set, and the sums of + and -.

    Where the pairs are too few for a claim the difference takes the place of the sign; without any claim no sums.
    """
    rows = frame[frame["measure"] == measure]
    datasets, budgets = list(rows["dataset"].unique()), list(rows["budget_s"].unique())
    sums = {"+": "helps", "-": "harms"} if _claims(frame) else {}
    titles = ["variant", _CHANGE, *(written_hours(budget_s) for budget_s in budgets), *sums]
    body: list[list[str]] = []
    for (variant, change), own in rows.groupby(["variant", "change"], sort=False):
        known = {(row["budget_s"], row["dataset"]): _sign(row) for _, row in own.iterrows()}
        signs = [" ".join(known.get((budget_s, d), _NOT_RUN) for d in datasets) for budget_s in budgets]
        counts = [str((own["verdict"] == word).sum()) for word in sums.values()]
        body.append([str(variant), str(change), *signs, *counts])
    return _without_constant(titles, body)


def _sign(row: "pd.Series[Any]") -> str:
    """Return the verdict's sign, or the difference without a verdict.

    A row whose pairs are all equal is told from one that is merely not significant.
    """
    if 0 < row["n_pairs"] == row["ties"]:
        return _EQUAL
    return SIGNS.get(row["verdict"]) or number(row["difference"], "+.2f")


def _claims(frame: pd.DataFrame) -> bool:
    """Return whether any comparison has enough pairs for a claim."""
    return bool(frame["p_value"].notna().any())


def _hours(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(hours=frame["budget_s"].map(written_hours))


def _detail(row: "pd.Series[Any]", *, claims: bool) -> dict[str, str]:
    """Return the columns of one measure; p and r only where the table has any."""
    low, high = number(row["ci_low"], "+.3f"), number(row["ci_high"], "+.3f")
    sign = SIGNS.get(row["verdict"], "") if row["verdict"] != "none" else ""
    tested = {"p": p_cell(row["p_value"]), "r": number(row["effect"], "+.2f")} if claims else {}
    return {
        "difference": f"{number(row['difference'], '+.3f')} {sign}".rstrip(),
        "95 % CI": f"{low} to {high}",
        **tested,
        "detectable": number(row["detectable_difference"], ".3f"),
    }


def _blocks(frame: pd.DataFrame) -> Iterator[tuple[str, str, list[str], list[list[str]]]]:
    """Yield per budget and data set: heading, a line on the full searcher, titles and rows."""
    claims = _claims(frame)
    for (hours, dataset), rows in _hours(frame).groupby(["hours", "dataset"], sort=False):
        titles, body = list[str](), []
        for (variant, change), own in rows.groupby(["variant", "change"], sort=False):
            of = {str(row["measure"]): row for _, row in own.iterrows()}
            n = f"{of['test']['n_pairs']}" + (f"+{of['test']['n_failed']}f" if of["test"]["n_failed"] else "")
            short = {words_of(frame).name: SCORE, "regret": REGRET}
            parts = {name: _detail(of[key], claims=claims) for name, key in short.items()}
            titles = ["variant", _CHANGE, "n", *(f"{name} {title}" for name, part in parts.items() for title in part)]
            body.append([str(variant), str(change), n, *(cell for part in parts.values() for cell in part.values())])
        full = rows.sort_values("n_pairs", ascending=False).groupby("measure")["full_mean"].first()
        line = f"Full searcher: {', '.join(f'{text} {full[name]:.3f}' for name, text in measures(frame).items())}."
        yield f"{hours}, {dataset}", line, *_without_constant(titles, body)


# -------------------------------------------------------------------------------------------- words around


def measures(frame: pd.DataFrame) -> dict[str, str]:
    """Return measure -> its name; the score is named by what it is made of."""
    return {SCORE: words_of(frame).accuracy, REGRET: "validation regret"}


def rules(frame: pd.DataFrame) -> str:
    """Return what every number of the study names: data, workers, accounting, and n at each budget."""
    first = frame.iloc[0]
    pairs = _hours(frame).groupby("hours", sort=False)["n_pairs"].agg(["min", "max"])
    ns = (f"{low}" if low == high else f"{low} to {high}" for low, high in zip(pairs["min"], pairs["max"], strict=True))
    n = ", ".join(f"n = {n} at {hours}" for hours, n in zip(pairs.index, ns, strict=True))
    workers = f"{first['n_workers']} worker{'s' if first['n_workers'] != 1 else ''}"
    return f"{first['data']} data {str(first['fingerprint'])[:12]}; {workers}; {first['accounting']} accounting; {n}"


def _found(frame: pd.DataFrame) -> list[str]:
    """Return which variants are nowhere significantly worse, and which somewhere better, by either measure."""
    if not _claims(frame):
        return [f"n < {MIN_SEEDS}: differences, no claim."]
    worse, better = (set(frame.loc[frame["verdict"] == word, "variant"]) for word in ("helps", "harms"))
    never = [name for name in frame["variant"].unique() if name not in worse]
    sometimes = [name for name in frame["variant"].unique() if name in better]
    return [
        f"Nowhere significantly worse than the full searcher, by either measure: {', '.join(never) or 'none'}.",
        f"Somewhere significantly better than it, by either measure: {', '.join(sometimes) or 'none'}.",
    ]


def _legend(frame: pd.DataFrame) -> list[str]:
    order = ", ".join(frame["dataset"].unique())
    signs = (
        f"Signs, one per data set ({order}): + the full searcher is better than the variant, - it is worse, both with "
        "p < .05; . neither; = all pairs are equal; ~ mean and ranks disagree; a number: the difference, where fewer "
        f"than {MIN_SEEDS} pairs make no claim."
    )
    numbers = (
        f"Numbers, one per data set ({order}): full searcher less variant, percent points, mean over n paired seeds; = "
        "all pairs are equal."
    )
    return [
        signs if _claims(frame) else numbers,
        "difference: full searcher less variant, percent points, mean over n paired seeds with 95 % BCa interval: "
        f"{words_of(frame).accuracy} > 0 and validation regret < 0 speak for the full searcher.",
        "p: Wilcoxon signed-rank test, Holm over the variants of one budget, data set and measure.",
        "r: matched-pairs rank-biserial correlation, > 0 where the full searcher is better. Intervals and tests are "
        "over seeds only.",
        "detectable: smallest mean difference that so many pairs show with power .8, one comparison by itself; a "
        "difference below it that is not significant may still be there.",
    ]


# ----------------------------------------------------------------------------------------------- renderings


def markdown(table: StudyTable) -> str:
    """Return the signs by both measures, then every difference, then how they are to be read."""
    lines = [f"# {plain(table.title)}", "", plain(rules(table.frame))]
    for measure, name in measures(table.frame).items():
        titles, body = _grid(table.frame, measure)
        lines += ["", f"## {_heading(table.frame)}: {name}", "", *pipes(titles, _escaped(body))]
    lines += ["", *(f"- {plain(line)}" for line in (*_found(table.frame), *_legend(table.frame)))]
    for heading, full, titles, body in _blocks(table.frame):
        lines += ["", f"## {plain(heading)}", "", plain(full), "", *pipes(titles, _escaped(body))]
    if table.unvaried:
        lines += ["", "## Not varied", "", *(f"- {plain(f'{name}: {why}')}" for name, why in table.unvaried.items())]
    return "\n".join(lines) + "\n"


def _escaped(body: Sequence[Sequence[str]]) -> list[list[str]]:
    return [[plain(cell) for cell in cells] for cells in body]


def csv(frame: pd.DataFrame) -> str:
    """Return a frame of this module as CSV, six significant digits."""
    return str(frame.to_csv(index=False, float_format="%.6g", lineterminator="\n"))


def terminal(table: StudyTable) -> str:
    """Return the signs by both measures for a screen."""
    lines = [table.title, *wrap(rules(table.frame))]
    for measure, name in measures(table.frame).items():
        titles, body = _grid(table.frame, measure)
        lines += ["", f"{_heading(table.frame).lower()}: {name}"]
        lines += aligned(_brief(titles), [_brief(cells) for cells in body], [" "] * len(body))
    said = [*_found(table.frame), _legend(table.frame)[0]]
    lines += ["", *(line for remark in said for line in wrap(remark))]
    lines += [line for name, why in table.unvaried.items() for line in wrap(f"not varied: {name}: {why}")]
    return "\n".join(lines) + "\n"


def _heading(frame: pd.DataFrame) -> str:
    return "Where it matters" if _claims(frame) else "Differences"


def _brief(cells: Sequence[str]) -> list[str]:
    """Return the cells, those that are too long for a screen cut short."""
    return [cell if len(cell) <= 24 else f"{cell[:23]}…" for cell in cells]
