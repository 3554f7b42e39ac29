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
    """Return what `work` returns for each of the arguments, in their order; show progress meanwhile.

    Each of the `n_jobs` processes has one thread of linear algebra. Left early, by an interruption or an error, the
    processes and all that they have started are ended; and they end by themselves where this process is killed.

    Args:
        work: a function that can be imported.
        arguments: of each call.
        label: what the work is.
        unit: what is counted, in the singular.
        n_jobs: processes; 1 works in this one.
        crash: what to say where a process is killed: the cause and the remedy.
        sizes: units of each call; 1 by default.
        done: units that were done before.

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
            joblib.parallel_config(backend="loky", inner_max_num_threads=1),
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
    """Return `i` and what `work` returns; away from the process `owner`, its prints never fail it."""
    if os.getpid() != owner:
        console.prepare()
        end_with(owner)
    return i, work(*arguments)
