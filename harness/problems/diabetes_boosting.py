"""Boosted trees of scikit-learn on diabetes: 200 patients to train on, error on 242 others; an epoch is four trees.

Few and noisy data: deep trees, and many of them, fit the noise, so that larger is worse.
"""

from functools import lru_cache
from typing import Any

import numpy as np

from pmfnas import Choices, Metric

METRIC = Metric("valid_rmse", goal="minimise", unit="positive")
SCHEDULES = {"short": 9, "long": 27}
SPACE = Choices(
    depth=[1, 2, 3, 4, 6, 8],
    min_samples_leaf=[1, 5, 20],
    max_features=[0.2, 0.5, 0.9],
    subsample=[0.5, 0.9],
    lr=[0.01, 0.02, 0.05, 0.1, 0.2, 0.5],
)
GUESS = {"depth": 3, "min_samples_leaf": 1, "max_features": 0.9, "subsample": 0.9, "lr": 0.1}
"""The defaults of `GradientBoostingRegressor`, as near as the choices come."""
_N_TRAIN, _TREES = 200, 4


@lru_cache(maxsize=1)
def _data() -> tuple[np.ndarray, np.ndarray]:
    from sklearn.datasets import load_diabetes

    features, target = load_diabetes(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(target))
    return features[order], target[order]


def train(arch: Any, run: Any) -> None:
    """Add four trees in every epoch."""
    from sklearn.ensemble import GradientBoostingRegressor

    x, y = _data()
    inner, rest = slice(0, _N_TRAIN), slice(_N_TRAIN, None)
    model = GradientBoostingRegressor(
        learning_rate=arch.lr,
        max_depth=arch.depth,
        min_samples_leaf=arch.min_samples_leaf,
        max_features=arch.max_features,
        subsample=arch.subsample,
        warm_start=True,
        random_state=run.seed,
    )
    for epoch in run.epochs:
        model.n_estimators = _TREES * epoch
        model.fit(x[inner], y[inner])
        error = np.sqrt(np.mean((model.predict(x[rest]) - y[rest]) ** 2)) if run.wants_validation else None
        run.report(train_loss=model.train_score_[-1], valid_rmse=error)
