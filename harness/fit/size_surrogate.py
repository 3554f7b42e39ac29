"""Fits the surrogate of the size space: least squares throughout, in seconds.

Final test accuracy comes from real values of half of the archs (`SOURCE/nats_sss.npz`), drawn at random: no two archs
of the size space are isomorphic. Curves, the step from test to validation, and seconds come from whatever official
records there are, as regressions with few coefficients that all archs share; three records are enough, which is what
the shipped model was fitted to. No parameter belongs to a single arch.
"""

import json
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.stats import kendalltau

from harness.fit.surrogate_report import compare
from pmfnas.benchmarks.official.layout import SIZE
from pmfnas.benchmarks.official.reader import arch_files, read_arch
from pmfnas.benchmarks.official.records import Group, Trials, read_record
from pmfnas.benchmarks.size_surrogate.model import (
    DEGREE,
    IMAGES,
    LAST,
    METRICS,
    N_TRIALS,
    SCHEDULES,
    line_terms,
    polynomial_terms,
)
from pmfnas.benchmarks.size_surrogate.source import read_values
from pmfnas.benchmarks.surrogate.layout import restore, transform
from pmfnas.benchmarks.table import Key
from pmfnas.benchmarks.tabular import DATASETS
from pmfnas.core.errors import DataError, InputError
from pmfnas.core.rng import stream
from pmfnas.core.types import FloatArray
from pmfnas.files import write_bytes

LEAST_RECORDS = 3
"""A line and how far values are from it."""
REPEATED = "12"
"""The schedule with several trials: it tells how far trials are apart."""

Record: TypeAlias = dict[Group, Trials]


def fit_size_surrogate(source: Path, official: Path, out: Path) -> Mapping[str, Any]:
    """Fit the surrogate of the size space, write the model file, and return the report on archs held out.

    Args:
        source: folder with `nats_sss.npz`: `channels` (n_archs, 5) and `test_acc_90` (n_archs, 3), percent.
        official: archive folder of the size space with the records of at least three archs.
        out: the new model file.

    Raises:
        InputError: `out` exists, or there are too few records.
        DataError: a source is missing or damaged.
    """
    if out.exists():
        raise InputError(f"{out} exists already and is not overwritten; remove it or choose another --out")
    values, digest = read_values(source)
    records = _read_records(official)
    arrays, notes = _fit_finals(transform("-acc", values), values)
    arrays["valid/line"] = np.array([_valid_line(records, place) for place in range(len(DATASETS))])
    for name in IMAGES:
        arrays |= _fit_curves(records, name)
    _pool_arch_noise(arrays)
    arrays |= _fit_seconds(records)
    notes = {"fitted to": digest, "official records": len(records), **notes}
    arrays["notes"] = np.array(json.dumps(notes))
    write_bytes(out, _packed(arrays))
    return notes


