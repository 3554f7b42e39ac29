"""A small convolutional network of torch on digits: 200 images to train on, cross-entropy on 400 others.

The learning rate falls along a cosine, so the schedules differ. With so few images and no stop, networks that fit them
too well become too certain: the loss rises again.
"""

import math
from functools import lru_cache
from typing import Any

import numpy as np

from pmfnas import Choices, Metric

METRIC = Metric("valid_loss", goal="minimise", unit="positive")
SCHEDULES = {"short": 9, "long": 27}
SPACE = Choices(
    blocks=[1, 2, 3],
    channels=[4, 8, 16],
    kernel=[1, 3],
    pooling=["max", "average"],
    dropout=["none", "third"],
    lr=[0.003, 0.01, 0.03, 0.1, 0.3],
)
GUESS = {"blocks": 2, "channels": 16, "kernel": 3, "pooling": "max", "dropout": "none", "lr": 0.01}
"""What tutorials use."""
_N_TRAIN, _N_VALID, _BATCH = 200, 400, 25


@lru_cache(maxsize=1)
def _data() -> tuple[Any, Any]:
    import torch
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(labels))[: _N_TRAIN + _N_VALID]
    return (
        torch.tensor(images[order] / 8.0 - 1.0, dtype=torch.float32).reshape(-1, 1, 8, 8),
        torch.tensor(labels[order]),
    )


def _network(arch: Any) -> Any:
    """Return blocks of convolution, ReLU and, in the first two, pooling; then a mean over the image."""
    from torch import nn

    pooling = nn.MaxPool2d if arch.pooling == "max" else nn.AvgPool2d
    layers: list[Any] = []
    n_before = 1
    for block in range(arch.blocks):
        layers += [nn.Conv2d(n_before, arch.channels, arch.kernel, padding=arch.kernel // 2), nn.ReLU()]
        layers += [pooling(2)] if block < 2 else []
        n_before = arch.channels
    layers += [nn.Flatten(), nn.Dropout(1 / 3 if arch.dropout == "third" else 0.0), nn.LazyLinear(10)]
    return nn.Sequential(*layers)


def train(arch: Any, run: Any) -> None:
    """Train with momentum and a learning rate that falls to 0."""
    import torch
    from torch.nn.functional import cross_entropy

    torch.set_num_threads(1)
    torch.manual_seed(run.seed)
    x, y = _data()
    rest = slice(_N_TRAIN, None)
    net = _network(arch)
    net(x[:1])
    optimizer = torch.optim.SGD(net.parameters(), lr=arch.lr, momentum=0.9)
    for epoch in run.epochs:
        for group in optimizer.param_groups:
            group["lr"] = arch.lr * (1 + math.cos(math.pi * (epoch - 1) / run.n_epochs)) / 2
        net.train()
        losses = []
        for batch in torch.randperm(_N_TRAIN).split(_BATCH):
            loss = cross_entropy(net(x[batch]), y[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        net.eval()
        with torch.no_grad():
            error = cross_entropy(net(x[rest]), y[rest]).item() if run.wants_validation else None
        run.report(train_loss=sum(losses) / len(losses), valid_loss=error)
