"""A run as data set, searcher and seed: those of an experiment, and those found in a folder."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.experiment.specs import ALL_DATASETS, Experiment
from pmfnas.loop.record import run_id


@dataclass(frozen=True, slots=True)
class Job:
    """Names a run within an experiment on one space."""

    dataset: str
    searcher: str
    seed: int

    def run_id(self, space: str) -> str:
        """Return the readable, stable name of the run."""
        return run_id(space, self.dataset, self.searcher, self.seed)


def jobs(experiment: Experiment) -> list[Job]:
    """Return every run of the experiment, seeds outermost, so that an early stop leaves paired seeds."""
    return [Job(d, s, seed) for seed in experiment.seeds for d in experiment.datasets for s in experiment.searchers]


def found(out: Path, space: str) -> list[Job]:
    """Return the finished runs under `out`, whatever command made them."""
    pattern = re.compile(rf"{re.escape(space)}-([^/]+)/([^/]+)/s(\d+)\.parquet")
    names = (path.relative_to(out / "runs").as_posix() for path in (out / "runs").glob("*/*/s*.parquet"))
    matches = (pattern.fullmatch(name) for name in names)
    return [Job(m[1], m[2], int(m[3])) for m in matches if m]


@dataclass(frozen=True, slots=True)
class Played:
    """Finished runs and what outputs say of them; names only, so that a folder is enough to make it."""

    title: str
    jobs: tuple[Job, ...]
    order: tuple[str, ...]
    """Searchers as outputs list them; they need not all have played."""
    replays: Mapping[str, str] = field(default_factory=dict)
    """Method of a published row -> the searcher that must land on it."""

    @property
    def searchers(self) -> tuple[str, ...]:
        """The searchers that have played, in order."""
        return tuple(name for name in self.order if any(job.searcher == name for job in self.jobs))


def played(experiment: Experiment) -> Played:
    """Return all runs of an experiment, once they are finished."""
    return Played(experiment.title, tuple(jobs(experiment)), tuple(experiment.players), experiment.replays)


def in_order(found_jobs: Sequence[Job], searchers: Sequence[str]) -> list[Job]:
    """Return jobs sorted by data set, searcher and seed.

    Data sets stand as in `ALL_DATASETS`, others by name after them, whatever part of them there is; searchers stand as
    in `searchers`.
    """
    place = {name: i for i, name in enumerate(ALL_DATASETS)}
    rank = {name: i for i, name in enumerate(searchers)}

    def key(job: Job) -> tuple[int, str, int, int]:
        return place.get(job.dataset, len(place)), job.dataset, rank[job.searcher], job.seed

    return sorted(found_jobs, key=key)
