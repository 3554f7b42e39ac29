"""The tables of a comparison by real training, as a frame, Markdown, CSV and terminal text.

A difference is the **first searcher less the other**, in percent points, over the seeds that both finished: positive
where the first is better. Holm's family is all others by one measure. With fewer than `MIN_SEEDS` pairs there are
numbers, but neither p nor effect and no claim.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from harness.compare.verdict import WORDS
from harness.host.units import counted, written_time
from harness.show import render
from harness.show.cells import mean_std, number, p_cell, seeds, span
from harness.show.render import Notes
from harness.show.sheet import Column, Sheet, filled
from harness.stats.aggregates import mean, std, worst
from harness.stats.decision import MIN_SEEDS, compare, decide, paired_differences
from harness.stats.paired import holm
from pmfnas.core.rng import stream
from pmfnas.core.types import FloatArray

Row: TypeAlias = Mapping[Any, Any]

MEASURES: Mapping[str, str] = MappingProxyType({"test": "test accuracy", "valid": "validation accuracy"})

_PARTS = {
    **{name: name for name in ("difference", "ci_low", "ci_high", "p_raw", "effect")},
    **{"detectable": "detectable_difference", "wins": "wins", "ties": "ties", "losses": "losses"},
}
"""Column without its measure -> what it holds of `harness.stats.decision.Compared`."""


def compare_searchers(runs: pd.DataFrame, searchers: Sequence[str]) -> pd.DataFrame:
    """Return one row per searcher, in the order given.

    Columns: `searcher`, `n_seeds`, `n_failed`; `test_mean`, `test_std`, `test_worst`, `valid_mean`, `valid_std`;
    means of `n_archs`, `n_whole`, `params_m` and `gpu_hours`; `n_pairs` with the first searcher (0 in its own row); and
    for `test` and `valid` each `_difference`, `_ci_low`, `_ci_high` (95 %, BCa), `_wins`, `_ties`, `_losses` of the
    first, `_p_raw` (Wilcoxon signed-rank, Pratt's zeros), `_p_value` (after Holm), `_effect` (rank-biserial, > 0 where
    the first is better), `_detectable` (see `harness.stats.power`) and `_verdict` (of
    `harness.compare.verdict.WORDS`).

    Args:
        runs: from `read_runs`.
        searchers: the first is compared with each other one.
    """
    ok = runs[runs["status"] == "ok"]
    first = ok[ok["searcher"] == searchers[0]]
    rows = []
    for name in searchers:
        own = ok[ok["searcher"] == name]
        n_failed = int(((runs["searcher"] == name) & (runs["status"] != "ok")).sum())
        row: dict[str, Any] = {"searcher": name, "n_seeds": len(own), "n_failed": n_failed, **_means(own)}
        for measure in MEASURES:
            differences = _differences(first, own, measure) if name != searchers[0] else np.empty(0)
            found = compare(differences, rng=stream(0, f"search-compare/{name}/{measure}"))
            row |= {"n_pairs": found.n_pairs}
            row |= {f"{measure}_{part}": getattr(found, attribute) for part, attribute in _PARTS.items()}
        rows.append(row)
    table = pd.DataFrame(rows)
    for measure in MEASURES:
        table[f"{measure}_p_value"] = holm(table[f"{measure}_p_raw"].to_numpy(dtype=np.float64))
        told = table[[f"{measure}_{part}" for part in ("p_value", "difference", "effect")]].to_numpy(dtype=np.float64)
        verdicts = [WORDS[decide(p, difference, effect)] for p, difference, effect in told]
        table[f"{measure}_verdict"] = [text if n else "" for text, n in zip(verdicts, table["n_pairs"], strict=True)]
    return table


def _means(own: pd.DataFrame) -> dict[str, float]:
    test, valid = (own[f"{measure}_acc"].to_numpy(dtype=np.float64) for measure in MEASURES)
    names = ("test_mean", "test_std", "test_worst", "valid_mean", "valid_std")
    measures = (mean(test), std(test), worst(test), mean(valid), std(valid)) if len(own) else (np.nan,) * len(names)
    others = {name: float(own[name].mean()) for name in ("n_archs", "n_whole", "params_m", "gpu_hours")}
    return dict(zip(names, map(float, measures), strict=True)) | others


def _differences(first: pd.DataFrame, other: pd.DataFrame, measure: str) -> FloatArray:
    """Return first - other over the seeds that both finished."""
    ours, theirs = (rows.set_index("seed")[f"{measure}_acc"].astype(float) for rows in (first, other))
    return paired_differences(ours, theirs)


# ----------------------------------------------------------------------------------------------- in words


@dataclass(frozen=True)
class ComparisonTable:
    """A comparison with its runs and rules."""

    frame: pd.DataFrame
    """From `compare_searchers`."""
    runs: pd.DataFrame
    """From `read_runs`."""
    rules: Mapping[str, Any]
    """Rules that all runs share: those of `read_runs`, `threads` and `jobs`."""

    @property
    def title(self) -> str:
        """Names the comparison."""
        return f"Searchers compared by real training: {self.rules['dataset']}"


def described(rules: Mapping[str, Any], seeds: Sequence[int]) -> str:
    """Return the conditions of every number: data, budget, schedules, device, seeds."""
    schedules = ", ".join(map(str, rules["schedules"]))
    n_jobs, recipe = rules["jobs"], rules["recipe"]
    at_once = "one run at a time" if n_jobs == 1 else f"{n_jobs} runs at once"
    return (
        f"TRAINED data {rules['fingerprint']}; split {rules['split']}; space {rules['space']}, channels "
        f"{', '.join(map(str, recipe['channels']))}, {recipe['cells_per_stage']} cells per stage, batch "
        f"{recipe['batch_size']}; budget {written_time(rules['budget_s'])} per run; schedules {schedules}; "
        f"{rules['device']}, torch {rules['torch']}, "
        f"{counted(rules['threads'], 'thread')} per run, {at_once}, width {rules['width']}; "
        f"seeds {min(seeds)} to {max(seeds)}; code {rules['code']}"
    )


def _searchers(table: ComparisonTable) -> Sheet:
    longest = max(table.rules["schedules"])
    columns: tuple[Column[Row], ...] = (
        Column("searcher", lambda row: str(row["searcher"])),
        Column("n", lambda row: seeds(row["n_seeds"], row["n_failed"])),
        Column("test", lambda row: mean_std(row, "test")),
        Column("worst test", lambda row: number(row["test_worst"])),
        Column("valid", lambda row: mean_std(row, "valid")),
        Column("archs", lambda row: number(row["n_archs"], ".1f")),
        Column(f"to {longest}@{longest}", lambda row: number(row["n_whole"], ".1f")),
        Column("M params", lambda row: number(row["params_m"], ".3f")),
        Column("GPU-h", lambda row: number(row["gpu_hours"], ".3f")),
    )
    return Sheet("Searchers", *filled(columns, table.frame.to_dict("records")))


_PAIR: tuple[Column[Row], ...] = (
    Column("against", lambda row: str(row["searcher"])),
    Column("by", lambda row: row["by"]),
    Column("n", lambda row: str(row["n_pairs"])),
    Column("difference", lambda row: number(row["difference"], "+.2f")),
    Column("95 % CI", lambda row: span(row["ci_low"], row["ci_high"], "+.2f")),
    Column("win/tie/loss", lambda row: f"{row['wins']}/{row['ties']}/{row['losses']}"),
    Column("p", lambda row: p_cell(row["p_value"])),
    Column("r", lambda row: number(row["effect"], "+.2f")),
    Column("detectable", lambda row: number(row["detectable"])),
    Column("verdict", lambda row: row["verdict"] or "no pair"),
)


def _pairs(table: ComparisonTable) -> Sheet:
    """Return the comparisons with the first searcher, a line per other one and measure."""
    first, *others = table.frame.to_dict("records")
    rows: list[Row] = [
        {str(name).removeprefix(f"{measure}_"): value for name, value in row.items()} | {"by": measure}
        for row in others
        for measure in MEASURES
    ]
    return Sheet(f"{first['searcher']} less each other one", *filled(_PAIR, rows))


def _remarks(table: ComparisonTable) -> list[str]:
    failed = table.runs[table.runs["status"] != "ok"]
    lines = [f"{row['searcher']}, seed {row['seed']}: {row['why']}." for row in failed.to_dict("records")]
    few = table.frame[1:].loc[table.frame["n_pairs"] < MIN_SEEDS, "searcher"]
    return lines + ([f"n < {MIN_SEEDS}: numbers, no claim, against {', '.join(few)}."] if len(few) else [])


def _legend(table: ComparisonTable) -> list[str]:
    first = table.frame["searcher"].iloc[0]
    return [
        "test, valid: percent, mean±std over n seeds, of the one network that each search ends with, trained on the "
        "training split. Test images were opened once per search, after its end.",
        f"archs: trained at all, and to the end of the longest schedule; mean per run. difference: {first} less the "
        "other, percent points, over the seeds that both finished; 95 % CI: BCa bootstrap, over seeds only.",
        "A seed stands for the searcher's own draws and the seeds of its trainings; the split of the data is the same "
        "in all runs. The budget is seconds of the clock, so it counts what the machine and the searcher take.",
        f"p: Wilcoxon signed-rank, zeros after Pratt, Holm over {counted(len(table.frame) - 1, 'comparison')} by one "
        f"measure; r: rank-biserial correlation, > 0 where {first} is better. detectable: the difference that this "
        f"many pairs show four times in five. Below {MIN_SEEDS} pairs nothing is claimed.",
    ]


def markdown(table: ComparisonTable) -> str:
    """Return the tables as Markdown."""
    said = f"{described(table.rules, table.runs['seed'].tolist())}."
    notes = Notes(_legend(table), ready=True)
    return render.markdown(table.title, [said, _searchers(table), _pairs(table), *_remarks(table), notes])


def terminal(table: ComparisonTable) -> str:
    """Return the tables as lines of a screen."""
    said = described(table.rules, table.runs["seed"].tolist())
    notes = Notes([*_remarks(table), *_legend(table)])
    return render.terminal(table.title, [said, _searchers(table), _pairs(table), notes])


def csv(table: ComparisonTable) -> str:
    """Return the frame with every line naming its rules."""
    return render.csv(table.frame.assign(**{name: _flat(v) for name, v in table.rules.items() if name != "recipe"}))


def _flat(value: Any) -> Any:
    return " ".join(map(str, value)) if isinstance(value, list | tuple) else value
