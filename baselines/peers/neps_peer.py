"""PriorBand, Hyperband and ASHA of NePS 0.17 (PriorBand: Mallik et al. 2023, arXiv 2306.12370), through ask and tell.

Settings: the package's defaults (eta 3; PriorBand on Hyperband). Fidelities 1 to 12 give the levels 1, 4 and 12,
which are requested as 12@1, 12@3 and 12@12.

PriorBand needs a prior. A practitioner's guess on a space of convolutional cells is the largest operation on every
edge, `nor_conv_3x3` (the last width on the size space), with NePS's middle confidence. The other two methods lack this
knowledge, and on NAS-Bench-201 it is good: the control `most_conv3x3` applies the same rule to its end. `--prior` gives
the prior of another space.
"""

from functools import partial
from typing import TYPE_CHECKING, Any

import neps
import numpy as np
import torch
from neps.optimizers import algorithms
from neps.space import HPOCategorical, HPOInteger, SearchSpace

if TYPE_CHECKING:
    from baselines.peers.peer import Evaluation, Maker, Task, run
else:
    from peer import Evaluation, Maker, Task, run

FIDELITY = "epochs"
GUESS = "nor_conv_3x3"
CONFIDENCE = "medium"


class Neps:
    """One of the package's bracket optimisers, driven through ask and tell."""

    def __init__(self, task: Task, *, algorithm: Any, with_prior: bool) -> None:
        np.random.seed(task.seed)  # noqa: NPY002, TID251  the package draws from the global generators
        torch.manual_seed(task.seed)
        torch.set_num_threads(1)
        parameters: dict[str, Any] = {
            name: _parameter(task, place, with_prior=with_prior) for place, name in enumerate(task.names)
        }
        parameters[FIDELITY] = HPOInteger(task.epochs[0], task.epochs[-1], is_fidelity=True)
        self._task = task
        self._neps = neps.AskAndTell(algorithm(SearchSpace(parameters)))

    def propose(self) -> Evaluation:
        """Return the trial that the optimiser samples or promotes."""
        trial = self._neps.ask()
        return Evaluation(trial, self._task.indices(trial.config), self._task.snapped(trial.config[FIDELITY]))

    def report(self, evaluation: Evaluation, acc: float | None) -> None:
        """Tell the optimiser the loss. A failed training counts as the worst loss, 100."""
        loss = 100.0 if acc is None else 100 - acc
        self._neps.tell(evaluation.handle, {"objective_to_minimize": loss, "cost": float(evaluation.epochs)})


def _parameter(task: Task, place: int, *, with_prior: bool) -> HPOCategorical | HPOInteger:
    """Return one position: a whole number where the choices have an order, else a category."""
    choices = task.choices[place]
    default = choices.index(GUESS) if GUESS in choices else len(choices) - 1
    guess = task.prior[place] if task.prior else default
    confidence: dict[str, Any] = {"prior_confidence": CONFIDENCE} if with_prior else {}
    if place in task.ordered:
        return HPOInteger(0, len(choices) - 1, prior=guess if with_prior else None, **confidence)
    return HPOCategorical(list(choices), prior=choices[guess] if with_prior else None, **confidence)


METHODS: dict[str, tuple[Maker, dict[str, Any]]] = {
    "asha": (partial(Neps, algorithm=algorithms.asha, with_prior=False), {"eta": 3}),
    "hyperband": (partial(Neps, algorithm=algorithms.hyperband, with_prior=False), {"eta": 3}),
    "priorband": (
        partial(Neps, algorithm=algorithms.priorband, with_prior=True),
        {"eta": 3, "base": "hyperband", "prior": GUESS, "prior_confidence": CONFIDENCE},
    ),
}

if __name__ == "__main__":
    run("neural-pipeline-search", METHODS)
