"""Columns of choices become archs; the first row that the space does not know is refused."""

from itertools import product
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pmfnas.benchmarks.own.layout import Layout
from pmfnas.benchmarks.own.reading import Rows
from pmfnas.core.errors import InputError
from pmfnas.core.types import arch_numbers
from pmfnas.spaces.own.choice import Choice
from pmfnas.spaces.own.choices import Choices
from pmfnas.spaces.own.options import text_of

MOST_VALUES = 256
"""Most values of a choice: a table keeps an arch as bytes."""
_MOST_COMBINATIONS = 100_000
_REMEDY = "mend the row or the space"


def check_space(space: Choices) -> None:
    """Raise `InputError` for a space whose archs no table can hold."""
    for choice in space.choices:
        if len(choice.values) > MOST_VALUES:
            raise InputError(
                f"choice {choice.name} has {len(choice.values):,} values, but may have {MOST_VALUES} in a table; "
                "name those that the curves use"
            )


def n_distinct(space: Choices) -> int:
    """Return the number of archs; those that differ only in choices that do not exist count once."""
    needed = sorted({place for choice in space.choices for place, _ in choice.needs})
    free = [place for place in range(len(space.choices)) if place not in needed]
    sizes = np.array(space.cardinalities, dtype=object)  # whole numbers of any size
    n_combinations = prod(int(sizes[place]) for place in needed)
    if n_combinations > _MOST_COMBINATIONS:
        raise InputError(f"space has {n_combinations:,} combinations of choices that others need; use fewer conditions")
    rows = np.zeros((n_combinations, len(sizes)), dtype=np.int64)
    rows[:, needed] = list(product(*(range(sizes[place]) for place in needed)))
    exists = space.existing(rows)
    rows, exists = (a[(exists | (rows == 0)).all(axis=1)] for a in (rows, exists))
    return sum(prod(np.where(row, sizes[free], 1).tolist()) for row in exists[:, free])


def archs_of(rows: Rows, layout: Layout, space: Choices) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return the archs of a file, sorted, (n_archs, n_choices), and the place of each row's arch, (n_rows,)."""
    if layout.has("arch"):
        indices = _parsed(rows, layout.columns["arch"], space)
    else:
        indices = np.stack([_indices(rows, layout, choice, space) for choice in space.choices], axis=1)
        _check_existing(rows, layout, space, indices)
    numbers = arch_numbers(np.maximum(indices, 0), space.cardinalities)
    _, first, place = np.unique(numbers, return_index=True, return_inverse=True)
    return np.maximum(indices[first], 0).astype(np.uint8), place.reshape(-1)


def _parsed(rows: Rows, column: str, space: Choices) -> NDArray[np.int64]:
    codes, texts = rows.codes(column)
    archs = np.zeros((len(texts) + 1, len(space.choices)), dtype=np.int64)
    for place, text in enumerate(texts):
        try:
            archs[place] = space.parse(str(text))
        except InputError as error:
            rows.refuse(int((codes == place).argmax()), column, f"but {error}")
    if (codes < 0).any():
        rows.refuse(int((codes < 0).argmax()), column, f"but every row needs an arch; {_REMEDY}")
    return archs[codes]


def _indices(rows: Rows, layout: Layout, choice: Choice, space: Choices) -> NDArray[np.int64]:
    """Return the index of a choice's value in each row, -1 where it is empty, (n_rows,)."""
    column = _column(rows, layout, choice, space)
    codes, values = rows.codes(column)
    found = [_index(choice, value) for value in values]
    places = np.array([-2 if index is None else index for index in found] + [-1])
    indices = places[codes]
    if (indices == -2).any():
        known = ", ".join(choice.texts[:20]) + (", ..." if len(choice.texts) > 20 else "")
        row = int((indices == -2).argmax())
        rows.refuse(row, column, f"but the choice {choice.name} of the space is one of: {known}; {_REMEDY}")
    return np.asarray(indices, dtype=np.int64)


def _column(rows: Rows, layout: Layout, choice: Choice, space: Choices) -> str:
    column = f"{layout.prefix}{choice.name}"
    if column not in rows.names:
        others = [n for n in rows.names if n.startswith(layout.prefix) and n not in layout.columns.values()]
        raise InputError(
            f"{rows.name} has no column {column}, but the space has the choice {choice.name} among "
            f"{', '.join(space.names)}; columns that may be choices: {', '.join(others) or 'none'}"
        )
    return column


def _index(choice: Choice, value: Any) -> int | None:
    """Return the index of a value as a file has it: by its text, or else by its number; None if there is none."""
    given = tuple(value) if isinstance(value, list) else value
    text = text_of(given)
    if text in choice.texts:
        return choice.texts.index(text)
    if isinstance(given, str) and given.lower() in ("true", "false") and given.capitalize() in choice.texts:
        return choice.texts.index(given.capitalize())
    try:
        number = float(text)
    except ValueError:
        return None
    for index, known in enumerate(choice.values):
        if isinstance(known, int | float) and abs(number - known) <= 1e-9 * max(abs(number), abs(known)):
            return index
    return None


def _check_existing(rows: Rows, layout: Layout, space: Choices, indices: NDArray[np.int64]) -> None:
    """Refuse the first row with a choice that does not exist in its arch, or without one that does."""
    exists = space.existing(indices)
    wrong = exists != (indices >= 0)
    if not wrong.any():
        return
    row, place = divmod(int(wrong.argmax()), indices.shape[1])
    choice = space.choices[place]
    others = [space.choices[other] for other, _ in choice.needs]
    needs = "; ".join(
        f"{o.name} {' or '.join(o.texts[i] for i in sorted(c))}" for o, (_, c) in zip(others, choice.needs, strict=True)
    )
    why = f"but it exists only with {needs}; leave it empty" if indices[row, place] >= 0 else "but it must be given"
    rows.refuse(row, f"{layout.prefix}{choice.name}", f"{why}; or mend `when` of the space")
