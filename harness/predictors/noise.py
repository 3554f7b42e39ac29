"""The noise ceiling: agreement between two trials of the same archs.

No predictor of the mean can be judged more finely than the mean is known. Shown beside the study: Kendall's tau between
two trials, over all archs and within the best tenth, and of validation to test.
"""

import numpy as np
import pandas as pd

from harness.predictors.material import Material
from harness.predictors.measures import TOP, best, kendall, precision_pct
from pmfnas.core.rng import stream
from pmfnas.core.types import FloatArray

N_DRAWS = 5
"""Pairs of trials drawn per arch; figures are means over them."""


def noise_ceiling(material: Material) -> pd.DataFrame:
    """Return tau, tau_top and precision at 1 and 5 % between trials, truth and test.

    Rows: `trial, another` (archs with two trials or more), `trial, truth` (the truth contains it) and, on
    data with test accuracy, `truth, test`.
    """
    rng = stream(0, "predictors/noise")
    pairs = {"trial, another": [], "trial, truth": []}  # type: dict[str, list[tuple[FloatArray, FloatArray]]]
    for _ in range(N_DRAWS):
        first, second = _two_trials(material.final, rng)
        both = np.isfinite(second)
        pairs["trial, another"].append((first[both], second[both]))
        pairs["trial, truth"].append((first, material.truth))
    if np.isfinite(material.test).any():
        pairs["truth, test"] = [(material.truth, material.test)]
    rows = [{"dataset": material.dataset.name, "of": name, **_agreement(of)} for name, of in pairs.items()]
    return pd.DataFrame(rows)


def _two_trials(final: FloatArray, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Return two different trials per arch, (n_archs,) each; NaN in the second where there is only one."""
    keys = np.where(np.isfinite(final), rng.random(final.shape), 2.0)
    order = np.argsort(keys, axis=1)
    rows = np.arange(len(final))
    second = final[rows, order[:, 1]] if final.shape[1] > 1 else np.full(len(final), np.nan)
    return final[rows, order[:, 0]], second


def _agreement(pairs: list[tuple[FloatArray, FloatArray]]) -> dict[str, float]:
    found = []
    for says, truth in pairs:
        top = best(truth, TOP)
        found.append(
            (
                kendall(says, truth),
                kendall(says[top], truth[top]),
                precision_pct(says, truth, 0.01),
                precision_pct(says, truth, 0.05),
            )
        )
    means = np.mean(found, axis=0)
    return dict(zip(("tau", "tau_top", "precision_1", "precision_5"), means.tolist(), strict=True))
