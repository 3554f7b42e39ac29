"""Searches of a few epochs on tiny images, and their interruption. Import only where torch is installed."""

import pytest

from harness.search import device as device_module
from harness.search.result import conclude
from harness.search.run import open_search, run_search
from harness.search.spec import SearchSpec
from pmfnas.training.recipe import Recipe
from tests.support.training_runs import ticking

RECIPE = Recipe(channels=(4, 4, 8), cells_per_stage=1, batch_size=32)


def spec_of(path, **changes):
    settings = {
        "schedules": (1, 3),
        "budget_s": 600.0,
        "width": 2,
        "device": "cpu",
        "recipe": RECIPE,
        "searcher": "asha",
    }
    return SearchSpec("mine", path, **{**settings, **changes})


def searched(spec, out, *, resume=False):
    return conclude(run_search(open_search(spec, out, resume=resume), clock=ticking(5.0)), out)


def interrupted(monkeypatch, at, spec, out, *, resume=False):
    """Search until the epoch of the number `at`, in which the process is told to end."""
    real, left = device_module.DeviceExecutor._advance, [at]

    def advance(executor):
        left[0] -= 1
        if left[0] == 0:
            raise KeyboardInterrupt
        real(executor)

    with monkeypatch.context() as patch:
        patch.setattr(device_module.DeviceExecutor, "_advance", advance)
        with pytest.raises(KeyboardInterrupt):
            searched(spec, out, resume=resume)
