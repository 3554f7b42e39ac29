"""The tables of a comparison by real training, as a frame, Markdown, CSV and terminal text.

A difference is the **first searcher less the other**, in percent points, over the seeds that both finished: positive
where the first is better. Holm's family is all others by one measure. With fewer than `MIN_SEEDS` pairs there are
numbers, but neither p nor effect and no claim.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from harness.compare.verdict import word
from harness.host.units import written_time
from harness.show.cells import number, p_cell
from harness.show.tables import aligned, pipes, plain, wrap
from harness.stats.aggregates import mean, std, worst
from harness.stats.intervals import interval
from harness.stats.paired import holm, outcomes, rank_biserial, wilcoxon_p
from harness.stats.power import detectable_difference
from harness.stats.summary import MIN_SEEDS, paired_differences
from pmfnas.core.rng import stream
from pmfnas.core.types import FloatArray

MEASURES: Mapping[str, str] = MappingProxyType({"test": "test accuracy", "valid": "validation accuracy"})


def compare_searchers(runs: pd.DataFrame, searchers: Sequence[str]) -> pd.DataFrame:
    """Return one row per searcher, in the order given.

    Columns: `searcher`, `n_seeds`, `n_failed`; `test_mean`, `test_std`, `test_worst`, `valid_mean`, `valid_std`;
    means of `n_archs`, `n_whole`, `params_m` and `gpu_hours`; `n_pairs` with the first searcher (0 in its own row); and
    for `test` and `valid` each `_difference`, `_ci_low`, `_ci_high` (95 %, BCa), `_wins`, `_ties`, `_losses` of the
    first, `_p_raw` (Wilcoxon signed-rank, Pratt's zeros), `_p_value` (after Holm), `_effect` (rank-biserial, > 0 where
    the first is better), `_detectable` (see `harness.stats.power`) and `_verdict` (see `harness.compare.verdict.word`).

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
            row |= {"n_pairs": len(differences)} | _compared(differences, measure, name)
        rows.append(row)
    table = pd.DataFrame(rows)
    for measure in MEASURES:
        table[f"{measure}_p_value"] = holm(table[f"{measure}_p_raw"].to_numpy(dtype=np.float64))
        told = table[[f"{measure}_{part}" for part in ("p_value", "difference", "effect")]].to_numpy(dtype=np.float64)
        verdicts = [word(p, difference, effect) for p, difference, effect in told]
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


def _compared(differences: FloatArray, measure: str, other: str) -> dict[str, Any]:
    n = len(differences)
    row: dict[str, Any] = dict.fromkeys(("difference", "ci_low", "ci_high", "p_raw", "effect", "detectable"), np.nan)
    row |= dict.fromkeys(("wins", "ties", "losses"), 0)
    if n:
        covered = interval(mean, differences, rng=stream(0, f"search-compare/{other}/{measure}"))
        row |= {"difference": covered.estimate, "ci_low": covered.low, "ci_high": covered.high}
        sides = outcomes(differences)
        row |= {"wins": sides.wins, "ties": sides.ties, "losses": sides.losses}
        row["detectable"] = detectable_difference(float(std(differences)), n)
    if n >= MIN_SEEDS:
        row |= {"p_raw": wilcoxon_p(differences), "effect": rank_biserial(differences)}
    return {f"{measure}_{name}": value for name, value in row.items()}


# ----------------------------------------------------------------------------------------------- in words


@dataclass(frozen=True)
class ComparisonTable:
    """A comparison and what is said around it."""

    frame: pd.DataFrame
    """From `compare_searchers`."""
    runs: pd.DataFrame
    """From `read_runs`."""
    rules: Mapping[str, Any]
    """What all runs share: those of `read_runs`, `threads` and `jobs`."""

    @property
    def title(self) -> str:
        """Names the comparison."""
        return f"Searchers compared by real training: {self.rules['dataset']}"


def described(rules: Mapping[str, Any], seeds: Sequence[int]) -> str:
    """Return what every number names: data, budget, schedules, device, seeds."""
    schedules = ", ".join(map(str, rules["schedules"]))
    n_threads, n_jobs, recipe = rules["threads"], rules["jobs"], rules["recipe"]
    at_once = "one run at a time" if n_jobs == 1 else f"{n_jobs} runs at once"
    return (
        f"TRAINED data {rules['fingerprint']}; split {rules['split']}; space {rules['space']}, channels "
        f"{', '.join(map(str, recipe['channels']))}, {recipe['cells_per_stage']} cells per stage, batch "
        f"{recipe['batch_size']}; budget {written_time(rules['budget_s'])} per run; schedules {schedules}; "
        f"{rules['device']}, torch {rules['torch']}, "
        f"{n_threads} thread{'s' if n_threads != 1 else ''} per run, {at_once}, width {rules['width']}; "
        f"seeds {min(seeds)} to {max(seeds)}; code {rules['code']}"
    )


