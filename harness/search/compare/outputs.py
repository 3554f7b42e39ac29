"""The outputs of a comparison by real training, derived from the folders of its searches."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from harness.compare.outputs import DISTRIBUTIONS
from harness.experiment.folder import MANIFEST, manifest, read_claim, read_json, write_json
from harness.players.ours import PLAYERS, settings_of
from harness.search.compare.results import read_runs
from harness.search.compare.running import Plan, Run, unfinished
from harness.search.compare.tables import ComparisonTable, compare_searchers, csv, markdown, terminal
from harness.show import render
from pmfnas.core.errors import InputError
from pmfnas.files import reading, write_text

NAME = "search-compare"


def write(plan: Plan, out: Path, failures: Mapping[Run, str]) -> pd.DataFrame:
    """Write every output of the plan's runs, print the table and return the runs; `failures` holds reasons per run."""
    runs, rules = read_runs(out, plan.runs, failures)
    rules |= {"threads": plan.n_threads, "jobs": plan.n_jobs}
    table = ComparisonTable(compare_searchers(runs, plan.searchers), runs, rules)
    texts = {
        "results.csv": render.csv(runs),
        "table.csv": csv(table),
        "table.md": markdown(table),
    }
    for name, text in texts.items():
        write_text(out / name, text)
    about = {
        "title": table.title,
        **table.rules,
        "searchers": {name: settings_of(PLAYERS[name]) for name in plan.searchers},
        "seeds": [int(runs["seed"].min()), int(runs["seed"].max())],
        "runs": len(runs),
        "failed": int((runs["status"] != "ok").sum()),
    }
    write_json(out / MANIFEST, manifest(out, about, DISTRIBUTIONS))
    print(terminal(table))
    print(f"written to {out}: {', '.join(texts)}, {MANIFEST}")
    return runs


def write_again(out: Path) -> None:
    """Rewrite every output of the folder `out` from its runs; raise `InputError` if it has no runs."""
    plan, failures, _ = read_plan(out, first=f"run {NAME} first", again=f"run {NAME} again")
    write(plan, out, failures)


def read_plan(out: Path, *, first: str, again: str) -> tuple[Plan, dict[Run, str], dict[str, Any]]:
    """Return the plan whose outputs a folder holds, why its failed runs failed, and its manifest.

    Args:
        out: folder of the comparison.
        first: remedy where the folder has no outputs.
        again: remedy where they are damaged.

    Raises:
        InputError: the folder has no outputs.
        DataError: they are damaged.
    """
    claim, results = read_claim(out), out / "results.csv"
    if not (out / MANIFEST).exists() or not results.exists():
        raise InputError(f"{out} has no table yet; {first}")
    made = read_json(out / MANIFEST, again)
    with reading(results, again):
        before = pd.read_csv(results, keep_default_na=False)
        whys = {Run(row["searcher"], row["seed"]): row["why"] for row in before.to_dict("records") if row["why"]}
    seeds = range(made["seeds"][0], made["seeds"][1] + 1)
    plan = Plan(tuple(made["searchers"]), seeds, (), claim, claim["jobs"], claim["threads"])
    return plan, {run: whys[run] for run in unfinished(plan, out) if run in whys}, made
