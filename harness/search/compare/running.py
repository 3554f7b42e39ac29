"""Runs the searches of a comparison: each in its own process, several at a time, with the same budget and threads.

    OUT/spec.json                    settings of the comparison; a command with other settings is refused
    OUT/runs/SEARCHER/s1000/         the folder of a search, as `search --out` makes it
    OUT/logs/SEARCHER-s1000.txt      its screen output

The budget is wall-clock seconds, so other load on the machine slows searches down. Searches with the same seed are
neighbours in the queue and start together if enough jobs are free, so that changing load affects both of a pair.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from harness.experiment.folder import SPEC, claim, locked
from harness.host.front import own_process
from harness.search.folder import read_result
from harness.search.parent import with_parent
from pmfnas.processes import THREAD_VARIABLES
from pmfnas.progress import Progress

GRACE_S = 30.0
"""Seconds between SIGTERM and SIGKILL."""
POLL_S = 0.2
_TAIL_BYTES = 4096
_LINE = 200


@dataclass(frozen=True, slots=True)
class Run:
    """One search."""

    searcher: str
    seed: int

    def __str__(self) -> str:
        """Return for instance `pmf_nas/s1000`."""
        return f"{self.searcher}/s{self.seed:04d}"


@dataclass(frozen=True, slots=True)
class Plan:
    """The searchers, seeds and rules of a comparison."""

    searchers: tuple[str, ...]
    """The first is compared with each of the others."""
    seeds: range
    arguments: tuple[str, ...]
    """Arguments of every search, without `--searcher`, `--seed`, `--out` and `--resume`."""
    claim: Mapping[str, Any]
    """Common settings of all runs of a folder."""
    n_jobs: int
    """Maximum number of searches at the same time."""
    n_threads: int
    """Linear-algebra threads of each search."""
    sources: Mapping[str, str] = field(default_factory=dict)
    """Searchers of the user's: name -> source."""

    @property
    def runs(self) -> tuple[Run, ...]:
        """Every run, ordered by seed, so that an interrupted comparison has complete pairs."""
        return tuple(Run(searcher, seed) for seed in self.seeds for searcher in self.searchers)


Command: TypeAlias = Callable[[Plan, Run, Path], Sequence[str]]
"""Returns the command of a run, given its folder."""
Told: TypeAlias = Callable[[Mapping[str, Any]], str]
"""Returns a result in words."""


def folder(out: Path, run: Run) -> Path:
    """Return the folder of a search under that of a comparison."""
    return out / "runs" / str(run)


def log_file(out: Path, run: Run) -> Path:
    """Return the file that receives the screen output of a search."""
    return out / "logs" / f"{run.searcher}-s{run.seed:04d}.txt"


def search_command(plan: Plan, run: Run, own: Path) -> list[str]:
    """Return the command that starts the run in the folder `own`, or resumes it."""
    which = ("--searcher", run.searcher, "--seed", str(run.seed), "--out", str(own))
    resume = ("--resume",) if (own / SPEC).exists() else ()
    return own_process("search", *plan.arguments, *which, *resume)


def unfinished(plan: Plan, out: Path) -> list[Run]:
    """Return the runs that have no result yet."""
    return [run for run in plan.runs if read_result(folder(out, run)) is None]


def accuracies(result: Mapping[str, Any]) -> str:
    """Return the result of a search in words."""
    return f"test {result['test_acc']:.2f} %, validation {result['valid_acc']:.2f} %, {result['gpu_hours']:.3f} GPU-h"


def run_missing(
    plan: Plan, out: Path, *, command: Command = search_command, told: Told = accuracies
) -> Mapping[Run, str]:
    """Do every run without a result; return the failed runs with their reasons.

    After an interrupt, it ends the running searches and waits for them; the same call resumes them.

    Args:
        plan: the comparison.
        out: folder of the comparison.
        command: returns the command of a run.
        told: returns a result in words.

    Raises:
        InputError: `out` belongs to another comparison, or another process uses it.
        KeyboardInterrupt: the process was interrupted; all searches have ended.
    """
    claim(out, plan.claim, plan.sources, flag="--searcher")
    (out / "logs").mkdir(exist_ok=True)
    with locked(out):
        missing = unfinished(plan, out)
        done = len(plan.runs) - len(missing)
        if done:
            print(f"{done} of {len(plan.runs)} runs were finished before; going on", file=sys.stderr)
        failures: dict[Run, str] = {}
        with Progress(plan.claim["experiment"], len(plan.runs), unit="run", done=done, leave=True) as progress:
            for run, code in _ended(plan, out, missing, command):
                failure = _failure(out, run, code)
                failures |= {run: failure} if failure else {}
                progress.say(f"{run}: {failure or told(read_result(folder(out, run)) or {})}")
                progress.step()
    return failures


def _ended(plan: Plan, out: Path, missing: Sequence[Run], command: Command) -> Iterator[tuple[Run, int]]:
    """Run up to `n_jobs` searches at the same time; yield each run with its exit code when it ends."""
    waiting, at_work = list(missing), dict[Run, "subprocess.Popen[bytes]"]()
    with _ended_with_us(at_work):
        while waiting or at_work:
            while waiting and len(at_work) < plan.n_jobs:
                run = waiting.pop(0)
                at_work[run] = _started(plan, out, run, command)
            codes = {run: process.poll() for run, process in at_work.items()}
            for run, code in codes.items():
                if code is not None:
                    del at_work[run]
                    yield run, code
            if all(code is None for code in codes.values()):
                time.sleep(POLL_S)


def _started(plan: Plan, out: Path, run: Run, command: Command) -> "subprocess.Popen[bytes]":
    in_order = {"PYTHONUNBUFFERED": "1"}  # standard output and errors share the log
    environment = with_parent({**os.environ, **in_order, **dict.fromkeys(THREAD_VARIABLES, str(plan.n_threads))})
    with log_file(out, run).open("ab") as log:
        return subprocess.Popen(
            list(command(plan, run, folder(out, run))),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,  # so Ctrl-C does not reach it directly; `_ended_with_us` ends it
        )


@contextmanager
def _ended_with_us(at_work: "Mapping[Run, subprocess.Popen[bytes]]") -> Iterator[None]:
    """End all running searches on leaving the block: SIGTERM first, SIGKILL after a grace period."""
    try:
        yield
    finally:
        for process in at_work.values():
            process.terminate()
        deadline_s = time.monotonic() + GRACE_S
        try:
            for process in at_work.values():
                with suppress(subprocess.TimeoutExpired):
                    process.wait(max(0.0, deadline_s - time.monotonic()))
        finally:  # also after a second Ctrl-C
            for process in at_work.values():
                process.kill()
                process.wait()


def _failure(out: Path, run: Run, code: int) -> str:
    """Return why a run with this exit code failed; empty if it succeeded."""
    if code == 0 and read_result(folder(out, run)) is not None:
        return ""
    return f"failed with exit code {code}: {_last_line(log_file(out, run)) or 'it wrote nothing'}"


def _last_line(log: Path) -> str:
    """Return the last non-empty line of a file, at most 200 characters of it."""
    with log.open("rb") as stream:
        stream.seek(max(0, stream.seek(0, os.SEEK_END) - _TAIL_BYTES))
        lines = [line.strip() for line in stream.read().decode("utf-8", "replace").splitlines() if line.strip()]
    return lines[-1][:_LINE] if lines else ""
