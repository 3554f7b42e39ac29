"""A tiny data set, trainings and searches on it within milliseconds. Import only where torch is installed."""

import itertools

import numpy as np
import pytest
import torch

from harness.search import device as device_module
from harness.search.result import conclude
from harness.search.run import open_search, run_search
from harness.search.spec import SearchSpec
from pmfnas.spaces import space_for
from pmfnas.training.benchmark import TrainingBenchmark
from pmfnas.training.checkpoints import Checkpoints
from pmfnas.training.data.images import ImageSet, SearchData
from pmfnas.training.recipe import Recipe, training_fidelities
from pmfnas.training.session import Session
from pmfnas.training.stream import DeviceImages

TINY = Recipe(channels=(4, 8, 8), cells_per_stage=1, batch_size=16)
SIDE = 8


def tiny_images(n, seed, *, n_classes=3):
    """Return images whose brightness tells the class, with noise."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(n_classes, size=n)
    pixels = 60 * labels[:, None, None, None] + rng.integers(0, 90, size=(n, 3, SIDE, SIDE))
    return ImageSet(pixels.astype(np.uint8), labels)


def tiny_data(*, n_train=40, n_valid=20, flip=True):
    half = (0.5, 0.5, 0.5)
    return SearchData(tiny_images(n_train, 0), tiny_images(n_valid, 1), half, half, padding=1, flip=flip)


def tiny_session(folder, *, recipe=TINY, width=1, dtype=torch.float32, clock=None, data=None):
    images = DeviceImages(data or tiny_data(), torch.device("cpu"), dtype)
    clocks = {"clock": clock} if clock else {}
    return Session(images, recipe, Checkpoints(folder), width=width, **clocks)


def tiny_benchmark(folder, *, space="nb201", epochs=(2, 4), **changes):
    return TrainingBenchmark(
        space_for(space, n_classes=3, image_size=SIDE), training_fidelities(epochs), 3, tiny_session(folder, **changes)
    )


def ticking(step_s=1.0):
    """Return a clock that moves by `step_s` whenever it is read."""
    ticks = itertools.count()
    return lambda: next(ticks) * step_s


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
