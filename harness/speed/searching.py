"""PMF-NAS next to the packages of the field that fit models: seconds of a simulated night of 8.5 hours."""

import resource
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from statistics import median

from harness.experiment.batch import open_benchmark, run_one
from harness.experiment.jobs import Job
from harness.experiment.specs import ALL_DATASETS, TABLE2
from harness.players.environments import existing
from harness.players.ours import REFERENCE
from harness.players.packages import ENVIRONMENTS, PACKAGES, command
from harness.speed.figure import Figure
from harness.speed.parts import Plan, checked, in_process
from pmfnas.benchmarks.table import CurveTable

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
LIMIT_S = 150
"""Limit of CPU seconds of a package in one run."""
_SEEDS = 3


def measure(plan: Plan) -> list[Figure]:
    """Return the seconds of PMF-NAS per run: the median over three data sets, and each next to a package."""
    ours = checked(in_process("searching.own", plan))
    note = f"median of three data sets, each the median of {_SEEDS} seeds"
    figures = [Figure("pmf_nas", "a run of 8.5 h", median(ours.values()), "s of CPU", 0.2, note=note)]
    return [*figures, *(_beside(plan, name, ours[DATASET], least) for name, least in PEERS.items())]


def own(plan: Plan) -> dict[str, float]:
    """Return the seconds of a run of PMF-NAS by data set."""
    return {name: _run_s(plan, REFERENCE, name) for name in ALL_DATASETS}


def _run_s(plan: Plan, searcher: str, dataset: str) -> float:
    table = CurveTable.open(Path(plan.table))
    benchmark = open_benchmark(table, dataset)
    experiment = replace(TABLE2, budget_s=plan.pick(TABLE2.budget_s, 3600.0))
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
    return Figure("pmf_nas", what, ours_s, "s of CPU", None, False, name, found["seconds"], least, note)


def package(plan: Plan, name: str, limit_s: str) -> dict[str, float]:
    """Return the seconds of a package in one run, and its evaluations.

    The seconds are those of the clock inside the process of the package, or its CPU seconds with its start if these
    are fewer, because other work of the machine was in the way.
    """
    table = CurveTable.open(Path(plan.table))
    python = existing(ENVIRONMENTS[PACKAGES[name].environment])
    assert python is not None, "This is a bug: a package without an environment is not asked for."
    players = {name: command(PACKAGES[name], python)}
    experiment = replace(TABLE2, players=players, budget_s=plan.pick(TABLE2.budget_s, 3600.0))
    resource.setrlimit(resource.RLIMIT_CPU, (int(limit_s), int(limit_s)))  # also of the processes started here
    header, finished = run_one(experiment, table, open_benchmark(table, DATASET), Job(DATASET, name, 0))
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = used.ru_utime + used.ru_stime
    stopped = cpu_s >= int(limit_s) - 1
    if finished.status != "ok" and not stopped:
        raise RuntimeError(finished.why)
    seconds = cpu_s if stopped else min(cpu_s, finished.searcher_s)
    return {"seconds": seconds, "evaluations": header.evaluations, "stopped": stopped}
