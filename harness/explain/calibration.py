"""Coverage of the intervals that a searcher predicted, read from the records of an experiment alone.

    records --judged--> predictions with their outcomes --coverages--> share inside the 50/80/90/95 % intervals

A prediction is a request whose reason holds `mean` and `std`, in percent. Its outcome is the validation accuracy at the
end of the predicted segment: for `start` that of the `continue` of the same arch, for `probe` that of its `finish`,
otherwise its own. A start without a `continue` has no outcome, so the judged predictions are a selection. Three groups
show how strong the selection is:

    all        every prediction with an outcome
    selected   those for archs that the run had trained before: continued, probed, finished, replicated
    pick       those for the arch that the run recommended in the end

A prediction is about what will be told, at its own level. `noise_pct` is for a searcher whose std leaves out the noise
of the trial that is told; PMF-NAS's does not.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

from harness.explain.reading import Answered, Explained
from harness.host.units import counted
from harness.show.cells import number
from harness.show.render import pipes
from harness.show.sheet import Column, filled
from pmfnas.core.errors import InputError, unknown_name

LEVELS_PCT = (50, 80, 90, 95)
"""Levels of the central intervals, percent."""

FOLLOWED_BY: Mapping[str, str] = MappingProxyType({"start": "continue", "probe": "finish"})
"""Action -> the action whose end its prediction is about, in runs that have the second action."""

GROUPS = ("all", "selected", "pick")


@dataclass(frozen=True, slots=True)
class Judged:
    """A prediction and its outcome. Accuracies in percent."""

    dataset: str
    searcher: str
    seed: int
    level: str
    """Fidelity of the outcome, `12@12`."""
    height: tuple[float, str, int]
    """Sort key of levels."""
    step: str
    """Stage and action, `region continue`."""
    mean: float
    std: float
    told: float
    selected: bool
    pick: bool


@dataclass(frozen=True, slots=True)
class Coverage:
    """Coverage of the intervals of a group of predictions."""

    dataset: str
    searcher: str
    level: str
    group: str
    """One of `GROUPS`, or stage and action."""
    n_runs: int
    n: int
    offset_pct: float
    """Mean of told - mean, percent points."""
    rms_pct: float
    """Root mean square of told - mean, percent points."""
    std_pct: float
    """Mean predicted std, percent points, noise included."""
    inside: tuple[float, ...]
    """Share within each interval of `LEVELS_PCT`, percent."""
    error: tuple[float, ...]
    """Its standard error over runs, percent points; NaN for a single run."""
    above: float
    """Share above the upper end of the 90 % interval, percent; 5 if calibrated."""
    factor: float
    """Factor by which to multiply every std so that the 90 % intervals cover 90 %."""


def records(
    folder: Path, datasets: Sequence[str] | None, searchers: Sequence[str] | None, n_seeds: int | None
) -> list[Path]:
    """Return the records of an experiment by data set, searcher and seed: all of them, or those asked for.

    Raises:
        InputError: there are no records, or none of a named data set or searcher.
    """
    files = sorted(folder.glob("runs/*/*/s*.parquet"))
    if not files:
        raise InputError(f"DIR is {folder}, but holds no run; give the folder of an experiment")
    known = {
        "--datasets": {file: file.parts[-3].split("-", 1)[1] for file in files},
        "--searchers": {file: file.parts[-2] for file in files},
    }
    for flag, asked in (("--datasets", datasets), ("--searchers", searchers)):
        of = known[flag]
        for name in asked or ():
            if name not in of.values():
                raise unknown_name(f"in {folder}, {flag}", name, sorted(set(of.values())))
        files = [file for file in files if not asked or of[file] in asked]
    return [file for _, own in groupby(files, key=lambda file: file.parent) for file in list(own)[:n_seeds]]


def described(runs: Sequence[Explained], noise_pct: float) -> str:
    """Return experiment, data, budget and number of the runs, in a sentence."""
    first = runs[0].header
    noise = f"; trial noise {noise_pct:g} points added" if noise_pct else ""
    return (
        f"{first.experiment}, {first.data} data {first.fingerprint[:12]}, {first.budget_s:g} s, "
        f"{counted(first.n_workers, 'worker')}, {len(runs)} runs{noise}."
    )


def judged(runs: Sequence[Explained]) -> tuple[Judged, ...]:
    """Return every prediction of the runs that has an outcome, run by run in the order of the decisions."""
    known: dict[tuple[str, str], set[str]] = {}
    for run in runs:
        actions = {_action(request) for request in run.requests}
        known.setdefault((run.header.dataset, run.header.searcher), set()).update(actions)
    return tuple(one for run in runs for one in _of_run(run, known[run.header.dataset, run.header.searcher]))


def _of_run(run: Explained, known: set[str]) -> Iterator[Judged]:
    before: set[str] = set()
    ends = {(_action(r), r.arch, r.schedule, r.replicate): r for r in run.requests}
    for request in run.requests:
        follower = FOLLOWED_BY.get(_action(request), "")
        at: Answered | None = request
        if follower in known:
            at = ends.get((follower, request.arch, request.schedule, request.replicate))
        mean, std = request.reason.get("mean"), request.reason.get("std")
        told = _score(at) if at is not None and at.status in ("ok", "free") else None
        if at is not None and told is not None and _finite(mean, std, told):
            yield Judged(
                dataset=run.header.dataset,
                searcher=run.header.searcher,
                seed=run.header.seed,
                level=at.fidelity,
                height=at.height,
                step=f"{request.stage} {_action(request)}".strip() or "unnamed",
                mean=float(mean or 0.0),
                std=float(std or 0.0),
                told=told,
                selected=request.arch in before,
                pick=request.arch in run.header.recommended[:1],
            )
        before.add(request.arch)


def _score(request: Answered) -> float | None:
    """Return what was told of a request as the searcher reads it, in percent."""
    value = request.valid_acc
    return value if value is None or request.metric is None else request.metric.score(value)


def _action(request: Answered) -> str:
    return str(request.reason.get("action", ""))


def _finite(*values: object) -> bool:
    return all(isinstance(value, float | int) and bool(np.isfinite(value)) for value in values)


def coverages(found: Sequence[Judged], *, noise_pct: float = 0.0) -> tuple[Coverage, ...]:
    """Return the coverage of every group at every level of every data set and searcher.

    Args:
        found: from `judged`.
        noise_pct: standard deviation of the noise of a trial, percent points, added to every std in squares.

    Raises:
        InputError: there is no prediction with an outcome.
    """
    if not found:
        raise InputError("the records hold no request with mean and std and a validation accuracy at the level meant")
    rows: list[Coverage] = []
    order = sorted(found, key=lambda j: (j.dataset.lower(), j.searcher, j.height))
    for _, own in groupby(order, key=lambda j: (j.dataset, j.searcher)):
        for _, level in groupby(own, key=lambda j: j.height):
            rows += [_coverage(name, group, noise_pct) for name, group in _grouped(list(level))]
    return tuple(rows)


def _grouped(level: Sequence[Judged]) -> Iterator[tuple[str, list[Judged]]]:
    """Yield the name and the predictions of each group of a level that is not empty."""
    groups = {"all": list(level), "selected": [j for j in level if j.selected], "pick": [j for j in level if j.pick]}
    for step in dict.fromkeys(j.step for j in level):
        groups[step] = [j for j in level if j.step == step]
    yield from ((name, group) for name, group in groups.items() if group)


def _coverage(name: str, group: Sequence[Judged], noise_pct: float) -> Coverage:
    gaps = np.array([j.told - j.mean for j in group])
    std = np.maximum(np.sqrt(np.array([j.std for j in group]) ** 2 + noise_pct**2), 1e-12)
    distance = np.abs(gaps) / std
    seeds = np.array([j.seed for j in group])
    shares = [_share(distance <= ndtri(0.5 + pct / 200.0), seeds) for pct in LEVELS_PCT]
    return Coverage(
        *(group[0].dataset, group[0].searcher, group[0].level, name),
        n_runs=len(set(seeds.tolist())),
        n=len(group),
        offset_pct=float(gaps.mean()),
        rms_pct=float(np.sqrt(np.mean(gaps**2))),
        std_pct=float(std.mean()),
        inside=tuple(share for share, _ in shares),
        error=tuple(error for _, error in shares),
        above=100.0 * float(np.mean(gaps / std > ndtri(0.95))),
        factor=float(np.quantile(distance, 0.9) / ndtri(0.95)),
    )


def _share(inside: NDArray[np.bool_], seeds: NDArray[np.int64]) -> tuple[float, float]:
    """Return the share inside, percent, and its standard error as a ratio of sums over runs, which are independent.

    Source: the linearised variance of a ratio under cluster sampling (Cochran, Sampling Techniques, 1977, eq. 9A.8).
    """
    share = float(np.mean(inside))
    sums = pd.Series(inside - share).groupby(seeds).sum().to_numpy()
    n = len(sums)
    error = np.sqrt(n / (n - 1) * np.sum(sums**2)) / len(inside) if n > 1 else np.nan
    return 100.0 * share, 100.0 * float(error)


# ----------------------------------------------------------------------------------------------- renderings


def frame(rows: Sequence[Coverage]) -> pd.DataFrame:
    """Return one row per group; `inside_90` and `error_90` in columns of their own."""
    flat = []
    for row in rows:
        values = asdict(row)
        inside, error = values.pop("inside"), values.pop("error")
        for place, pct in enumerate(LEVELS_PCT):
            values |= {f"inside_{pct}": inside[place], f"error_{pct}": error[place]}
        flat.append(values)
    return pd.DataFrame(flat)


def _inside(place: int) -> Column[Coverage]:
    def cell(row: Coverage) -> str:
        spread = "" if np.isnan(row.error[place]) else f" ± {row.error[place]:.1f}"
        return f"{row.inside[place]:.1f}{spread}"

    return Column(f"in {LEVELS_PCT[place]} %", cell)


_COLUMNS = (
    Column[Coverage]("level", lambda row: row.level),
    Column[Coverage]("predictions", lambda row: row.group),
    Column[Coverage]("n", lambda row: str(row.n)),
    Column[Coverage]("runs", lambda row: str(row.n_runs)),
    Column[Coverage]("offset", lambda row: number(row.offset_pct, "+.2f")),
    Column[Coverage]("rms", lambda row: number(row.rms_pct)),
    Column[Coverage]("std", lambda row: number(row.std_pct)),
    *map(_inside, range(len(LEVELS_PCT))),
    Column[Coverage]("above", lambda row: number(row.above, ".1f")),
    Column[Coverage]("std x", lambda row: number(row.factor) if row.factor < 100.0 else "> 100"),
)

READING = (
    "n: predictions with an outcome. offset: mean of told - predicted; rms: root mean square of it; std: mean of the "
    "predicted; all three percent points of {of}. in 90 %: percent of the outcomes inside the central 90 % "
    "interval, ± standard error over runs; above: percent above its upper end, 5 where it holds. std x: what every std "
    "would have to be multiplied by for the 90 % intervals to hold. selected: for archs trained before; pick: for the "
    "arch recommended in the end."
)


def markdown(rows: Sequence[Coverage], *, of: str = "accuracy") -> str:
    """Return a table per data set and searcher, and how to read them; predicted is the accuracy, or `of`."""
    blocks: list[str] = []
    for (dataset, searcher), own in groupby(rows, key=lambda r: (r.dataset, r.searcher)):
        blocks += [f"## {dataset}, {searcher}", "\n".join(pipes(*filled(_COLUMNS, own)))]
    return "\n\n".join([*blocks, READING.format(of=of)]) + "\n"
