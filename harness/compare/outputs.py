"""Writes the outputs of an experiment: tables, figures, frames, and a manifest of data, settings and versions.

All outputs are derived from the records, and `python -m harness table OUT` rewrites them. Frames and figures have the
same bytes on every host; `timings.parquet`, `manifest.json` and the column `searcher_s` do not.
"""

import json
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pandas as pd

from harness.compare import verdict
from harness.compare.frames import Frames, read_frames
from harness.compare.pictures import write_pictures
from harness.experiment.exclusions import exclusion
from harness.experiment.folder import MANIFEST, manifest, read_claim, write_json
from harness.experiment.jobs import Played, in_order
from harness.experiment.specs import PUBLISHED, Experiment
from harness.experiment.unfinished import unfinished
from harness.players.ours import PLAYERS, REFERENCE
from harness.score.published import REPLAY_TOLERANCE_PCT, compare_replay, published
from harness.score.scoring import Scored, score
from harness.score.words import to_file, words_for, words_of
from harness.show.looks import MOST_COLOURED
from harness.show.render import wrap
from harness.show.tables import Table, closing, terminal, write_tables
from harness.show.view import AS_USUAL, View
from harness.stats.progress import summarise_progress
from harness.stats.runs import checked_runs, groups
from harness.stats.summary import summarise
from pmfnas.benchmarks.header import TEST
from pmfnas.benchmarks.table import CurveTable
from pmfnas.core.rng import stream
from pmfnas.files import write_bytes, write_text

COMPARISON = "compare"
"""The experiment of the verb `compare`."""
DISTRIBUTIONS = ("numpy", "pandas", "scipy", "matplotlib", "seaborn", "pyarrow", "joblib", "nats_bench")


def write(played: Played, table: CurveTable, out: Path, view: View = AS_USUAL) -> Scored:
    """Score the played runs, write every output to `out`, print the table, and return the frames.

    The frames are always in the order of `harness.experiment.jobs.in_order`.

    Raises:
        InputError: `view` names a searcher that has not played.
    """
    view.check(played.searchers)
    scored = score(in_order(played.jobs, played.order), table, out, excluded=read_claim(out).get("excluded"))
    for name in ("runs", "steps", "timings"):
        write_bytes(out / f"{name}.parquet", parquet(to_file(getattr(scored, name), words_for(table.stamp))))
    write_text(out / "oracle.csv", scored.accesses.to_csv(index=False))
    made = manifest(out, about(played.title, table, out, scored), DISTRIBUTIONS)
    write_json(out / MANIFEST, made)
    progress = summarise_progress(scored.runs, scored.steps, before_pct=_before(scored), rng=stream(0, "progress"))
    write_text(out / "progress.csv", progress.to_csv(index=False))
    _present(Frames(scored.runs, scored.steps, scored.timings, made), scored.best, played.replays, out, view)
    return scored


def write_again(replays: Mapping[str, str], out: Path, view: View = AS_USUAL) -> None:
    """Write and print tables and figures of `out` from its frames, for a folder without records.

    Args:
        replays: method of a published row -> the searcher that must reproduce it.
        out: a folder with `runs.parquet` and a manifest; without `steps.parquet` no figure over GPU-hours is written.
        view: searchers in colour, and whether to show published rows.

    Raises:
        InputError: the folder has no frames, or `view` names a searcher that has not played.
    """
    frames = read_frames(out)
    view.check(sorted(frames.runs["searcher"].unique()))
    _present(frames, frames.best, replays, out, view)


def _present(frames: Frames, best: Mapping[str, float], replays: Mapping[str, str], out: Path, view: View) -> None:
    """Write and print tables and figures; the table over all data sets and its sentence come last."""
    shown = table_of(frames.runs, frames.timings, frames.manifest, best, with_published=view.published)
    shown = replace(shown, unfinished=unfinished(out))
    write_tables(shown, out)
    write_pictures(frames.runs, frames.steps, shown.summary, best, out, show=view.show)
    print(terminal(shown))
    if replays and set(replays.values()) <= set(frames.runs["searcher"]):
        _write_replay(shown.summary, replays, out)
    if view.published and not shown.published:
        print(*wrap("no rows of other papers are shown: they are of test accuracy on the whole space"), "", sep="\n")
    print(*wrap(f"written to {out}: table.md, table.csv, table.tex, summary.csv, figures, runs.parquet"), "", sep="\n")
    print(closing(shown), end="")


def opponents(chosen: Collection[str]) -> tuple[str, ...]:
    """Return PMF-NAS and the chosen shipped searchers, in the order of `PLAYERS`."""
    return (REFERENCE, *(name for name in PLAYERS if name in chosen and name != REFERENCE))


def title_of(own: Collection[str]) -> str:
    """Return the title of a comparison of the user's searchers with PMF-NAS."""
    return f"{', '.join(own)} against PMF-NAS"


