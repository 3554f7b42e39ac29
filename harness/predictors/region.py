"""The archs that PMF-NAS trains in stages 2 and 3.

Most pairs of a uniform sample of the space are easy to rank. The archs that a search trains after stage 1 are alike,
and a search asks its predictor about these.
"""

import numpy as np
from numpy.typing import NDArray

from harness.experiment.batch import open_benchmark, run_one
from harness.experiment.jobs import Job
from harness.experiment.specs import GPU_NIGHT_S, Experiment
from harness.players.ours import PLAYERS, REFERENCE
from pmfnas.benchmarks.table import CurveTable
from pmfnas.core.types import Train
from pmfnas.engine.settings import Settings

N_SEARCHES = 12
FIRST_SEED = 3000


def visited_archs(table: CurveTable, dataset: str, n_searches: int = N_SEARCHES) -> NDArray[np.int64]:
    """Return the rows of the archs that searches of one GPU night train after stage 1, ascending, none twice.

    Stage 1 is the first `Settings.explore_low` archs that a search starts.
    """
    experiment = Experiment(
        "predictors",
        "archs that a search visits",
        {REFERENCE: PLAYERS[REFERENCE]},
        (REFERENCE,),
        (dataset,),
        GPU_NIGHT_S,
        n_seeds=n_searches,
        first_seed=FIRST_SEED,
    )
    benchmark, found = open_benchmark(table, dataset), set[int]()
    for seed in range(FIRST_SEED, FIRST_SEED + n_searches):
        _, finished = run_one(experiment, table, benchmark, Job(dataset, REFERENCE, seed))
        requests = [entry.ticket.request for entry in finished.entries]
        trained = dict.fromkeys(request.arch for request in requests if isinstance(request, Train))
        found |= {table.row(arch) for arch in list(trained)[Settings().explore_low :]}
    return np.array(sorted(found), dtype=np.int64)
