"""The loop: seconds per event, and whole experiments on two cores.

An event is the end of a ticket. The trivial searcher trains the next arch of a list for one epoch, so that nearly all
of its time is that of the loop, the simulated executor and the table.
"""

import io
import math
import resource
import time
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import replace
from pathlib import Path

import numpy as np
from joblib.externals.loky import get_reusable_executor

from harness.compare import outputs
from harness.experiment.batch import open_benchmark, run_experiment, run_one
from harness.experiment.jobs import Job, played
from harness.experiment.specs import TABLE2, Experiment
from harness.players.environments import existing
from harness.players.packages import ENVIRONMENTS, OWN, PACKAGES
from harness.speed.figure import Figure, line
from harness.speed.parts import Plan, in_process
from harness.speed.searching import LIMIT_S
from pmfnas.benchmarks.table import CurveTable
from pmfnas.benchmarks.tabular import TableBenchmark
from pmfnas.core.ports import Space
from pmfnas.core.types import Arch, Decision, Fidelities, Ok, Outcome, Submit, Ticket, Train

DATASET = "cifar10"
PEER = "syne-tune-0.16-asha"
WITH_MODEL = ("bohb", "bohb_200", "pmf_nas", "pmf_nas_no_belief", "tpe")
"""Searchers that fit a model to what they observed; all others are model-free."""
N_JOBS = 2
_REPEATS = 5
_FILLED = 0.6
"""Share of the time left that the second, larger experiment may take."""


class Trivial:
    """Trains the next arch of the space for one epoch. Implements `pmfnas.core.ports.Searcher`."""

    def __init__(
        self, space: Space, fidelities: Fidelities, budget_s: float, n_workers: int, *, rng: np.random.Generator
    ) -> None:
        del budget_s, n_workers, rng
        self._schedule = fidelities.schedules[0].name
        self._next = iter(np.ndindex(space.cardinalities))
        self._best: tuple[Arch, ...] = ()
        self._acc_pct = -1.0

    def ask(self, running: Sequence[Ticket], remaining_s: float) -> Decision:
        """Return the training of the next arch."""
        del running, remaining_s
        return Submit((Train(next(self._next), self._schedule, 0, 1),))

    def tell(self, ticket: Ticket, outcome: Outcome) -> None:
        """Keep the best arch."""
        if isinstance(outcome, Ok) and outcome.curve.last_valid_acc > self._acc_pct:
            self._acc_pct, self._best = outcome.curve.last_valid_acc, (ticket.request.arch,)

    def recommend(self) -> Sequence[Arch]:
        """Return the best arch."""
        return self._best


def measure(plan: Plan) -> list[Figure]:
    """Return the microseconds per event of a few searchers, and of a peer."""
    table = CurveTable.open(Path(plan.table))
    benchmark = open_benchmark(table, DATASET)
    players = {**TABLE2.players, "trivial": Trivial}
    experiment = replace(TABLE2, players=players, budget_s=plan.pick(TABLE2.budget_s, 3600.0))
    figures = [
        Figure("loop", f"an event of `{name}`", per_event_us(experiment, table, benchmark, name), "us of CPU", goal)
        for name, goal in (("trivial", 25.0), ("random_search", None), ("hyperband", None), ("bohb", None))
    ]
    return [*figures, _asha(plan, experiment, table, benchmark)]


def per_event_us(experiment: Experiment, table: CurveTable, benchmark: TableBenchmark, searcher: str) -> float:
    """Return the microseconds of CPU per event of a whole run, the least of several."""
    times = []
    for seed in range(_REPEATS):
        begin = time.process_time()
        header, _ = run_one(experiment, table, benchmark, Job(DATASET, searcher, seed))
        times.append((time.process_time() - begin) / max(1, header.evaluations))
    return min(times) * 1e6


