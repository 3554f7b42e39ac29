"""Work on Dask or Ray: on this machine, or on the cluster that the environment names.

    dask    DASK_SCHEDULER_ADDRESS names a scheduler; without it, processes of this machine
    ray     RAY_ADDRESS names a cluster; without it, processes of this machine

Both repeat by themselves the calls of a worker that they lost, on another worker. The workers need this checkout and
the folders of results and data under the same paths.
"""

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from queue import SimpleQueue
from types import MappingProxyType
from typing import Any, Protocol

from harness.host.code import ROOT
from harness.host.front import typed
from pmfnas.core.errors import InputError

LOKY = "loky"
"""Processes of this machine, the default; see `harness.host.workers`."""
LOST = ("KilledWorker", "NodeDiedError", "OutOfMemoryError", "WorkerCrashedError")
"""Errors of Dask and Ray that say that a call was lost with its worker, more often than they repeat it."""
_AHEAD = 2
"""Calls that are submitted per worker; more would fill the memory of the scheduler."""


class Future(Protocol):
    """A future of Dask or of Ray."""

    def result(self) -> Any:
        """Return the result, or raise what the call raised."""
        ...

    def add_done_callback(self, function: Callable[[Any], Any]) -> Any:
        """Call a function with the future when it is done."""
        ...


@dataclass(frozen=True, slots=True)
class Cluster:
    """A place to work."""

    submit: Callable[..., Future]
    n_workers: int


def unordered(
    cluster: Cluster, work: Callable[..., Any], arguments: Sequence[Sequence[Any]]
) -> Iterator[tuple[int, Any]]:
    """Yield (index, result) of every call as it ends."""
    waiting, ended = deque(enumerate(arguments)), SimpleQueue[int]()
    running: dict[int, Future] = {}
    while waiting or running:
        while waiting and len(running) < _AHEAD * cluster.n_workers:
            i, each = waiting.popleft()
            running[i] = cluster.submit(work, *each)
            running[i].add_done_callback(partial(_note, ended, i))
        i = ended.get()
        yield i, running.pop(i).result()


def _note(ended: "SimpleQueue[int]", i: int, future: Any) -> None:
    del future
    ended.put(i)


@contextmanager
def _extra(name: str) -> Iterator[None]:
    """Turn the lack of a package into an `InputError` with the remedy."""
    try:
        yield
    except ModuleNotFoundError:
        raise InputError(
            f"--backend {name} needs the extra {name}: start once with PMFNAS_EXTRAS={name} {typed()}"
        ) from None


@contextmanager
def _dask(n_jobs: int) -> Iterator[Cluster]:
    with _extra("dask"):
        import dask
        from distributed import Client, LocalCluster

    with ExitStack() as opened:
        place = dask.config.get("scheduler-address", None)
        if place is None:
            env = {"PYTHONPATH": _path()}
            local = LocalCluster(n_workers=n_jobs, threads_per_worker=1, dashboard_address=None, env=env)
            place = opened.enter_context(local)
        client = opened.enter_context(Client(place, set_as_default=False))
        yield Cluster(partial(client.submit, pure=False), max(1, len(client.nthreads())))


@contextmanager
def _ray(n_jobs: int) -> Iterator[Cluster]:
    with _extra("ray"):
        import ray

    local = {} if os.environ.get("RAY_ADDRESS") else {"num_cpus": n_jobs, "include_dashboard": False}
    ray.init(runtime_env={"env_vars": {"PYTHONPATH": _path()}}, log_to_driver=False, **local)

    call = ray.remote(_called)

    def submit(work: Callable[..., Any], *each: Any) -> Future:
        future: Future = call.remote(work, *each).future()
        return future

    try:
        yield Cluster(submit, max(1, int(ray.cluster_resources().get("CPU", n_jobs))))
    finally:
        ray.shutdown()


def _called(work: Callable[..., Any], *each: Any) -> Any:
    return work(*each)


def _path() -> str:
    return os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])


CLUSTERS: "MappingProxyType[str, Callable[[int], AbstractContextManager[Cluster]]]" = MappingProxyType(
    {"dask": _dask, "ray": _ray}
)
"""Name -> makes the cluster for a number of processes, used where the environment names none."""
BACKENDS = (LOKY, *CLUSTERS)
