"""Upper bounds of a searcher's score: a full scan, the best fixed archs, and the best arch that a run has trained.

A run falls short of the best for two reasons: it did not train the best arch, or it trained it and picked another one.
The best trained arch, chosen in hindsight, separates the two. It is an upper bound, since hindsight knows no noise.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from harness.experiment.jobs import Job
from harness.score.oracle import Score
from harness.score.scoring import Judge, checked_header, judge_of
from pmfnas.benchmarks.table import CurveTable
from pmfnas.loop.record import read_rows, record_path, run_id

WHO = "ceiling"
FIXED = 3
"""How many of the fixed archs are shown."""


@dataclass(frozen=True, slots=True)
class Bound:
    """Means over seeds, percent."""

    dataset: str
    what: str
    test: float
    valid_regret: float
    n_archs: float
    """Archs that the choice was made from."""


def bounds(table: CurveTable, name: str, seeds: Sequence[int]) -> list[Bound]:
    """Return the full scan and the fixed archs of least mean regret on one data set, over `seeds`."""
    (oracle, space), archs = judge_of(table, name), table.archs.tolist()
    regrets = np.stack([oracle.regrets(seed, who=WHO) for seed in seeds])  # (n_seeds, n_archs)
    n_archs = int(np.isfinite(regrets[0]).sum())
    scores = np.stack([oracle.scores(seed, who=WHO) for seed in seeds])  # (n_seeds, n_archs)
    scan = float(scores[np.arange(len(scores)), np.nanargmin(regrets, axis=1)].mean())
    mean = regrets.mean(axis=0)
    order = np.argsort(np.where(np.isnan(mean), np.inf, mean), kind="stable")[:FIXED]
    fixed = [
        Bound(name, f"always {space.format(tuple(archs[i]))}", float(scores[:, i].mean()), float(mean[i]), n_archs)
        for i in order
    ]
    return [Bound(name, "full scan, best validation", scan, 0.0, n_archs), *fixed]


def of_runs(table: CurveTable, out: Path, jobs: Sequence[Job]) -> list[Bound]:
    """Return the pick, and the best arch trained to a schedule's end, of each searcher and data set of `jobs`.

    Raises:
        DataError: a run was made with other data.
    """
    found: list[Bound] = []
    for name, searcher in sorted({(job.dataset, job.searcher) for job in jobs}):
        own = judge_of(table, name)
        seeds = [job.seed for job in jobs if (job.dataset, job.searcher) == (name, searcher)]
        seen = [s for s in (_scores(table, out, Job(name, searcher, seed), own) for seed in seeds) if s is not None]
        found += _hindsight(name, searcher, table.header.score, seen)
    return found


def _hindsight(name: str, searcher: str, score: str, seen: list[tuple[Score, list[Score]]]) -> Iterator[Bound]:
    """Yield the pick, the trained arch of least regret and the trained arch of best test, as means over runs."""
    if not seen:
        return
    n_archs = float(np.mean([len(trained) for _, trained in seen]))
    least = [min(trained, key=lambda s: s.valid_regret) for _, trained in seen]
    best = [max(trained, key=lambda s: s.test) for _, trained in seen]
    rows = {
        "its pick": [p for p, _ in seen],
        "least regret of the trained": least,
        f"best {score} of the trained": best,
    }
    for what, scores in rows.items():
        test, regret = (float(np.mean([getattr(s, key) for s in scores])) for key in ("test", "valid_regret"))
        yield Bound(name, f"{searcher}: {what}", test, regret, n_archs)


def _scores(table: CurveTable, out: Path, job: Job, own: Judge) -> tuple[Score, list[Score]] | None:
    """Return the scores of a run's pick and of all archs that it trained; None if it picked none."""
    path = record_path(out, run_id(table.header.space, job.dataset, job.searcher, job.seed))
    header, (oracle, space) = checked_header(path, table), own
    if not header.recommended:
        return None
    archs = [space.parse(name) for name in {header.recommended[0]: None, **dict.fromkeys(_trained(table, path))}]
    pick, *others = oracle.score(archs, seed=job.seed, who=WHO)
    return pick, [pick, *others]


def _trained(table: CurveTable, path: Path) -> list[str]:
    """Return the archs that a run trained to the end of a schedule, in order."""
    rows = read_rows(path, ["arch", "schedule", "stop", "status"]).to_pylist()
    ends = table.header.schedules
    return [r["arch"] for r in rows if r["status"] == "ok" and r["stop"] == ends.get(r["schedule"])]
