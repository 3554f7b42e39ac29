"""The results of the searches of a comparison: one row per run, and the rules that all runs share."""

from collections.abc import Mapping, Sequence
from math import isfinite
from pathlib import Path
from typing import Any

import pandas as pd

from harness.experiment.folder import read_claim
from harness.search.compare.running import Run, folder
from harness.search.folder import read_result
from pmfnas.core.errors import InputError
from pmfnas.loop.record import read_rows, record_path, run_id

RULES = (
    *("dataset", "space", "split", "fingerprint", "schedules", "budget_s", "recipe", "width"),
    *("device", "torch", "code"),
)
"""Entries of a search's claim that all runs of a table must share."""

RESULT_COLUMNS = (
    *("searcher", "seed", "status", "why", "arch", "schedule", "epochs", "valid_acc", "test_acc"),
    *("params_m", "flops_m", "gpu_hours", "n_archs", "n_whole"),
)
_TOLD = ("arch", "schedule", "epochs", "valid_acc", "test_acc", "params_m", "flops_m", "gpu_hours")


def read_runs(out: Path, runs: Sequence[Run], failures: Mapping[Run, str]) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Return `RESULT_COLUMNS`, one row per run in the order given, and the `RULES` that the finished ones share.

    `n_archs` counts the archs of which a segment ended well, `n_whole` those that were trained to the end of the
    longest schedule. A run that failed has `status` "failed", its reason in `why`, and NaN.

    Args:
        out: folder of the comparison.
        runs: finished or failed ones.
        failures: run -> reason.

    Raises:
        InputError: no run has finished, or finished ones differ in a rule.
        DataError: a file of a run is damaged.
    """
    rules: dict[str, Any] = {}
    rows = []
    for run in runs:
        result = None if run in failures else read_result(folder(out, run))
        head = {"searcher": run.searcher, "seed": run.seed}
        if result is None:
            rows.append({**head, "status": "failed", "why": failures.get(run, "it has no result")})
            continue
        if not (isfinite(result["test_acc"]) and isfinite(result["valid_acc"])):
            why = f"test accuracy is {result['test_acc']}, validation accuracy {result['valid_acc']}: no numbers"
            rows.append({**head, "status": "failed", "why": why})
            continue
        claim = read_claim(folder(out, run))
        rules = _shared(rules, {name: claim[name] for name in RULES}, run)
        told = {name: result[name] for name in _TOLD}
        rows.append({**head, "status": "ok", "why": "", **told, **_trained(out, run, claim)})
    if not rules:
        why = f": {next(iter(failures.values()))}" if failures else ""
        raise InputError(f"none of {len(runs)} runs in {out} has finished{why}")
    return pd.DataFrame(rows).reindex(columns=list(RESULT_COLUMNS)), rules


def _shared(rules: Mapping[str, Any], own: Mapping[str, Any], run: Run) -> dict[str, Any]:
    for name, value in rules.items():
        if own[name] != value:
            raise InputError(
                f"{run} has {name} {own[name]}, but the runs before it {value}, which do not compare; "
                "remove its folder to run it again, or choose another --out"
            )
    return dict(own)


def _trained(out: Path, run: Run, claim: Mapping[str, Any]) -> dict[str, int]:
    """Return how many archs a run has trained, at all and to the end."""
    own, longest = folder(out, run), max(claim["schedules"])
    path = record_path(own, run_id(claim["space"], claim["dataset"], run.searcher, run.seed))
    rows = read_rows(path, ["arch", "schedule", "stop", "status"]).to_pandas()
    ok = rows[rows["status"] == "ok"]
    whole = ok[(ok["schedule"].astype(str) == str(longest)) & (ok["stop"] == longest)]
    return {"n_archs": int(ok["arch"].nunique()), "n_whole": int(whole["arch"].nunique())}
