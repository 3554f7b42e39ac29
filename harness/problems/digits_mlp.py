"""A network of scikit-learn on digits: 8 x 8 images, 600 to train on, accuracy on 1,197 others.

Its learning rate stays as it is, so the short schedule is the beginning of the long one.
"""

import warnings
from functools import lru_cache
from typing import Any

import numpy as np

from pmfnas import Choices, Metric

METRIC = Metric("valid_acc")
SCHEDULES = {"short": 9, "long": 27}
SPACE = Choices(
    depth=[1, 2, 3],
    width=[8, 16, 32, 64, 128],
    activation=["relu", "tanh"],
    batch_size=[25, 60, 150],
    lr=[0.001, 0.003, 0.01, 0.03, 0.1, 0.3],
)
GUESS = {"depth": 1, "width": 128, "activation": "relu", "batch_size": 150, "lr": 0.001}
"""The defaults of `MLPClassifier`, as near as the choices come."""
_N_TRAIN = 600


@lru_cache(maxsize=1)
def _data() -> tuple[np.ndarray, np.ndarray]:
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(labels))
    return images[order] / 16.0, labels[order]


def train(arch: Any, run: Any) -> None:
    """Train a network with momentum."""
    from sklearn.neural_network import MLPClassifier

    x, y = _data()
    inner, rest = slice(0, _N_TRAIN), slice(_N_TRAIN, None)
    net = MLPClassifier(
        (arch.width,) * arch.depth,
        activation=arch.activation,
        solver="sgd",
        batch_size=arch.batch_size,
        learning_rate_init=arch.lr,
        random_state=run.seed,
    )
    for _ in run.epochs:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # overflow where the learning rate is too high: it shows in the loss
            net.partial_fit(x[inner], y[inner], classes=range(10))
        run.report(train_loss=net.loss_, valid_acc=net.score(x[rest], y[rest]) if run.wants_validation else None)
