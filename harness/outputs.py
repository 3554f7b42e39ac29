"""What an experiment leaves for people: tables, figures, frames, and a manifest that says how they came about.

All of it is derived from the records, and `python -m harness table OUT` makes it again. Frames and figures have the
same bytes on every host; `timings.parquet`, `manifest.json` and the column `searcher_s` do not.
"""

import json
import platform
import subprocess
from collections.abc import Sequence
from importlib import metadata
from io import BytesIO
from pathlib import Path
from typing import Any

import pandas as pd

from harness.exclusions import exclusion
from harness.experiment import read_claim
from harness.figures import accuracy_figure, final_figure, regret_figure, write_figure
from harness.files import write_bytes, write_text
from harness.jobs import Job
from harness.published import REPLAY_TOLERANCE_PCT, compare_replay, published
from harness.scoring import Scored, score
from harness.specs import Experiment
from harness.stats.progress import summarise_progress
from harness.stats.summary import summarise
from harness.tables import Table, terminal, write_tables
from pmfnas.benchmarks.table import CurveTable
from pmfnas.benchmarks.tabular import dataset
from pmfnas.core.rng import stream
from pmfnas.files import replace_folder

REFERENCE_DIR = Path(__file__).parents[1] / "results" / "reference"
PACKAGES = ("numpy", "pandas", "scipy", "matplotlib", "pyarrow", "joblib", "nats_bench")


def write(experiment: Experiment, jobs: Sequence[Job], table: CurveTable, out: Path) -> Scored:
    """Score the jobs' runs, write every output to `out`, print the table, and return the frames."""
    scored = score(jobs, table, out, excluded=experiment.excluded)
    for name in ("runs", "steps", "timings"):
        write_bytes(out / f"{name}.parquet", parquet(getattr(scored, name)))
    write_text(out / "oracle.csv", scored.accesses.to_csv(index=False))
    summary = summarise(scored.runs, scored.timings, rng=stream(0, "summary"))
    best = "best test" if table.is_whole else f"best test of the {table.n_known:,} archs known"
    ceilings = {name: {best: value} for name, value in scored.best.items()}
    whole = table.is_whole and not experiment.excluded
    rows = published(table.header.space) if whole else ()  # those are of whole spaces
    n_epochs = max(table.header.schedules.values())
    shown = Table(summary, title=experiment.title, published=rows, ceilings=ceilings, n_epochs=n_epochs)
    write_tables(shown, out)
    _write_figures(scored, out)
    write_text(out / "manifest.json", json.dumps(manifest(experiment.title, table, out, scored), indent=1) + "\n")
    print(terminal(shown))
    progress = summarise_progress(scored.runs, scored.steps, before_pct=_before(scored), rng=stream(0, "progress"))
    write_text(out / "progress.csv", progress.to_csv(index=False))
    if experiment.replays and set(experiment.replays.values()) <= set(experiment.searchers):
        _write_replay(summary, experiment, out)
    print(f"written to {out}: table.md, table.csv, table.tex, figures, runs.parquet, manifest.json")
    return scored


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
    """Return the bytes of a Parquet file of `frame`; the same frame gives the same bytes."""
    sink = BytesIO()
    frame.to_parquet(sink, index=False, compression="zstd")
    return sink.getvalue()


def manifest(title: str, table: CurveTable, out: Path, scored: Scored) -> dict[str, Any]:
    """Return what made the outputs of the folder `out`; no host name, user or absolute path."""
    runs, claim = scored.runs, read_claim(out)
    rule = exclusion(claim.get("excluded"))
    return {
        **claim,
        **({"left_out": rule.described} if rule else {}),
        "title": title,
        "space": table.header.space,
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
    root = Path(__file__).parents[1]
    try:
        answer = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return answer.stdout.strip()


def update_reference(name: str, table: CurveTable, out: Path) -> Path:
    """Copy the outputs of `out` to the committed reference of the experiment `name` and data; return the folder."""
    return copy_to_reference(f"{name}-{table.header.stamp.lower()}", out)


def copy_to_reference(name: str, out: Path) -> Path:
    """Copy the outputs of `out` to the committed reference called `name`, in place of what is there; return it."""
    target = REFERENCE_DIR / name
    suffixes = {".md", ".csv", ".tex", ".png", ".svg", ".json", ".parquet", ".txt"}
    replace_folder(target, [f for f in sorted(out.iterdir()) if f.suffix in suffixes and f.name != "oracle.csv"])
    return target
