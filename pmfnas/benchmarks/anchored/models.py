"""All fitted models of the anchored table. Held-out curves are excluded from the fit."""

from dataclasses import dataclass

import numpy as np

from pmfnas.benchmarks.anchored.accuracies import AccuracyModel, fit_accuracies
from pmfnas.benchmarks.anchored.identity import Identity
from pmfnas.benchmarks.anchored.inputs import network_inputs
from pmfnas.benchmarks.anchored.link import Link, fit_link
from pmfnas.benchmarks.anchored.losses import LossModel, RealCurves, fit_losses
from pmfnas.benchmarks.anchored.source import DATASETS, IntArray, Source
from pmfnas.core.types import FloatArray


@dataclass(frozen=True, slots=True)
class Known:
    """The real values, and everything that does not depend on the held-out curves."""

    source: Source
    identity: Identity
    x: FloatArray  # (n_networks, n_inputs)
    links: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class Models:
    """The fitted models, with the real curves that they were fitted on."""

    known: Known
    losses: LossModel
    accuracies: AccuracyModel
    acc_rows: IntArray
    """Rows of the recorded accuracy curves in the fit."""


def know(source: Source, identity: Identity) -> Known:
    """Return the inputs and links of a source."""
    links = tuple(fit_link(source, dataset) for dataset in range(len(DATASETS)))
    return Known(source, identity, network_inputs(source, identity), links)


def fit_models(known: Known, real: RealCurves, acc_rows: IntArray | None = None) -> Models:
    """Return the models fitted on the loss curves `real` and the accuracy curves `acc_rows` (default: all)."""
    rows = np.arange(len(known.source.acc_archs)) if acc_rows is None else acc_rows
    losses = fit_losses(known.x, known.identity, known.source, real)
    return Models(known, losses, fit_accuracies(known.identity, known.source, losses, known.links[0], rows), rows)