def _searchers(table: ComparisonTable) -> tuple[list[str], list[list[str]]]:
    longest = max(table.rules["schedules"])
    titles = ["searcher", "n", "test", "worst test", "valid", "archs", f"to {longest}@{longest}", "M params", "GPU-h"]
    return titles, [
        [
            str(row["searcher"]),
            f"{row['n_seeds']}" + (f"+{row['n_failed']}f" if row["n_failed"] else ""),
            _mean_std(row, "test"),
            number(row["test_worst"]),
            _mean_std(row, "valid"),
            *(number(row[name], ".1f") for name in ("n_archs", "n_whole")),
            *(number(row[name], ".3f") for name in ("params_m", "gpu_hours")),
        ]
        for row in table.frame.to_dict("records")
    ]


def _pairs(table: ComparisonTable) -> tuple[list[str], list[list[str]]]:
    titles = ["against", "by", "n", "difference", "95 % CI", "win/tie/loss", "p", "r", "detectable", "verdict"]
    others = table.frame.to_dict("records")[1:]
    return titles, [
        [
            str(row["searcher"]),
            measure,
            str(row["n_pairs"]),
            number(row[f"{measure}_difference"], "+.2f"),
            f"{number(row[f'{measure}_ci_low'], '+.2f')} to {number(row[f'{measure}_ci_high'], '+.2f')}",
            "/".join(str(row[f"{measure}_{side}"]) for side in ("wins", "ties", "losses")),
            p_cell(row[f"{measure}_p_value"]),
            number(row[f"{measure}_effect"], "+.2f"),
            number(row[f"{measure}_detectable"]),
            str(row[f"{measure}_verdict"]) or "no pair",
        ]
        for row in others
        for measure in MEASURES
    ]


def _remarks(table: ComparisonTable) -> list[str]:
    failed = table.runs[table.runs["status"] != "ok"]
    lines = [f"{row['searcher']}, seed {row['seed']}: {row['why']}." for row in failed.to_dict("records")]
    few = table.frame[1:].loc[table.frame["n_pairs"] < MIN_SEEDS, "searcher"]
    return lines + ([f"n < {MIN_SEEDS}: numbers, no claim, against {', '.join(few)}."] if len(few) else [])


def _legend(table: ComparisonTable) -> list[str]:
    first = table.frame["searcher"].iloc[0]
    n_others = len(table.frame) - 1
    return [
        "test, valid: percent, mean±std over n seeds, of the one network that each search ends with, trained on the "
        "training split. Test images were opened once per search, after its end.",
        f"archs: trained at all, and to the end of the longest schedule; mean per run. difference: {first} less the "
        "other, percent points, over the seeds that both finished; 95 % CI: BCa bootstrap, over seeds only.",
        "A seed stands for the searcher's own draws and the seeds of its trainings; the split of the data is the same "
        "in all runs. The budget is seconds of the clock, so it counts what the machine and the searcher take.",
        f"p: Wilcoxon signed-rank, zeros after Pratt, Holm over {n_others} comparison{'s' if n_others != 1 else ''} by "
        f"one measure; r: rank-biserial correlation, > 0 where {first} is better. detectable: the difference that this "
        f"many pairs show four times in five. Below {MIN_SEEDS} pairs nothing is claimed.",
    ]


def markdown(table: ComparisonTable) -> str:
    """Return the tables as Markdown."""
    seeds = table.runs["seed"].tolist()
    lines = [f"# {plain(table.title)}", "", plain(described(table.rules, seeds)) + ".", ""]
    for heading, (titles, body) in _sheets(table).items():
        lines += [f"## {plain(heading)}", "", *pipes(titles, [[plain(cell) for cell in row] for row in body]), ""]
    lines += [line for remark in _remarks(table) for line in (plain(remark), "")]
    return "\n".join([*lines, *(f"- {line}" for line in _legend(table))]) + "\n"


def terminal(table: ComparisonTable) -> str:
    """Return the tables as lines of a screen."""
    lines = [table.title, *wrap(described(table.rules, table.runs["seed"].tolist()))]
    for heading, (titles, body) in _sheets(table).items():
        lines += ["", heading, *aligned(titles, body, [" "] * len(body))]
    lines += ["", *(line for remark in (*_remarks(table), *_legend(table)) for line in wrap(remark))]
    return "\n".join(lines) + "\n"


def csv(table: ComparisonTable) -> str:
    """Return the frame with every line naming its rules; six significant digits."""
    written = {name: _flat(value) for name, value in table.rules.items() if name != "recipe"}
    return str(table.frame.assign(**written).to_csv(index=False, float_format="%.6g", lineterminator="\n"))


def _sheets(table: ComparisonTable) -> dict[str, tuple[list[str], list[list[str]]]]:
    return {"Searchers": _searchers(table), f"{table.frame['searcher'].iloc[0]} less each other one": _pairs(table)}


def _flat(value: Any) -> Any:
    return " ".join(map(str, value)) if isinstance(value, list | tuple) else value


def _mean_std(row: Mapping[Any, Any], name: str) -> str:
    middle, spread = number(row[f"{name}_mean"]), number(row[f"{name}_std"])
    return middle if spread == "-" else f"{middle}±{spread}"
