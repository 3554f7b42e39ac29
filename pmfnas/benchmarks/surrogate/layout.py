"""The outputs of the surrogate's networks: the meaning and position of each.

Curves are described in a transformed space, accuracies as logits and losses as logarithms, by a few principal
components of their values at knots. The numbers that decide a search (final validation, test, seconds) have outputs of
their own. A curve is bent to end at its final value.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pmfnas.benchmarks.table import Key
from pmfnas.core.types import FloatArray

SCHEDULES = {"12": 12, "200": 200}
SEARCHED = ("cifar10-valid", "cifar100", "ImageNet16-120")
TESTS = (
    Key("cifar10", "200", "ori-test-acc"),
    Key("cifar100", "200", "x-test-acc"),
    Key("ImageNet16-120", "200", "x-test-acc"),
)
N_COMPONENTS = 6

FINALS = tuple(Key(name, "200", "x-valid-acc") for name in SEARCHED)
"""Final validation. The mean over an arch's trials is exactly the model's mean."""
LOSSES = tuple(Key(name, "200", "x-valid-loss") for name in SEARCHED[1:])
"""Final validation losses of the data sets without a validation curve."""
SECONDS = ("epoch-s", "pass-s")


N_CLASSES = {"cifar10-valid": 10, "cifar10": 10, "cifar100": 100, "ImageNet16-120": 120}


def chance(key: Key) -> float:
    """Return the transformed value of a network that guesses at random."""
    accuracy = key.metric.endswith("-acc")
    value = 100 / N_CLASSES[key.dataset] if accuracy else np.log(N_CLASSES[key.dataset])
    return float(transform(key.metric, np.array(value)))


def curve_keys() -> tuple[Key, ...]:
    """Return the columns that are curves: training everywhere, validation where the benchmark has every epoch."""
    training = [Key(d, s, f"train-{m}") for s in SCHEDULES for d in SEARCHED for m in ("acc", "loss")]
    clean = [(d, "12") for d in SEARCHED] + [("cifar10-valid", "200")]
    return (*training, *(Key(d, s, f"x-valid-{m}") for d, s in clean for m in ("acc", "loss")))


def scalar_names() -> tuple[str, ...]:
    """Return the names of the single-number outputs, final validation first."""
    return (*map(str, FINALS), *map(str, TESTS), *map(str, LOSSES), *SECONDS)


@dataclass(frozen=True, slots=True)
class Outputs:
    """Splits a matrix of outputs, (n_archs, n_outputs), into its named parts."""

    values: FloatArray
    scalars: tuple[str, ...] = field(default_factory=scalar_names)
    """Names of the single numbers; they come before the components."""

    def scalar(self, name: str) -> FloatArray:
        """Return the transformed single number `name` of each arch, shape (n_archs,)."""
        return self.values[:, self.scalars.index(name)]

    def components(self, key: Key) -> FloatArray:
        """Return the principal components of a curve, shape (n_archs, N_COMPONENTS)."""
        start = len(self.scalars) + N_COMPONENTS * curve_keys().index(key)
        return self.values[:, start : start + N_COMPONENTS]


def knots(n_epochs: int) -> NDArray[np.int64]:
    """Return the knots of a curve: every epoch of a short schedule; of a long one, more at both ends."""
    if n_epochs <= 30:
        return np.arange(1, n_epochs + 1)
    rise = np.round(np.geomspace(1, n_epochs, 24))
    end = n_epochs * np.array([0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.975])
    return np.unique(np.concatenate([rise, end]).astype(np.int64))


def transform(metric: str, values: FloatArray) -> FloatArray:
    """Return accuracies (percent) as logits, and losses or seconds as logarithms."""
    if metric.endswith("-acc"):
        share = np.clip(values / 100, 1e-3, 1 - 1e-3)
        return np.asarray(np.log(share / (1 - share)))
    return np.asarray(np.log(np.maximum(values, 1e-4)))


def restore(metric: str, values: FloatArray) -> FloatArray:
    """Return the values that `transform` maps to these: accuracies in percent, losses and seconds."""
    if metric.endswith("-acc"):
        return np.asarray(100 / (1 + np.exp(-values)))
    return np.asarray(np.exp(values))
