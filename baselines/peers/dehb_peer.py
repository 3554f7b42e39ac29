"""DEHB 0.1.2, the authors' own package (Awad, Mallik and Hutter 2021, arXiv 2105.09821), through its ask and tell.

Settings: the package's defaults (eta 3, mutation factor .5, crossover .5, rand1_bin). Fidelities 1 to 12 give the
levels 1.33, 4 and 12, which are requested as 12@1, 12@3 and 12@12. A failed training counts as the worst fitness.
"""

import tempfile
from typing import TYPE_CHECKING

import ConfigSpace
from dehb import DEHB

if TYPE_CHECKING:
    from baselines.peers.peer import Evaluation, Task, run
else:
    from peer import Evaluation, Task, run

WORST = 100.0


class DehbPackage:
    """The package's optimiser. It never waits: if all brackets are at a barrier it starts another."""

    def __init__(self, task: Task) -> None:
        space = ConfigSpace.ConfigurationSpace(seed=task.seed)
        for name, choices in zip(task.names, task.choices, strict=True):
            space.add(ConfigSpace.CategoricalHyperparameter(name, choices))
        self._task = task
        self._folder = tempfile.TemporaryDirectory()  # the package always writes a log file
        self._dehb = DEHB(
            cs=space,
            min_fidelity=task.epochs[0],
            max_fidelity=task.epochs[-1],
            n_workers=1,
            seed=task.seed,
            save_freq="end",
            output_path=self._folder.name,
            log_level="ERROR",
        )

    def propose(self) -> Evaluation:
        """Return the package's next job."""
        job = self._dehb.ask()
        return Evaluation(job, self._task.indices(job["config"]), self._task.snapped(job["fidelity"]))

    def report(self, evaluation: Evaluation, acc: float | None) -> None:
        """Tell the package the loss. The cost does not affect its decisions."""
        fitness = WORST if acc is None else 100 - acc
        self._dehb.tell(evaluation.handle, {"fitness": fitness, "cost": float(evaluation.epochs)})


SETTINGS = {"eta": 3, "mutation_factor": 0.5, "crossover_prob": 0.5, "strategy": "rand1_bin"}

if __name__ == "__main__":
    run("DEHB", {"dehb": (DehbPackage, SETTINGS)})
