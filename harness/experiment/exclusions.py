"""Archs that a comparison leaves out: no searcher can train them, and no regret is measured against them.

A request for one ends at once as `Failed(REASON)` and costs nothing. Space, fidelities and what is free to know of an
arch stay as they are, so searchers need no change: a rule that takes the largest archs first is refused these and
goes on with the next. The oracle's best values, hits and regrets are over the archs that are left.

A rule judges an arch by its own operations. An arch isomorphic to one that is left out stays, unless the rule names
it as well: it is another entry of the benchmark, with trainings of its own.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from pmfnas.core.errors import InputError, UnavailableError
from pmfnas.core.ports import Benchmark
from pmfnas.core.types import Arch, Cost, Curve, Train
from pmfnas.spaces.cell_features import CONV_3X3

REASON = "this arch is not part of the comparison"
"""Reason with which a request for an excluded arch fails."""

BIG_CELLS = "big-cells"
"""Of NAS-Bench-201: the 25 cells with five or six 3x3 convolutions."""

_MANY_CONV_3X3 = 5


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A rule that leaves archs of one space out."""

    space: str
    """Name of the space that the rule is about."""
    described: str
    """Which archs are excluded, in words, for the manifest."""
    leaves_out: Callable[[Arch], bool]
    """Whether an arch is left out."""


def _is_big_cell(arch: Arch) -> bool:
    return sum(op == CONV_3X3 for op in arch) >= _MANY_CONV_3X3


EXCLUSIONS: Mapping[str, Exclusion] = MappingProxyType(
    {
        BIG_CELLS: Exclusion(
            space="nb201",
            described="the 25 archs with five or six nor_conv_3x3; 61 archs with fewer that are isomorphic to one of "
            "them take part",
            leaves_out=_is_big_cell,
        )
    }
)


def exclusion(name: str | None) -> Exclusion | None:
    """Return the rule called `name`, None for none; raise `InputError` that lists the known ones."""
    if name is None:
        return None
    if name not in EXCLUSIONS:
        raise InputError(f"excluded is {name!r}, but must be None or one of: {', '.join(EXCLUSIONS)}")
    return EXCLUSIONS[name]


def remaining(benchmark: Benchmark, name: str | None) -> Benchmark:
    """Return `benchmark` without the archs that the rule called `name` leaves out; itself where there is no rule."""
    rule = exclusion(name)
    return benchmark if rule is None else Remaining(benchmark, rule)


class Remaining:
    """A benchmark that refuses the archs of a rule. Implements `pmfnas.core.ports.Benchmark`."""

    def __init__(self, benchmark: Benchmark, rule: Exclusion) -> None:
        if benchmark.space.name != rule.space:
            raise InputError(f"space is {benchmark.space.name}, but what is to be left out are archs of {rule.space}")
        self._benchmark, self._rule = benchmark, rule
        self.space, self.fidelities = benchmark.space, benchmark.fidelities

    def n_trials(self, arch: Arch, schedule: str) -> int:
        """Return the number of trials; raise `UnavailableError(REASON)` for an arch that is left out."""
        self._check(arch)
        return self._benchmark.n_trials(arch, schedule)

    def train(self, request: Train, trial: int) -> tuple[Curve, Cost]:
        """Return the segment; raise `UnavailableError(REASON)` for an arch that is left out."""
        self._check(request.arch)
        return self._benchmark.train(request, trial)

    def measure(self, arch: Arch, metric: str) -> tuple[float, Cost]:
        """Return the measurement; raise `UnavailableError(REASON)` for an arch that is left out."""
        self._check(arch)
        return self._benchmark.measure(arch, metric)

    def _check(self, arch: Arch) -> None:
        if self._rule.leaves_out(arch):
            raise UnavailableError(REASON)
