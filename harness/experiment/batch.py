"""Runs an experiment: every run in its own process slot, finished ones skipped, progress shown.

    OUT/spec.json        the claim of the folder; a command with other settings is refused, not mixed in
    OUT/unfinished.json  while runs are missing: which, and the command that goes on
    OUT/runs/...         one record per run (pmfnas.loop.record)

After an interruption, repeat the command to continue: a record exists if and only if its run has finished.
A failed run counts as finished: the same command does not repeat it, unless its record is deleted.
"""

import json
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from harness.experiment import folder
from harness.experiment.exclusions import remaining
from harness.experiment.held_out import visible_trials
from harness.experiment.jobs import Job, jobs
from harness.experiment.specs import Experiment
from harness.experiment.unfinished import kept, promise
from harness.host.clusters import LOKY
from harness.host.code import code_hash
from harness.host.units import written_hours
from harness.host.workers import LostError, work_off
from harness.players.class_file import check_unchanged
from harness.players.file import identity, settings_of_run
from harness.players.process import failed, play
from pmfnas.benchmarks.table import HEADER, CurveTable
from pmfnas.benchmarks.tabular import TableBenchmark, dataset_of, space_of
from pmfnas.core.ports import Space
from pmfnas.core.rng import stream
from pmfnas.files import remove_abandoned
from pmfnas.loop.executor import SimulatedExecutor, paired_trials
from pmfnas.loop.ledger import Totals, totals
from pmfnas.loop.plain import as_json
from pmfnas.loop.record import RunHeader, record_files, record_path, write_files
from pmfnas.loop.runner import Finished, Setting

RUN_CODE = (
    *("pmfnas/core/*.py", "pmfnas/spaces/*.py", "pmfnas/engine/**/*.py", "baselines/*.py", "baselines/parts/*.py"),
    *(f"pmfnas/loop/{name}.py" for name in ("executor", "ledger", "referee", "runner")),
    *(f"pmfnas/benchmarks/{name}.py" for name in ("header", "series", "table", "tabular", "own/space")),
    *("harness/experiment/exclusions.py", "harness/experiment/held_out.py", "harness/compare/distortions.py"),
    *(f"harness/players/{name}.py" for name in ("child", "ours", "process", "protocol", "space_text")),
)
"""The files that determine the result of a run. Searchers from outside are named in the folder's claim."""
_CRASH = (
    "a worker process was killed or crashed in the middle of a run (memory, or native code of a searcher); "
    "finished runs are kept and the same command goes on; a searcher given by --command cannot do this"
)
ATTEMPTS = 3
"""Losses of workers in a row, without a finished run between them, before an experiment ends with an error."""
_TOLD = ("metric", "schedules")
SEEDS_PER_GROUP = 3
RUNS_PER_GROUP = 6


def claim(out: Path, experiment: Experiment, table: CurveTable) -> None:
    """Claim `out` for this experiment; raise `InputError` if it belongs to another one."""
    folder.claim(out, claim_of(experiment, table), _sources(experiment), flag="--searcher")


def check_claim(out: Path, experiment: Experiment, table: CurveTable) -> None:
    """Raise `InputError` in the cases in which `claim` does; write nothing."""
    folder.check_claim(out, claim_of(experiment, table), _sources(experiment), flag="--searcher")


def _sources(experiment: Experiment) -> dict[str, str]:
    """Return the source of every searcher from outside, by name."""
    return {name: identity(factory) for name, factory in experiment.players.items() if identity(factory)}


def claim_of(experiment: Experiment, table: CurveTable) -> dict[str, Any]:
    """Return the claim of a folder of this experiment."""
    return {
        "experiment": experiment.name,
        "budget_s": experiment.budget_s,
        "workers": experiment.n_workers,
        "accounting": experiment.accounting,
        "data": table.stamp,
        "fingerprint": table.header.fingerprint,
        "excluded": experiment.excluded,
        "code": code_hash(RUN_CODE),
    }


