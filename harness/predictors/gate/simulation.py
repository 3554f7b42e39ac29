"""False alarms and power of the gate, simulated with a predictor's own measures.

Two ways to alter a predictor on purpose, both random:

    noise     its predictions are swapped between archs of about the same rank, as much as costs `LOSS` tau
    labels    it is fitted without a fifth of the labels, drawn at random: another fit, which scatters far more

**False alarms.** Two draws of the same kind are equally good predictors. Reference and now are two draws, in every
split swapped at random, and then all losses are raised to the margins, where H0 only just holds in every group: the
least favourable case. **Power.** One group at a time loses `LOSS` tau, by noise of that strength, or beside the
scatter of other labels; the other groups stay as they are. Runs resample the splits of every group.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.stats import norm, rankdata

from harness.host.workers import work_off
from harness.predictors.gate.groups import Group
from harness.predictors.gate.measures import MEASURES, Measure
from harness.predictors.gate.measuring import CRASH
from harness.predictors.gate.verdict import adjusted_p, loss_p
from harness.predictors.material import Material, Source
from harness.predictors.measures import kendall, measure
from harness.predictors.tasks import Task, make_task
from pmfnas.core.predictors import Prediction, PredictorFactory, reads_of
from pmfnas.core.rng import stream
from pmfnas.core.types import FloatArray

LOSS = 0.02
"""Of tau."""

N_DRAWS = 4
"""Draws of noise per split."""

KEPT_LABELS = 0.8
_MOST_STRENGTH, _HALVINGS = 2.0, 12
_N_TUNED = 16


@dataclass(frozen=True, slots=True)
class Draws:
    """Measures of a predictor and of its altered copies in one group; the last axis is that of `MEASURES`."""

    cell: str
    plain: FloatArray  # (n_splits, n_measures)
    noise: FloatArray  # (n_draws, n_splits, n_measures)
    labels: FloatArray  # (2, n_splits, n_measures)


@dataclass(frozen=True, slots=True)
class Rates:
    """False alarms and power, for one way to alter a predictor."""

    how: str
    false_alarms: float
    """Share of the runs in which any group failed for any measure."""
    power: dict[str, float]
    """Cell -> share of the runs in which it failed for tau."""


# -------------------------------------------------------------------------------------------------------- draws


def draw(factory: PredictorFactory, source: Source, groups: Sequence[Group], *, n_jobs: int) -> list[Draws]:
    """Return the measures to simulate with, a member per group."""
    work = [(factory, source, group) for group in groups]
    return work_off(_draw_group, work, label="drawing", unit="group", n_jobs=n_jobs, crash=CRASH)


def _draw_group(factory: PredictorFactory, source: Source, group: Group) -> Draws:
    material = source.material(group.cell.dataset)
    tasks = [make_task(material, group.cell, split, reads_of(factory)) for split in group.splits]
    numbers = [split.number for split in group.splits]
    found = [_predicted(factory, material, t, n) for t, n in zip(tasks, numbers, strict=True)]
    strength = _strength(found[:_N_TUNED], tasks[:_N_TUNED])
    noise, labels = [], []
    for name in range(N_DRAWS):
        rngs = (stream(n, f"gate/noise/{name}") for n in numbers)
        altered = [noisy(p, strength, rng=rng) for p, rng in zip(found, rngs, strict=True)]
        noise.append([_measures(p, t) for p, t in zip(altered, tasks, strict=True)])
    for name in range(2):
        fewer = [_without_labels(t, rng=stream(n, f"gate/labels/{name}")) for t, n in zip(tasks, numbers, strict=True)]
        again = [_predicted(factory, material, t, n) for t, n in zip(fewer, numbers, strict=True)]
        labels.append([_measures(p, t) for p, t in zip(again, tasks, strict=True)])
    plain = [_measures(p, t) for p, t in zip(found, tasks, strict=True)]
    return Draws(str(group.cell), np.array(plain), np.array(noise), np.array(labels))


def _predicted(factory: PredictorFactory, material: Material, task: Task, number: int) -> Prediction:
    predictor = factory(material.space, material.target, rng=stream(number, "predictors/predictor"))
    predictor.fit(task.known, task.labels)
    return predictor.predict(task.queries)


def _measures(prediction: Prediction, task: Task) -> list[float]:
    measures = measure(prediction, task.truth, task.test)
    return [measures[name] for name in MEASURES]


def noisy(prediction: Prediction, strength: float, *, rng: np.random.Generator) -> Prediction:
    """Return the prediction with rows swapped between archs whose ranks, plus noise, change places.

    Args:
        prediction: about n archs.
        strength: standard deviation of the noise, in normal scores of the ranks.
        rng: draws the noise.
    """
    n = len(prediction.mean)
    scores = norm.ppf((rankdata(prediction.mean, method="ordinal") - 0.5) / n)
    taken = np.empty(n, dtype=np.int64)
    taken[np.argsort(scores + strength * rng.standard_normal(n))] = np.argsort(scores)
    std, quantiles = prediction.std, prediction.quantiles
    return Prediction(
        np.asarray(prediction.mean)[taken],
        None if std is None else std[taken],
        None if quantiles is None else quantiles[taken],
    )


def _strength(found: Sequence[Prediction], tasks: Sequence[Task]) -> float:
    """Return the strength of noise whose mean loss of tau is nearest to `LOSS`."""
    plain = np.mean([kendall(p.mean, t.truth) for p, t in zip(found, tasks, strict=True)])

    def loss(strength: float) -> float:
        altered = [noisy(p, strength, rng=stream(i, "gate/strength")) for i, p in enumerate(found)]
        return float(plain - np.mean([kendall(p.mean, t.truth) for p, t in zip(altered, tasks, strict=True)]))

    low, high = 0.0, _MOST_STRENGTH
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if loss(middle) < LOSS else (low, middle)
    return high


def _without_labels(task: Task, *, rng: np.random.Generator) -> Task:
    labels, has = task.labels.copy(), np.flatnonzero(np.isfinite(task.labels))
    labels[rng.permutation(has)[max(1, round(KEPT_LABELS * len(has))) :]] = np.nan
    return replace(task, labels=labels)


# --------------------------------------------------------------------------------------------------- simulating


def simulate(draws: Sequence[Draws], n_runs: int, *, rng: np.random.Generator) -> tuple[Rates, Rates]:
    """Return false alarms and power for noise and for labels.

    Args:
        draws: a member per group.
        n_runs: of the gate, for each rate.
        rng: draws splits, swaps and noise.
    """
    return _simulate("noise", draws, n_runs, rng=rng), _simulate("labels", draws, n_runs, rng=rng)


def _simulate(how: str, draws: Sequence[Draws], n_runs: int, *, rng: np.random.Generator) -> Rates:
    alarms = sum(any(_fails(measure, losses) for measure, losses in _null(how, draws, rng=rng)) for _ in range(n_runs))
    power = {}
    for of in draws:
        seen = sum(_is_noticed(_losing(how, of, rng=rng), len(draws)) for _ in range(n_runs))
        power[of.cell] = seen / n_runs
    return Rates(how, alarms / n_runs, power)


def _fails(measure: Measure, losses: Sequence[FloatArray]) -> bool:
    return bool((adjusted_p(measure, losses) <= measure.level).any())


def _is_noticed(losses: FloatArray, n_groups: int) -> bool:
    """Return whether a group fails for tau among others that did not change: their p-values are 1."""
    return loss_p(losses, MEASURES["tau"].margin) * n_groups <= MEASURES["tau"].level


def _null(how: str, draws: Sequence[Draws], *, rng: np.random.Generator) -> Iterator[tuple[Measure, list[FloatArray]]]:
    """Yield each measure with the losses of every group between predictors that are as good but for the margin."""
    pairs = [_pair(of.noise if how == "noise" else of.labels, rng=rng) for of in draws]
    for i, guarded in enumerate(MEASURES.values()):
        losses = [guarded.losses(a[:, i], b[:, i]) + guarded.margin for a, b in pairs]
        kept = [x for x in losses if not np.isnan(x).all()]  # all NaN: the predictor does not have the measure
        if kept:
            yield guarded, kept


def _pair(altered: FloatArray, *, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Return two draws of every split, which is which by chance, of splits resampled; (n_splits, n_measures) each."""
    n_draws, n_splits, _ = altered.shape
    two = rng.permuted(np.tile(np.arange(n_draws), (n_splits, 1)), axis=1)[:, :2]
    rows = rng.integers(n_splits, size=n_splits)
    return altered[two[:, 0], rows], altered[two[:, 1], rows]


def _losing(how: str, of: Draws, *, rng: np.random.Generator) -> FloatArray:
    """Return losses of tau, about `LOSS` in the mean, of the splits of one group, resampled."""
    n_splits, column = len(of.plain), list(MEASURES).index("tau")
    if how == "labels":
        a, b = _pair(of.labels, rng=rng)
        return np.asarray(a[:, column] - b[:, column] + LOSS)
    rows, which = rng.integers(n_splits, size=n_splits), rng.integers(len(of.noise), size=n_splits)
    return np.asarray(of.plain[rows, column] - of.noise[which, rows, column])
