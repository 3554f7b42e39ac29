"""Run, step and timing frames with given scores, as the scoring of an experiment makes them."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

BEST = {"cifar10": 94.0, "cifar100": 73.0}
BUDGET_S = 3600.0


def runs_of(tests: Mapping[str, Mapping[str, Sequence[float]]]) -> pd.DataFrame:
    """Runs with the test accuracies given per data set and searcher, seeds 0, 1, ..."""
    return pd.DataFrame(
        [
            {
                **{"experiment": "table2", "dataset": dataset, "searcher": searcher, "seed": seed},
                **{"status": "ok", "why": "", "data": "ANCHORED", "fingerprint": "0123456789abcdef"},
                **{"budget_s": BUDGET_S, "n_workers": 2, "accounting": "resume"},
                **{"arch": f"arch-{test:.1f}", "valid": test - 1.0, "test": test},
                **{"valid_regret": BEST[dataset] - test, "test_regret": BEST[dataset] - test},
                **{"hit": test >= BEST[dataset], "gpu_hours_resume": 2.0, "gpu_hours_restart": 3.0},
                **{"busy_hours": 1.5, "evaluations": 10 + seed, "incumbent_hours": 0.5},
            }
            for dataset, searchers in tests.items()
            for searcher, values in searchers.items()
            for seed, test in enumerate(values)
        ]
    )


def timings_of(runs: pd.DataFrame) -> pd.DataFrame:
    """One and a half seconds of every searcher."""
    return runs[["dataset", "searcher", "seed"]].assign(searcher_s=1.5, wall_s=2.0)


def steps_of(runs: pd.DataFrame) -> pd.DataFrame:
    """Two incumbents per run: two points below the final one after 100 s, the final one after 600 s."""
    names = ["dataset", "searcher", "seed", "arch", "test", "valid", "test_regret", "valid_regret"]
    final = runs[names].assign(time_s=600.0)
    first = final.assign(
        time_s=100.0,
        test=final["test"] - 2,
        test_regret=final["test_regret"] + 2,
        valid_regret=final["valid_regret"] + 2,
    )
    return pd.concat([first, final], ignore_index=True)


def some_runs(n_seeds: int = 24) -> pd.DataFrame:
    """Two data sets and four searchers with noise of a fixed seed; pmf_nas is the best on cifar10."""
    rng = np.random.default_rng(7)
    means = {"pmf_nas": 93.6, "random_search": 92.9, "most_params": 93.2, "asha": 93.3}
    drawn = {
        dataset: {
            name: np.minimum(rng.normal(mean - (94.0 - best), 0.3, n_seeds).round(1), best)
            for name, mean in means.items()
        }
        for dataset, best in BEST.items()
    }
    return runs_of({dataset: {name: list(v) for name, v in of.items()} for dataset, of in drawn.items()})