def run_experiment(
    experiment: Experiment,
    table: CurveTable,
    out: Path,
    *,
    n_jobs: int,
    command: Sequence[str] = (),
    backend: str = LOKY,
) -> int:
    """Run every run that is not finished yet, and return their number.

    While runs are missing, `OUT/unfinished.json` says so, with the words of the `command`.

    A group is one data set and a few seeds of the searchers. A process opens the table and the space of a data set
    once. Each run writes its own record. Linear algebra gets one thread, because the processes use all the cores.
    The runs of a lost worker are repeated, unless workers are lost `ATTEMPTS` times without a finished run.
    """
    claim(out, experiment, table)
    missing = _missing(experiment, table, out)
    if missing:
        promise(out, experiment, table.header.space, command)
    left, n_lost = missing, 0
    while True:
        try:
            _run(left, experiment, table, out, n_jobs, backend)
        except LostError:
            still = _missing(experiment, table, out)
            n_lost = n_lost + 1 if len(still) == len(left) else 1
            if n_lost == ATTEMPTS:
                raise
            print(f"a worker was lost; the runs that have no record are repeated: {len(still)}", file=sys.stderr)
            left = still
        else:
            break
    kept(out)
    remove_abandoned(out)  # by workers that outlived a killed experiment for a moment
    return len(missing)


def _missing(experiment: Experiment, table: CurveTable, out: Path) -> list[Job]:
    return [job for job in jobs(experiment) if not record_path(out, job.run_id(table.header.space)).exists()]


def _run(
    missing: Sequence[Job], experiment: Experiment, table: CurveTable, out: Path, n_jobs: int, backend: str
) -> None:
    groups = _groups(missing)
    work_off(
        _run_group,
        [(group, experiment, table.path.absolute(), out.absolute()) for group in groups],
        label=f"{experiment.name}, {written_hours(experiment.budget_s)}",
        unit="run",
        n_jobs=n_jobs,
        crash=_CRASH,
        sizes=[len(group) for group in groups],
        done=experiment.n_runs - len(missing),
        backend=backend,
    )


