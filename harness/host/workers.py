"""Work in several processes of this machine, none of which outlives it."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import joblib
from joblib.externals.loky import get_reusable_executor
from joblib.externals.loky.process_executor import TerminatedWorkerError

from harness.host import console
from pmfnas.core.errors import InputError


def in_processes(
    work: Callable[..., Any], arguments: Iterable[Sequence[Any]], *, n_jobs: int, ordered: bool, crash: str
) -> Iterator[Any]:
    """Yield what `work` returns for each of the arguments, from `n_jobs` processes with one thread of algebra each.

    Left early, by an interruption or an error, it ends the processes and all that they have started.

    Args:
        work: a function that can be imported.
        arguments: of each call.
        n_jobs: processes; 1 works in this one.
        ordered: yield in the order of the arguments, not as calls end.
        crash: what to say where a process is killed: the cause and the remedy.

    Raises:
        InputError: a process was killed or crashed.
    """
    kind = "generator" if ordered else "generator_unordered"
    try:
        with joblib.parallel_config(backend="loky", inner_max_num_threads=1):
            calls = (joblib.delayed(_call)(os.getpid(), work, each) for each in arguments)
            yield from joblib.Parallel(n_jobs=n_jobs, return_as=kind)(calls)
    except TerminatedWorkerError:
        raise InputError(crash) from None
    except BaseException:
        if n_jobs != 1:
            get_reusable_executor(max_workers=n_jobs).shutdown(wait=True, kill_workers=True)
        raise


def _call(owner: int, work: Callable[..., Any], arguments: Sequence[Any]) -> Any:
    """Return what `work` returns; away from the process `owner`, its prints never fail it."""
    if os.getpid() != owner:
        console.prepare()
    return work(*arguments)
