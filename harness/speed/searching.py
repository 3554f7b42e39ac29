"""PMF-NAS next to the packages of the field that fit models: seconds of a simulated night of 8.5 hours."""

import math
import resource
import signal
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from statistics import median
from types import FrameType

from harness.experiment.batch import open_benchmark, run_one
from harness.experiment.jobs import Job
from harness.experiment.specs import ALL_DATASETS, TABLE2
from harness.players.environments import existing
from harness.players.ours import REFERENCE
from harness.players.packages import ENVIRONMENTS, PACKAGES, command
from harness.speed.figure import Figure
from harness.speed.parts import Plan, checked, in_process
from pmfnas.benchmarks.table import CurveTable
from pmfnas.core.errors import ContractError

PEERS: Mapping[str, float | None] = {
    "syne-tune-0.13-mobster": 50.0,
    "syne-tune-0.13-hyper_tune": 50.0,
    "syne-tune-0.13-dyhpo": 50.0,
    "syne-tune-0.16-cqr": 50.0,
    "smac-2.4": 50.0,
    "syne-tune-0.16-asha": None,
    "neps-0.17-priorband": None,
}
"""Package -> least ratio; None for those that fit no model."""
DATASET = "cifar100"
LIMIT_S = 60
"""Limit of CPU seconds of a package in one run: more than 50 runs of PMF-NAS take."""
_FILLED = 0.8
"""Share of the time left after which a package is stopped."""
_SEEDS = 3
_OVER = "the time for the package was over"


def measure(plan: Plan) -> list[Figure]:
    """Return the seconds of PMF-NAS per run: the median over three data sets, and each next to a package."""
    ours = checked(in_process("searching.own", plan))
    note = f"median of three data sets, each the median of {_SEEDS} seeds"
    what = f"a run of {_budget_s(plan) / 3600.0:g} h"
    figures = [Figure("pmf_nas", what, median(ours.values()), "s of CPU", 0.2, note=note)]
    for i, (name, least) in enumerate(PEERS.items()):
        share = replace(plan, until=time.monotonic() + plan.left_s / (len(PEERS) - i))
        figures.append(_beside(share, name, ours[DATASET], least))
    return figures


def own(plan: Plan) -> dict[str, float]:
    """Return the seconds of a run of PMF-NAS by data set."""
    return {name: _run_s(plan, REFERENCE, name) for name in ALL_DATASETS}


def _budget_s(plan: Plan) -> float:
    return float(plan.pick(TABLE2.budget_s, 3600.0))


def _run_s(plan: Plan, searcher: str, dataset: str) -> float:
    table = CurveTable.open(Path(plan.table))
    benchmark = open_benchmark(table, dataset)
    experiment = replace(TABLE2, budget_s=_budget_s(plan))
    times = []
    for seed in range(_SEEDS):
        begin = time.process_time()
        run_one(experiment, table, benchmark, Job(dataset, searcher, seed))
        times.append(time.process_time() - begin)
    return median(times)


def _beside(plan: Plan, name: str, ours_s: float, least: float | None) -> Figure:
    """Return PMF-NAS next to one package, on the same table, budget and data set."""
    what = f"a run on {DATASET}"
    if existing(ENVIRONMENTS[PACKAGES[name].environment]) is None:
        return Figure("pmf_nas", what, ours_s, "s of CPU", peer=name, note="no environment of the peer: see `peers`")
    found = in_process("searching.package", plan, name, str(plan.pick(LIMIT_S, 10)))
    if isinstance(found, str):
        return Figure("pmf_nas", what, ours_s, "s of CPU", peer=name, note=found)
    note = f"{found['evaluations']} evaluations of the package"
    if found["stopped"]:
        note = f"the package was stopped after {found['seconds']:.0f} s of CPU: the ratio is a lower bound"
        if least is not None and found["seconds"] < least * ours_s:  # too early to tell
            note = f"the package was stopped after {found['seconds']:.0f} s of CPU, {found['evaluations']} evaluations"
            return Figure("pmf_nas", what, ours_s, "s of CPU", peer=name, note=note)
    return Figure("pmf_nas", what, ours_s, "s of CPU", None, False, name, found["seconds"], least, note)


def package(plan: Plan, name: str, limit_s: str) -> dict[str, float]:
    """Return the CPU seconds of a package in one run, without its start, and its evaluations.

    The start is that of a run whose budget is spent at once. A package is stopped once the time is over.
    """
    table = CurveTable.open(Path(plan.table))
    python = existing(ENVIRONMENTS[PACKAGES[name].environment])
    assert python is not None, "This is a bug: a package without an environment is not asked for."
    whole = replace(
        TABLE2, players={name: command(PACKAGES[name], python)}, budget_s=plan.pick(TABLE2.budget_s, 3600.0)
    )
    soft_s = int(limit_s)  # then SIGXCPU ends a process, also one started here
    resource.setrlimit(resource.RLIMIT_CPU, (soft_s, 2 * soft_s))
    if math.isfinite(plan.left_s):
        signal.signal(signal.SIGALRM, _stop)
        signal.setitimer(signal.ITIMER_REAL, max(1.0, _FILLED * plan.left_s))
    benchmark, job = open_benchmark(table, DATASET), Job(DATASET, name, 0)
    run_one(replace(whole, budget_s=1.0), table, benchmark, job)
    start_s = _children_s()
    header, finished = run_one(whole, table, benchmark, job)
    both_s = _children_s()
    stopped = any(text in finished.why for text in (_OVER, f"signal {signal.SIGXCPU.value}"))
    if finished.status != "ok" and not stopped:
        raise RuntimeError(finished.why)
    return {"seconds": both_s - 2 * start_s, "evaluations": header.evaluations, "stopped": stopped}


def _stop(number: int, frame: FrameType | None) -> None:
    """End the run in progress as failed."""
    del number, frame
    raise ContractError(_OVER)


def _children_s() -> float:
    """Return the CPU seconds of the processes that were started and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
