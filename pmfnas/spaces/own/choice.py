"""One choice of a space of your own, checked: its values and texts, its features, and where it exists."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pmfnas.core.errors import InputError, shown
from pmfnas.core.types import Arch, FloatArray
from pmfnas.spaces.own.options import Option, Value, text_of

MOST_NAMES = 200
"""Most values of a choice without an order: each is a feature of its own."""
_RESERVED = frozenset({"keys"})
_SEPARATORS = frozenset(",=\n\r")


@dataclass(frozen=True, slots=True)
class Choice:
    """One choice, checked."""

    name: str
    values: tuple[Value, ...]
    texts: tuple[str, ...]
    ordered: bool
    needs: tuple[tuple[int, frozenset[int]], ...]
    """Places of earlier choices, and the indices that they must have for this choice to exist."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of its columns of features."""
        return (self.name,) if self.ordered else tuple(f"{self.name}={text}" for text in self.texts)

    def nearest(self, text: str) -> int | None:
        """Return the index of the value with this text, or of the number nearest to it; None where there is none."""
        if text in self.texts:
            return self.texts.index(text)
        numbers = [value for value in self.values if isinstance(value, int | float) and not isinstance(value, bool)]
        try:
            wanted = float(text)
        except ValueError:
            return None
        if not self.ordered or len(numbers) < len(self.values):
            return None
        return min(range(len(numbers)), key=lambda i: abs(numbers[i] - wanted))

    def columns(self, indices: NDArray[np.int64], exists: NDArray[np.bool_]) -> FloatArray:
        """Return its features, (n_archs, n_columns): the rank in [0, 1], or one column per value.

        Where the choice does not exist, its features are those of no value in particular.
        """
        if self.ordered:
            return np.where(exists, indices / (len(self.values) - 1), 0.5)[:, None]
        return np.eye(len(self.values))[indices] * exists[:, None]


def exists(choice: Choice, arch: Arch, choices: Sequence[Choice]) -> bool:
    """Whether `choice` exists in `arch`: the choices that it needs exist and have the values that it needs."""
    return all(arch[place] in indices and exists(choices[place], arch, choices) for place, indices in choice.needs)


def checked(name: str, option: Option, earlier: Sequence[Choice]) -> Choice:
    """Return the choice `name`; raise `InputError` where it cannot be used."""
    if name.startswith("_") or name in _RESERVED or not name.isidentifier():
        raise InputError(
            f"choice is called {shown(name)}, but a name is a plain word other than keys, without leading _"
        )
    values, given = tuple(option.values), f"choice {name} has the values {shown(option.values)}"
    _check_number(name, option)
    for value in values:
        _check_value(name, value)
    if len(set(values)) < len(values):
        twice = next(value for i, value in enumerate(values) if value in values[:i])
        raise InputError(f"{given}, but {shown(twice)} twice; give every value once")
    texts = tuple(map(text_of, values))
    if len(set(texts)) < len(texts):
        raise InputError(
            f"{given}, of which two are written alike, {', '.join(texts)}; give values with texts of their own"
        )
    for text in texts:
        if _SEPARATORS & set(text) or not text:
            raise InputError(
                f"{given}, but the text {shown(text)} is empty or holds one of , = or a line's end; rename it"
            )
    return Choice(name, values, texts, option.ordered and len(values) > 1, _needs(name, option, earlier))


def _check_number(name: str, option: Option) -> None:
    n_values = len(option.values)
    if not n_values:
        raise InputError(f"choice {name} is empty; give it at least one value")
    if not option.ordered and n_values > MOST_NAMES:
        raise InputError(
            f"choice {name} has {n_values:,} values without an order, but may have {MOST_NAMES}; group them, "
            "or give them an order with Ordinal"
        )


def _check_value(name: str, value: Value) -> None:
    try:
        hash(value)
    except TypeError:
        raise InputError(
            f"choice {name} holds {shown(value)}, which cannot be hashed; write a list as a tuple"
        ) from None
    if isinstance(value, float) and not math.isfinite(value):
        raise InputError(f"choice {name} holds {value}, but numbers must be finite; leave it out")


def _needs(name: str, option: Option, earlier: Sequence[Choice]) -> tuple[tuple[int, frozenset[int]], ...]:
    """Return where a choice exists, as places and indices of earlier choices."""
    if not isinstance(option.when, Mapping):
        raise InputError(
            f'choice {name} has when={shown(option.when)}, but it must be a dict such as {{"optimizer": "sgd"}}'
        )
    places = {choice.name: place for place, choice in enumerate(earlier)}
    needs = []
    for needed, wanted in option.when.items():
        if needed not in places:
            known = ", ".join(places) or "none so far"
            raise InputError(
                f"choice {name} has when={shown(dict(option.when))}, but it may name earlier choices only: {known}"
            )
        choice = earlier[places[needed]]
        several = isinstance(wanted, list | tuple | set | frozenset) and wanted not in choice.values
        asked: Collection[Any] = wanted if several else (wanted,)  # type: ignore[assignment]
        for value in asked:
            if value not in choice.values:
                raise InputError(
                    f"choice {name} has when={needed}: {shown(value)}, but {needed} is one of {', '.join(choice.texts)}"
                )
        needs.append((places[needed], frozenset(choice.values.index(value) for value in asked)))
    return tuple(needs)