def _asha(plan: Plan, experiment: Experiment, table: CurveTable, benchmark: TableBenchmark) -> Figure:
    """Return an event of ASHA, next to the package's on the same rungs, if its environment exists."""
    ours = replace(experiment, players=OWN)
    value = per_event_us(ours, table, benchmark, PACKAGES[PEER].counterpart)
    what, unit = "an event of ASHA", "us of CPU"
    if existing(ENVIRONMENTS[PACKAGES[PEER].environment]) is None:
        return Figure("loop", what, value, unit, peer=PEER, note="no environment of the peer: see `peers`")
    found = in_process("searching.package", plan, PEER, str(LIMIT_S))
    if isinstance(found, str):
        return Figure("loop", what, value, unit, peer=PEER, note=found)
    note = "the package: its process alone, without its start and without our loop"
    peer_us = found["seconds"] / max(1, found["evaluations"]) * 1e6
    return Figure("loop", what, value, unit, peer=PEER, peer_value=peer_us, note=note)


def model_free(plan: Plan) -> list[Figure]:
    """Return the seconds of 500 seeds of all model-free searchers on three data sets."""
    searchers = tuple(name for name in TABLE2.searchers if name not in WITH_MODEL)
    spec = replace(TABLE2, searchers=searchers, budget_s=plan.pick(TABLE2.budget_s, 3600.0))
    seconds, note = _scaled(plan, spec, plan.pick(12, 2), 500)
    what = f"{len(searchers)} model-free searchers x 3 data sets x 500 seeds"
    return [Figure("loop", what, seconds, "s of two cores", 120.0, note=note)]


def table2(plan: Plan) -> list[Figure]:
    """Return the minutes of `table2` with 100 seeds, tables and figures included."""
    spec = replace(TABLE2, budget_s=plan.pick(TABLE2.budget_s, 3600.0))
    seconds, note = _scaled(plan, spec, plan.pick(6, 2), 100, outputs_too=True)
    return [Figure("loop", "`table2`, 100 seeds", seconds / 60, "min of two cores", 4.0, note=note)]


def _scaled(
    plan: Plan, experiment: Experiment, most: int, n_seeds: int, *, outputs_too: bool = False
) -> tuple[float, str]:
    """Return the seconds of an experiment on two cores, scaled up from few seeds, and how it was found.

    One seed is measured, then as many as the time allows, at most `most`: the line through both gives the seconds of a
    seed without those of the start. If the time allows one seed only, the start counts for every seed.
    """
    few, timed = [1], [_timed(plan, replace(experiment, n_seeds=1), outputs_too=outputs_too)]
    more = min(most, int(_FILLED * plan.left_s / timed[0][1])) if math.isfinite(plan.left_s) else most
    constant_s, seed_s = 0.0, timed[0][0] / N_JOBS
    if more > 1:
        few.append(more)
        timed.append(_timed(plan, replace(experiment, n_seeds=more), outputs_too=outputs_too))
        constant_s, seed_s = line(few, [cpu_s / N_JOBS for cpu_s, _ in timed])
    found = ", ".join(
        f"{n} seed{'s' if n > 1 else ''} {cpu_s:.0f} s of CPU, {wall_s:.0f} s of the clock"
        for n, (cpu_s, wall_s) in zip(few, timed, strict=True)
    )
    return constant_s + n_seeds * seed_s, f"CPU seconds of all processes by two, scaled up from {found}"


def _timed(plan: Plan, experiment: Experiment, *, outputs_too: bool) -> tuple[float, float]:
    """Return the CPU seconds of all processes of an experiment in a fresh folder, and those of the clock."""
    name = f"{experiment.name}-{experiment.n_seeds}-{outputs_too}"
    table, out = CurveTable.open(Path(plan.table)), Path(plan.work) / name
    begin, cpu_s = time.perf_counter(), _used_s()
    run_experiment(experiment, table, out, n_jobs=N_JOBS)
    if outputs_too:
        with redirect_stdout(io.StringIO()):
            outputs.write(played(experiment), table, out)
    wall_s = time.perf_counter() - begin
    get_reusable_executor().shutdown(wait=True)  # the seconds of a process count once it has ended
    return _used_s() - cpu_s, wall_s


def _used_s() -> float:
    """Return the CPU seconds of this process and of those that it started and that have ended."""
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(used.ru_utime + used.ru_stime for used in both)
