"""SMAC3 2.4, multi-fidelity (Lindauer et al. 2022, arXiv 2109.09831): Hyperband with archs from a random forest.

Settings: `MultiFidelityFacade` with its defaults (eta 3, a random initial design of ten archs per position, random
forest, log expected improvement, the model retrained after every eight new archs), and `deterministic=True` since a run
has one trial per arch. Budgets 1 to 12 give the levels 1.33, 4 and 12, which are requested as 12@1, 12@3 and 12@12.
"""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import ConfigSpace
from smac import MultiFidelityFacade, Scenario
from smac.runhistory import StatusType, TrialValue

if TYPE_CHECKING:
    from baselines.peers.peer import Evaluation, Task, run
else:
    from peer import Evaluation, Task, run

N_TRIALS = 10_000
"""More trials than any budget pays for; the harness ends the run."""


class SmacMultiFidelity:
    """SMAC's multi-fidelity facade, driven through ask and tell."""

    def __init__(self, task: Task) -> None:
        space = ConfigSpace.ConfigurationSpace(seed=task.seed)
        for name, choices in zip(task.names, task.choices, strict=True):
            space.add(ConfigSpace.CategoricalHyperparameter(name, choices))
        self._task = task
        self._folder = tempfile.TemporaryDirectory()
        scenario = Scenario(
            space,
            output_directory=Path(self._folder.name),
            deterministic=True,
            n_trials=N_TRIALS,
            min_budget=task.epochs[0],
            max_budget=task.epochs[-1],
            seed=task.seed,
        )
        self._smac = MultiFidelityFacade(scenario, _never_called, overwrite=True, logging_level=False)

    def propose(self) -> Evaluation:
        """Return the next trial of the intensifier."""
        trial = self._smac.ask()
        return Evaluation(trial, self._task.indices(trial.config), self._task.snapped(trial.budget))

    def report(self, evaluation: Evaluation, acc: float | None) -> None:
        """Tell SMAC the cost of the trial."""
        crashed = TrialValue(cost=100.0, status=StatusType.CRASHED)
        value = crashed if acc is None else TrialValue(cost=100 - acc)
        self._smac.tell(evaluation.handle, value, save=False)


def _never_called(config: ConfigSpace.Configuration, seed: int, budget: float) -> float:
    raise AssertionError(f"SMAC evaluates {config} itself, with seed {seed} and budget {budget}")


SETTINGS = {"facade": "MultiFidelityFacade", "eta": 3, "deterministic": True}

if __name__ == "__main__":
    run("smac", {"multi_fidelity": (SmacMultiFidelity, SETTINGS)})
