"""Operations on archs that all spaces share: draw an arch, change one position, check an arch."""

from collections.abc import Sequence

import numpy as np

from pmfnas.core.errors import InputError
from pmfnas.core.types import Arch


def sample_arch(cardinalities: Sequence[int], *, rng: np.random.Generator) -> Arch:
    """Return one arch, drawn uniformly: one draw per position, in order."""
    alike = len(set(cardinalities)) == 1  # the same draws either way, but one bound takes half the time
    bounds = cardinalities[0] if alike else np.asarray(cardinalities)
    return tuple(rng.integers(0, bounds, size=len(cardinalities)).tolist())


def one_change_neighbours(arch: Arch, cardinalities: Sequence[int]) -> tuple[Arch, ...]:
    """Return the archs that differ in one position, sorted by position, then by choice."""
    return tuple(
        (*arch[:place], choice, *arch[place + 1 :])
        for place, n_choices in enumerate(cardinalities)
        for choice in range(n_choices)
        if choice != arch[place]
    )


def check_arch(arch: Arch, cardinalities: Sequence[int], example: Arch) -> None:
    """Raise `InputError`, which shows `example`, unless `arch` has a legal choice in every position."""
    legal = len(arch) == len(cardinalities) and all(0 <= i < n for i, n in zip(arch, cardinalities, strict=True))
    if not legal:
        raise InputError(
            f"arch is {tuple(arch)}, but must hold {len(cardinalities)} indices below "
            f"{', '.join(map(str, cardinalities))}, such as {example}"
        )
