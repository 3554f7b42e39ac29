"""The choices of a family as a space, with parameters and operations.

Counting the archs one by one would take hours in a large space. So all archs of a small space are counted; of a larger
one some are drawn, and a regression on pairs of choices tells the sizes of the others. Choices that set the recipe do
not count: they leave the network as it is. The found network is counted itself (`counting`).
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import product

import numpy as np
from numpy.typing import NDArray

from pmfnas.core.errors import InputError, UnavailableError
from pmfnas.core.rng import stream
from pmfnas.core.types import Arch, FloatArray
from pmfnas.training.own.building import check_training
from pmfnas.training.own.counting import counted
from pmfnas.training.own.family import RESERVED, Family
from pmfnas.training.own.plan import FamilyPlan

N_COUNTED = 32
"""Archs that are counted, at most."""
_TRIED = 2
"""Archs that are trained for a step before a search, besides the first and the last."""
_RIDGE = 1e-3


class FamilySpace:
    """A family for images of one shape. Implements `pmfnas.core.ports.Space`."""

    def __init__(self, family: Family, *, n_classes: int, image_size: int) -> None:
        """Build some archs, and count them.

        Args:
            family: choices and function.
            n_classes: number of classes.
            image_size: pixels a side.

        Raises:
            InputError: an arch cannot be built, trained or counted; it is named.
        """
        self.family, self.choices = family, family.choices
        self.cardinalities = self.choices.cardinalities
        self._n_classes, self._image_size = n_classes, image_size
        self._shaping = np.array([name not in RESERVED for name in self.choices.names])
        rng = stream(0, f"family/{family.name}")
        tried = [self.choices.sample(rng=rng) for _ in range(_TRIED)]
        ends = [(0,) * len(self.cardinalities), tuple(n - 1 for n in self.cardinalities)]
        archs = [*ends, *tried, *self._some(rng)]
        try:
            check_training([self.plan(arch) for arch in dict.fromkeys((*ends, *tried))])
            sizes = np.array([counted(self.plan(arch)) for arch in archs], dtype=np.float64)
        except UnavailableError as error:
            raise InputError(f"--space {family.name}: {error}") from None
        self._known = {self._network(arch): (params, flops) for arch, (params, flops) in zip(archs, sizes, strict=True)}
        self._weights = self._fitted(archs, np.log(np.maximum(sizes, 1.0)))
        self._range = np.log(np.maximum(sizes, 1.0)).min(axis=0), np.log(np.maximum(sizes, 1.0)).max(axis=0)
        self.largest: Arch = archs[int(sizes[:, 1].argmax())]
        """The arch with the most operations among the counted ones."""
        self._sized = lru_cache(maxsize=1 << 16)(self._sizes)

    @property
    def name(self) -> str:
        """Name of the family."""
        return self.family.name

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Name of each column of `features`."""
        return (*self.choices.feature_names, "log10_params", "log10_flops")

    def plan(self, arch: Arch) -> FamilyPlan:
        """Return the network of an arch."""
        return FamilyPlan(self.family, arch, self._n_classes, self._image_size)

    def sample(self, *, rng: np.random.Generator) -> Arch:
        """Return one arch: every choice drawn uniformly."""
        return self.choices.sample(rng=rng)

    def neighbours(self, arch: Arch) -> tuple[Arch, ...]:
        """Return the archs that differ in one choice."""
        return self.choices.neighbours(arch)

    def canonical(self, arch: Arch) -> str:
        """Return the text of the arch that stands for all that are equal to `arch`."""
        return self.choices.canonical(arch)

    def features(self, archs: Sequence[Arch]) -> FloatArray:
        """Return the encoding for models, shape (n_archs, len(feature_names))."""
        sizes = np.array([(self.params_m(arch), self.flops_m(arch)) for arch in archs]).reshape(-1, 2)
        return np.hstack([self.choices.features(archs), np.log10(np.maximum(sizes, 1e-6))])

    def params_m(self, arch: Arch) -> float:
        """Return the number of parameters, in millions: counted, or estimated from counted archs."""
        return self._sized(self._network(arch))[0] / 1e6

    def flops_m(self, arch: Arch) -> float:
        """Return the multiply-adds for one image, in millions: counted, or estimated from counted archs."""
        return self._sized(self._network(arch))[1] / 1e6

    def parse(self, text: str) -> Arch:
        """Return the arch of `depth=2,width=64`."""
        return self.choices.parse(text)

    def format(self, arch: Arch) -> str:
        """Return the choices that exist, as `depth=2,width=64`."""
        return self.choices.format(arch)

    # -------------------------------------------------------------------------------------------------------- inside

    def _network(self, arch: Arch) -> Arch:
        """Return the arch with index 0 for every setting of the recipe: archs with equal networks become one."""
        settled = self.choices.parse(self.choices.canonical(arch))
        return tuple(int(i) for i in np.where(self._shaping, settled, 0))

    def _some(self, rng: np.random.Generator) -> list[Arch]:
        """Return archs to count: all networks if there are few, else as many drawn ones."""
        sizes = np.where(self._shaping, self.cardinalities, 1)
        if np.prod(sizes.astype(float)) <= N_COUNTED:
            return list(product(*map(range, sizes.tolist())))
        return [self.choices.sample(rng=rng) for _ in range(N_COUNTED)]

    def _sizes(self, network: Arch) -> tuple[float, float]:
        if network in self._known:
            return self._known[network]
        low, high = self._range
        log = np.clip(self._terms([network])[0] @ self._weights, low - 2.0, high + 2.0)
        params, flops = np.exp(log).tolist()
        return params, flops

    def _terms(self, archs: Sequence[Arch]) -> FloatArray:
        """Return a constant, the features of the network's choices, and their products, (n_archs, n_terms)."""
        x = self.choices.features([self._network(arch) for arch in archs])
        x = x[:, [name.partition("=")[0] not in RESERVED for name in self.choices.feature_names]]
        first, second = np.triu_indices(x.shape[1])
        return np.hstack([np.ones((len(x), 1)), x, x[:, first] * x[:, second]])

    def _fitted(self, archs: Sequence[Arch], logs: FloatArray) -> FloatArray:
        terms: NDArray[np.float64] = self._terms(archs)
        gram = terms.T @ terms + _RIDGE * np.eye(terms.shape[1])
        return np.asarray(np.linalg.solve(gram, terms.T @ logs))
