"""What a probe is worth rests on curves, so it is shown on the archs whose curves under the 200 schedule are real.

Among the best tenth by 12@12, how much of the variance of the final score does the value at 12@12 explain, how much
the training loss at 200@25, how much both? `pytest -s` prints the figures that `docs/explanation/predictor.md` cites.
"""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

PROBE_EPOCHS = 25
TOP = 0.1


def log_odds(acc_pct: NDArray[np.float64]) -> NDArray[np.float64]:
    p = np.clip(acc_pct / 100.0, 1e-3, 1.0 - 1e-3)
    return np.log(p / (1.0 - p))


def explained(y: NDArray[np.float64], *columns: NDArray[np.float64]) -> float:
    """Share of the variance of `y` that a linear regression on `columns` explains."""
    design = np.stack([np.ones(len(y)), *columns], axis=1)
    rest = y - design @ np.linalg.lstsq(design, y, rcond=None)[0]
    return float(1.0 - rest.var() / y.var())


@pytest.fixture(scope="module")
def real(anchors: Path) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Per data set: medium score, final score, minus log training loss at the probe and log FLOPs of the top archs."""
    table = np.load(anchors / "nb201_anchors.npz", allow_pickle=False)
    curves = np.load(anchors / "nb201_curves.npz", allow_pickle=False)
    known = curves["loss_arch_index"]
    found = {}
    for d, name in enumerate(table["datasets"].tolist()):
        medium = log_odds(table["valid_acc_12"][:, d].astype(float))
        final = log_odds(np.nanmean(table["valid_acc_200_seeds"][:, d].astype(float), axis=1))
        top = medium[known] >= np.quantile(medium, 1.0 - TOP)
        at = known[top]
        loss = curves["train_loss"][top, d, PROBE_EPOCHS - 1].astype(float)
        flops = np.log(table["flops_M"][at, d].astype(float))
        found[name] = {"medium": medium[at], "final": final[at], "probe": -np.log(loss), "flops": flops}
    return found


@pytest.mark.parametrize("name", ["cifar10", "cifar100", "ImageNet16-120"])
def test_a_probe_tells_more_of_the_final_score_than_the_medium_score_does(real, name):
    data = real[name]
    medium = explained(data["final"], data["medium"])
    probe = explained(data["final"], data["probe"])
    both = explained(data["final"], data["medium"], data["probe"])
    sized = explained(data["final"], data["medium"], data["flops"])
    every = explained(data["final"], data["medium"], data["probe"], data["flops"])
    print(
        f"\n{name}: {len(data['final'])} archs, R2 of medium {medium:.2f}, probe {probe:.2f}, both {both:.2f}, "
        f"medium and FLOPs {sized:.2f}, all {every:.2f}"
    )
    assert probe > medium + 0.05
    assert both > sized  # more than knowing the size
