"""The engine's predictor as a candidate of the study: would the predictor that searches do the study's task as well?

`python -m harness predictors --predictor engine=harness/predictors/engine.py:EnginePredictor --predictor pmf`

A label is told as a medium score and the first epochs as an early curve. Queries are told in small groups, as archs
wait in a search for the few that go on; their posteriors are the answers. The belief that capacity adds something by
the end of a longer schedule is 0, since the labels are the end.
"""

from copy import deepcopy
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pmfnas.core.errors import InputError
from pmfnas.core.ports import Space
from pmfnas.core.predictors import Observed, Prediction, Reads
from pmfnas.core.types import Arch, Curve, Fidelity, FloatArray
from pmfnas.engine.catalogue import whole
from pmfnas.engine.ladder import Level
from pmfnas.engine.model import curves
from pmfnas.engine.model.kernel import Scaling
from pmfnas.engine.predictor import Predictor
from pmfnas.engine.settings import Settings

_TOGETHER = Settings().waiting_max
"""Queries that are told together."""
_SETTINGS = Settings(capacity_belief=0.0, capacity_std=0.0, max_points=2000)
"""All labels are kept."""


@dataclass(slots=True, eq=False)
class WholeSpace:
    """Every arch of a space; fills `pmfnas.engine.ports.Features`."""

    archs: list[Arch]
    x: FloatArray  # (n_archs, d) scaled features
    capacity: FloatArray  # (n_archs,) log FLOPs in standard deviations
    group: NDArray[np.int64]  # (n_archs,) archs of equal features have one number: isomorphs always
    places: dict[Arch, int]

    @classmethod
    def of(cls, space: Space) -> "WholeSpace":
        """Return the archs of a space that is small enough to be listed."""
        listed = whole(space)
        x = Scaling.of(listed.raw).apply(listed.raw)[listed.group]
        sizes = listed.log_flops[listed.group]
        capacity = (sizes - sizes.mean()) / (float(sizes.std()) or 1.0)
        places = {arch: place for place, arch in enumerate(listed.archs)}
        return cls(list(listed.archs), x, capacity, listed.group, places)

    def place(self, arch: Arch) -> int:
        """Return the place of an arch."""
        return self.places[arch]

    def number(self, arch: Arch) -> int:
        """Return the number of the group of an arch."""
        return int(self.group[self.places[arch]])


class EnginePredictor:
    """`pmfnas.engine.predictor.Predictor` behind the port `pmfnas.core.predictors.Predictor`."""

    reads = Reads(labels=True, curves="last")

    def __init__(self, space: Space, target: Fidelity, *, rng: np.random.Generator) -> None:
        del target
        self._archs, self._rng = WholeSpace.of(space), rng
        self._told: Predictor | None = None

    def fit(self, known: Observed, labels: FloatArray) -> None:
        """Tell the early curves and then the labels of the known archs."""
        told = Predictor(self._archs, _SETTINGS, rng=deepcopy(self._rng))
        for i, arch in enumerate(known.archs):
            _tell_early(told, known, i)
            if np.isfinite(labels[i]):
                told.tell(arch, Level.MEDIUM, _label(known, i, float(labels[i])))
        self._told = told

    def predict(self, queries: Observed) -> Prediction:
        """Return mean and std in percent, the noise of a training included."""
        answers = [self._asked(queries, at) for at in np.array_split(np.arange(len(queries)), self._n_groups(queries))]
        mean, std = np.concatenate(answers, axis=1)  # log odds
        low, middle, high = (np.array([curves.percent(s) for s in each]) for each in (mean - std, mean, mean + std))
        return Prediction(middle, np.maximum((high - low) / 2.0, 1e-9))

    def _n_groups(self, queries: Observed) -> int:
        return -(-len(queries) // _TOGETHER) if queries.n_epochs else 1

    def _asked(self, queries: Observed, at: NDArray[np.int64]) -> FloatArray:
        """Return mean and std of some queries, (2, n), log odds."""
        if self._told is None:
            raise InputError("predict was called before fit; fit first")
        told = deepcopy(self._told, {id(self._archs): self._archs})  # the archs are shared
        for i in at:
            _tell_early(told, queries, int(i))
        posterior = told.posterior([self._archs.place(queries.archs[int(i)]) for i in at])
        return np.stack([posterior.mean, np.sqrt(posterior.std**2 + told.standing.trial_noise2)])


def _tell_early(predictor: Predictor, seen: Observed, i: int) -> None:
    if seen.n_epochs:
        predictor.tell(seen.archs[i], Level.LOW, _curve(seen, i, (seen.n_epochs,), seen.valid_acc[i, -1:]))


def _label(seen: Observed, i: int, acc_pct: float) -> Curve:
    """Return a curve that ends at the label; a label without epochs gets one epoch that shows nothing."""
    if seen.n_epochs:
        return _curve(seen, i, (seen.n_epochs,), np.array([acc_pct]))
    nothing = np.array([np.nan])
    return Curve(0, nothing, nothing, (1,), nothing, np.array([acc_pct]))


def _curve(seen: Observed, i: int, at: tuple[int, ...], acc_pct: FloatArray) -> Curve:
    return Curve(0, seen.train_loss[i], seen.train_acc[i], at, np.full(len(at), np.nan), acc_pct)
