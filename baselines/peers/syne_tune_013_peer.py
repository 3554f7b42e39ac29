"""MOBSTER, Hyper-Tune, DyHPO and synchronous Hyperband of Syne Tune 0.13, through its scheduler objects.

These schedulers *promote*: a trial pauses at a rung and may be resumed later. `suggest` names the trial to start or
resume and the epoch to train to; the value at that epoch is reported.

    MOBSTER                  ASHA with archs from a Gaussian process (Klein et al. 2020, arXiv 2003.10865)
    Hyper-Tune               MOBSTER with weighted brackets and an ensemble over rungs (Li et al. 2022,
                             arXiv 2201.06834)
    DyHPO                    one model decides on resuming and starting (Wistuba et al. 2022, arXiv 2202.09774)
    synchronous Hyperband    Li et al. 2018, arXiv 1603.06560

Settings: the package's defaults, with `type="promotion"` and `max_resource_attr`, which its documentation recommends
for pause and resume; Hyper-Tune with four brackets, as in the package's benchmarks; DyHPO on all offered fidelities,
because it needs evenly spaced rungs.
"""

import sys
from contextlib import redirect_stdout
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

with redirect_stdout(sys.stderr):  # on import the package prints which extras are missing
    from syne_tune.backend.trial_status import Trial
    from syne_tune.config_space import choice
    from syne_tune.optimizer.baselines import MOBSTER, DyHPO, HyperTune, SyncHyperband

if TYPE_CHECKING:
    from baselines.peers.peer import Evaluation, Maker, Task, run
else:
    from peer import Evaluation, Maker, Task, run

METRIC, RESOURCE, UP_TO = "acc", "epoch", "epochs"


class PausingScheduler:
    """A scheduler that starts and resumes trials, each up to an epoch that the scheduler names."""

    def __init__(self, task: Task, *, scheduler: Any, settings: dict[str, Any]) -> None:
        np.random.seed(task.seed)  # noqa: NPY002, TID251  the package draws from the global generator
        space = {name: choice(list(choices)) for name, choices in zip(task.names, task.choices, strict=True)}
        self._task = task
        self._trials: list[Trial] = []
        self._scheduler = scheduler(
            {**space, UP_TO: task.epochs[-1]},
            metric=METRIC,
            mode="max",
            resource_attr=RESOURCE,
            max_resource_attr=UP_TO,
            random_seed=task.seed,
            **settings,
        )

    def propose(self) -> Evaluation | None:
        """Return the trial to start or resume, with the epoch to train to."""
        suggestion = self._scheduler.suggest(len(self._trials))
        if suggestion is None:
            return None
        if suggestion.spawn_new_trial_id:
            trial = Trial(trial_id=len(self._trials), config=suggestion.config, creation_time=datetime.now(UTC))
            self._trials.append(trial)
            self._scheduler.on_trial_add(trial)
        else:
            trial = self._trials[int(suggestion.checkpoint_trial_id)]
            trial.config = suggestion.config
        level = trial.config[UP_TO]
        return Evaluation((trial, level), self._task.indices(trial.config), self._task.snapped(level))

    def report(self, evaluation: Evaluation, acc: float | None) -> None:
        """Report the value at the requested level."""
        trial, level = evaluation.handle
        if acc is None:
            self._scheduler.on_trial_error(trial)
            return
        self._scheduler.on_trial_result(trial, {METRIC: acc, RESOURCE: level})


def dyhpo(task: Task) -> PausingScheduler:
    """Return DyHPO on all offered fidelities."""
    settings = {"rung_levels": list(task.epochs), "search_options": {"debug_log": False}}
    return PausingScheduler(task, scheduler=DyHPO, settings=settings)


def _promoting(scheduler: Any, **settings: Any) -> tuple[Maker, dict[str, Any]]:
    said = {"type": "promotion", "grace_period": 1, "reduction_factor": 3, **settings}
    full = {**said, "search_options": {"debug_log": False}}
    return partial(PausingScheduler, scheduler=scheduler, settings=full), said


METHODS: dict[str, tuple[Maker, dict[str, Any]]] = {
    "dyhpo": (dyhpo, {"rung_levels": "all fidelities offered", "probability_sh": 0.25, "opt_skip_period": 3}),
    "hyper_tune": _promoting(HyperTune, brackets=4),
    "mobster": _promoting(MOBSTER),
    "sync_hyperband": (
        partial(PausingScheduler, scheduler=SyncHyperband, settings={"search_options": {"debug_log": False}}),
        {"grace_period": 1, "reduction_factor": 3},
    ),
}

if __name__ == "__main__":
    run("syne-tune", METHODS)