def used_half(n_archs: int) -> NDArray[np.bool_]:
    """Return which archs (by number) the fit may use: a random half."""
    used = np.zeros(n_archs, dtype=bool)
    used[stream(0, "size-surrogate/split").permutation(n_archs)[: n_archs // 2]] = True
    return used


def _read_records(official: Path) -> list[Record]:
    if not official.is_dir():
        raise DataError(f"--official is {str(official)!r}, but no such folder exists; give an archive folder")
    records = [read_record(read_arch(file), i, None, SIZE, str(file)) for i, file in arch_files(official).items()]
    if len(records) < LEAST_RECORDS:
        raise InputError(f"{official} holds {len(records)} records, but the fit needs at least {LEAST_RECORDS}")
    return records


def _fit_finals(logits: FloatArray, values: FloatArray) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Return the arrays of final test accuracy, and the figures on archs held out."""
    terms, used = polynomial_terms(DEGREE), used_half(len(logits))
    weights = np.linalg.lstsq(terms[used], logits[used], rcond=None)[0]  # (n_terms, 3)
    fitted = terms @ weights
    errors = (logits - fitted)[~used]
    notes: dict[str, Any] = {"archs used": int(used.sum()), "archs held out": int((~used).sum())}
    for place, name in enumerate(DATASETS):
        ours, real = restore("-acc", fitted[~used, place]), values[~used, place]
        best = real >= np.quantile(real, 0.9)
        notes[f"{name}, final test"] = {
            **compare(ours, real),
            "kendall_tau_best_tenth": round(float(kendalltau(ours[best], real[best])[0]), 4),
        }
    notes["correlation of errors between data sets"] = [
        round(float(r), 3) for r in np.asarray(np.corrcoef(errors.T))[np.triu_indices(errors.shape[1], 1)]
    ]
    return {"test/weights": weights, "test/std": errors.std(axis=0)}, notes


def _final(record: Record, dataset: str, metric: str) -> float:
    """Return the mean over trials of the last value of the longest schedule, transformed."""
    lasts = [trial[metric].values[-1] for trial in record[dataset, LAST].values()]
    return float(np.mean(transform(metric, np.array(lasts))))


def _valid_line(records: Sequence[Record], place: int) -> FloatArray:
    """Return (constant, slope) of final validation over final test."""
    data = list(DATASETS.values())[place]
    test = [_final(record, data.test, data.test_metric) for record in records]
    valid = [_final(record, data.search, "x-valid-acc") for record in records]
    return np.polyfit(test, valid, 1)[::-1]


def _fit_curves(records: Sequence[Record], name: str) -> dict[str, NDArray[Any]]:
    """Return lines and noise of all curves of a data set."""
    valid = np.array([_final(record, name, "x-valid-acc") for record in records])
    arrays: dict[str, NDArray[Any]] = {}
    for metric in METRICS:
        repeated = _curves(records, Key(name, REPEATED, metric)).std(axis=1, ddof=1)  # (n_records, n_epochs)
        for schedule, n_epochs in SCHEDULES.items():
            key = Key(name, schedule, metric)
            curves = _curves(records, key)  # (n_records, n_trials, n_epochs)
            terms = line_terms(n_epochs, valid)
            rows = np.repeat(terms[:, None], N_TRIALS[schedule], axis=1).reshape(-1, terms.shape[2])
            line = np.linalg.lstsq(rows, curves.reshape(-1), rcond=None)[0]
            offsets = (curves.mean(axis=1) - terms @ line).mean(axis=1)  # (n_records,)
            arch = np.sqrt((offsets**2).sum() / (len(records) - 2))
            trial = np.sqrt((repeated[:, 0 if n_epochs == 1 else -1] ** 2).mean())
            arrays |= {f"{key}/line": line, f"{key}/noise": np.array([arch, trial, _roughness(curves)])}
    return arrays


def _curves(records: Sequence[Record], key: Key) -> FloatArray:
    """Return the values of all records, transformed, (n_records, n_trials, n_epochs)."""
    trials = [record[key.dataset, key.schedule] for record in records]
    values = np.array([[trial[seed][key.metric].values for seed in sorted(trial)] for trial in trials])
    return transform(key.metric, values)


def _roughness(curves: FloatArray) -> float:
    """Return the size at the start of noise between epochs that falls linearly to 0, from second differences."""
    n_epochs = curves.shape[2]
    if n_epochs < 3:
        return 0.0
    second = curves[..., 1:-1] - (curves[..., :-2] + curves[..., 2:]) / 2
    left = 1 - np.arange(2, n_epochs) / n_epochs
    return float(np.sqrt((second**2).mean() / 1.5 / (left**2).mean()))


def _pool_arch_noise(arrays: dict[str, NDArray[Any]]) -> None:
    """Give all data sets the median noise by arch: few records say little of each."""
    for schedule in SCHEDULES:
        for metric in METRICS:
            names = [f"{Key(name, schedule, metric)}/noise" for name in IMAGES]
            pooled = np.median([arrays[name][0] for name in names])
            for name in names:
                arrays[name] = np.array([pooled, *arrays[name][1:]])


def _fit_seconds(records: Sequence[Record]) -> dict[str, NDArray[Any]]:
    """Return constants (n_datasets, 2) and slopes (2,) of seconds per thousand images over FLOPs.

    A constant for each data set and one slope for all: the cost of a convolution does not depend on the images.
    """
    n = len(IMAGES)
    fits = []
    for place, metric in enumerate(("train-s", "x-valid-s")):
        rows, seconds = [], []
        for column, (name, images) in enumerate(IMAGES.items()):
            for record in records:
                trial = next(iter(record[name, LAST].values()))
                rows.append([*np.eye(n)[column], trial["flops-m"].values[0]])
                seconds.append(trial[metric].values.mean() / images[place])
        fits.append(np.linalg.lstsq(np.array(rows), np.array(seconds), rcond=None)[0])
    both = np.array(fits)  # (2, n + 1)
    if (both <= 0).any():
        raise DataError(
            "the official records give seconds that fall with FLOPs or below 0, which no network takes; use more"
        )
    return {"seconds/constant": both[:, :n].T, "seconds/slope": both[:, n]}


def _packed(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    sink = BytesIO()
    np.savez_compressed(sink, allow_pickle=False, **arrays)
    return sink.getvalue()
