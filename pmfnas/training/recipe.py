"""The training recipe of NAS-Bench-201: stochastic gradient descent with a cosine schedule.

Source: Dong and Yang, arXiv 2001.00326, section 2.3, and the configuration files of its authors.
"""

import math
from dataclasses import dataclass

from pmfnas.core.errors import InputError
from pmfnas.core.types import Fidelities, Schedule

TRIAL_SEEDS = (777, 888, 999)
"""Training seeds of the trials of a schedule: those of the published 200-epoch trainings."""
SHORT_SEEDS = (111, 777)
"""Training seeds of schedules of up to `SHORT_EPOCHS` epochs."""
SHORT_EPOCHS = 12


@dataclass(frozen=True, slots=True)
class Recipe:
    """Network frame and optimiser; the defaults are those of the published benchmark."""

    channels: tuple[int, int, int] = (16, 32, 64)
    """Widths of the three stages of the topology space; the size space has its own widths."""
    cells_per_stage: int = 5
    batch_size: int = 256
    learning_rate: float = 0.1
    """Learning rate of the first step. It falls to 0 along a cosine over the whole schedule."""
    momentum: float = 0.9
    """Nesterov momentum."""
    weight_decay: float = 5e-4
    """Weight decay of all weights, including those of batch norm."""
    flip: bool = True
    """Whether to mirror training images at random, if the data allow it."""
    crop: bool = True
    """Whether to crop training images at random after zero padding."""
    balanced: bool = False
    """Whether classes, not images, weigh alike in loss and accuracy: the accuracy is the mean over the classes."""

    def __post_init__(self) -> None:
        if len(self.channels) != 3 or min(self.channels) < 1:
            raise InputError(f"channels is {self.channels}, but must hold three positive widths")
        if self.cells_per_stage < 1 or self.batch_size < 2:
            raise InputError(
                f"cells_per_stage, batch_size are {self.cells_per_stage}, {self.batch_size}, "
                "but must be at least 1 and 2"
            )
        if not 0 < self.learning_rate < math.inf or not 0 <= self.weight_decay < math.inf:
            raise InputError(
                f"learning_rate, weight_decay are {self.learning_rate}, {self.weight_decay}, but must be positive, and "
                "at least 0"
            )


NB201 = Recipe()


def learning_rate(recipe: Recipe, step: int, n_steps: int) -> float:
    """Return the learning rate of step `step`, counted from 0, of a schedule of `n_steps` steps."""
    return 0.5 * recipe.learning_rate * (1.0 + math.cos(math.pi * step / n_steps))


def training_fidelities(epochs: tuple[int, ...]) -> Fidelities:
    """Return schedules with these numbers of epochs, named by them. Validation can be bought after every epoch."""
    if not epochs or any(e < 1 for e in epochs) or list(epochs) != sorted(set(epochs)):
        raise InputError(f"schedules are {epochs}, but must be rising numbers of epochs, such as 12,200")
    return Fidelities(tuple(Schedule(str(e), e, frozenset(range(1, e + 1))) for e in epochs))


def trial_seeds(epochs: int) -> tuple[int, ...]:
    """Return the training seeds of a schedule with `epochs` epochs, in the order of trial numbers."""
    return SHORT_SEEDS if epochs <= SHORT_EPOCHS else TRIAL_SEEDS
