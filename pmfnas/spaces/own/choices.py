"""A space of your own: named choices, of which an arch takes one value each.

    space = Choices(depth=[2, 3, 4, 6], width=[32, 64, 128], activation=["relu", "gelu"], lr=LogGrid(1e-4, 1e-1, 7))
    space.named((0, 2, 1, 3)).width       128
    space.format((0, 2, 1, 3))            "depth=2,width=128,activation=gelu,lr=0.003162"

Inside, an arch is a tuple of indices as in every other space. Archs that differ only in choices that do not exist
(`when=`) are one arch: they have the same text, the same features and the same canonical form.
"""

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pmfnas.core.errors import InputError, shown, unknown_name
from pmfnas.core.types import Arch, FloatArray, arch_numbers
from pmfnas.spaces.archs import check_arch, one_change_neighbours, sample_arch
from pmfnas.spaces.own.choice import Choice, checked, exists
from pmfnas.spaces.own.named_arch import NamedArch
from pmfnas.spaces.own.options import as_option

MOST_ARCHS = 10**18
"""Most archs of a space: their numbers must fit into 64 bits."""
_MOST_WRITTEN = 10**300
CostHint = Callable[[NamedArch], float]
"""Returns how long an arch trains, in any unit: twice the figure is twice the time."""
Canonical = Callable[[NamedArch], Mapping[str, Any]]
"""Returns the choices to exchange to get the arch that stands for all that are equal to this one."""


