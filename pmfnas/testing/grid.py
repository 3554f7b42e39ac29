"""The smallest useful space: a grid of choices without isomorphs. For tests, and as an example of the `Space` port."""

from collections.abc import Sequence

import numpy as np

from pmfnas.core.errors import InputError
from pmfnas.core.types import Arch, FloatArray


class GridSpace:
    """All tuples of indices below `cardinalities`; a higher index is a larger network.

    >>> space = GridSpace((3, 3))
    >>> space.format((2, 0)), space.params_m((2, 0))
    ('2-0', 0.3)
    """

    def __init__(self, cardinalities: Sequence[int] = (4, 4, 4, 4, 4)) -> None:
        if not cardinalities or min(cardinalities) < 1:
            raise InputError(
                f"cardinalities is {tuple(cardinalities)}, but must hold at least one number, all positive"
            )
        self.cardinalities = tuple(cardinalities)

    @property
    def name(self) -> str:
        """`grid`."""
        return "grid"

    def sample(self, *, rng: np.random.Generator) -> Arch:
        """Return one arch, uniformly."""
        return tuple(int(i) for i in rng.integers(0, self.cardinalities))

    def neighbours(self, arch: Arch) -> tuple[Arch, ...]:
        """Return the archs that differ in one position: by position, then by choice."""
        return tuple(
            (*arch[:place], choice, *arch[place + 1 :])
            for place, n_choices in enumerate(self.cardinalities)
            for choice in range(n_choices)
            if choice != arch[place]
        )

    def canonical(self, arch: Arch) -> str:
        """Return the string of the arch: no two are isomorphic."""
        return self.format(arch)

    def features(self, archs: Sequence[Arch]) -> FloatArray:
        """Return the indices and their sum, shape (n_archs, n_positions + 1)."""
        indices = np.asarray(archs, dtype=np.float64).reshape(-1, len(self.cardinalities))
        return np.column_stack([indices, indices.sum(axis=1)])

    def params_m(self, arch: Arch) -> float:
        """Return 0.1 million parameters, plus 0.1 million times the sum of the indices."""
        return (1 + sum(arch)) / 10

    def flops_m(self, arch: Arch) -> float:
        """Return a hundred operations per parameter."""
        return 100 * self.params_m(arch)

    def parse(self, text: str) -> Arch:
        """Return the arch written `2-0-1`; raise `InputError` for anything else."""
        tokens = text.split("-")
        arch = tuple(int(token) for token in tokens if token.isdecimal())
        legal = len(arch) == len(self.cardinalities) and all(
            i < n for i, n in zip(arch, self.cardinalities, strict=True)
        )
        if not legal or self.format(arch) != text:
            example = self.format((0,) * len(self.cardinalities))
            raise InputError(
                f"arch string is {text!r}, but must look like {example}, indices below {self.cardinalities}"
            )
        return arch

    def format(self, arch: Arch) -> str:
        """Return the indices joined by hyphens."""
        return "-".join(map(str, arch))