def write_comparison(
    played: Played, table: CurveTable, out: Path, *, own: Sequence[str], view: View = AS_USUAL
) -> pd.DataFrame:
    """Write the outputs of a comparison and the verdict on the user's searchers; print the verdict; return the runs.

    If there are more searchers than colours, PMF-NAS and the user's searchers are in colour by default.
    """
    if not view.show and len(played.searchers) > MOST_COLOURED:
        ours = [name for name in (REFERENCE, *own) if name in played.searchers]
        view = replace(view, show=tuple(ours[:MOST_COLOURED]))
    runs = write(played, table, out, view).runs
    others = [name for name in played.searchers if name not in own]
    found = verdict.verdicts(runs, own, others)
    settings = {name: json.loads(rows["settings"].iloc[0]) for name, rows in runs.groupby("searcher")}
    where = {name: str(settings[name]["runs"]) for name in own if name in settings}
    text = verdict.markdown(found, runs, where=where, title=f"Verdict: {played.title}")
    write_text(out / "verdict.md", text)
    write_text(out / "verdict.csv", verdict.frame(found).to_csv(index=False))
    print(f"\n{verdict.on_screen(text)}\n{out / 'verdict.md'} has this verdict")
    return runs


def table_of(
    runs: pd.DataFrame,
    timings: pd.DataFrame,
    made: Mapping[str, Any],
    best: Mapping[str, float],
    *,
    with_published: bool = False,
) -> Table:
    """Return the table of an experiment.

    Args:
        runs: see `harness.stats.runs`.
        timings: see `harness.stats.runs`.
        made: the manifest of the experiment's outputs.
        best: best score per data set, percent.
        with_published: whether to add rows of other papers; an experiment that replays published rows always has
            them. Only results on the whole space, by test accuracy, can have such rows.
    """
    known, part = made.get("n_known"), made.get("n_known") or made.get("excluded")
    words = words_of(runs)
    asked = with_published or made.get("experiment") == PUBLISHED.name
    title = f"best {words.name} of the {known:,} archs known" if known else f"best {words.name}"
    return Table(
        summarise(runs, timings, rng=stream(0, "summary")),
        title=str(made.get("title", "")),
        published=published(str(made.get("space", ""))) if asked and not part and words.name == TEST else (),
        ceilings={name: {title: value} for name, value in best.items()},
        n_epochs=made.get("n_epochs"),
        limits=str(made.get("left_out", "")),
    )


def failed_throughout(runs: pd.DataFrame) -> dict[str, str]:
    """Return the searchers whose runs on some data set all failed, each with the data sets and the first reason.

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
    """Return why a run failed, on one line; a run that ended without a recommended arch counts as failed."""
    why = " ".join(str(run["why"]).split())
    return why if run["status"] == "failed" else f"no arch at its end ({why})"


def exit_code(runs: pd.DataFrame) -> int:
    """Return 1 if all runs of a searcher on a data set failed, and print this on standard error; else 0."""
    lost = failed_throughout(runs)
    for searcher, why in lost.items():
        print(f"{searcher}: {why}", file=sys.stderr)
    return 1 if lost else 0


def _before(scored: Scored) -> dict[str, float]:
    """Return the test regret per data set before the first recommendation: that of random guessing."""
    return {name: best - scored.guess[name] for name, best in scored.best.items()}


def _write_replay(summary: pd.DataFrame, replays: Mapping[str, str], out: Path) -> None:
    """Print and write the gaps between our searchers and the published rows that they replay."""
    checks = compare_replay(summary, replays)
    lines = [
        f"{c.method:<14} published {c.target}, ours {c.ours} (n = {c.n_seeds}), gap {c.gap:+.2f}: "
        f"{'within' if c.within else 'NOT within'} {REPLAY_TOLERANCE_PCT} points"
        for c in checks
    ]
    print("\n".join(["replay of published rows, CIFAR-10 test accuracy", *lines, ""]))
    write_text(out / "replay.txt", "\n".join(lines) + "\n")


def parquet(frame: pd.DataFrame) -> bytes:
    """Return `frame` as the bytes of a small Parquet file; the same frame gives the same bytes."""
    sink = BytesIO()
    # Columns of mostly distinct floats are smaller with byte-stream split than with a dictionary.
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


def about(title: str, table: CurveTable, out: Path, scored: Scored) -> dict[str, Any]:
    """Return the manifest of the outputs of runs on a table."""
    runs, rule = scored.runs, exclusion(read_claim(out).get("excluded"))
    return {
        **({"left_out": rule.described} if rule else {}),
        **({} if table.is_whole else {"n_known": table.n_known}),
        "title": title,
        "space": table.header.space,
        "n_epochs": max(table.header.schedules.values()),
        "data_version": table.header.version,
        "datasets": sorted(runs["dataset"].unique()),
        "searchers": {name: json.loads(rows["settings"].iloc[0]) for name, rows in runs.groupby("searcher")},
        "seeds": [int(runs["seed"].min()), int(runs["seed"].max())],
        "runs": len(runs),
        "failed": int((runs["status"] != "ok").sum()),
        "oracle_accesses": len(scored.accesses),
    }


def extent(experiment: Experiment) -> dict[str, Any]:
    """Return the extent of an experiment as its manifest will list it."""
    return {"searchers": experiment.searchers, "datasets": experiment.datasets, "runs": experiment.n_runs}
