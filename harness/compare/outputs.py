"""What an experiment leaves for people: tables, figures, frames, and a manifest that says how they came about.

All of it is derived from the records, and `python -m harness table OUT` makes it again. Frames and figures have the
same bytes on every host; `timings.parquet`, `manifest.json` and the column `searcher_s` do not.
"""

import json
import platform
import subprocess
import sys
from collections.abc import Collection, Mapping, Sequence
from importlib import metadata
from io import BytesIO
from pathlib import Path
from typing import Any

import pandas as pd

from harness.experiment.batch import read_claim
from harness.experiment.exclusions import exclusion
from harness.experiment.jobs import Job, in_order
from harness.experiment.overwriting import check_folder
from harness.experiment.specs import Experiment
from harness.host.code import ROOT
from harness.score.published import REPLAY_TOLERANCE_PCT, compare_replay, published
from harness.score.scoring import Scored, score
from harness.score.words import to_file, words_for, words_of
from harness.show.figures import accuracy_figure, final_figure, regret_figure, write_figure
from harness.show.tables import Table, terminal, write_tables
from harness.stats.progress import summarise_progress
from harness.stats.runs import checked_runs, groups
from harness.stats.summary import summarise
from pmfnas.benchmarks.header import TEST
from pmfnas.benchmarks.table import CurveTable
from pmfnas.benchmarks.tabular import dataset
from pmfnas.core.errors import InputError
from pmfnas.core.rng import stream
from pmfnas.files import replace_folder, write_bytes, write_text

REFERENCE_DIR = ROOT / "results" / "reference"
KEPT = {".md", ".png", ".json", ".parquet", ".txt"}
"""Endings of the files that a committed reference keeps: frames, pages and pictures."""
LISTS = {"progress.csv", "results.csv"}
PACKAGES = ("numpy", "pandas", "scipy", "matplotlib", "pyarrow", "joblib", "nats_bench")


def write(experiment: Experiment, jobs: Sequence[Job], table: CurveTable, out: Path) -> Scored:
    """Score the jobs' runs, write every output to `out`, print the table, and return the frames.

    The frames are in the order of `harness.experiment.jobs.in_order`, whatever the order of the jobs.
    """
    scored = score(in_order(jobs, experiment), table, out, excluded=experiment.excluded)
    for name in ("runs", "steps", "timings"):
        write_bytes(out / f"{name}.parquet", parquet(to_file(getattr(scored, name), words_for(table.header.stamp))))
    write_text(out / "oracle.csv", scored.accesses.to_csv(index=False))
    made = manifest(experiment.title, table, out, scored)
    shown = table_of(scored.runs, scored.timings, made, scored.best)
    write_tables(shown, out)
    _write_figures(scored, out)
    write_text(out / "manifest.json", json.dumps(made, indent=1) + "\n")
    print(terminal(shown))
    progress = summarise_progress(scored.runs, scored.steps, before_pct=_before(scored), rng=stream(0, "progress"))
    write_text(out / "progress.csv", progress.to_csv(index=False))
    if experiment.replays and set(experiment.replays.values()) <= set(experiment.searchers):
        _write_replay(shown.summary, experiment, out)
    print(f"written to {out}: table.md, table.csv, table.tex, figures, runs.parquet, manifest.json")
    return scored


def table_of(runs: pd.DataFrame, timings: pd.DataFrame, made: Mapping[str, Any], best: Mapping[str, float]) -> Table:
    """Return the table of an experiment: the one place where it is put together.

    Args:
        runs: see `harness.stats.runs`.
        timings: see there.
        made: the manifest of the experiment's outputs.
        best: best score per data set, percent.
    """
    known, part = made.get("n_known"), made.get("n_known") or made.get("excluded")
    words = words_of(runs)
    title = f"best {words.name} of the {known:,} archs known" if known else f"best {words.name}"
    return Table(
        summarise(runs, timings, rng=stream(0, "summary")),
        title=str(made.get("title", "")),
        published=published(str(made.get("space", ""))) if not part and words.name == TEST else (),  # of whole spaces
        ceilings={name: {title: value} for name, value in best.items()},
        n_epochs=made.get("n_epochs"),
    )


