"""Wraps the searcher of a search: prints the live lines, writes the log, and removes checkpoints no longer needed."""

import sys
import textwrap
import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from math import isfinite
from pathlib import Path
from types import MappingProxyType

from harness.host.units import written_time
from harness.show.render import TERMINAL_WIDTH
from pmfnas.core.ports import Searcher, Space
from pmfnas.core.types import Arch, Decision, Diverged, Drop, Failed, Ok, Outcome, Submit, Ticket, Train
from pmfnas.training.benchmark import TrainingBenchmark

_TITLES: Mapping[str, int] = MappingProxyType(
    {
        "left": 10,
        "stage": 8,
        "arch": 0,  # as wide as the space wants
        "at": 8,
        "valid %": 7,
        "train %": 7,
        "best %": 6,
        "running": 7,
        "images/s": 8,
    }
)
"""Columns of the log and their widths."""
_TEXTS = frozenset({"stage", "arch", "at"})
_ARCH_WIDTH = 20


class Log:
    """A table with one row per ticket that ended, and lines of text, on the terminal and in OUT/log.txt."""

    def __init__(self, path: Path, space: Space, n_train: int, budget_s: float) -> None:
        self._path, self._space = path, space
        self._n_train, self._budget_s = n_train, budget_s
        self._best = float("-inf")
        self._has_begun = False
        self._spoke_s = time.monotonic()

    def silent_s(self) -> float:
        """Return the seconds since the last line."""
        return time.monotonic() - self._spoke_s

    def still(self, now_s: float, n_running: int) -> None:
        """Print that the search goes on; called when no ticket has ended for long."""
        self._spoke_s = time.monotonic()
        spent = f"{written_time(now_s)} of {written_time(self._budget_s)}"
        print(f"{spent:>8}  still training {n_running}", file=sys.stderr, flush=True)

    def note(self, outcome: Outcome) -> bool:
        """Record a result without printing it, such as a replayed one; return whether it is the best so far."""
        if not isinstance(outcome, Ok) or not outcome.curve.valid_epochs:
            return False
        rose = outcome.curve.last_valid_acc > self._best
        self._best = max(self._best, outcome.curve.last_valid_acc)
        return rose

    def write(self, ticket: Ticket, outcome: Outcome, stage: str, n_running: int, remaining_s: float) -> None:
        """Write the row of a ticket that has just ended; below it the arch in full where it is the best so far."""
        rose, request = self.note(outcome), ticket.request
        if not self._has_begun:
            self._begin(request.arch)
        where = str(request.fidelity) if isinstance(request, Train) else request.metric
        values = (
            written_time(max(0.0, remaining_s - outcome.cost.total_s)),
            stage or "search",
            self._short(request.arch),
            where,
            *_told(ticket, outcome),
        )
        if isinstance(outcome, Ok):
            best = f"{self._best:.2f}" if isfinite(self._best) else "-"
            values += (best, str(n_running), self._speed(request, outcome))
        self.say("  ".join(self._column(title, value) for title, value in zip(_TITLES, values, strict=False)))
        if rose and self._short(request.arch) != self._space.format(request.arch):
            self.say(f"  = {self._space.format(request.arch)}")

    def say(self, line: str) -> None:
        """Write a line of text, as several where it is wider than a screen; a path or an arch is not broken."""
        self._spoke_s = time.monotonic()
        kept = line.rstrip()
        lines = textwrap.wrap(
            kept, TERMINAL_WIDTH, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False
        )
        print("\n".join(lines), file=sys.stderr, flush=True)
        with suppress(OSError), self._path.open("a", encoding="utf-8") as stream:  # a full disk: the terminal has it
            stream.write("\n".join(lines) + "\n")

    def _begin(self, arch: Arch) -> None:
        """Write the head of the table."""
        self._has_begun = True
        if self._short(arch) != self._space.format(arch):
            self.say(
                "archs are written as the numbers of their choices, place by place; the best so far also in full, "
                "after ="
            )
        self.say("  ".join(self._column(title, title) for title in _TITLES))

    def _column(self, title: str, value: str) -> str:
        """Return a cell of the table, as wide as its column."""
        width = _TITLES[title] or len(self._short((0,) * len(self._space.cardinalities)))
        return f"{value:<{width}}" if title in _TEXTS else f"{value:>{width}}"

    def _short(self, arch: Arch) -> str:
        """Return an arch in at most 20 characters where its space allows: as written, or by its numbers."""
        written = self._space.format(arch)
        if len(written) <= _ARCH_WIDTH:
            return written
        return ("" if max(self._space.cardinalities) <= 10 else "-").join(map(str, arch))

    def _speed(self, request: object, outcome: Outcome) -> str:
        """Return the images per second that the ticket's share of the device came to."""
        if not isinstance(request, Train) or request.stop == request.start or outcome.cost.train_s <= 0:
            return "-"
        return f"{(request.stop - request.start) * self._n_train / outcome.cost.train_s:,.0f}"


def _told(ticket: Ticket, outcome: Outcome) -> tuple[str, ...]:
    """Return validation and training accuracy; for other outcomes a sentence."""
    if isinstance(outcome, Ok):
        curve = outcome.curve
        return f"{curve.last_valid_acc:.2f}" if curve.valid_epochs else "-", f"{curve.train_acc[-1]:.2f}"
    if isinstance(outcome, Diverged):
        return (f"diverged in epoch {outcome.curve.stop}",)
    if not isinstance(outcome, Failed):
        return ("cancelled",)
    if has_no_such_trial(ticket, outcome):
        return ("asked for one more trial, there is none; free",)
    return (f"failed: {outcome.reason}",)


def has_no_such_trial(ticket: Ticket, outcome: Failed) -> bool:
    """Return whether a further trial was asked for that does not exist.

    A searcher is not told how many trials there are, so it asks until it gets no more. Nothing is trained or paid.
    """
    request = ticket.request
    return isinstance(request, Train) and request.replicate > 0 and outcome.cost.total_s <= 0


class Watched:
    """A searcher whose tickets are logged. Implements `pmfnas.core.ports.Searcher`.

    While recorded events are replayed, nothing is logged and no checkpoint is removed.
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
        """Remove the checkpoints of archs that are no longer needed, or that no ticket reported."""
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
