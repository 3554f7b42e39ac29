"""Named random streams and paired trial orders.

A root seed exists only in the harness. Every random number is drawn from a named stream, so a new stream never
shifts another one. The order of an arch's trials within a run comes from a hash of (run seed, schedule, arch, trial),
not from a stream. So it is the same for every searcher and does not depend on its requests.
"""

import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def stream(seed: int, name: str) -> np.random.Generator:
    """Return the generator of the stream `name` under the root `seed` (>= 0)."""
    return np.random.default_rng(np.random.SeedSequence([seed, zlib.crc32(name.encode())]))


def trial_keys(
    seed: int, schedule: str, arch_numbers: Sequence[int] | NDArray[np.int64], n_trials: int
) -> NDArray[np.uint64]:
    """Return one pseudo-random key per arch and trial; sorting a row's keys orders that arch's trials.

    Args:
        seed: the run's root seed.
        schedule: name of the schedule.
        arch_numbers: mixed-radix numbers of the archs (`spaces` define them), not table rows.
        n_trials: number of trial slots of the benchmark.

    Returns:
        uint64, shape (n_archs, n_trials).

    Source: the mixing function of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014, figure 16).
    """
    root = (seed * 0x9E3779B97F4A7C15 + zlib.crc32(f"trials/{schedule}".encode())) % 2**64
    arch = np.asarray(arch_numbers, dtype=np.uint64)[:, None]  # (n_archs, 1)
    trial = np.arange(n_trials, dtype=np.uint64)[None, :]  # (1, n_trials)
    return _mix64(_mix64(np.uint64(root) ^ arch) + trial * np.uint64(0x9E3779B97F4A7C15))


def _mix64(z: NDArray[np.uint64]) -> NDArray[np.uint64]:
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))
