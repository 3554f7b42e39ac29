"""The outputs of a comparison on the user's own problem: tables and a verdict in words, in the unit of its metric."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from harness.compare.outputs import DISTRIBUTIONS
from harness.compare.verdict import WORDS, Verdict, legend, on_screen, paged, sentences, verdicts
from harness.compare.verdict import frame as verdict_frame
from harness.experiment.folder import MANIFEST, manifest, write_json
from harness.host.units import counted, written_time
from harness.score.words import Words
from harness.search.compare.outputs import read_plan
from harness.search.compare.problem import NAME
from harness.search.compare.running import Plan, Run, folder
from harness.search.folder import read_result
from harness.show import render
from harness.show.cells import number, p_cell, seeds, span
from harness.show.render import Notes, Part
from harness.show.sheet import Column, Sheet, filled
from harness.stats.runs import RUN_COLUMNS
from pmfnas.core.errors import InputError
from pmfnas.core.metric import Metric
from pmfnas.files import write_text

COLUMNS = (
    *("searcher", "seed", "status", "why", "arch", "schedule", "epochs", "found", "score", "n_archs", "n_whole"),
    "clock_s",
)


@dataclass(frozen=True)
class Comparison:
    """The runs of a comparison, and what they say."""

    runs: pd.DataFrame
    """`COLUMNS`, one row per run; values in the unit of the metric."""
    claim: Mapping[str, Any]
    searchers: tuple[str, ...]
    own: tuple[str, ...]
    """The searchers that are compared with each of the others."""

    @property
    def metric(self) -> Metric:
        """What was searched for."""
        return Metric(**self.claim["metric"])

    @property
    def problem(self) -> str:
        """File and name of the problem."""
        return str(self.claim["problem"]).split()[0]

    @property
    def title(self) -> str:
        """Title of the outputs."""
        return f"Searchers compared on {self.problem}"

    @property
    def words(self) -> Words:
        """How sentences write the score: `0.20 points of error`, or `0.1 valid_loss of a new training`."""
        name, unit = self.metric.name, "percent" if self.metric.unit == "percent" else ""
        what = name if unit else "a new training"
        return Words(what, what, f"{what} regret", "a new training", "a best arch", metric=name, unit=unit)

    def verdicts(self) -> tuple[Verdict, ...]:
        """Return the verdict of every comparison; a positive difference means better, whatever the metric's goal."""
        sign = 1.0 if self.metric.goal == "maximise" else -1.0
        rules = {
            **{"dataset": self.problem, "experiment": NAME, "data": "TRAINED", "fingerprint": self.claim["problem"]},
            **{"budget_s": self.claim["budget_s"], "n_workers": self.claim["n_workers"], "accounting": "resume"},
        }
        runs = self.runs.assign(**rules, test=sign * self.runs["score"], valid=sign * self.runs["found"], hit=False)
        others = [name for name in self.searchers if name not in self.own]
        return verdicts(runs.reindex(columns=list(RUN_COLUMNS)), self.own, others)


def read_runs(out: Path, runs: Sequence[Run], failures: Mapping[Run, str]) -> pd.DataFrame:
    """Return `COLUMNS`, one row per run in the given order; a failed run has its reason in `why`, and NaN.

    Raises:
        InputError: no run has finished.
    """
    rows = []
    for run in runs:
        head = {"searcher": run.searcher, "seed": run.seed}
        result = None if run in failures else read_result(folder(out, run))
        if result is None:
            rows.append({**head, "status": "failed", "why": failures.get(run, "it has no result")})
        else:
            rows.append({**head, "status": "ok", "why": "", **result})
    if not any(row["status"] == "ok" for row in rows):
        why = f": {next(iter(failures.values()))}" if failures else ""
        raise InputError(f"none of {len(runs)} runs in {out} has finished{why}")
    return pd.DataFrame(rows).reindex(columns=list(COLUMNS))


def write(plan: Plan, out: Path, failures: Mapping[Run, str], *, own: Sequence[str]) -> pd.DataFrame:
    """Write every output of the plan's runs, print tables and verdict, and return the runs."""
    made = Comparison(read_runs(out, plan.runs, failures), plan.claim, plan.searchers, tuple(own))
    found = made.verdicts()
    parts: list[Part] = [described(made), _searchers(made), _pairs(made, found)]
    parts.append(Notes([*_remarks(made), *_legend(made)]))
    told = verdict_page(made, found)
    texts = {
        "results.csv": render.csv(made.runs),
        "table.md": render.markdown(made.title, parts),
        "verdict.csv": render.csv(verdict_frame(found)),
        "verdict.md": told,
    }
    for name, text in texts.items():
        write_text(out / name, text)
    about = {
        **{"title": made.title, "searchers": list(plan.searchers), "own": list(own)},
        **{"seeds": [plan.seeds.start, plan.seeds.stop - 1], "runs": len(made.runs)},
        "failed": int((made.runs["status"] != "ok").sum()),
    }
    write_json(out / MANIFEST, manifest(out, about, DISTRIBUTIONS))
    print(render.terminal(made.title, parts))
    print(f"{on_screen(told)}\nwritten to {out}: {', '.join(texts)}, {MANIFEST}")
    return made.runs


