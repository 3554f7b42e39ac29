"""Experiments on a table of one's own: its data sets, a budget that fits it, the searchers that make sense there."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from harness.experiment.held_out import longest_schedule
from harness.experiment.specs import Experiment
from pmfnas.benchmarks.table import CurveTable, Key
from pmfnas.benchmarks.tabular import dataset_of, datasets_of
from pmfnas.core.errors import InputError

TRAININGS = 100
"""A run's default budget, in trainings of usual length to the end of the longest schedule."""
_LADDERS = "_200"


def fitted(experiment: Experiment, table: CurveTable, given: Collection[str] = ()) -> Experiment:
    """Return the experiment as it runs on a table of one's own; on other tables as it is.

    Args:
        experiment: with the data sets of the command line, if any were given.
        table: the data.
        given: fields that the command line gave; the others are fitted to the table.

    Raises:
        InputError: a data set is not in the table, or a given searcher makes no sense there.
    """
    if table.header.own is None:
        return experiment
    if "datasets" in given:
        check_datasets(experiment.datasets, table)
    if experiment.excluded or experiment.replays:
        raise InputError(f"{experiment.name} is about NAS-Bench-201, not about a table of your own; run table2 there")
    senseless = unfit(table)
    wrong = [name for name in experiment.searchers if name in senseless]
    if "searchers" in given and wrong:
        raise InputError(f"--searchers names {wrong[0]}, but {senseless[wrong[0]]}; leave it out")
    changes: dict[str, Any] = {"searchers": tuple(s for s in experiment.searchers if s not in senseless)}
    if "datasets" not in given:
        changes["datasets"] = datasets_of(table)
    if "budget_s" not in given:
        changes["budget_s"] = usual_budget_s(table)
    return replace(experiment, title=title_of(table), space=table.header.space, **changes)


def refuse_own(table: CurveTable, verb: str, why: str) -> None:
    """Raise `InputError` if the data are a table of one's own, on which `verb` cannot work."""
    if table.header.own is not None:
        raise InputError(f"{verb} cannot work on a table of your own, {table.path}: {why}")


def check_datasets(names: Collection[str], table: CurveTable) -> None:
    """Raise `InputError` for a name that is no data set of the table."""
    for name in names:
        dataset_of(table, name)


def title_of(table: CurveTable) -> str:
    """Return the title of an experiment on a table of one's own."""
    own = table.header.own
    assert own is not None
    return f"{own.metric.name.replace('_', ' ')} versus GPU-hours on {table.header.space}, a table of one's own"


def unfit(table: CurveTable) -> Mapping[str, str]:
    """Return the shipped searchers that make no sense on a table of one's own, each with the reason."""
    why = {
        "most_conv3x3": "most_conv3x3 counts the 3x3 convolutions of a cell, which are no choices here",
        "most_params": "most_params needs a number of parameters that rises with each choice by itself",
    }
    if len(table.header.schedules) > 1:
        return why
    ladders = ("asha", "bohb", "hyperband", "successive_halving")
    return why | {f"{n}{_LADDERS}": f"{n}{_LADDERS} is {n} where there is one schedule" for n in ladders}


def usual_budget_s(table: CurveTable) -> float:
    """Return the seconds of `TRAININGS` trainings, two digits: the median over archs, the longest data set."""
    schedule = longest_schedule(table.header)
    medians = []
    for name in datasets_of(table):
        key = Key(name, schedule, dataset_of(table, name).names.train_s)
        medians.append(float(np.nanmedian(np.asarray(table.values(key)).sum(axis=2))))
    return float(f"{TRAININGS * max(medians):.2g}")
