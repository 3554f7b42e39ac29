"""Means over splits with intervals, prices, and paired differences, for tables and figures."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from harness.predictors.measures import MEASURES
from harness.predictors.study import CELL
from harness.stats.decision import decide
from harness.stats.paired import holm, rank_biserial, wilcoxon_p

JUDGED = 100
"""Archs that a price is reckoned for: everything learnt from, and the curves of so many archs to judge."""

HOST = ("fit_host_s", "query_host_s")
"""Columns that depend on the machine."""

_LOWER_IS_BETTER = ("rmse_pct", "regret_pct", "regret_10_pct", "crps_pct")


def with_price(results: pd.DataFrame) -> pd.DataFrame:
    """Return `results` with `total_s`: GPU-seconds of everything learnt from and of `JUDGED` archs' curves."""
    return results.assign(total_s=results["labels_s"] + JUDGED * results["query_s"])


def summarise(results: pd.DataFrame) -> pd.DataFrame:
    """Return mean and half-width of the 95 % t interval over splits of every measure, a row per predictor and cell.

    Splits draw archs anew but share the table, so an interval is about the draw of archs, not about another space. A
    measure that is missing in some splits is missing: a mean over the others would flatter the predictor.
    """
    keys = ["predictor", *CELL]
    priced = with_price(results)
    grouped = priced.groupby(keys, sort=False)
    n = grouped.size()
    columns = [*MEASURES, "labels_s", "query_s", "total_s", *HOST]
    whole = grouped[columns].count().eq(n, axis=0)
    means = grouped[columns].mean().where(whole)
    spread = grouped[list(MEASURES)].std(ddof=1).where(whole[list(MEASURES)])
    reach = stats.t.ppf(0.975, np.maximum(n - 1, 1)) / np.sqrt(n)
    halves = spread.mul(reach, axis=0).add_suffix("_half")
    return means.join(halves).assign(n_splits=n).reset_index()


def over_datasets(summary: pd.DataFrame) -> pd.DataFrame:
    """Return means over the data sets of a summary, where a cell stands on all; half-widths add as variances."""
    keys = ["predictor", *(name for name in CELL if name != "dataset")]
    n_datasets = summary["dataset"].nunique()
    values = [name for name in summary.columns if name not in (*keys, "dataset")]
    halves = [name for name in values if name.endswith("_half")]
    grouped = summary.groupby(keys, sort=False)
    mean = grouped[values].mean()
    mean[halves] = np.sqrt((summary[halves] ** 2).groupby([summary[k] for k in keys], sort=False).sum()) / n_datasets
    return mean[grouped.size() == n_datasets].reset_index()


def against(results: pd.DataFrame, reference: str) -> pd.DataFrame:
    """Return paired differences predictor less reference, a row per predictor, cell and measure.

    Columns: the cell, `measure`, `n_pairs`, `difference`, `ci_low`, `ci_high` (95 %, t), `p_value` (Wilcoxon, Holm over
    the predictors of a cell and measure), `verdict` (see `harness.stats.decision`,
    but `none` where level). A measure that a predictor lacks in
    all splits is not compared. One that is missing in some splits is the worst possible there, and two that are both
    infinitely bad are equal.
    """
    rows = pd.DataFrame(list(_differences(results, reference)))
    if rows.empty:
        return rows
    rows["p_value"] = rows.groupby([*CELL, "measure"], sort=False)["p_value"].transform(lambda p: holm(p.to_numpy()))
    sign = np.where(rows["measure"].isin(_LOWER_IS_BETTER), -1, 1)
    told = zip(rows["p_value"], sign * rows["difference"], sign * rows.pop("effect"), strict=True)
    rows["verdict"] = ["none" if (said := decide(*numbers)) == "level" else said for numbers in told]
    return rows


def _differences(results: pd.DataFrame, reference: str) -> Iterator[dict[str, Any]]:
    compared = ("tau", "tau_top", "precision_1", "regret_pct", "crps_pct")
    wide = results.pivot_table(index=[*CELL, "split"], columns="predictor", values=list(compared), sort=False)
    for name in [n for n in dict.fromkeys(results["predictor"]) if n != reference]:
        for measure in compared:
            if (measure, name) not in wide.columns or (measure, reference) not in wide.columns:
                continue
            both = pd.DataFrame({"own": wide[measure, name], "reference": wide[measure, reference]})
            for cell, values in both.groupby(level=list(CELL), sort=False):
                if values.notna().any().all():
                    where = dict(zip(CELL, cell, strict=True))
                    yield {"predictor": name, **where, "measure": measure, **_paired(_gap(values, measure))}


def _gap(values: pd.DataFrame, measure: str) -> "pd.Series[float]":
    """Return the differences own less reference, shape (n_splits,); a missing value is the worst possible."""
    filled = values.fillna(np.inf if measure in _LOWER_IS_BETTER else -np.inf)
    own, reference = filled["own"], filled["reference"]
    return (own - reference).where(own != reference, 0.0)


@np.errstate(invalid="ignore")  # of infinite differences mean and interval may not exist
def _paired(values: "pd.Series[float]") -> dict[str, float]:
    n, mean = len(values), float(values.mean())
    half = float(stats.t.ppf(0.975, n - 1) * values.std(ddof=1) / np.sqrt(n)) if n > 1 else float("nan")
    p = wilcoxon_p(values.to_numpy()) if n > 1 else 1.0
    told = {"n_pairs": n, "difference": mean, "ci_low": mean - half, "ci_high": mean + half, "p_value": p}
    return told | {"effect": rank_biserial(values.to_numpy())}