def failed_throughout(runs: pd.DataFrame) -> dict[str, str]:
    """Return, for each searcher of which all runs on a data set failed, where, and the reason of the first one.

    Args:
        runs: as in `Scored`; a run without a test accuracy has failed too.
    """
    lost: dict[str, dict[str, pd.DataFrame]] = {}
    for (dataset_name, searcher), rows in groups(checked_runs(runs)).items():
        if not rows["ok"].any():
            lost.setdefault(searcher, {})[dataset_name] = rows
    return {
        searcher: f"all {sum(map(len, own.values()))} runs on {', '.join(own)} failed, the first with: "
        f"{_reason(next(iter(own.values())).iloc[0])}"
        for searcher, own in lost.items()
    }


def _reason(run: "pd.Series[Any]") -> str:
    """Return why a run failed, on one line; one that ended well without recommending an arch says so."""
    why = " ".join(str(run["why"]).split())
    return why if run["status"] == "failed" else f"no arch at its end ({why})"


def exit_code(runs: pd.DataFrame) -> int:
    """Return 1 where all runs of a searcher on a data set failed, and say so on standard error; else 0."""
    lost = failed_throughout(runs)
    for searcher, why in lost.items():
        print(f"{searcher}: {why}", file=sys.stderr)
    return 1 if lost else 0


def _write_figures(scored: Scored, out: Path) -> None:
    """Write the three figures; a folder whose runs all failed has none."""
    if not (scored.runs["status"] == "ok").any():
        return
    runs, steps, best = scored.runs, scored.steps, scored.best
    write_figure(accuracy_figure(runs, steps, ceilings=best, rng=stream(0, "figures")), out, "accuracy")
    write_figure(regret_figure(runs, steps, rng=stream(0, "figures")), out, "regret")
    write_figure(final_figure(runs, ceilings=best), out, "final")


def _before(scored: Scored) -> dict[str, float]:
    """Return the test regret per data set while nothing is recommended: that of answering at random."""
    return {name: best - 100 / dataset(name).n_classes for name, best in scored.best.items()}


def _write_replay(summary: pd.DataFrame, experiment: Experiment, out: Path) -> None:
    """Print and write how near our searchers come to the published rows they replay."""
    checks = compare_replay(summary, experiment.replays)
    lines = [
        f"{c.method:<14} published {c.target}, ours {c.ours} (n = {c.n_seeds}), gap {c.gap:+.2f}: "
        f"{'within' if c.within else 'NOT within'} {REPLAY_TOLERANCE_PCT} points"
        for c in checks
    ]
    print("\n".join(["replay of published rows, CIFAR-10 test accuracy", *lines, ""]))
    write_text(out / "replay.txt", "\n".join(lines) + "\n")


def parquet(frame: pd.DataFrame) -> bytes:
    """Return the bytes of a Parquet file of `frame`, as small as may be; the same frame gives the same bytes."""
    sink = BytesIO()
    # Floats that hardly repeat are smaller byte by byte than in a dictionary.
    floats = [name for name in frame.select_dtypes("float") if frame[name].nunique() > len(frame) / 2]
    names = [name for name in frame if name not in floats]
    frame.to_parquet(
        sink,
        index=False,
        compression="zstd",
        compression_level=19,
        use_dictionary=names,
        use_byte_stream_split=floats or False,
    )
    return sink.getvalue()


