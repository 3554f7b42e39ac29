"""The part that the scripts of all packages share: it translates a package's evaluations into the process protocol.

    harness --ask-->  PackageSearcher --propose()-->                package
    harness --tell--> PackageSearcher --report(evaluation, acc)-->  package

A package proposes evaluations: "train this arch for so many epochs". Here they become segments. Training continues
from the arch's last checkpoint if there is one. A repeated evaluation is requested again from epoch 0; the harness
answers it from its record for free. All packages recommend by the plain rule, more epochs before better validation, so
that all are judged alike.

Fidelities are those of one schedule, 12 on the topology space, at the epochs in `OFFERED`. A package whose levels lie
between them gets the next one below. The longer schedule is a training run of its own, and no package can request a
fresh start. So no package is offered it: for all of them, resources are epochs of one run.

`--ordered 0,3` says which positions hold numbers in rising order: a package is then told a whole number, the rank.
`--prior 2,0,1,4` gives the arch that a practitioner would try first, as indices, to a method that wants a prior.
"""

import argparse
import math
from bisect import insort
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

if TYPE_CHECKING:
    from baselines.peers.protocol_client import Hello, Message, Outcome, Ticket, serve, stop, submit, train, wait
else:  # run as a script, in an environment that does not hold our packages
    from protocol_client import Hello, Message, Outcome, Ticket, serve, stop, submit, train, wait

OFFERED = (1, 2, 3, 6, 9, 12)
"""Epochs of the search schedule at which a package may ask for a value."""
MAX_REPEATS = 500
"""Largest number of repeated evaluations in a row. After more, the run stops: the package asks for no new value."""
N_RECOMMENDED = 10


@dataclass(frozen=True, slots=True)
class Task:
    """The setting of the run, as a package sees it."""

    choices: tuple[tuple[str, ...], ...]
    """Names of the choices in each position of an arch."""
    epochs: tuple[int, ...]
    """Epochs of the fidelities, rising."""
    seed: int
    ordered: frozenset[int] = frozenset()
    """Positions whose choices have an order; a package's configuration has their index."""
    prior: tuple[int, ...] = ()
    """The arch to guess first; empty where none was given."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the positions, in order."""
        return tuple(f"p{place}" for place in range(len(self.choices)))

    def indices(self, config: Mapping[str, Any]) -> tuple[int, ...]:
        """Return the arch of a package's configuration, which maps each of `names` to a choice."""
        told = zip(self.names, self.choices, strict=True)
        return tuple(
            int(config[name]) if place in self.ordered else choices.index(str(config[name]))
            for place, (name, choices) in enumerate(told)
        )

    def rungs(self, eta: int) -> tuple[int, ...]:
        """Return the rungs: the lowest fidelity times powers of `eta` while below the highest, then the highest."""
        steps = [self.epochs[0]]
        while steps[-1] * eta < self.epochs[-1]:
            steps.append(steps[-1] * eta)
        return (*steps, self.epochs[-1])

    def snapped(self, budget: float) -> int:
        """Return the largest fidelity up to `budget`; the lowest fidelity if none is as small."""
        below = [epochs for epochs in self.epochs if epochs <= budget + 1e-6]
        return below[-1] if below else self.epochs[0]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A package's request for the validation accuracy of an arch after some epochs."""

    handle: Any
    """The package's own object for this evaluation."""
    arch: tuple[int, ...]
    epochs: int


class Package(Protocol):
    """A package's optimiser, driven through ask and tell. Losses are `100 - acc`, percent."""

    def propose(self) -> Evaluation | None:
        """Return the next evaluation; None to wait for a running one."""
        ...

    def report(self, evaluation: Evaluation, acc: float | None) -> None:
        """Record a validation accuracy in percent; None if training failed or diverged."""
        ...


Maker: TypeAlias = Callable[[Task], Package]


def task_of(hello: Hello, ordered: frozenset[int] = frozenset(), prior: tuple[int, ...] = ()) -> Task:
    """Return the task in a `hello`. The search schedule is the last but one, or the only one."""
    schedule = hello.schedules[-min(2, len(hello.schedules))]
    epochs = {e for e in (*OFFERED, schedule.epochs) if e in schedule.validation_epochs}
    return Task(hello.space.choices, tuple(sorted(epochs)), hello.seed, ordered, prior)


