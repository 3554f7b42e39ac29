"""The outputs of a comparison by real training, all derived from the folders of its searches."""

from collections.abc import Mapping
from pathlib import Path

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
    """Write every output of the plan's runs, print the table and return the runs; `failures` says why some lack."""
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
    """Write every output of the folder `out` again, from its runs; raise `InputError` where it has none yet."""
    claim, results = read_claim(out), out / "results.csv"
    if not (out / MANIFEST).exists() or not results.exists():
        raise InputError(f"{out} has no table yet; run {NAME} first")
    made = read_json(out / MANIFEST, f"run {NAME} again")
    with reading(results, f"run {NAME} again"):
        before = pd.read_csv(results, keep_default_na=False)
        whys = {Run(row["searcher"], row["seed"]): row["why"] for row in before.to_dict("records") if row["why"]}
    seeds = range(made["seeds"][0], made["seeds"][1] + 1)
    plan = Plan(tuple(made["searchers"]), seeds, (), claim, claim["jobs"], claim["threads"])
    write(plan, out, {run: whys[run] for run in unfinished(plan, out) if run in whys})
