"""Runs every searcher on the recordings, with the same seeds, trials and seconds, and scores what it recommends.

PMF-NAS and random search search as `pmfnas.search` lets them: on both schedules, with a full training of the
recommended arch at the end. The packages are offered the long schedule alone, as their users would: resources are
epochs of one training, and rungs lie at powers of three.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache, partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from baselines.random_search import RandomSearch
from harness.experiment import folder
from harness.experiment.batch import RUN_CODE
from harness.host.code import code_hash
from harness.host.workers import work_off
from harness.players.file import settings_of_run
from harness.players.packages import PACKAGES, command
from harness.players.process import Command, play
from harness.problems.problem import NAMES, Problem, problem
from harness.problems.recorded import RecordedProblem, Recording
from harness.problems.recording import read
from pmfnas.core.ports import Searcher, SearcherFactory, Space
from pmfnas.core.rng import stream
from pmfnas.core.types import Fidelities
from pmfnas.loop.executor import SimulatedExecutor, paired_trials
from pmfnas.loop.finish import Finishing
from pmfnas.loop.ledger import totals
from pmfnas.loop.record import (
    RunHeader,
    incumbent_steps,
    read_header,
    read_rows,
    read_timing,
    record_path,
    run_id,
    write_record,
)
from pmfnas.loop.runner import Setting
from pmfnas.problem.arguments import checked

NAME = "problems"
"""The experiment in a folder's claim, and the name of its committed reference."""
TITLE = "Problems of one's own"
FIRST = "pmf_nas"
OPPONENTS = ("optuna-5-tpe", "neps-0.17-priorband", "random_search", "random_search_long")
SEARCHERS = (FIRST, *OPPONENTS)
WHOLE_TRAININGS = 30
"""Budget of a run, in full trainings of an average arch: about 5 % of each space."""
DATA = "TRAINED"
_CODE = (
    *(f"pmfnas/{name}.py" for name in ("loop/finish", "problem/arguments", "spaces/own/*")),
    *("harness/problems/comparing.py", "harness/problems/recorded.py", "baselines/peers/*.py"),
)
"""The files that determine the result of a run, beside those of every run."""
_CRASH = "a worker process was killed or crashed; finished runs are kept and the same command goes on"


@dataclass(frozen=True, slots=True)
class Job:
    """Names a run."""

    problem: str
    searcher: str
    seed: int

    def path(self, out: Path) -> Path:
        """Return the path of its record."""
        return record_path(out, run_id("choices", self.problem, self.searcher, self.seed))


def jobs(searchers: Sequence[str], seeds: range) -> list[Job]:
    """Return every run, seeds outermost, so that an early stop leaves paired seeds."""
    return [Job(name, searcher, seed) for seed in seeds for name in NAMES for searcher in searchers]


def claim_of() -> dict[str, Any]:
    """Return the claim of a folder of this comparison."""
    fingerprints = {name: recording(name).fingerprint for name in NAMES}
    code = code_hash((*RUN_CODE, *_CODE))
    return {"experiment": NAME, "whole_trainings": WHOLE_TRAININGS, "fingerprint": fingerprints, "code": code}


def run_missing(wanted: Sequence[Job], pythons: Mapping[str, Path], out: Path, *, n_jobs: int) -> None:
    """Do every run that has no record yet.

    Args:
        wanted: the runs.
        pythons: interpreters of the packages' environments, by environment.
        out: folder of the comparison.
        n_jobs: processes.
    """
    folder.claim(out, claim_of())
    missing = [job for job in wanted if not job.path(out).exists()]
    work_off(
        run_one,
        [(job, pythons, out) for job in missing],
        label=NAME,
        unit="run",
        n_jobs=n_jobs,
        crash=_CRASH,
        done=len(wanted) - len(missing),
    )


@lru_cache(maxsize=len(NAMES))
def recording(name: str) -> Recording:
    """Return the recording of a problem, read once per process."""
    own = problem(name)
    return Recording(own, read(own.recording))


