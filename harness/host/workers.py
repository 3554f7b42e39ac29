"""Work in several processes of this machine, which end with the caller."""

import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

import joblib
from joblib.externals.loky import get_reusable_executor
from joblib.externals.loky.process_executor import TerminatedWorkerError

from harness.host import console
from pmfnas.core.errors import InputError
from pmfnas.processes import end_with
from pmfnas.progress import Progress


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

    Raises:
        InputError: a process was killed or crashed.
    """
    sizes = sizes or [1] * len(arguments)
    total = done + sum(sizes)
    if done:
        print(f"{done} of {total} {unit}s were finished before; going on", file=sys.stderr)
    found: list[Any] = [None] * len(arguments)
    calls = (joblib.delayed(_call)(os.getpid(), i, work, each) for i, each in enumerate(arguments))
    try:
        with (
            Progress(label, total, unit=unit, done=done, leave=True) as progress,
            joblib.parallel_config(
                backend="loky", inner_max_num_threads=1, initializer=end_with, initargs=(os.getpid(),)
            ),
        ):
            for i, result in joblib.Parallel(n_jobs=n_jobs, return_as="generator_unordered")(calls):
                found[i] = result
                progress.step(sizes[i])
    except TerminatedWorkerError:
        raise InputError(crash) from None
    except BaseException:
        if n_jobs != 1:
            get_reusable_executor(max_workers=n_jobs).shutdown(wait=True, kill_workers=True)
        raise
    return found


def _call(owner: int, i: int, work: Callable[..., Any], arguments: Sequence[Any]) -> tuple[int, Any]:
    """Return `i` and the result of `work`; outside the process `owner`, a failing print does not fail the work."""
    if os.getpid() != owner:
        console.prepare()
    return i, work(*arguments)
