"""Work in several processes of this machine, which end with the caller, or on a cluster."""

import os
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from functools import partial
from typing import Any

import joblib
from joblib.externals.loky import get_reusable_executor
from joblib.externals.loky.process_executor import TerminatedWorkerError

from harness.host import console
from harness.host.clusters import CLUSTERS, LOKY, LOST, unordered
from pmfnas.core.errors import InputError
from pmfnas.processes import end_with
from pmfnas.progress import Progress


class LostError(InputError):
    """A process was killed or crashed, and its calls with it."""


def work_off(
    work: Callable[..., Any],
    arguments: Sequence[Sequence[Any]],
    *,
    label: str,
    unit: str,
    n_jobs: int,
    crash: str,
    sizes: Sequence[int] = (),
    done: int = 0,
    backend: str = LOKY,
) -> list[Any]:
    """Return the results of `work` for all the arguments, in their order; show progress meanwhile.

    Each of the `n_jobs` processes has one thread of linear algebra. After an interruption or an error, the processes
    and all their children are ended. If this process is killed, they end by themselves.

    Args:
        work: a function that can be imported.
        arguments: the arguments of each call.
        label: name of the work, for the progress bar.
        unit: name of the counted unit, in the singular.
        n_jobs: number of processes; 1 works in this process.
        crash: error message for a killed process: the cause and the remedy.
        sizes: number of units in each call; 1 by default.
        done: number of units that were done before.
        backend: `loky`, or a cluster of `harness.host.clusters`.

    Raises:
        LostError: a process was killed or crashed.
    """
    sizes = sizes or [1] * len(arguments)
    total = done + sum(sizes)
    if done:
        print(f"{done} of {total} {unit}s were finished before; going on", file=sys.stderr)
    found: list[Any] = [None] * len(arguments)
    ended = _in_processes if backend == LOKY else partial(_on_cluster, backend)
    try:
        with (
            Progress(label, total, unit=unit, done=done, leave=True) as progress,
            closing(ended(work, arguments, n_jobs)) as results,
        ):
            for i, result in results:
                found[i] = result
                progress.step(sizes[i])
    except Exception as error:
        if isinstance(error, TerminatedWorkerError) or type(error).__name__ in LOST:
            raise LostError(crash) from None
        raise
    return found


def _on_cluster(
    backend: str, work: Callable[..., Any], arguments: Sequence[Sequence[Any]], n_jobs: int
) -> Generator[tuple[int, Any]]:
    """Yield (index, result) of every call as it ends, on Dask or Ray."""
    with CLUSTERS[backend](n_jobs) as cluster:
        yield from unordered(cluster, work, arguments)


def _in_processes(
    work: Callable[..., Any], arguments: Sequence[Sequence[Any]], n_jobs: int
) -> Generator[tuple[int, Any]]:
    """Yield (index, result) of every call as it ends, in processes of this machine."""
    calls = (joblib.delayed(_call)(os.getpid(), i, work, each) for i, each in enumerate(arguments))
    try:
        initial = {"initializer": end_with, "initargs": (os.getpid(),)}
        with joblib.parallel_config(backend=LOKY, inner_max_num_threads=1, **initial):
            yield from joblib.Parallel(n_jobs=n_jobs, return_as="generator_unordered")(calls)
    except TerminatedWorkerError:
        raise
    except BaseException:
        if n_jobs != 1:
            get_reusable_executor(max_workers=n_jobs).shutdown(wait=True, kill_workers=True)
        raise


def _call(owner: int, i: int, work: Callable[..., Any], arguments: Sequence[Any]) -> tuple[int, Any]:
    """Return `i` and the result of `work`; outside the process `owner`, a failing print does not fail the work."""
    if os.getpid() != owner:
        console.prepare()
    return i, work(*arguments)