def write_again(out: Path) -> None:
    """Rewrite every output of the folder `out` from its runs; raise `InputError` if it has no outputs."""
    again = "run compare --problem again"
    plan, failures, made = read_plan(out, first=again, again=again)
    write(plan, out, failures, own=made["own"])


# --------------------------------------------------------------------------------------------------- in words


def described(made: Comparison) -> str:
    """Return the conditions of every number."""
    claim, numbers = made.claim, made.runs["seed"].tolist()
    schedules = ", ".join(f"{name} {epochs}" for name, epochs in claim["schedules"].items())
    at_once = "one run at a time" if claim["jobs"] == 1 else f"{claim['jobs']} runs at once"
    return (
        f"{made.metric.name}, {made.metric.goal}d; problem {claim['problem']}; "
        f"budget {written_time(claim['budget_s'])} per run with {counted(claim['n_workers'], 'worker')}; "
        f"schedules {schedules} epochs; {counted(claim['threads'], 'thread')} per worker, {at_once}; "
        f"seeds {min(numbers)} to {max(numbers)}"
    )


def _searchers(made: Comparison) -> Sheet:
    longest, metric = list(made.claim["schedules"].items())[-1], made.metric
    worst = np.min if metric.goal == "maximise" else np.max

    def row_of(name: str) -> dict[str, Any]:
        own = made.runs[made.runs["searcher"] == name]
        ok = own[own["status"] == "ok"]
        score = ok["score"].to_numpy(dtype=np.float64)
        spread = f"±{_figure(metric, float(score.std(ddof=1)))}" if len(score) > 1 else ""
        means = {key: float(ok[key].mean()) for key in ("found", "n_archs", "n_whole", "clock_s")}
        return {
            **{"searcher": name, "n": seeds(len(ok), len(own) - len(ok)), **means},
            "score": f"{_figure(metric, float(score.mean()))}{spread}" if len(score) else "-",
            "worst": _figure(metric, float(worst(score))) if len(score) else "-",
        }

    columns: tuple[Column[dict[str, Any]], ...] = (
        Column("searcher", lambda row: str(row["searcher"])),
        Column("n", lambda row: row["n"]),
        Column("score", lambda row: row["score"]),
        Column("worst", lambda row: row["worst"]),
        Column("as found", lambda row: _figure(metric, row["found"])),
        Column("archs", lambda row: number(row["n_archs"], ".1f")),
        Column(f"to {longest[0]}@{longest[1]}", lambda row: number(row["n_whole"], ".1f")),
        Column("time", lambda row: "-" if np.isnan(row["clock_s"]) else written_time(row["clock_s"])),
    )
    return Sheet("Searchers", *filled(columns, map(row_of, made.searchers)))


def _figure(metric: Metric, value: float) -> str:
    """Return a value of the metric as a cell."""
    return number(value, ".2f" if metric.unit == "percent" else ".4g")


def _pairs(made: Comparison, found: Sequence[Verdict]) -> Sheet:
    form = f"+{made.words.form}"
    columns: tuple[Column[Verdict], ...] = (
        Column("searcher", lambda v: v.searcher),
        Column("against", lambda v: v.opponent),
        Column("n", lambda v: str(v.n_pairs)),
        Column("gain", lambda v: number(v.difference, form)),
        Column("95 % CI", lambda v: span(v.low, v.high, form)),
        Column("win/tie/loss", lambda v: f"{v.wins}/{v.ties}/{v.losses}"),
        Column("p", lambda v: p_cell(v.p_value)),
        Column("r", lambda v: number(v.effect, "+.2f")),
        Column("verdict", lambda v: v.verdict),
    )
    return Sheet("Pairs of seeds", *filled(columns, found))


def _remarks(made: Comparison) -> list[str]:
    failed = made.runs[made.runs["status"] != "ok"]
    return [f"{row['searcher']}, seed {row['seed']}: {row['why']}." for row in failed.to_dict("records")]


def _legend(made: Comparison) -> list[str]:
    unit = ", percent points" if made.metric.unit == "percent" else ""
    return [
        f"score: {made.metric.name} of a new training of the arch that a search recommends, with a seed that no search "
        "used, outside the budget; mean±std over n seeds. as found: the value that the search itself saw, at the "
        "highest fidelity of the arch; it was chosen among many and so tends to be too good.",
        f"gain: by how much the searcher's score is better{unit}, mean over the pairs of seeds; negative where it is "
        f"worse. The metric is {made.metric.goal}d.",
        "archs: trained at all, and to the end of the longest schedule; mean per run. The budget is seconds of the "
        "clock, so it counts what the machine and the searcher take.",
        "p: Wilcoxon signed-rank, zeros after Pratt, Holm over all pairs of the table; r: rank-biserial correlation. "
        f"{WORDS['no claim']}: fewer than 20 pairs.",
    ]


def verdict_page(made: Comparison, found: Sequence[Verdict]) -> str:
    """Return the verdict in words, as Markdown."""
    lines = [f"# Verdict on {made.problem}", ""]
    lines += [f"{described(made)}.", ""]
    for verdict in found:
        lines += [*sentences(verdict, made.words), ""]
    sign = "A positive difference is in favour of the first searcher, whether the metric is maximised or minimised. "
    return paged([*lines, "---", "", sign + legend(found)])
