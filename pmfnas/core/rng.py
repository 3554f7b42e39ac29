"""Named random streams and paired trial orders.

A root seed exists only in the harness. Every random number is drawn from a named stream, so a new stream never
shifts another one. The order of an arch's trials within a run comes from a hash of (run seed, schedule, arch, trial),
not from a stream. So it is the same for every searcher and does not depend on its requests.
"""

import zlib
from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

_STEP = 0x9E3779B97F4A7C15
_MASK = 2**64 - 1


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
    arch = np.asarray(arch_numbers, dtype=np.uint64)[:, None]  # (n_archs, 1)
    trial = np.arange(n_trials, dtype=np.uint64)[None, :]  # (1, n_trials)
    return _mix64(_mix64(np.uint64(_root(seed, schedule)) ^ arch) + trial * np.uint64(_STEP))


def trial_order(seed: int, schedule: str, arch_number: int, n_trials: int) -> tuple[int, ...]:
    """Return the trials of one arch in the order of their `trial_keys`: trial k is replicate k of the run."""
    base = _mix64(_root(seed, schedule) ^ arch_number)
    return tuple(sorted(range(n_trials), key=lambda trial: _mix64((base + trial * _STEP) & _MASK)))


def _root(seed: int, schedule: str) -> int:
    return (seed * _STEP + zlib.crc32(f"trials/{schedule}".encode())) & _MASK


_Z = TypeVar("_Z", int, NDArray[np.uint64])


def _mix64(z: _Z) -> _Z:
    """Return z mixed modulo 2^64; arrays of uint64 wrap by themselves, Python's int by the mask."""
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return z ^ (z >> 31)
