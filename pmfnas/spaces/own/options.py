"""What a choice of a space of your own can be: its values, whether they have an order, and when it exists.

    [2, 3, 4]  ["relu", "gelu"]           a plain list: numbers have an order, anything else has none
    Categorical(["relu", None])           no order, whatever the values are
    Ordinal(["tiny", "small", "large"])   in the order given
    Integers(1, 64, step=3)               whole numbers, both ends included
    Grid(0.0, 0.5, 6)                     six numbers at equal distances
    LogGrid(1e-4, 1e-1, 7)                seven numbers at equal ratios

A choice with `when={"optimizer": "sgd"}` exists only where an earlier choice has that value (or one of several).
"""

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Protocol, TypeAlias

from pmfnas.core.errors import InputError, shown

Value: TypeAlias = Hashable
When: TypeAlias = Mapping[str, Value | Collection[Value]]
"""Names of earlier choices, each with the value, or the values, at which the choice exists."""

_MOST = 10_000
"""Most values of one choice."""
_LARGEST = 1e300
"""Largest end of a grid, so that distances and ratios are numbers too."""
_DIGITS = 4
"""Significant digits of the numbers on a grid, so that a number is what its text says."""


class Option(Protocol):
    """The values of one choice."""

    @property
    def values(self) -> Sequence[Value]:
        """The values, in the order that they have, if any."""
        ...

    @property
    def ordered(self) -> bool:
        """Whether values that follow one another resemble each other."""
        ...

    @property
    def when(self) -> When:
        """Where the choice exists; everywhere if empty."""
        ...


@dataclass(frozen=True)
class Categorical:
    """Values without an order. They may be of several types."""

    values: Sequence[Value]
    when: When = field(default_factory=dict, repr=False)
    ordered: ClassVar[bool] = False


@dataclass(frozen=True)
class Ordinal:
    """Values in the order given: neighbours in it resemble each other."""

    values: Sequence[Value]
    when: When = field(default_factory=dict, repr=False)
    ordered: ClassVar[bool] = True


@dataclass(frozen=True)
class Integers:
    """Whole numbers `low, low + step, ...` up to `high`, both ends included."""

    low: int
    high: int
    step: int = 1
    when: When = field(default_factory=dict, repr=False)
    ordered: ClassVar[bool] = True
    values: Sequence[int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not all(type(n) is int for n in (self.low, self.high, self.step)):
            raise InputError(f"{self} must hold whole numbers; for others use Grid(low, high, n)")
        if self.low > self.high or self.step < 1:
            raise InputError(f"{self} has no numbers; it needs low <= high and step >= 1")
        _check_number_of_values((self.high - self.low) // self.step + 1, str(self))
        object.__setattr__(self, "values", tuple(range(self.low, self.high + 1, self.step)))


@dataclass(frozen=True)
class Grid:
    """`n` numbers at equal distances from `low` to `high`, both ends included."""

    low: float
    high: float
    n: int
    when: When = field(default_factory=dict, repr=False)
    ordered: ClassVar[bool] = True
    values: Sequence[float] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        _check_grid(self, self.low, self.high, self.n)
        width = self.high - self.low
        object.__setattr__(self, "values", _rounded([self.low + width * i / (self.n - 1) for i in range(self.n)]))


@dataclass(frozen=True)
class LogGrid:
    """`n` numbers at equal ratios from `low` to `high`, both ends included."""

    low: float
    high: float
    n: int
    when: When = field(default_factory=dict, repr=False)
    ordered: ClassVar[bool] = True
    values: Sequence[float] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        _check_grid(self, self.low, self.high, self.n)
        if not self.low > 0:
            raise InputError(f"{self} begins at {self.low}, but equal ratios need low > 0; use Grid(low, high, n)")
        ratio = self.high / self.low
        object.__setattr__(self, "values", _rounded([self.low * ratio ** (i / (self.n - 1)) for i in range(self.n)]))


def _check_grid(grid: object, low: float, high: float, n: int) -> None:
    if not all(isinstance(end, int | float) and abs(end) <= _LARGEST for end in (low, high)) or not low < high:
        raise InputError(f"{grid} must go from a finite number low to a larger one high")
    if type(n) is not int or n < 2:
        raise InputError(f"{grid} has n = {shown(n)}, but needs at least 2 numbers")
    _check_number_of_values(n, str(grid))


def _check_number_of_values(n: int, what: str) -> None:
    if n > _MOST:
        raise InputError(f"{what} has {n:,} values, but a choice has at most {_MOST:,}; use larger steps")


def _rounded(numbers: Sequence[float]) -> tuple[float, ...]:
    """Return numbers with four significant digits where they still differ, else with as many as they need."""
    short = tuple(float(f"{number:.{_DIGITS}g}") for number in numbers)
    return short if len(set(short)) == len(short) else tuple(float(number) for number in numbers)


def as_option(name: str, given: object) -> Option:
    """Return the option that the choice `name` was given: an option as it is, a list or range as what it holds.

    Raises:
        InputError: it is none of these, or its values are of several types.
    """
    if isinstance(given, Categorical | Ordinal):
        _listed(name, given.values)
    if isinstance(given, Categorical | Ordinal | Integers | Grid | LogGrid):
        return given
    if hasattr(given, "tolist") and not isinstance(given, type):  # an array of numpy
        given = given.tolist()
    values = [_plain(value) for value in _listed(name, given)]
    kinds = {_kind(value) for value in values}
    if len(kinds) > 1:
        raise InputError(
            f"choice {name} mixes {' and '.join(sorted(kinds))} in {shown(given)}; "
            f"if that is meant, write {name}=Categorical([...])"
        )
    if kinds == {"numbers"} and all(value == value for value in values):
        return Ordinal(tuple(sorted(values)))  # type: ignore[type-var]
    return Categorical(tuple(values))


def _listed(name: str, given: object) -> Sequence[Value]:
    """Return what was given as values; raise `InputError` if it is no list, or too long."""
    if isinstance(given, str | bytes) or not isinstance(given, Sequence):
        raise InputError(f"choice {name} is {shown(given)}, but must be a list of values, such as {name}=[1, 2, 4]")
    _check_number_of_values(len(given), f"choice {name}")
    return given


def _plain(value: Value) -> Value:
    """Return a number of numpy as one of Python."""
    is_number = type(value).__module__ == "numpy" and getattr(value, "ndim", None) == 0
    return value.item() if is_number else value  # type: ignore[attr-defined]


def _kind(value: Value) -> str:
    if isinstance(value, bool):
        return "booleans"
    if isinstance(value, int | float):
        return "numbers"
    if isinstance(value, str):
        return "texts"
    return "None" if value is None else "objects"


def text_of(value: Value) -> str:
    """Return how a value is written in the text of an arch."""
    if isinstance(value, float):
        return f"{value:.12g}"
    if isinstance(value, tuple):
        return "x".join(text_of(part) for part in value)
    return str(getattr(value, "__name__", value))
