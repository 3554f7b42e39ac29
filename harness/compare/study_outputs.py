"""Runs a study and writes its outputs: one folder of records per budget, and joint tables and figures.

OUT/spec.json                          the claim of the study
OUT/8.5h/spec.json, OUT/8.5h/runs/...  the experiment at one budget, in the layout of `harness.experiment.batch`
OUT/table.md, table.csv, where.csv     the differences and their significance
OUT/test.png, valid_regret.png (.pdf)  the differences as figures
OUT/runs.parquet, timings.parquet      the frames, with a column `budget_s`
OUT/oracle.csv, manifest.json          accesses to test accuracy; data, settings and versions
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from harness.compare.frames import read_frames
from harness.compare.outputs import DISTRIBUTIONS, about, parquet
from harness.compare.studies import Study
from harness.compare.study_figures import difference_figure
from harness.compare.study_tables import REGRET, SCORE, StudyTable, described, markdown, terminal, where
from harness.experiment import batch
from harness.experiment.batch import claim_of, run_experiment, without_table
from harness.experiment.folder import MANIFEST, check_claim, claim, manifest, write_json
from harness.experiment.jobs import Job, in_order
from harness.host.units import written_hours
from harness.players.ours import REFERENCE, settings_of
from harness.score.scoring import Scored, score
from harness.show.panels import write_figure
from harness.show.render import csv, wrap
from harness.stats.variants import compare_variants
from pmfnas.benchmarks.table import CurveTable
from pmfnas.core.errors import InputError
from pmfnas.core.rng import stream
from pmfnas.files import write_bytes, write_text
from pmfnas.loop.plain import as_json


def folder(out: Path, budget_s: float) -> Path:
    """Return the folder of the runs at one budget, below the study's folder."""
    return out / f"{budget_s / 3600:g}h"


def run_study(study: Study, table: CurveTable, out: Path, *, n_jobs: int, command: Sequence[str] = ()) -> int:
    """Do every missing run, the shortest budget first, and return their number."""
    claim(out, _claim(study, table))
    experiments = study.experiments()
    return sum(run_experiment(e, table, folder(out, e.budget_s), n_jobs=n_jobs, command=command) for e in experiments)


def check_study(study: Study, table: CurveTable, out: Path) -> None:
    """Raise `InputError` if `out` belongs to another study or experiment; write nothing."""
    if check_claim(out, _claim(study, table)):
        for experiment in study.experiments():
            batch.check_claim(folder(out, experiment.budget_s), experiment, table)


def _claim(study: Study, table: CurveTable) -> dict[str, Any]:
    """Return the claim that a folder of this study holds."""
    claims = claim_of(study.experiments()[0], table)
    return {name: value for name, value in claims.items() if name != "budget_s"}


def write_study(
    study: Study, jobs: Mapping[float, Sequence[Job]], table: CurveTable, out: Path
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Score the runs, write every output to `out`, print the tables of differences, and return comparisons and runs.

    Args:
        study: the study.
        jobs: budget in seconds -> finished runs at that budget.
        table: the data of the runs.
        out: the study's folder.

    Raises:
        InputError: a run is missing, or its settings differ from the current settings of its variant.
    """
    scored = _scored(study, jobs, table, out)
    _refuse_other_settings(study, scored.runs)
    for name in ("runs", "timings"):
        write_bytes(out / f"{name}.parquet", parquet(getattr(scored, name)))
    write_text(out / "oracle.csv", csv(scored.accesses))
    _write_manifest(study, table, out, scored)
    return _present(study, scored.runs, out), scored.runs


def write_again(study: Study, out: Path) -> None:
    """Write and print tables and figures of `out` from its frame of runs, for a folder without records.

    Raises:
        InputError: the folder has no frame of runs, or a run's settings differ from its variant's current settings.
    """
    runs = read_frames(out).runs
    seen = set(runs["searcher"])
    study = replace(study, variants=tuple(v for v in study.variants if v.name in seen))
    _refuse_other_settings(study, runs)
    _present(study, runs, out)


def _present(study: Study, runs: pd.DataFrame, out: Path) -> pd.DataFrame:
    """Write tables and figures, print the tables of differences, and return the comparisons."""
    frame = described(study, compare_variants(runs, reference=REFERENCE, rng=stream(0, "variants")))
    shown = StudyTable(frame, study.title, study.unvaried)
    texts = {"table.md": markdown(shown), "table.csv": csv(frame), "where.csv": csv(where(frame))}
    for file, text in texts.items():
        write_text(out / file, text)
    if (frame["n_pairs"] > 0).any():
        for measure in (SCORE, REGRET):
            write_figure(difference_figure(frame, measure), out, measure)
    print(
        *wrap(f"written to {out}: table.md, table.csv, where.csv, figures test and valid_regret, runs.parquet"),
        "",
        sep="\n",
    )
    print(terminal(shown))
    return frame


def _scored(study: Study, jobs: Mapping[float, Sequence[Job]], table: CurveTable, out: Path) -> Scored:
    """Return the joined frames of all budgets; `timings` get a column `budget_s`, which `runs` already have."""
    parts: dict[float, Scored] = {}
    for budget_s, given in jobs.items():
        ordered = in_order(given, tuple(study.players))
        parts[budget_s] = score(ordered, table, folder(out, budget_s))
    frames = {
        name: pd.concat([getattr(part, name) for part in parts.values()], ignore_index=True)
        for name in ("runs", "steps", "accesses")
    }
    timings = [part.timings.assign(budget_s=budget_s) for budget_s, part in parts.items()]
    best = {name: value for part in parts.values() for name, value in part.best.items()}
    guess = {name: value for part in parts.values() for name, value in part.guess.items()}
    joined = pd.concat(timings, ignore_index=True)
    return Scored(**frames, timings=joined, best=best, guess=guess, score=table.header.score)


def _refuse_other_settings(study: Study, runs: pd.DataFrame) -> None:
    """Raise `InputError` if a run's settings differ from the current settings of its variant."""
    for searcher, settings in set(zip(runs["searcher"], runs["settings"], strict=True)):
        now = as_json(settings_of(study.players[searcher]))
        if without_table(settings) != now:
            raise InputError(
                f"runs of {searcher} were made with the settings {settings}, but it now has {now}; "
                "run the study again in another --out, or check out the commit that made them"
            )


def _write_manifest(study: Study, table: CurveTable, out: Path, scored: Scored) -> None:
    hours = scored.runs["budget_s"].map(written_hours)
    seeds = {str(budget): int(n) for budget, n in scored.runs.groupby(hours, sort=False)["seed"].nunique().items()}
    changes = {variant.name: variant.change for variant in study.variants}
    added = {"seeds_per_budget": seeds, "changes": changes, "not_varied": dict(study.unvaried)}
    write_json(out / MANIFEST, manifest(out, about(study.title, table, out, scored) | added, DISTRIBUTIONS))
