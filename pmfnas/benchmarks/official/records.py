"""Official records as columns of numbers, interpreted by the record classes of the official package.

A record becomes, for each (data set, schedule) and each trial, one series per metric. The names of the metrics
are those of the curve table:

    train-acc, train-loss, x-valid-acc, x-valid-loss, ...   at the epochs where the file has them
    train-s, x-valid-s, ...                                 seconds of each epoch, of each pass
    latency-s, params-m, flops-m                            one number per trial, as recorded with the trial
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from pmfnas.benchmarks.official.layout import DATASETS, SPLITS, OfficialSpace
from pmfnas.core.errors import DataError
from pmfnas.core.types import FloatArray

_ROUNDING_PCT = 1e-3


@dataclass(frozen=True, slots=True)
class Series:
    """The values of one metric in one trial."""

    epochs: tuple[int, ...]
    """Counted from 1; () if the metric does not depend on the epoch."""
    values: FloatArray  # (max(1, len(epochs)),)


Group: TypeAlias = tuple[str, str]
"""Data set and schedule, in official spelling."""

Trials: TypeAlias = dict[int, dict[str, Series]]
"""Seed -> metric -> series."""


def read_record(
    schedules: Mapping[str, Any], index: int, text: str | None, space: OfficialSpace, file: str
) -> dict[Group, Trials]:
    """Return all series of one arch.

    Args:
        schedules: schedule -> results, as the file holds them.
        index: official index that the record must have.
        text: official string that the record must have; None if it is not known yet.
        space: the space that the record must belong to.
        file: name of the record in error messages.

    Raises:
        DataError: the record is of another arch or space, or damaged.
    """
    groups: dict[Group, Trials] = {}
    with _interpreting(file):
        for schedule, state in schedules.items():
            if schedule not in space.schedules:
                raise DataError(f"{file} has schedule {schedule!r}, but {space.name} has {', '.join(space.schedules)}")
            for dataset, trials in _schedule(state, index, text, file, space.schedules[schedule]).items():
                groups[dataset, schedule] = trials
    return groups


def _schedule(state: Any, index: int, text: str | None, file: str, epochs: int) -> dict[str, Trials]:
    """Return data set -> trials of one schedule."""
    from nats_bench.api_utils import ArchResults  # local, because only an import needs the official package

    results = ArchResults.create_from_state_dict(state)
    if results.arch_index != index or (text is not None and results.arch_str != text):
        raise DataError(
            f"{file} holds arch {results.arch_index} {results.arch_str}, but should hold arch {index} {text or ''}; "
            "files were mixed up, fetch it again"
        )
    named = {(dataset, seed) for dataset, seeds in results.dataset_seed.items() for seed in seeds}
    if named != set(results.all_results):
        raise DataError(f"{file} lists other trials than it holds; fetch it again")
    trials: dict[str, Trials] = {}
    for (dataset, seed), result in sorted(results.all_results.items()):
        _check_trial(result, dataset, seed, epochs, file)
        trials.setdefault(dataset, {})[seed] = _trial(result, file)
    return trials


def _check_trial(result: Any, dataset: str, seed: int, epochs: int, file: str) -> None:
    """Raise `DataError` unless the trial has the data set, seed and epochs under which it is stored."""
    if dataset not in DATASETS or not set(result.get_eval_set()) <= set(SPLITS):
        raise DataError(f"{file} has data set {dataset!r} with splits {result.get_eval_set()}; not an official record")
    found = (result.name, int(result.seed), result.get_total_epoch())
    if found != (dataset, seed, epochs):
        raise DataError(f"{file} files trial {found} under {(dataset, seed, epochs)}; fetch it again")


def _trial(result: Any, file: str) -> dict[str, Series]:
    """Return metric -> series of one trial."""
    if not result.train_times or not result.eval_times:
        raise DataError(f"{file} has no times, as before version 1.1 of the benchmark; fetch a newer version")
    series = {
        "train-acc": _accuracy(_train_series(result.train_acc1es), file),
        "train-loss": _train_series(result.train_losses),
        "train-s": _seconds(_train_series(result.train_times), result, file),
    }
    for split in result.get_eval_set():
        series[f"{split}-acc"] = _accuracy(_eval_series(result.eval_acc1es, split, result.epochs), file)
        series[f"{split}-loss"] = _eval_series(result.eval_losses, split, result.epochs)
        series[f"{split}-s"] = _seconds(_eval_series(result.eval_times, split, result.epochs), result, file)
    latency_s = result.get_latency()  # the official package returns -1 without a latency
    series["latency-s"] = _number(latency_s if latency_s > 0 else np.nan)
    series["params-m"] = _number(result.params)
    series["flops-m"] = _number(result.flop)
    return {metric: values for metric, values in series.items() if len(values.values)}


def _number(value: float) -> Series:
    return Series((), np.array([value], dtype=np.float64))


def _train_series(values: Mapping[int, float]) -> Series:
    """Return the series of a dictionary keyed by epochs from 0."""
    places = sorted(values)
    return Series(tuple(p + 1 for p in places), np.array([values[p] for p in places], dtype=np.float64))


def _eval_series(values: Mapping[str, float], split: str, epochs: int) -> Series:
    """Return the series of a dictionary keyed by `x-valid@11`, epochs from 0."""
    found = {e + 1: value for e in range(epochs) if (value := values.get(f"{split}@{e}")) is not None}
    return Series(tuple(found), np.array(list(found.values()), dtype=np.float64))


def _accuracy(series: Series, file: str) -> Series:
    if not np.all((series.values >= 0) & (series.values <= 100 + _ROUNDING_PCT)):
        raise DataError(f"{file} has an accuracy outside 0 to 100 percent; it is damaged, fetch it again")
    return series


def _seconds(series: Series, result: Any, file: str) -> Series:
    if len(series.epochs) != result.epochs or not np.all(series.values > 0):
        raise DataError(f"{file} lacks the seconds of some epochs or passes; it is damaged, fetch it again")
    return series


@contextmanager
def _interpreting(file: str) -> Iterator[None]:
    """Turn every error that a malformed record causes into one `DataError` that names the record."""
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        cause = f"{type(error).__name__}: {error}".splitlines()[0]
        raise DataError(f"{file} does not hold an official record ({cause}); fetch it again") from None
