"""One search of the gate: a course that follows the script, or a search of the engine's own choice."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import cast

from harness.experiment.held_out import visible_trials
from harness.predictors.gate.inrun.engines import Engine
from harness.predictors.gate.inrun.script import Panel, Script
from pmfnas.benchmarks.table import CurveTable
from pmfnas.benchmarks.tabular import TableBenchmark
from pmfnas.core.errors import ContractError
from pmfnas.core.ports import Searcher
from pmfnas.core.rng import stream
from pmfnas.core.types import Decision, Ok, Outcome, Stop, Ticket, Train
from pmfnas.engine.ladder import make_ladder
from pmfnas.engine.searcher import PmfNas
from pmfnas.engine.settings import Settings
from pmfnas.engine.stages.explore import Explore
from pmfnas.loop.executor import SimulatedExecutor, paired_trials
from pmfnas.loop.ledger import Entry
from pmfnas.loop.runner import Setting, search

COURSE_S = 1e9
"""Budget of a course: more than it needs."""
_SETTINGS = Settings()


class Scripted:
    """A searcher on a course: it trains what the script says, until the script ends."""

    def __init__(self, inner: Searcher, script: Script) -> None:
        self._inner, self._script = inner, script
        self.recommend = inner.recommend

    def ask(self, running: Sequence[Ticket], remaining_s: float) -> Decision:
        """Return the next training of the course."""
        decision = self._inner.ask(running, remaining_s)
        return Stop("the course is over") if self._script.is_done else decision

    def tell(self, ticket: Ticket, outcome: Outcome) -> None:
        """Tell the engine, then the script."""
        self._inner.tell(ticket, outcome)
        if isinstance(ticket.request, Train) and isinstance(outcome, Ok):
            level = self._script.ladder.level(ticket.request.fidelity)
            self._script.heard(ticket.request.arch, level, outcome.curve)


def run_course(
    engine: Engine, table: CurveTable, benchmark: TableBenchmark, seed: int
) -> tuple[Sequence[Entry], Sequence[Panel]]:
    """Return the entries of the ledger of a course, and what the engine said of fixed archs on its way."""
    ladder = make_ladder(benchmark.fidelities, _SETTINGS.low_share, _SETTINGS.probe_share)
    script = Script(ladder, stream(seed, "gate/course"))
    inner = _searcher(engine, benchmark, COURSE_S, seed, script)
    return _played(Scripted(inner, script), table, benchmark, COURSE_S, seed), script.panels


def run_search(
    engine: Engine, table: CurveTable, benchmark: TableBenchmark, seed: int, budget_s: float
) -> Sequence[Entry]:
    """Return the entries of the ledger of a search of the engine's own choice."""
    return _played(_searcher(engine, benchmark, budget_s, seed), table, benchmark, budget_s, seed)


def _searcher(
    engine: Engine, benchmark: TableBenchmark, budget_s: float, seed: int, script: Script | None = None
) -> Searcher:
    parts = engine.parts
    if script is not None:
        parts = replace(parts, explore=cast("Callable[..., Explore]", script.explore))
    rng = stream(seed, engine.stream)
    return engine.outside(PmfNas(benchmark.space, benchmark.fidelities, budget_s, 1, rng=rng, parts=parts))


def _played(
    searcher: Searcher, table: CurveTable, benchmark: TableBenchmark, budget_s: float, seed: int
) -> Sequence[Entry]:
    trials = paired_trials(benchmark, seed, visible_trials(table.header))
    executor = SimulatedExecutor(benchmark, trials, n_workers=1, accounting="resume")
    finished = search(searcher, executor, Setting(benchmark.space, benchmark.fidelities, budget_s))
    if finished.status != "ok":
        raise ContractError(f"PMF-NAS failed with seed {seed}: {finished.why}")
    return finished.entries