class Choices:
    """A space of named choices. Implements `pmfnas.core.ports.Space`.

    Args:
        cost_hint: returns how long an arch trains, relative to others; it helps to plan the seconds.
        canonical: returns, for an arch, the choices to exchange to get the arch that stands for all that are equal
            to it, such as `lambda arch: {"first": min(arch.first, arch.second), "second": max(...)}`.
        choices: name and values of each choice; `pmfnas.spaces.own.options` says what they may be.

    Raises:
        InputError: a choice is empty, repeats a value or cannot be used; or the space has one arch, or too many.
    """

    def __init__(
        self, /, *, cost_hint: CostHint | None = None, canonical: Canonical | None = None, **choices: Any
    ) -> None:
        for name, function in (("cost_hint", cost_hint), ("canonical", canonical)):
            if function is not None and not callable(function):
                raise InputError(f"{name} is {shown(function)}, but must be a function of an arch")
        self._choices: tuple[Choice, ...] = ()
        for name, given in choices.items():
            self._choices = (*self._choices, checked(name, as_option(name, given), self._choices))
        self._cost_hint, self._canonical = cost_hint, canonical
        self._places = {choice.name: place for place, choice in enumerate(self._choices)}
        self.cardinalities = tuple(len(choice.values) for choice in self._choices)
        _check_size(self.cardinalities)
        for arch in ((0,) * len(self._choices), tuple(n - 1 for n in self.cardinalities)):
            self.canonical(arch)  # what the user's functions cannot do shows now, not in the middle of a search
            self.flops_m(arch)

    @property
    def name(self) -> str:
        """`choices`."""
        return "choices"

    @property
    def n_archs(self) -> int:
        """Number of archs; those that are equal count each."""
        return math.prod(self.cardinalities)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the choices, in order."""
        return tuple(self._places)

    @property
    def choices(self) -> tuple[Choice, ...]:
        """The choices, in order."""
        return self._choices

    @property
    def has_costs(self) -> bool:
        """Whether a `cost_hint` was given."""
        return self._cost_hint is not None

    @property
    def functions(self) -> tuple[CostHint | Canonical, ...]:
        """The functions that were given: `cost_hint` and `canonical`."""
        return tuple(function for function in (self._cost_hint, self._canonical) if function is not None)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Name of each column of `features`."""
        names = tuple(name for choice in self._choices for name in choice.names)
        return (*names, "log10_flops") if self.has_costs else names

    def __repr__(self) -> str:
        """Return names and values of the choices, and where they exist."""
        return f"Choices({'; '.join(map(self._described, self._choices))})"

    def sample(self, *, rng: np.random.Generator) -> Arch:
        """Return one arch: every choice drawn uniformly; those that do not exist have index 0."""
        return self.settled(sample_arch(self.cardinalities, rng=rng))

    def neighbours(self, arch: Arch) -> tuple[Arch, ...]:
        """Return the archs that differ in one choice, by choice, then by value; none is equal to `arch`."""
        self._check(arch)
        near = dict.fromkeys(map(self.settled, one_change_neighbours(arch, self.cardinalities)))
        near.pop(self.settled(arch), None)
        return tuple(near)

    def canonical(self, arch: Arch) -> str:
        """Return the text of the arch that stands for all that are equal to `arch`."""
        return self.format(self._representative(arch))

    def features(self, archs: Sequence[Arch]) -> FloatArray:
        """Return the encoding for models, shape (n_archs, len(feature_names))."""
        rows = np.asarray(archs, dtype=np.int64).reshape(-1, len(self._choices))
        if self._canonical is not None:
            rows = np.asarray([self._representative(tuple(row)) for row in rows.tolist()], dtype=np.int64)
            rows = rows.reshape(-1, len(self._choices))
        present = self.existing(rows)
        columns = [choice.columns(rows[:, i], present[:, i]) for i, choice in enumerate(self._choices)]
        if self.has_costs:
            columns.append(np.log10([[self.flops_m(tuple(row))] for row in rows.tolist()]).reshape(-1, 1))
        return np.hstack(columns)

    def params_m(self, arch: Arch) -> float:
        """Return what stands for the number of parameters: as `flops_m`."""
        return self.flops_m(arch)

    def flops_m(self, arch: Arch) -> float:
        """Return what `cost_hint` says, in its own unit; 1 without one."""
        if self._cost_hint is None:
            return 1.0
        named = self.named(arch)
        cost = _answer("cost_hint", self._cost_hint, named)
        if not isinstance(cost, int | float | np.number) or not 0 < cost < math.inf:
            raise InputError(f"cost_hint is {shown(cost)} for the arch {named}, but must be a positive number")
        return float(cost)

    def values(self, name: str) -> tuple[Hashable, ...]:
        """Return the values of the choice `name`, in order."""
        return self._choices[self._places[name]].values

    def texts(self, name: str) -> tuple[str, ...]:
        """Return the texts of the values of the choice `name`, in order."""
        return self._choices[self._places[name]].texts

    @property
    def has_conditions(self) -> bool:
        """Whether a choice exists only where others have certain values."""
        return any(choice.needs for choice in self._choices)

    def named(self, arch: Arch) -> NamedArch:
        """Return the arch by the names of its choices; those that do not exist are None."""
        self._check(arch)
        return NamedArch(
            {
                c.name: c.values[i] if exists(c, arch, self._choices) else None
                for c, i in zip(self._choices, arch, strict=True)
            }
        )

    def number(self, arch: Arch) -> int:
        """Return the number of an arch in the enumeration of the space."""
        return int(arch_numbers([arch], self.cardinalities)[0])

    def parse(self, text: str) -> Arch:
        """Return the arch of `depth=2,width=64`. Raises `InputError`, which shows a valid text, for any other."""
        arch = [0] * len(self._choices)
        for part in text.split(","):
            name, _, value = part.partition("=")
            place = self._places.get(name)
            if place is None or value not in self._choices[place].texts:
                raise self._no_text(text)
            arch[place] = self._choices[place].texts.index(value)
        if self.format(tuple(arch)) != text:
            raise self._no_text(text)
        return tuple(arch)

    def nearest(self, texts: Mapping[str, str]) -> Arch | None:
        """Return the arch with these texts of values by name; None where a choice has no such value.

        Of a choice that is not named the arch has the first value; a number is taken as the nearest of its choice.
        """
        arch = [choice.nearest(texts[choice.name]) if choice.name in texts else 0 for choice in self._choices]
        return None if None in arch else self.settled(tuple(i for i in arch if i is not None))

    def format(self, arch: Arch) -> str:
        """Return the choices that exist, as `depth=2,width=64`."""
        self._check(arch)
        parts = zip(self._choices, arch, strict=True)
        return ",".join(f"{c.name}={c.texts[i]}" for c, i in parts if exists(c, arch, self._choices))

    # ------------------------------------------------------------------------------------------------ inside

    def _described(self, choice: Choice) -> str:
        """Return a choice as text: `momentum: 0, 0.9 when optimizer=sgd`."""
        needed = [(self._choices[place], sorted(indices)) for place, indices in choice.needs]
        conditions = [f"{other.name}={'|'.join(other.texts[i] for i in indices)}" for other, indices in needed]
        when = f" when {', '.join(conditions)}" if conditions else ""
        return f"{choice.name}: {', '.join(choice.texts)}{when}"

    def _check(self, arch: Arch) -> None:
        check_arch(arch, self.cardinalities, (0,) * len(self._choices))

    def _no_text(self, text: str) -> InputError:
        return InputError(f"arch string is {shown(text)}, but must look like {self.format((0,) * len(self._choices))}")

    def settled(self, arch: Arch) -> Arch:
        """Return the arch with index 0 for every choice that does not exist."""
        return tuple(i if exists(c, arch, self._choices) else 0 for c, i in zip(self._choices, arch, strict=True))

    def existing(self, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which choices exist, shape of `rows`."""
        present = np.ones(rows.shape, dtype=bool)
        for place, choice in enumerate(self._choices):
            for needed, indices in choice.needs:
                present[:, place] &= present[:, needed] & np.isin(rows[:, needed], list(indices))
        return present

    def _representative(self, arch: Arch) -> Arch:
        """Return the arch that stands for all that are equal to `arch`."""
        settled = self.settled(arch)
        if self._canonical is None:
            return settled
        changed = self._exchanged(settled)
        if self._exchanged(changed) != changed:
            raise InputError(
                f"canonical turns {self.named(arch)} into {self.named(changed)}, but that one into "
                f"{self.named(self._exchanged(changed))}; it must leave the arch that it returns as it is"
            )
        return changed

    def _exchanged(self, arch: Arch) -> Arch:
        """Return the arch after one exchange of choices by the user's `canonical`."""
        assert self._canonical is not None
        named = self.named(arch)
        changes = _answer("canonical", self._canonical, named)
        if not isinstance(changes, Mapping | NamedArch):
            raise InputError(f"canonical returns {shown(changes)} for {named}, but must return a dict of choices")
        made = list(arch)
        for name in changes:
            if name not in self._places:
                raise unknown_name("canonical returns a choice that", name, self.names)
            choice = self._choices[self._places[name]]
            if changes[name] is None and named[name] is None:
                continue
            if changes[name] not in choice.values:
                raise InputError(
                    f"canonical returns {name}={shown(changes[name])}, but {name} is one of {', '.join(choice.texts)}"
                )
            made[self._places[name]] = choice.values.index(changes[name])
        return self.settled(tuple(made))


def _answer(name: str, function: Callable[[NamedArch], Any], named: NamedArch) -> Any:
    """Return what a function of the user's says of an arch; raise `InputError` if it fails."""
    try:
        return function(named)
    except Exception as error:
        cause = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        raise InputError(f"{name} fails for the arch {named} ({cause}); mend it") from error


def _check_size(cardinalities: tuple[int, ...]) -> None:
    n_archs = math.prod(cardinalities)
    if not cardinalities or n_archs == 1:
        raise InputError("space has one arch at most, so there is nothing to search; give a choice two values or more")
    if n_archs > MOST_ARCHS:
        number = f"{n_archs:.3g}" if n_archs < _MOST_WRITTEN else "more than 1e+300"
        raise InputError(f"space has {number} archs, but may have at most {MOST_ARCHS:.0e}; use coarser grids")
