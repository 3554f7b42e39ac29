"""Small stand-ins whose every value can be worked out by hand."""

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from pmfnas.core.errors import UnavailableError
from pmfnas.core.ports import Searcher, Space
from pmfnas.core.types import (
    Arch,
    Cost,
    Curve,
    Decision,
    Fidelities,
    Ok,
    Outcome,
    Schedule,
    Stop,
    Submit,
    Ticket,
    Train,
)
from pmfnas.loop.executor import Accounting, SimulatedExecutor
from pmfnas.loop.runner import Finished, Setting, search
from pmfnas.spaces import space_for

EPOCH_S = 10.0
PASS_S = 1.0
FIDELITIES = Fidelities(
    (Schedule("12", 12, frozenset(range(1, 13))), Schedule("200", 200, frozenset({200}))),
)

A: Arch = (0, 0, 0, 0, 0, 1)
B: Arch = (0, 0, 0, 0, 0, 2)
C: Arch = (0, 0, 0, 0, 0, 3)


def cells() -> Space:
    return space_for("nb201", n_classes=10, image_size=32)


class ByHand:
    """Validation accuracy is 10 x (sum of the arch) + epoch / 100 + trial / 1000; an epoch costs 10 s, a pass 1 s."""

    def __init__(self, *, diverging: Arch | None = None) -> None:
        self.space = cells()
        self.fidelities = FIDELITIES
        self._diverging = diverging

    def n_trials(self, arch: Arch, schedule: str) -> int:
        return 1 if schedule == "12" else 2

    def train(self, request: Train, trial: int) -> tuple[Curve, Cost]:
        epochs = np.arange(request.start + 1, request.stop + 1, dtype=float)
        at = np.array(request.validations, dtype=float)
        loss = np.full(len(epochs), np.nan) if request.arch == self._diverging else 1 / epochs
        curve = Curve(
            start=request.start,
            train_loss=loss,
            train_acc=epochs / 10,
            valid_epochs=request.validations,
            valid_loss=1 / np.maximum(at, 1),
            valid_acc=self.valid_acc(request.arch, at, trial),
        )
        return curve, Cost(EPOCH_S * len(epochs), PASS_S * len(at))

    @staticmethod
    def valid_acc(arch: Arch, epochs: np.ndarray, trial: int) -> np.ndarray:
        return 10.0 * sum(arch) + epochs / 100 + trial / 1000

    def measure(self, arch: Arch, metric: str) -> tuple[float, Cost]:
        if metric != "latency_ms":
            raise UnavailableError(f"metric is {metric!r}, but only latency_ms is measured here")
        return float(sum(arch)), Cost(train_s=5.0)


class Scripted:
    """A searcher that says what it was told to say, notes what it hears, and recommends the best validation."""

    def __init__(self, decisions: Iterable[Decision | Callable[["Scripted"], Decision]]) -> None:
        self._decisions = iter(decisions)
        self.heard: list[tuple[Ticket, Outcome]] = []
        self.asked: list[tuple[tuple[Ticket, ...], float]] = []

    def ask(self, running: Sequence[Ticket], remaining_s: float) -> Decision:
        self.asked.append((tuple(running), remaining_s))
        decision = next(self._decisions, Stop("script ended"))
        return decision(self) if callable(decision) else decision

    def tell(self, ticket: Ticket, outcome: Outcome) -> None:
        self.heard.append((ticket, outcome))

    def recommend(self) -> Sequence[Arch]:
        best = [(o.curve.last_valid_acc, t.request.arch) for t, o in self.heard if isinstance(o, Ok)]
        return [max(best)[1]] if best else []


def submit(*requests: Train) -> Submit:
    return Submit(tuple(requests))


def play(
    searcher: Searcher,
    *,
    budget_s: float = 10_000.0,
    n_workers: int = 1,
    accounting: Accounting = "resume",
    benchmark: ByHand | None = None,
) -> Finished:
    """Run a searcher by hand's benchmark; replicate k is trial k."""
    benchmark = benchmark or ByHand()

    def trial_of(arch: Arch, schedule: str, replicate: int) -> int:
        if replicate >= benchmark.n_trials(arch, schedule):
            raise UnavailableError(f"replicate {replicate} does not exist")
        return replicate

    executor = SimulatedExecutor(benchmark, trial_of, n_workers=n_workers, accounting=accounting)
    return search(searcher, executor, Setting(benchmark.space, FIDELITIES, budget_s, n_workers, accounting))