class PackageSearcher:
    """Presents a package as a searcher of the process protocol, with `ask`, `tell` and `recommend`."""

    def __init__(
        self, hello: Hello, make: Maker, *, ordered: frozenset[int] = frozenset(), prior: tuple[int, ...] = ()
    ) -> None:
        self._space = hello.space
        self._schedule = hello.schedules[-min(2, len(hello.schedules))].name
        self._package = make(task_of(hello, ordered, prior))
        self._ends: dict[str, list[int]] = {}  # epochs at which an arch has a checkpoint and a value, rising
        self._open: dict[int, Evaluation] = {}  # running evaluations by number of the ticket
        self._n_asked = 0
        self._n_repeats = 0
        self._reached: dict[str, tuple[int, float]] = {}
        self._ranking: list[tuple[int, float, int, str]] = []  # -epochs, -acc, order of arrival, arch

    def ask(self, running: Sequence[Ticket], remaining_s: float) -> Message:
        """Return the segment for the package's next evaluation."""
        del remaining_s
        evaluation = self._package.propose()
        if evaluation is None:
            return wait() if running else stop("the package proposes nothing")
        arch = self._space.format(evaluation.arch)
        ends = self._ends.get(arch, [])
        self._n_repeats = self._n_repeats + 1 if evaluation.epochs in ends else 0
        if self._n_repeats > MAX_REPEATS:
            return stop(f"the package asked for {MAX_REPEATS} known values in a row")
        self._open[self._n_asked] = evaluation
        self._n_asked += 1
        start = 0 if evaluation.epochs in ends else max((e for e in ends if e < evaluation.epochs), default=0)
        return submit(train(arch, self._schedule, start, evaluation.epochs))

    def tell(self, ticket: Ticket, outcome: Outcome) -> None:
        """Report the value to the package."""
        evaluation = self._open.pop(ticket.number)
        acc = outcome.last_valid_acc if outcome.status == "ok" else math.nan
        if math.isnan(acc):
            self._package.report(evaluation, None)
            return
        ends = self._ends.setdefault(ticket.arch, [])
        if ticket.stop not in ends:
            insort(ends, ticket.stop)
        self._rank(ticket.arch, (ticket.stop, acc))
        self._package.report(evaluation, acc)

    def _rank(self, arch: str, reached: tuple[int, float]) -> None:
        before = self._reached.get(arch)
        if before is not None and before >= reached:
            return
        self._reached[arch] = reached
        self._ranking = [entry for entry in self._ranking if entry[-1] != arch][: N_RECOMMENDED - 1]
        insort(self._ranking, (-reached[0], -reached[1], len(self._reached), arch))

    def recommend(self) -> list[str]:
        """Return archs by epochs, then validation accuracy, best first."""
        return [entry[-1] for entry in self._ranking]


def run(distribution: str, methods: Mapping[str, tuple[Maker, Mapping[str, Any]]]) -> None:
    """Serve one search: the script's `main`.

    Args:
        distribution: the package, as pip calls it; its version goes into the record.
        methods: maps each name of `--method` to the maker of the optimiser and its settings for the record.
    """
    parser = argparse.ArgumentParser(description=f"{distribution} as a searcher that speaks the process protocol")
    parser.add_argument("--method", choices=sorted(methods), default=sorted(methods)[0])
    parser.add_argument("--ordered", type=_numbers, default=(), metavar="I,J", help="positions whose choices rise")
    parser.add_argument("--prior", type=_numbers, default=(), metavar="I,J", help="the arch to guess first, as indices")
    options = parser.parse_args()
    method, ordered, prior = options.method, frozenset(options.ordered), options.prior
    make, settings = methods[method]
    serve(
        lambda hello: PackageSearcher(hello, make, ordered=ordered, prior=prior),
        name=f"{distribution} {method}",
        version=metadata.version(distribution),
        settings=settings,
    )


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(word) for word in text.split(",") if word)
