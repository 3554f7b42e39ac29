"""Watches a search from the searcher's side: the live line, the log, and which checkpoints are still needed."""

import sys
import time
from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path

from harness.units import written_time
from pmfnas.core.ports import Searcher, Space
from pmfnas.core.types import Arch, Decision, Diverged, Drop, Failed, Ok, Outcome, Submit, Ticket, Train
from pmfnas.training.benchmark import TrainingBenchmark


class Log:
    """One line per ticket that ended, on the terminal and in OUT/log.txt."""

    def __init__(self, path: Path, space: Space, n_train: int, budget_s: float) -> None:
        self._path, self._space = path, space
        self._n_train, self._budget_s = n_train, budget_s
        self._best = float("-inf")
        self._spoke_s = time.monotonic()

    def silent_s(self) -> float:
        """Return the seconds since the last line."""
        return time.monotonic() - self._spoke_s

    def still(self, now_s: float, n_running: int) -> None:
        """Say on the terminal that the search goes on, where no ticket has ended for long."""
        self._spoke_s = time.monotonic()
        spent = f"{written_time(now_s)} of {written_time(self._budget_s)}"
        print(f"{spent:>8}  still training {n_running}", file=sys.stderr, flush=True)

    def note(self, outcome: Outcome) -> None:
        """Take note of a result that is not news, such as a replayed one."""
        if isinstance(outcome, Ok) and outcome.curve.valid_epochs:
            self._best = max(self._best, outcome.curve.last_valid_acc)

    def write(self, ticket: Ticket, outcome: Outcome, stage: str, n_running: int, remaining_s: float) -> None:
        """Write the line of a ticket that has just ended."""
        self.note(outcome)
        request = ticket.request
        where = str(request.fidelity) if isinstance(request, Train) else request.metric
        left_s = max(0.0, remaining_s - outcome.cost.total_s)
        parts = (
            f"{written_time(self._budget_s - left_s):>8}",
            f"{stage or 'search':8}",
            f"{self._space.format(request.arch)} {where:8}",
            f"{_told(outcome):34}",
            f"best {self._best:5.2f} %",
            f"in flight {n_running}",
            f"left about {written_time(left_s)}",
            self._speed(request, outcome),
        )
        self.say("  ".join(parts))

    def say(self, line: str) -> None:
        """Write a line of text."""
        self._spoke_s = time.monotonic()
        print(line.rstrip(), file=sys.stderr, flush=True)
        with suppress(OSError), self._path.open("a", encoding="utf-8") as stream:  # a full disk: the terminal has it
            stream.write(line.rstrip() + "\n")

    def _speed(self, request: object, outcome: Outcome) -> str:
        """Return the images per second that the ticket's share of the device came to."""
        if not isinstance(request, Train) or request.stop == request.start or outcome.cost.train_s <= 0:
            return ""
        return f"{(request.stop - request.start) * self._n_train / outcome.cost.train_s:,.0f} images/s"


def _told(outcome: Outcome) -> str:
    if isinstance(outcome, Ok):
        valid = f"valid {outcome.curve.last_valid_acc:5.2f} %" if outcome.curve.valid_epochs else "not validated"
        return f"{valid}, train {outcome.curve.train_acc[-1]:5.2f} %"
    if isinstance(outcome, Diverged):
        return f"diverged in epoch {outcome.curve.stop}"
    return f"failed: {outcome.reason}" if isinstance(outcome, Failed) else "cancelled"


class Watched:
    """A searcher that is watched. Implements `pmfnas.core.ports.Searcher`.

    While recorded events are told again nothing is written and nothing removed.
    """

    def __init__(self, searcher: Searcher, benchmark: TrainingBenchmark, log: Log, recorded: Collection[int]) -> None:
        """Wrap a searcher.

        Args:
            searcher: is watched.
            benchmark: whose checkpoints are looked after.
            log: takes the lines.
            recorded: numbers of the tickets that will be told again first.
        """
        self._searcher, self._benchmark, self._log = searcher, benchmark, log
        self._stage, self._n_running, self._remaining_s = "", 0, 0.0
        self._needed: set[Arch] = set()
        self._dropped: set[Arch] = set()
        self._recorded = set(recorded)
        if not recorded:
            self._tidy()

    def _tidy(self) -> None:
        """Remove the checkpoints of archs that are not needed any more, or that nobody heard of."""
        kept = self._needed | set(self.recommend()[:1])
        self._benchmark.session.checkpoints.keep_only({self._benchmark.arch_number(arch) for arch in kept})

    def _sweep(self) -> None:
        """Remove the checkpoints of dropped archs but the recommended one: its weights are the search's result."""
        if self._recorded:
            return
        for arch in self._dropped - set(self.recommend()[:1]):
            self._benchmark.session.checkpoints.forget(self._benchmark.arch_number(arch))
            self._dropped.discard(arch)

    def ask(self, running: Sequence[Ticket], remaining_s: float) -> Decision:
        """Return the searcher's decision; checkpoints of an arch that it drops are removed."""
        decision = self._searcher.ask(running, remaining_s)
        self._n_running, self._remaining_s = len(running), remaining_s
        match decision:
            case Submit(requests, reasons):
                self._n_running += len(requests)
                self._stage = str(reasons[-1].get("stage", "")) if reasons else ""
            case Drop(arch):
                self._needed.discard(arch)
                self._dropped.add(arch)
                self._sweep()
        return decision

    def tell(self, ticket: Ticket, outcome: Outcome) -> None:
        """Hand on how a ticket ended, and write it down."""
        if isinstance(outcome, Ok):
            self._needed.add(ticket.request.arch)
            self._dropped.discard(ticket.request.arch)
        self._searcher.tell(ticket, outcome)
        self._sweep()
        self._n_running = max(0, self._n_running - 1)
        if not self._recorded:
            self._log.write(ticket, outcome, self._stage, self._n_running, self._remaining_s)
            return
        self._log.note(outcome)
        self._recorded.discard(ticket.number)
        if not self._recorded:
            self._tidy()

    def recommend(self) -> Sequence[Arch]:
        """Return what the searcher recommends."""
        return self._searcher.recommend()
