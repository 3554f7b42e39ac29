"""Inputs changed at random: bytes, texts, and definitions as Python values."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any

import numpy as np

_TOKENS = (
    *(b"\x00", b"\xff", b"\n", b"\r\n", b"{", b"}", b"[", b"]", b'"', b"\\", b",", b":", b"|", b"~", b"+", b"=", b"-"),
    *(b"null", b"true", b"NaN", b"Infinity", b"1e999", b"-1", b"0", b"9" * 30, b"\\u0000", b"\\ud800", b"\xe2\x80\xae"),
    *(b"../", b"<script>", b"PAR1", b"PK\x03\x04", b"\x93NUMPY", b"\x80\x04", b"cos\nsystem\n", b"\xff\xff\xff\x7f"),
)
_BLOCK = 8192
_NAMES = (
    *("depth", "width", "lr", "act", "n", "k", "m", "momentum", "alpha", "größe", "self", "x" * 300),
    *("keys", "_x", "a b", "", "cost_hint", "canonical"),
)


class Draws:
    """Whole numbers drawn at random, many at a time because single draws are slow."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._left: Iterator[int] = iter(())

    def below(self, n: int) -> int:
        """Return a number in `0 .. n - 1`; 0 for `n` below 1."""
        drawn = next(self._left, None)
        if drawn is None:
            self._left = iter(self._rng.integers(0, 1 << 62, size=_BLOCK).tolist())
            drawn = next(self._left)
        return int(drawn % max(n, 1))

    def one_of(self, values: Sequence[Any]) -> Any:
        """Return one of the values."""
        return values[self.below(len(values))]


def changed(seeds: Sequence[bytes], draws: Draws) -> bytes:
    """Return one of the inputs with one to four changes."""
    data = bytearray(draws.one_of(seeds))
    for _ in range(1 + draws.below(4)):
        draws.one_of(_CHANGES)(data, seeds, draws)
    return bytes(data)


def _flip(data: bytearray, seeds: Sequence[bytes], draws: Draws) -> None:
    del seeds
    if data:
        data[draws.below(len(data))] ^= 1 << draws.below(8)


def _set(data: bytearray, seeds: Sequence[bytes], draws: Draws) -> None:
    del seeds
    if data:
        data[draws.below(len(data))] = draws.below(256)


def _insert(data: bytearray, seeds: Sequence[bytes], draws: Draws) -> None:
    del seeds
    place = draws.below(len(data) + 1)
    data[place:place] = draws.one_of(_TOKENS)


def _delete(data: bytearray, seeds: Sequence[bytes], draws: Draws) -> None:
    del seeds
    start = draws.below(len(data))
    del data[start : start + 1 + draws.below(16)]


def _repeat(data: bytearray, seeds: Sequence[bytes], draws: Draws) -> None:
    del seeds
    start = draws.below(len(data))
    data[start:start] = bytes(data[start : start + 1 + draws.below(32)])


def _splice(data: bytearray, seeds: Sequence[bytes], draws: Draws) -> None:
    other = draws.one_of(seeds)
    start = draws.below(len(other))
    place = draws.below(len(data) + 1)
    data[place : place + draws.below(32)] = other[start : start + draws.below(32)]


def _cut(data: bytearray, seeds: Sequence[bytes], draws: Draws) -> None:
    del seeds
    if not draws.below(4):
        del data[draws.below(len(data) + 1) :]


_CHANGES: tuple[Callable[[bytearray, Sequence[bytes], Draws], None], ...] = (
    *(_flip, _flip, _set, _insert, _insert, _delete, _repeat, _splice, _cut),
)

_VALUES: tuple[Any, ...] = (
    *(None, True, 0, -1, 1, 2**63, 10**400, 0.5, float("nan"), float("inf"), -0.0, 1e308, 1j, "", "a", "a=b", "x,y"),
    *("\n", "\ud800", "\u202e", "keys", "_x", b"bytes", (), (1, (2, 3)), [], [1, 2], {}, {"a": 1}, {1, 2}, frozenset()),
    *([1, "a"], [1, 1.0, True], [[1]], [None, None], range(3), range(10**9), [float("nan")] * 2, int, print, Ellipsis),
    *(np.arange(3), np.array(["a", "b"]), np.float64(2.5), np.array([[1]]), np.zeros(0), object, NotImplemented),
)


def value(draws: Draws, *, depth: int = 2) -> Any:
    """Return a Python value of any kind."""
    if depth and not draws.below(3):
        return [value(draws, depth=depth - 1) for _ in range(draws.below(5))]
    if depth and not draws.below(6):
        return {str(draws.one_of("abc")): value(draws, depth=depth - 1) for _ in range(draws.below(3))}
    return draws.one_of(_VALUES)


def definition(options: Sequence[type], good: Mapping[str, Any], draws: Draws) -> dict[str, Any]:
    """Return the definition of a space: some of the `good` choices, others of any kind, made by any of the options."""
    made = {name: choice for name, choice in good.items() if draws.below(2)}
    for _ in range(1 + draws.below(3)):
        name = draws.one_of(_NAMES)
        given = value(draws)
        if draws.below(2):
            given = _optional(draws.one_of(options), draws)
        made[name] = given
    return made


def _optional(option: Any, draws: Draws) -> Callable[[], Any]:
    """Return what makes an option of values of any kind."""
    n_arguments = sum(field.init for field in fields(option)) - 1  # without `when`
    arguments = [value(draws) for _ in range(n_arguments)]
    when = {"when": value(draws)} if not draws.below(3) else {}
    return lambda: option(*arguments, **when)
