"""Enumeration of archs from the largest to the smallest, without ranking the whole space first.

A measure of size must rise with the choice in each position, in an order of the choices that does not depend on the
other positions. Parameters and counts of operations do. Then the largest arch takes the largest choice everywhere, and
the next largest arch is always one step below a larger one. A measure that violates the assumption raises an error as
soon as the violation is met.
"""

import heapq
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from pmfnas.core.errors import InputError
from pmfnas.core.types import Arch

Size = Callable[[Arch], float]


def choices_by_size(cardinalities: Sequence[int], size: Size) -> tuple[tuple[int, ...], ...]:
    """Return each position's choices from the largest down, ties by index. Other positions are held at choice 0."""
    lowest = (0,) * len(cardinalities)
    return tuple(
        tuple(sorted(range(n_choices), key=lambda c: (-size((*lowest[:place], c, *lowest[place + 1 :])), c)))
        for place, n_choices in enumerate(cardinalities)
    )


def descending(cardinalities: Sequence[int], size: Size, *, rng: np.random.Generator) -> Iterator[Arch]:
    """Yield every arch once, from the largest down; archs of equal size in random order.

    Raises:
        InputError: an arch is larger than the arch one step above it.
    """
    choices = choices_by_size(cardinalities, size)

    def arch_at(ranks: tuple[int, ...]) -> Arch:
        return tuple(of_place[rank] for of_place, rank in zip(choices, ranks, strict=True))

    top = (0,) * len(cardinalities)
    met = {top}
    heap = [(-size(arch_at(top)), top)]  # archs one step below a yielded arch; ranks count from the largest choice
    while heap:
        level = heap[0][0]
        equal = []
        while heap and heap[0][0] == level:
            ranks = heapq.heappop(heap)[1]
            equal.append(arch_at(ranks))
            for below in _steps_below(ranks, cardinalities):
                if below not in met:
                    met.add(below)
                    heapq.heappush(heap, (-size(arch_at(below)), below))
        if heap and heap[0][0] < level:
            raise InputError(
                f"arch {arch_at(heap[0][1])} is larger than one that it is a step below of: no order by size"
            )
        yield from (equal[i] for i in rng.permutation(len(equal)))


def _steps_below(ranks: tuple[int, ...], cardinalities: Sequence[int]) -> Iterator[tuple[int, ...]]:
    for place, rank in enumerate(ranks):
        if rank + 1 < cardinalities[place]:
            yield (*ranks[:place], rank + 1, *ranks[place + 1 :])