def run_one(job: Job, pythons: Mapping[str, Path], out: Path) -> None:
    """Do one run and write its record."""
    recorded = recording(job.problem)
    benchmark, budget_s = RecordedProblem(recorded), WHOLE_TRAININGS * recorded.whole_s
    factory = players(recorded.problem, pythons)[job.searcher]
    offered = benchmark.fidelities
    if isinstance(factory, Command):
        offered = Fidelities(offered.schedules[-1:])
    setting = Setting(benchmark.space, offered, budget_s)
    executor = SimulatedExecutor(benchmark, paired_trials(benchmark, job.seed), n_workers=1, accounting="resume")
    path = job.path(out)
    rng = stream(job.seed, f"searcher/{job.searcher}")
    finished, searcher = play(factory, executor, setting, rng=rng, log=path.with_suffix(".stderr.log"))
    header = RunHeader(
        experiment=NAME,
        dataset=job.problem,
        searcher=job.searcher,
        settings={} if not isinstance(factory, Command) else settings_of_run(factory, searcher),
        seed=job.seed,
        budget_s=budget_s,
        n_workers=1,
        accounting="resume",
        space=setting.space.name,
        data=DATA,
        fingerprint=recorded.fingerprint,
        status=finished.status,
        why=finished.why,
        clock_s=finished.clock_s,
        recommended=tuple(map(setting.space.format, finished.recommended)),
        **asdict(totals(finished.entries, clock_s=finished.clock_s, n_workers=1, accounting="resume")),
    )
    write_record(out, header, finished, setting.space)


# ------------------------------------------------------------------------------------------------------ players


def players(own: Problem, pythons: Mapping[str, Path]) -> Mapping[str, SearcherFactory]:
    """Return the searchers that can run, given the interpreters of the existing environments."""
    searched = checked(own.train, own.space, own.schedules, 1.0, "out", 0, own.metric, None, 1, None)
    longest = str(searched.fidelities.highest)
    return MappingProxyType(
        {
            FIRST: partial(_finishing, searched.searcher),
            "random_search": partial(_finishing, RandomSearch),
            "random_search_long": partial(_finishing, partial(RandomSearch, fidelity=longest)),
            **{
                name: _told(name, own, pythons[PACKAGES[name].environment])
                for name in OPPONENTS
                if name in PACKAGES and PACKAGES[name].environment in pythons
            },
        }
    )


def _finishing(
    factory: SearcherFactory,
    space: Space,
    fidelities: Fidelities,
    budget_s: float,
    n_workers: int,
    *,
    rng: np.random.Generator,
) -> Searcher:
    """Return a searcher as `pmfnas.search` wraps it: its run ends with a full training of what it recommends."""
    return Finishing(factory(space, fidelities, budget_s, n_workers, rng=rng), fidelities, 1)


def _told(name: str, own: Problem, python: Path) -> Command:
    """Return the command of a package, which is told of the order of choices, and of the guess if it wants one."""
    plain = command(PACKAGES[name], python)
    ordered = [str(place) for place, is_ordered in enumerate(own.ordered) if is_ordered]
    words = ("--ordered", ",".join(ordered), "--prior", ",".join(map(str, own.guessed)))
    return Command((*plain.words, *words), plain.limits)


# ------------------------------------------------------------------------------------------------------- scores


def scored(wanted: Sequence[Job], out: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the runs, one row each, and the steps, one row per change of an incumbent.

    `value` is the problem's metric at the end of the long schedule, mean over trials, of the recommended arch.
    """
    runs, steps = [], []
    for job in wanted:
        header, recorded = read_header(job.path(out)), recording(job.problem)
        key, parse = asdict(job), recorded.problem.space.parse
        own = [
            {**key, "time_s": time_s, "value": recorded.final(parse(arch))}
            for time_s, arch in incumbent_steps(read_rows(job.path(out)))
        ]
        steps += own
        first = header.recommended[0] if header.recommended else ""
        runs.append(
            {
                **key,
                "status": header.status if first else "failed",
                "why": header.why,
                "arch": first,
                "value": recorded.final(parse(first)) if first else np.nan,
                "budget_s": header.budget_s,
                "clock_s": header.clock_s,
                "evaluations": header.evaluations,
                **read_timing(job.path(out)),
            }
        )
    return pd.DataFrame(runs), pd.DataFrame(steps)
