"""ASHA, BOHB and CQR of Syne Tune 0.16 (Salinas et al. 2022, AutoML-Conf), through its scheduler objects.

These schedulers *stop* trials: a trial trains from rung to rung, 12@1, 12@3, 12@9 and 12@12, reports at each rung, and
ends when the scheduler stops it. A stopped trial is never resumed. All three share the stopping rule. New archs come
from uniform draws (ASHA), from densities of good and bad archs (BOHB), or from boosted trees with conformal quantiles
(CQR, on top of ASHA, as the package's `ASHACQR`: Salinas et al. 2023, arXiv 2305.03623).

Settings: the package's defaults (`grace_period` 1, `reduction_factor` 3, one bracket). CQR's trees take seconds to fit,
so they are refitted after every eighth new trial, by the package's own setting (`update_frequency`, 1 by
default).
"""

from collections import deque
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from syne_tune.backend.trial_status import Trial
from syne_tune.config_space import choice
from syne_tune.optimizer.baselines import ASHA, BOHB
from syne_tune.optimizer.scheduler import SchedulerDecision
from syne_tune.optimizer.schedulers.asha import AsynchronousSuccessiveHalving
from syne_tune.optimizer.schedulers.searchers.last_value_multi_fidelity_searcher import (
    LastValueMultiFidelitySearcher,
)

if TYPE_CHECKING:
    from baselines.peers.peer import Evaluation, Task, run
else:
    from peer import Evaluation, Task, run

ETA = 3
METRIC, RESOURCE = "acc", "epoch"
FIT_EVERY = 8


class StoppingScheduler:
    """A scheduler that decides after each report whether the trial continues."""

    def __init__(self, task: Task, *, scheduler: Any) -> None:
        np.random.seed(task.seed)  # noqa: NPY002, TID251  the package draws from the global generator
        self._task = task
        self._rungs = task.rungs(ETA)
        self._n_trials = 0
        self._going_on: deque[Evaluation] = deque()
        self._scheduler = scheduler(
            {name: choice(list(choices)) for name, choices in zip(task.names, task.choices, strict=True)},
            metric=METRIC,
            time_attr=RESOURCE,
            max_t=task.epochs[-1],
            grace_period=task.epochs[0],
            reduction_factor=ETA,
            do_minimize=False,
            random_seed=task.seed,
        )

    def propose(self) -> Evaluation | None:
        """Return the next rung of a continued trial, else the first rung of a new trial."""
        if self._going_on:
            return self._going_on.popleft()
        suggestion = self._scheduler.suggest()
        if suggestion is None:
            return None
        trial = Trial(trial_id=self._n_trials, config=suggestion.config, creation_time=datetime.now(UTC))
        self._n_trials += 1
        self._scheduler.on_trial_add(trial)
        return Evaluation(trial, self._task.indices(trial.config), self._rungs[0])

    def report(self, evaluation: Evaluation, acc: float | None) -> None:
        """Report the value; the scheduler decides whether the trial continues."""
        if acc is None:
            self._scheduler.on_trial_error(evaluation.handle)
            return
        decision = self._scheduler.on_trial_result(evaluation.handle, {METRIC: acc, RESOURCE: evaluation.epochs})
        if decision == SchedulerDecision.CONTINUE:
            above = self._rungs[self._rungs.index(evaluation.epochs) + 1]
            self._going_on.append(Evaluation(evaluation.handle, evaluation.arch, above))


def asha_cqr(space: dict[str, Any], *, random_seed: int, **settings: Any) -> Any:
    """Return the scheduler that `ASHACQR` makes, with a model that is refitted every `FIT_EVERY` trials."""
    searcher = LastValueMultiFidelitySearcher(
        space, random_seed=random_seed, searcher="cqr", update_frequency=FIT_EVERY
    )
    return AsynchronousSuccessiveHalving(space, searcher=searcher, random_seed=random_seed, **settings)


SETTINGS = {"grace_period": 1, "reduction_factor": ETA, "brackets": 1}

METHODS = {
    "asha": (partial(StoppingScheduler, scheduler=ASHA), SETTINGS),
    "bohb": (partial(StoppingScheduler, scheduler=BOHB), SETTINGS),
    "cqr": (partial(StoppingScheduler, scheduler=asha_cqr), {**SETTINGS, "update_frequency": FIT_EVERY}),
}

if __name__ == "__main__":
    run("syne-tune", METHODS)
