"""What is shown while a search runs, and which checkpoints go.

On a terminal one line is kept up to date; in a notebook or a file a line comes every half minute.
"""

import shutil
import sys
import time
from collections.abc import Callable, Collection, Sequence
from threading import Event, Lock, Thread
from types import TracebackType
from typing import TextIO

from pmfnas.core.ports import Searcher
from pmfnas.core.types import Arch, Decision, Diverged, Drop, Failed, Fidelities, Ok, Outcome, Submit, Ticket, Train
from pmfnas.problem.durations import written
from pmfnas.progress import LINE_EVERY_S
from pmfnas.spaces.own.choices import Choices

_REFRESH_S = 1.0


class Display:
    """Shows how far a search is, while it is entered; `status` is asked for the line."""

    def __init__(self, status: Callable[[], str], *, shown: bool, stream: TextIO | None = None) -> None:
        self._status, self._stream = status, stream or sys.stderr
        self._shown = shown and self._stream is not None
        self._is_terminal = self._shown and self._stream.isatty()
        self._ended, self._lock = Event(), Lock()
        self._thread = Thread(target=self._keep_showing, daemon=True)

    def __enter__(self) -> "Display":
        """Begin to show."""
        if self._shown:
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Show the last state and no more."""
        self._ended.set()
        if self._shown:
            self._thread.join()
            self._put(f"{self._line()}\n")

    def say(self, text: str) -> None:
        """Show a line of its own."""
        if self._shown:
            self._put(f"{text}\n")

    def _keep_showing(self) -> None:
        while not self._ended.wait(_REFRESH_S if self._is_terminal else LINE_EVERY_S):
            self._put(self._line() if self._is_terminal else f"{self._line()}\n")

    def _line(self) -> str:
        line = self._status()
        return line[: shutil.get_terminal_size().columns - 1] if self._is_terminal else line

    def _put(self, text: str) -> None:
        with self._lock:
            clear = "\r\x1b[K" if self._is_terminal else ""
            self._stream.write(f"{clear}{text}")
            self._stream.flush()


class Watched:
    """A searcher that is watched. Implements `pmfnas.core.ports.Searcher`."""

    def __init__(
        self,
        searcher: Searcher,
        space: Choices,
        fidelities: Fidelities,
        budget_s: float,
        *,
        recorded: Collection[int],
        forget: Callable[[Arch], None],
        say: Callable[[str], None],
        worded: Callable[[float], str],
        track: Callable[[Ticket, Outcome], None],
    ) -> None:
        """Wrap a searcher.

        Args:
            searcher: is watched.
            space: names the archs.
            fidelities: which of them is higher.
            budget_s: of the search.
            recorded: numbers of the tickets that are told again first; nothing is shown or removed meanwhile.
            forget: removes the checkpoints of an arch.
            say: shows a line.
            worded: writes a score as the user's metric.
            track: is told of what ended.
        """
        self._searcher, self._space, self._budget_s = searcher, space, budget_s
        self._order = [schedule.name for schedule in fidelities.schedules]
        self._recorded, self._forget, self._say, self._worded = set(recorded), forget, say, worded
        self._track = track
        self._known: dict[Arch, tuple[int, int, float]] = {}
        self._best: Arch | None = None
        self._stage, self._n_failed = "", 0
        self._archs: set[Arch] = set()
        self._remaining_s, self._asked_s = budget_s, time.monotonic()

    def ask(self, running: Sequence[Ticket], remaining_s: float) -> Decision:
        """Return the searcher's decision."""
        decision = self._searcher.ask(running, remaining_s)
        self._remaining_s, self._asked_s = remaining_s, time.monotonic()
        if isinstance(decision, Submit) and decision.reasons:
            self._stage = str(decision.reasons[0].get("stage", ""))
        if isinstance(decision, Drop) and not self._recorded and decision.arch != self._best:
            self._forget(decision.arch)
        return decision

    def tell(self, ticket: Ticket, outcome: Outcome) -> None:
        """Tell the searcher, and take note."""
        self._searcher.tell(ticket, outcome)
        if not self._recorded:
            self._track(ticket, outcome)
        request = ticket.request
        if isinstance(request, Train) and isinstance(outcome, Ok):
            self._archs.add(request.arch)
            if outcome.curve.valid_epochs:
                reached = (self._order.index(request.schedule), request.stop, outcome.curve.last_valid_acc)
                self._known[request.arch] = max(reached, self._known.get(request.arch, reached))
        elif isinstance(outcome, Failed | Diverged) and outcome.cost.total_s > 0:
            self._n_failed += 1
            if not self._recorded:
                why = outcome.reason if isinstance(outcome, Failed) else f"diverged in epoch {outcome.curve.stop}"
                self._say(f"failed: {self._space.named(request.arch)}: {why}")
        self._recorded.discard(ticket.number)

    def recommend(self) -> Sequence[Arch]:
        """Return what the searcher recommends."""
        recommended = self._searcher.recommend()
        self._best = recommended[0] if recommended else None
        return recommended

    def status(self) -> str:
        """Return where the search stands, on one line."""
        passed_s = min(self._budget_s, self._budget_s - self._remaining_s + time.monotonic() - self._asked_s)
        parts = [f"{written(passed_s)} of {written(self._budget_s)}", self._stage, f"{len(self._archs)} archs"]
        if self._n_failed:
            parts.append(f"{self._n_failed} failed")
        known = self._known.get(self._best) if self._best is not None else None
        if known is not None and self._best is not None:
            schedule, stop, score = known
            parts.append(
                f"best {self._worded(score)} at {self._order[schedule]}@{stop}: {self._space.named(self._best)}"
            )
        return "  ".join(part for part in parts if part)