def _groups(missing: Sequence[Job]) -> list[list[Job]]:
    """Return the jobs by blocks of seeds and data set, in order; a long block is cut, so that progress is visible."""
    groups: dict[tuple[int, str], list[Job]] = {}
    for job in missing:
        groups.setdefault((job.seed // SEEDS_PER_GROUP, job.dataset), []).append(job)
    starts = ((group, start) for group in groups.values() for start in range(0, len(group), RUNS_PER_GROUP))
    return [group[start : start + RUNS_PER_GROUP] for group, start in starts]


def _run_group(group: Sequence[Job], experiment: Experiment, table_path: Path, out: Path) -> None:
    file = table_path / HEADER
    table = _table(table_path, file.stat().st_mtime_ns if file.exists() else 0)
    benchmark = _benchmark(table, group[0].dataset)
    for factory in experiment.players.values():
        check_unchanged(factory)
    with ThreadPoolExecutor(len(group)) as writers:  # a run waits for no disk: a write is flushed four times
        written = []
        for job in group:
            record = record_path(out, job.run_id(table.header.space))
            if record.exists():  # a worker that was lost had written it
                continue
            log = record.with_suffix(".stderr.log")
            header, finished = run_one(experiment, table, benchmark, job, log=log)
            written.append(writers.submit(write_files, _files(out, header, finished, benchmark.space)))
    for writing in written:
        writing.result()


def _files(out: Path, header: RunHeader, finished: Finished, space: Space) -> list[tuple[Path, bytes]]:
    """Return the files of a run, of a failed run if a value of it cannot be written."""
    try:
        return record_files(out, header, finished, space)
    except (TypeError, ValueError, OverflowError) as error:
        finished = failed(f"its record cannot be written, {type(error).__name__}: {error}")
        return record_files(out, _ended(header, finished), finished, space)


@lru_cache(maxsize=1)
def _table(path: Path, written_ns: int) -> CurveTable:
    """Return the table, opened once per process and time of its header, which is written last."""
    del written_ns
    return CurveTable.open(path)


@lru_cache(maxsize=3)
def _benchmark(table: CurveTable, name: str) -> TableBenchmark:
    """Return the benchmark of a data set, opened once per process and table."""
    return open_benchmark(table, name)


def run_one(
    experiment: Experiment, table: CurveTable, benchmark: TableBenchmark, job: Job, *, log: Path | None = None
) -> tuple[RunHeader, Finished]:
    """Run one run of the experiment; return its header and the finished run. Writes only the `log` of a process."""
    setting = Setting(
        benchmark.space, benchmark.fidelities, experiment.budget_s, experiment.n_workers, experiment.accounting
    )
    factory = experiment.players[job.searcher]
    rng = stream(job.seed, f"searcher/{experiment.stream or job.searcher}")
    offered = remaining(benchmark, experiment.excluded)
    executor = SimulatedExecutor(
        offered,
        paired_trials(offered, job.seed, visible_trials(table.header)),
        n_workers=experiment.n_workers,
        accounting=experiment.accounting,
        reports_loss=benchmark.reports_loss,
    )
    finished, searcher = play(factory, executor, setting, rng=rng, log=log)
    header = RunHeader(
        experiment=experiment.name,
        dataset=job.dataset,
        searcher=job.searcher,
        settings={**settings_of_run(factory, searcher), **_told(table)},
        seed=job.seed,
        budget_s=experiment.budget_s,
        n_workers=experiment.n_workers,
        accounting=experiment.accounting,
        space=table.header.space,
        data=table.stamp,
        fingerprint=table.header.fingerprint,
        status=finished.status,
        why=finished.why,
        clock_s=finished.clock_s,
        recommended=tuple(setting.space.format(arch) for arch in finished.recommended),
        **asdict(_totals(finished, setting)),
    )
    return header, finished


def _told(table: CurveTable) -> dict[str, Any]:
    """Return what a record on a table of one's own says beside the searcher's settings: the figures are in its metric.

    Records of other tables hold accuracies in percent, and their schedules are called by their length.
    """
    own = table.header.own
    return dict(zip(_TOLD, (asdict(own.metric), dict(table.header.schedules)), strict=True)) if own else {}


def without_table(settings: str) -> str:
    """Return the settings of a record, as JSON, without what a table of one's own says in it."""
    kept = {name: value for name, value in json.loads(settings).items() if name not in _TOLD}
    return as_json(kept)


def expected_s(experiment: Experiment, table: CurveTable, n_runs: int) -> float:
    """Estimate the seconds of one process for `n_runs` runs, from one discarded run of every searcher."""
    begin = time.perf_counter()
    benchmark = open_benchmark(table, experiment.datasets[0])
    for searcher in experiment.searchers:
        run_one(experiment, table, benchmark, Job(experiment.datasets[0], searcher, experiment.first_seed))
    return (time.perf_counter() - begin) * n_runs / len(experiment.searchers)


def _ended(header: RunHeader, finished: Finished) -> RunHeader:
    """Return the header of a failed run whose entries cannot be written."""
    nothing = totals((), clock_s=0.0, n_workers=header.n_workers, accounting="resume")
    return replace(header, status=finished.status, why=finished.why, clock_s=0.0, recommended=(), **asdict(nothing))


def _totals(finished: Finished, setting: Setting) -> Totals:
    return totals(
        finished.entries, clock_s=finished.clock_s, n_workers=setting.n_workers, accounting=setting.accounting
    )


def open_benchmark(table: CurveTable, name: str) -> TableBenchmark:
    """Return the benchmark of the data set that users call `name`."""
    chosen = dataset_of(table, name)
    return TableBenchmark(table, chosen, space_of(table, chosen))
