"""The state of the process that a searcher must neither read nor change.

The one place that uses the global generators: to scramble them, so that a searcher that draws from them shows.
"""

import os
import random  # noqa: TID251  scrambled here so that no searcher can rely on it
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np


def process_state() -> dict[str, object]:
    """Return the comparable parts of the state of the process, by name."""
    numpy_state = np.random.get_state(legacy=False)  # noqa: NPY002  read to see who changes it
    return {
        "numpy's global generator": repr(numpy_state["state"]["key"].tolist()) + repr(numpy_state["state"]["pos"]),
        "the global generator of random": random.getstate(),
        "numpy's error handling": tuple(np.geterr().items()),
        "the warning filters": tuple(warnings.filters),
        "the environment": tuple(sorted(os.environ.items())),
        "the working directory": Path.cwd(),
    }


@contextmanager
def scrambling(seed: int) -> Iterator[Callable[[], None]]:
    """Give a function that sets both global generators to new states; they are as before when the block ends."""
    numpy_state, random_state = np.random.get_state(), random.getstate()  # noqa: NPY002  put back below
    fresh = np.random.default_rng(seed)

    def scramble() -> None:
        np.random.seed(fresh.integers(2**32))  # noqa: NPY002, TID251  scrambled on purpose
        random.seed(int(fresh.integers(2**32)))

    try:
        yield scramble
    finally:
        np.random.set_state(numpy_state)  # noqa: NPY002  as it was
        random.setstate(random_state)