def manifest(title: str, table: CurveTable, out: Path, scored: Scored) -> dict[str, Any]:
    """Return what made the outputs of the folder `out`; no host name, user or absolute path."""
    runs, claim = scored.runs, read_claim(out)
    rule = exclusion(claim.get("excluded"))
    return {
        **claim,
        **({"left_out": rule.described} if rule else {}),
        **({} if table.is_whole else {"n_known": table.n_known}),
        "title": title,
        "space": table.header.space,
        "n_epochs": max(table.header.schedules.values()),
        "data_version": table.header.version,
        "datasets": sorted(runs["dataset"].unique()),
        "searchers": {name: rows["settings"].iloc[0] for name, rows in runs.groupby("searcher")},
        "seeds": [int(runs["seed"].min()), int(runs["seed"].max())],
        "runs": len(runs),
        "failed": int((runs["status"] != "ok").sum()),
        "oracle_accesses": len(scored.accesses),
        **made_by(PACKAGES),
    }


def made_by(packages: Sequence[str]) -> dict[str, Any]:
    """Return the part of a manifest that says which code, on what: commit, Python, kind of machine, packages."""
    return {
        "commit": git("rev-parse", "HEAD"),
        "modified": bool(git("status", "--porcelain", "--untracked-files=no")),
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        "packages": {name: _version(name) for name in packages},
    }


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


def git(*arguments: str) -> str:
    """Return what git says of this checkout; empty where it is not one or git is absent."""
    try:
        answer = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return answer.stdout.strip()


def update_reference(name: str, table: CurveTable, out: Path) -> Path:
    """Copy the outputs of `out` to the committed reference of the experiment `name` and data; return the folder."""
    return copy_to_reference(reference_name(name, table), out)


_PARTS = ("searchers", "predictors", "datasets", "seeds_per_budget")
_SIZES = ("runs", "cells", "splits")
"""Entries of a manifest by which a reference is as complete as another one: what it names, and how often."""


def reference_name(experiment: str, table: CurveTable) -> str:
    """Return the name of the committed reference of an experiment on these data."""
    return f"{experiment}-{table.header.stamp.lower()}"


def extent(experiment: Experiment) -> dict[str, Any]:
    """Return what an experiment will have, as its manifest will say it."""
    return {"searchers": experiment.searchers, "datasets": experiment.datasets, "runs": experiment.n_runs}


def refuse_less(name: str, mine: Mapping[str, Any]) -> None:
    """Raise `InputError` where the committed reference called `name` has more than what is to take its place.

    Args:
        name: of the reference, under `REFERENCE_DIR`.
        mine: entries as in a manifest; those that it lacks are not compared.
    """
    path = REFERENCE_DIR / name / "manifest.json"
    if not path.is_file():
        return
    theirs = json.loads(path.read_text(encoding="utf-8"))
    lacking = {
        part: [one for one in theirs[part] if one not in mine[part]]
        for part in _PARTS
        if {part} <= theirs.keys() & mine
    }
    said = [f"{part} {', '.join(names)}" for part, names in lacking.items() if names]
    said += [
        f"{theirs[size]} {size} instead of {mine[size]}"
        for size in _SIZES
        if {size} <= theirs.keys() & mine and theirs[size] > mine[size]
    ]
    if said:
        raise InputError(
            f"--update-reference would replace results/reference/{name} by less: it has {'; '.join(said)}; run all of "
            "it, leave --update-reference out, or remove that folder first"
        )


def copy_to_reference(name: str, out: Path, *, only: Collection[str] = ()) -> Path:
    """Copy the outputs of `out` to the committed reference called `name`, in place of what is there; return it.

    Args:
        name: of the reference, under `REFERENCE_DIR`.
        out: whose outputs.
        only: the files that are copied; by default frames, pages, pictures and the lists in `LISTS`.

    Raises:
        InputError: what is there has more (see `refuse_less`), or `out` is that reference or lies in it.
    """
    check_folder("--out", out, {"the reference": REFERENCE_DIR / name})
    refuse_less(name, json.loads((out / "manifest.json").read_text(encoding="utf-8")))
    target = REFERENCE_DIR / name
    replace_folder(target, [f for f in sorted(out.iterdir()) if (f.name in only if only else _is_kept(f))])
    return target


def _is_kept(file: Path) -> bool:
    return file.suffix in KEPT or file.name in LISTS
