"""The outputs of the comparison on problems of one's own.

OUT/table.md          the page (`harness.problems.tables`)
OUT/summary.csv       its numbers
OUT/results.csv       one row per run
OUT/steps.parquet     one row per change of an incumbent
OUT/manifest.json     where they come from
"""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from harness.compare.outputs import DISTRIBUTIONS, parquet
from harness.experiment.folder import MANIFEST, manifest, write_json
from harness.problems.comparing import SEARCHERS, TITLE, Job, recording, scored
from harness.problems.problem import NAMES
from harness.problems.tables import failures, markdown, summarised, terminal
from harness.show import render
from pmfnas.core.errors import InputError
from pmfnas.files import reading, write_bytes, write_text

_RESULTS, _STEPS = "results.csv", "steps.parquet"


def write(jobs: Sequence[Job], out: Path) -> pd.DataFrame:
    """Score the runs of the jobs, write every output to `out`, print the page, and return the runs."""
    runs, steps = scored(jobs, out)
    write_text(out / _RESULTS, render.csv(runs))
    write_bytes(out / _STEPS, parquet(steps))
    about = {
        "title": TITLE,
        "searchers": list(dict.fromkeys(runs["searcher"])),
        "datasets": list(dict.fromkeys(runs["problem"])),
        "seeds": [int(runs["seed"].min()), int(runs["seed"].max())],
        "runs": len(runs),
        "failed": int((runs["status"] != "ok").sum()),
    }
    write_json(out / MANIFEST, manifest(out, about, (*DISTRIBUTIONS, "scikit-learn", "torch")))
    _present(out)
    return runs


def write_again(out: Path) -> None:
    """Rewrite the page of `out` from its frames, or, where it has records, every output."""
    done = [job for job in _all(out) if job.path(out).exists()]
    if done:
        write(done, out)
        return
    if not (out / _RESULTS).exists() or not (out / _STEPS).exists():
        raise InputError(f"{out} holds no finished run; run the comparison first: peers --problems")
    _present(out)


def _all(out: Path) -> list[Job]:
    """Return the runs that `out` may hold, for the seeds that it has any of."""
    found = sorted({int(path.stem[1:]) for path in (out / "runs").glob("*/*/s*.parquet")})
    return [Job(name, searcher, seed) for seed in found for name in NAMES for searcher in SEARCHERS]


def _present(out: Path) -> None:
    """Write and print the page of the frames in `out`."""
    with reading(out / _RESULTS, "run peers --problems again"):
        runs = pd.read_csv(out / _RESULTS, keep_default_na=False, na_values={"value": ""})
        steps = pd.read_parquet(out / _STEPS)
    n_trials = recording(NAMES[0]).n_trials
    table = summarised(runs, steps)
    write_text(out / "table.md", markdown(table, n_trials))
    write_text(out / "summary.csv", render.csv(table))
    print(terminal(table, n_trials))
    print(*failures(runs), f"written to {out}: table.md, summary.csv, {_RESULTS}, {_STEPS}", sep="\n")
