"""Plays one run of a fresh searcher, whatever the searcher does: a failed run costs no other run anything."""

from pathlib import Path

import numpy as np

from harness.players.process import ProcessSearcher
from pmfnas.core.errors import PmfnasError
from pmfnas.core.ports import Executor, Searcher, SearcherFactory
from pmfnas.files import write_bytes
from pmfnas.loop.runner import Finished, Setting, search


def play(
    factory: SearcherFactory,
    executor: Executor,
    setting: Setting,
    *,
    rng: np.random.Generator,
    log: Path | None = None,
) -> tuple[Finished, Searcher | None]:
    """Return the finished run and its searcher, None where none could be made.

    Args:
        factory: makes the searcher.
        executor: where its requests run.
        setting: what it is told of the run.
        rng: the searcher's stream.
        log: where the standard error of a searcher in its own process is kept, if it wrote any.
    """
    try:
        searcher = factory(setting.space, setting.fidelities, setting.budget_s, setting.n_workers, rng=rng)
    except PmfnasError as error:
        return failed(str(error)), None
    except (Exception, SystemExit) as error:
        return failed(f"its constructor raised {type(error).__name__}: {error}"), None
    finished = failed("interrupted")
    try:
        finished = search(searcher, executor, setting)
    except SystemExit:
        finished = failed("the searcher exits from the process that it is a guest in")
    except PmfnasError as error:
        finished = failed(str(error))
    finally:
        if isinstance(searcher, ProcessSearcher):
            _end(searcher, finished, log)
    return finished, searcher


def failed(why: str) -> Finished:
    """Return a run that failed before anything of it could be recorded."""
    text = " ".join(why.split()).encode("utf-8", "backslashreplace").decode()
    return Finished((), (), 0.0, "failed", text, 0.0)


def _end(searcher: ProcessSearcher, finished: Finished, log: Path | None) -> None:
    searcher.close(finished.why if finished.status == "ok" else None)
    if log is not None and searcher.errors:
        write_bytes(log, searcher.errors)
