"""A problem as a value, for a file that several searches share."""

from collections.abc import Mapping
from dataclasses import dataclass

from pmfnas.core.metric import Metric
from pmfnas.problem.arguments import Train
from pmfnas.spaces.own.choices import Choices


@dataclass(frozen=True)
class Problem:
    """What is searched, and by which rules: the arguments of `pmfnas.search` that do not name one search.

        problem = pmfnas.Problem(train, space, schedules={"short": 9, "long": 81}, budget="10min")
        pmfnas.search(**vars(problem), out="results/mine", seed=0)

    From a checkout, `./reproduce.sh compare --problem my_problem.py:problem` compares searchers on it. The fields mean
    what they mean in `pmfnas.search`, which checks them.
    """

    train: Train
    space: Choices
    schedules: Mapping[str, int] | int
    budget: str | float
    """Of each search."""
    metric: str | Metric = "valid_acc"
    n_workers: int = 1
    timeout: str | float | None = None
