"""The tables of a study: the difference of each variant at each budget and data set, as Markdown and terminal text.

All tables are made from the frame of `described`: the rows of `harness.stats.variants` with the change of each variant.
Every row names data, budget and number of pairs. The same frame gives the same bytes.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import pandas as pd

from harness.compare.studies import Study
from harness.host.units import written_hours
from harness.score.words import words_of
from harness.show import render
from harness.show.cells import least_to_most, number, p_cell, rules_of, seeds, span
from harness.show.render import Notes, Part
from harness.show.sheet import Sheet
from harness.stats.decision import MIN_SEEDS
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
    """A study's comparisons with title and remarks."""

    frame: pd.DataFrame
    """From `described`."""
    title: str = ""
    unvaried: Mapping[str, str] = field(default_factory=dict)
    """Settings without a variant -> the reason."""


def described(study: Study, comparisons: pd.DataFrame) -> pd.DataFrame:
    """Return the comparisons with `subject`, `kind` and `change` of each variant, in display order.

    Budgets ascend; data sets and variants keep the order of the study. In a ranked study the subjects are sorted by the
    largest mean |difference| of test accuracy of their variants, the largest first.
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
    """Return one row per measure and variant: the verdict at each budget and data set, and the count of each verdict.

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


def _sheet(caption: str, titles: list[str], body: list[list[str]], note: str = "") -> Sheet:
    """Return the table; drop the column `change` if all its cells are equal."""
    place = titles.index(_CHANGE)
    kept = [i for i in range(len(titles)) if i != place or len({cells[place] for cells in body}) > 1]
    rows = tuple(tuple(cells[i] for i in kept) for cells in body)
    return Sheet(caption, tuple(titles[i] for i in kept), rows, note=note)


def _signs(frame: pd.DataFrame, measure: str) -> Sheet:
    """Return per variant and budget one sign per data set, and the sums of + and -.

    With too few pairs for a claim, the difference replaces the sign. Without any claim there are no sums.
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
    heading = "Where it matters" if sums else "Differences"
    return _sheet(f"{heading}: {measures(frame)[measure]}", titles, body)


def _sign(row: "pd.Series[Any]") -> str:
    """Return the verdict's sign, or the difference if there is no verdict.

    A row whose pairs are all equal has a sign of its own.
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
    """Return the columns of one measure; p and r only if the table makes claims."""
    sign = SIGNS.get(row["verdict"], "") if row["verdict"] != "none" else ""
    tested = {"p": p_cell(row["p_value"]), "r": number(row["effect"], "+.2f")} if claims else {}
    return {
        "difference": f"{number(row['difference'], '+.3f')} {sign}".rstrip(),
        "95 % CI": span(row["ci_low"], row["ci_high"], "+.3f"),
        **tested,
        "detectable": number(row["detectable_difference"], ".3f"),
    }


def _details(frame: pd.DataFrame) -> Iterator[Sheet]:
    """Yield a table per budget and data set: every difference by both measures, below a line on the full searcher."""
    claims = _claims(frame)
    for (hours, dataset), rows in _hours(frame).groupby(["hours", "dataset"], sort=False):
        titles, body = list[str](), []
        for (variant, change), own in rows.groupby(["variant", "change"], sort=False):
            of = {str(row["measure"]): row for _, row in own.iterrows()}
            short = {words_of(frame).name: SCORE, "regret": REGRET}
            parts = {name: _detail(of[key], claims=claims) for name, key in short.items()}
            titles = ["variant", _CHANGE, "n", *(f"{name} {title}" for name, part in parts.items() for title in part)]
            n = seeds(of[SCORE]["n_pairs"], of[SCORE]["n_failed"])
            body.append([str(variant), str(change), n, *(cell for part in parts.values() for cell in part.values())])
        full = rows.sort_values("n_pairs", ascending=False).groupby("measure")["full_mean"].first()
        line = f"Full searcher: {', '.join(f'{text} {full[name]:.3f}' for name, text in measures(frame).items())}."
        yield _sheet(f"{hours}, {dataset}", titles, body, line)


# -------------------------------------------------------------------------------------------- words around


def measures(frame: pd.DataFrame) -> dict[str, str]:
    """Return the name of each measure; the name of the score depends on the data."""
    return {SCORE: words_of(frame).accuracy, REGRET: "validation regret"}


def rules(frame: pd.DataFrame) -> str:
    """Return the conditions of the study's numbers: data, workers, accounting, and n at each budget."""
    data, _, workers, accounting = rules_of(frame.iloc[0])
    pairs = _hours(frame).groupby("hours", sort=False)["n_pairs"]
    n = ", ".join(f"n = {least_to_most(own)} at {hours}" for hours, own in pairs)
    return f"{data}; {workers}; {accounting}; {n}"


def _found(frame: pd.DataFrame) -> list[str]:
    """Return the variants that are nowhere significantly worse, and those somewhere better, by either measure."""
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
    order, points = ", ".join(frame["dataset"].unique()), words_of(frame).points
    signs = (
        f"Signs, one per data set ({order}): + the full searcher is better than the variant, - it is worse, both with "
        "p < .05; . neither; = all pairs are equal; ~ mean and ranks disagree; a number: the difference, where fewer "
        f"than {MIN_SEEDS} pairs make no claim."
    )
    numbers = (
        f"Numbers, one per data set ({order}): full searcher less variant, {points}, mean over n paired seeds; = "
        "all pairs are equal."
    )
    return [
        signs if _claims(frame) else numbers,
        f"difference: full searcher less variant, {points}, mean over n paired seeds with 95 % BCa interval: "
        f"{words_of(frame).accuracy} > 0 and validation regret < 0 speak for the full searcher.",
        "p: Wilcoxon signed-rank test, Holm over the variants of one budget, data set and measure.",
        "r: matched-pairs rank-biserial correlation, > 0 where the full searcher is better. Intervals and tests are "
        "over seeds only.",
        "detectable: smallest mean difference that so many pairs show with power .8, one comparison by itself; a "
        "difference below it that is not significant may still be there.",
    ]


# ----------------------------------------------------------------------------------------------- renderings


def markdown(table: StudyTable) -> str:
    """Return the signs by both measures, then every difference, then how to read them."""
    said = Notes([*_found(table.frame), *_legend(table.frame)])
    parts: list[Part] = [rules(table.frame), *(_signs(table.frame, measure) for measure in measures(table.frame)), said]
    unvaried = Notes([f"{name}: {why}" for name, why in table.unvaried.items()], "Not varied")
    return render.markdown(table.title, [*parts, *_details(table.frame), *([unvaried] if table.unvaried else [])])


def terminal(table: StudyTable) -> str:
    """Return the signs by both measures for a screen."""
    parts: list[Part] = [rules(table.frame), *(_brief(_signs(table.frame, name)) for name in measures(table.frame))]
    unvaried = [f"not varied: {name}: {why}" for name, why in table.unvaried.items()]
    said = Notes([*_found(table.frame), _legend(table.frame)[0], *unvaried])
    return render.terminal(table.title, [*parts, said])


def _brief(sheet: Sheet) -> Sheet:
    """Return the sheet with cells shortened to fit a screen."""
    rows = [[cell if len(cell) <= 24 else f"{cell[:23]}…" for cell in cells] for cells in (sheet.titles, *sheet.rows)]
    caption = sheet.caption[:1].lower() + sheet.caption[1:]
    return replace(sheet, caption=caption, titles=tuple(rows[0]), rows=tuple(map(tuple, rows[1:])))
