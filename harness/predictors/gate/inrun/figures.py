"""The in-run figures of one course or one search: pure functions of its ledger and of what the engine said.

    tau          of the mean that decisions are made by, over the archs of a panel; mean over the moments
    spread       log of the root mean square of (truth - mean - offset) / std over a panel
    coverage_90  share of the outcomes within the stated 90 % intervals, percent
    offset_pct   mean of (told - forecast)

Truths are means over trials; outcomes are what was told. A start is judged by the medium score of its arch, where it
went on, and a probe by the full training, as in `harness.explain.calibration`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from harness.explain.calibration import FOLLOWED_BY
from harness.predictors.gate.inrun.script import Panel
from harness.predictors.measures import kendall
from harness.score.oracle import Oracle
from pmfnas.benchmarks.table import CurveTable, Key
from pmfnas.benchmarks.tabular import Dataset
from pmfnas.core.types import Arch, Fidelity, FloatArray, Ok, Train
from pmfnas.engine.model.curves import logit
from pmfnas.loop.ledger import Entry

_LEAST_STD = 1e-9


@dataclass(frozen=True, slots=True)
class Truth:
    """Validation accuracies of one data set, percent, by row of the table."""

    table: CurveTable
    medium: FloatArray  # (n_archs,)
    final: FloatArray  # (n_archs,)

    @classmethod
    def of(cls, table: CurveTable, chosen: Dataset, medium: Fidelity, high: Fidelity) -> "Truth":
        """Return the means over trials."""
        found = [
            np.nanmean(
                np.asarray(table.at(Key(chosen.search, f.schedule, "x-valid-acc"), f.epochs), dtype=float), axis=1
            )
            for f in (medium, high)
        ]
        return cls(table, *found)

    def about(self, panel: Panel) -> FloatArray:
        """Return the truths that a panel is about, in log odds, (n,)."""
        values = self.medium if panel.kind in ("start", "continue") else self.final
        return np.array([logit(float(values[self.table.row(arch)])) for arch in panel.archs])


def of_panels(panels: Sequence[Panel], truth: Truth) -> dict[str, dict[str, float]]:
    """Return `tau` and `spread` of each kind of panel, means over its moments."""
    found: dict[str, list[tuple[float, float]]] = {}
    for panel in panels:
        found.setdefault(panel.kind, []).append(_of_panel(panel, truth.about(panel)))
    return {
        kind: dict(zip(("tau", "spread"), np.mean(rows, axis=0).tolist(), strict=True)) for kind, rows in found.items()
    }


def _of_panel(panel: Panel, truth: FloatArray) -> tuple[float, float]:
    mean, std = np.array(panel.mean), np.maximum(np.array(panel.std), _LEAST_STD)
    error = truth - mean
    misses2 = float(np.mean(((error - error.mean()) / std) ** 2))
    return kendall(mean, truth), 0.5 * float(np.log(max(misses2, _LEAST_STD)))


@dataclass(frozen=True, slots=True)
class Told:
    """A forecast and its outcome, percent."""

    kind: str
    """Action of the request."""
    mean: float
    low: float
    high: float
    told: float


def outcomes(entries: Iterable[Entry]) -> list[Told]:
    """Return the forecasts of a run that have an outcome."""
    done = {_name(e): e for e in entries if isinstance(e.ticket.request, Train) and isinstance(e.outcome, Ok)}
    found = []
    for (action, request), entry in done.items():
        end = done.get((FOLLOWED_BY.get(action, action), request))
        if end is not None and isinstance(end.outcome, Ok):
            mean, low, high = (float(entry.reason[name]) for name in ("mean", "low", "high"))
            found.append(Told(action, mean, low, high, end.outcome.curve.last_valid_acc))
    return found


def _name(entry: Entry) -> tuple[str, tuple[Arch, str, int]]:
    request = entry.ticket.request
    assert isinstance(request, Train)
    return str(entry.reason.get("action")), (request.arch, request.schedule, request.replicate)


def of_forecasts(told: Sequence[Told], kinds: Sequence[str]) -> dict[str, dict[str, float]]:
    """Return `coverage_90` and `offset_pct` of each kind of decision; NaN where it has no outcome."""
    return {kind: _of_group([one for one in told if one.kind == kind]) for kind in kinds}


def _of_group(told: Sequence[Told]) -> dict[str, float]:
    inside = [one.low <= one.told <= one.high for one in told]
    gaps = [one.told - one.mean for one in told]
    return {
        "coverage_90": 100.0 * float(np.mean(inside)) if told else np.nan,
        "offset_pct": float(np.mean(gaps)) if told else np.nan,
    }


def picked(entries: Sequence[Entry], budgets_s: Sequence[float], oracle: Oracle, seed: int) -> list[float]:
    """Return the final validation accuracy of the arch recommended at each budget, percent; NaN before the first."""
    found = []
    for budget_s in budgets_s:
        archs = [e.incumbent for e in entries if e.incumbent is not None and e.end_s <= budget_s]
        found.append(oracle.score(archs[-1:], seed=seed, who="gate")[0].valid if archs else np.nan)
    return found
