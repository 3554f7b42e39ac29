"""BOHB of HpBandSter 0.7.4, the authors' own package (Falkner et al. 2018, arXiv 1807.01774).

Its `Master` needs a name server and workers on a network. So this script drives its parts as `Master.run` does:
brackets by the package's `BOHB.get_next_iteration`, archs by its configuration generator, promotions by its
`SuccessiveHalving`. With several workers, the next bracket starts while one is at a barrier, as in `Master.run`.

Settings: the package's defaults (eta 3, a third of archs random, 64 draws, bandwidth factor 3, minimum bandwidth .001,
the best 15 % good). Budgets 1 to 12 give the levels 1.33, 4 and 12, which are requested as 12@1, 12@3 and 12@12.
"""

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import ConfigSpace
import numpy as np
from hpbandster.core.dispatcher import Job
from hpbandster.optimizers.bohb import BOHB
from hpbandster.optimizers.config_generators.bohb import BOHB as Generator

if TYPE_CHECKING:
    from baselines.peers.peer import Evaluation, Task, run
else:
    from peer import Evaluation, Task, run

ETA = 3


class HpBandSterBohb:
    """BOHB's brackets and configuration generator, without its network."""

    def __init__(self, task: Task) -> None:
        np.random.seed(task.seed)  # noqa: NPY002, TID251  the package draws from the global generator
        space = ConfigSpace.ConfigurationSpace(seed=task.seed)
        for name, choices in zip(task.names, task.choices, strict=True):
            space.add_hyperparameter(ConfigSpace.CategoricalHyperparameter(name, choices))
        low, high = task.epochs[0], task.epochs[-1]
        n_levels = -int(np.log(low / high) / np.log(ETA)) + 1
        self._task = task
        self._generator = Generator(space)
        self._brackets: list[Any] = []
        self._master = SimpleNamespace(  # the attributes that `get_next_iteration` reads
            eta=ETA,
            max_SH_iter=n_levels,
            budgets=high * np.power(ETA, -np.linspace(n_levels - 1, 0, n_levels)),
            config_generator=self._generator,
        )

    def propose(self) -> Evaluation:
        """Return the next run of the oldest bracket that has one, or of a new bracket."""
        for bracket in self._brackets:
            following = bracket.get_next_run()
            if following is not None:
                return self._evaluation(*following)
        self._brackets = [bracket for bracket in self._brackets if not bracket.is_finished]
        self._brackets.append(BOHB.get_next_iteration(self._master, self._n_started()))
        return self._evaluation(*self._brackets[-1].get_next_run())

    def _n_started(self) -> int:
        started: int = getattr(self._master, "n_started", 0)
        self._master.n_started = started + 1
        return started

    def _evaluation(self, number: Any, config: dict[str, Any], budget: float) -> Evaluation:
        job = Job(number, config=config, budget=budget)
        return Evaluation(job, self._task.indices(config), self._task.snapped(budget))

    def report(self, evaluation: Evaluation, acc: float | None) -> None:
        """Register the result with its bracket and with the model."""
        job = evaluation.handle
        job.result = None if acc is None else {"loss": 100 - acc, "info": {}}
        for bracket in self._brackets:
            if bracket.HPB_iter == job.id[0]:
                bracket.register_result(job)
        self._generator.new_result(job)


SETTINGS = {"eta": ETA, "num_samples": 64, "random_fraction": "1/3", "bandwidth_factor": 3, "min_bandwidth": 0.001}

if __name__ == "__main__":
    run("hpbandster", {"bohb": (HpBandSterBohb, SETTINGS)})
