"""Parts that the predictors based on scikit-learn share: an import check and cross-validation."""

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np

from pmfnas.core.errors import InputError
from pmfnas.core.types import FloatArray


def require_sklearn(predictor: str) -> None:
    """Raise `InputError` if scikit-learn is not installed."""
    if find_spec("sklearn") is None:
        raise InputError(
            f"predictor {predictor} needs scikit-learn; install it: "
            "pip install --constraint constraints.txt -e '.[predictors]'"
        )


def cross_validated(make: Callable[[], Any], x: FloatArray, y: FloatArray, n_folds: int) -> float:
    """Return the root mean squared error of a model over contiguous folds, in the units of `y`.

    Args:
        make: returns a fresh model with `fit` and `predict`.
        x: features in random order, (n, d), n >= 2.
        y: targets, (n,).
        n_folds: number of folds; at most n are used.
    """
    errors = np.empty(len(y))
    for fold in np.array_split(np.arange(len(y)), min(n_folds, len(y))):
        rest = np.setdiff1d(np.arange(len(y)), fold)
        errors[fold] = np.asarray(make().fit(x[rest], y[rest]).predict(x[fold])) - y[fold]
    return float(np.sqrt((errors**2).mean()))
