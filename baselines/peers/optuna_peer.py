"""TPE with the Hyperband pruner of Optuna 5 (Akiba et al. 2019, arXiv 1907.10902), through its ask and tell.

A trial trains from rung to rung, 12@1, 12@3, 12@9 and 12@12, reports at each rung and ends when the pruner prunes it.

Settings: `TPESampler` with its defaults (10 random trials to start with, 24 candidates) and
`HyperbandPruner(min_resource=1, max_resource=12, reduction_factor=3)`, the pair that Optuna's documentation names
for multi-fidelity search.
"""

from collections import deque
from typing import TYPE_CHECKING, Any

import optuna

if TYPE_CHECKING:
    from baselines.peers.peer import Evaluation, Task, run
else:
    from peer import Evaluation, Task, run

ETA = 3


class OptunaTpe:
    """An Optuna study, driven through ask and tell."""

    def __init__(self, task: Task) -> None:
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        low, high = task.epochs[0], task.epochs[-1]
        self._task = task
        self._rungs = task.rungs(ETA)
        self._going_on: deque[Evaluation] = deque()
        self._study = optuna.create_study(
            study_name=f"seed {task.seed}",  # the pruner draws brackets from the name
            direction="maximize",
            sampler=optuna.samplers.TPESampler(seed=task.seed),
            pruner=optuna.pruners.HyperbandPruner(min_resource=low, max_resource=high, reduction_factor=ETA),
        )

    def propose(self) -> Evaluation:
        """Return the next rung of a continued trial, else the first rung of a new trial."""
        if self._going_on:
            return self._going_on.popleft()
        trial = self._study.ask()
        config = {
            name: trial.suggest_int(name, 0, len(choices) - 1)
            if place in self._task.ordered
            else trial.suggest_categorical(name, choices)
            for place, (name, choices) in enumerate(zip(self._task.names, self._task.choices, strict=True))
        }
        return Evaluation(trial, self._task.indices(config), self._rungs[0])

    def report(self, evaluation: Evaluation, acc: float | None) -> None:
        """Report the value. The trial ends at the top rung, when the pruner prunes it, or when training failed."""
        trial: Any = evaluation.handle
        if acc is None:
            self._study.tell(trial, state=optuna.trial.TrialState.FAIL)
            return
        trial.report(acc, evaluation.epochs)
        if evaluation.epochs == self._rungs[-1]:
            self._study.tell(trial, acc)
        elif trial.should_prune():
            self._study.tell(trial, state=optuna.trial.TrialState.PRUNED)
        else:
            above = self._rungs[self._rungs.index(evaluation.epochs) + 1]
            self._going_on.append(Evaluation(trial, evaluation.arch, above))


SETTINGS = {"sampler": "TPESampler()", "pruner": "HyperbandPruner(reduction_factor=3)"}

if __name__ == "__main__":
    run("optuna", {"tpe": (OptunaTpe, SETTINGS)})
