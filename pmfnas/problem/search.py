"""The search of a training function's best choices: `pmfnas.search`."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from math import inf
from pathlib import Path

from pmfnas.core.errors import ContractError, InputError, shown
from pmfnas.core.metric import Metric
from pmfnas.core.ports import Executor, SearcherFactory
from pmfnas.core.rng import stream
from pmfnas.core.types import Arch, Ok, Outcome, Ticket
from pmfnas.files import remove_abandoned
from pmfnas.loop.finish import Finishing
from pmfnas.loop.journal import JournalledExecutor
from pmfnas.loop.ledger import totals
from pmfnas.loop.record import RunHeader, write_record
from pmfnas.loop.replay import ReplayExecutor
from pmfnas.loop.runner import Finished, Setting, make_searcher
from pmfnas.loop.runner import search as play
from pmfnas.problem.arguments import Checked, Train, checked, pickled
from pmfnas.problem.executor import Patience, ProcessExecutor, Worker
from pmfnas.problem.folder import EXPERIMENT, LOCK, LOG, Folder
from pmfnas.problem.process import Inbox, WorkerProcess
from pmfnas.problem.remote import RemoteWorker, Submits
from pmfnas.problem.result import Result
from pmfnas.problem.trackers import Tracker, Trackers
from pmfnas.problem.watch import Display, Watched
from pmfnas.processes import THREAD_VARIABLES, alone
from pmfnas.spaces.own.choices import Choices

_DEVICES = "CUDA_VISIBLE_DEVICES"


def search(
    train: Train,
    space: Choices,
    *,
    schedules: Mapping[str, int] | int,
    budget: str | float,
    out: str | Path,
    seed: int = 0,
    metric: str | Metric = "valid_acc",
    searcher: SearcherFactory | None = None,
    after: str | Path | Sequence[str | Path] | None = None,
    n_workers: int = 1,
    executor: Submits | None = None,
    timeout: str | float | None = None,
    trackers: Sequence[Tracker] = (),
    progress: bool = True,
) -> Result:
    """Return the result of a search for the arch whose training ends best; go on with it where `out` holds a part.

    Args:
        train: `train(arch, run)`; it trains the epochs of `run.epochs` and calls `run.report` after each.
        space: the choices.
        schedules: epochs of each schedule, the shortest first: short ones to search on, the last one to decide on.
            A schedule is a training of its own, so that a learning rate may follow `run.n_epochs`.
        budget: time of the clock, such as "2h".
        out: the folder of the search.
        seed: of everything that is drawn.
        metric: what is reported and searched for: "valid_acc", "valid_loss", or a `Metric`.
        searcher: what searches, a class that keeps `pmfnas.core.ports.Searcher`; PMF-NAS by default.
        after: folder of an earlier search of this problem or a similar one, or several. PMF-NAS begins with what they
            found, over the choices of the same names, and trusts it as far as its own scores agree.
        n_workers: trainings at a time, each in a process of its own.
        executor: where they run, if not on this machine: an object with the `submit` of `concurrent.futures`, such as
            a client of Dask.
        timeout: longest time that a training may take from one report to the next; by default 30 times the longest
            seen, and at most a tenth of the budget.
        trackers: are told of every training that ends; see `pmfnas.problem.trackers`.
        progress: show how far it is, on standard error.

    Raises:
        InputError: an argument cannot be used, `out` holds something else, or every training fails.
        ContractError: the searcher broke a rule.
    """
    problem = checked(train, space, schedules, budget, out, seed, metric, searcher, n_workers, timeout, after)
    if executor is not None and not callable(getattr(executor, "submit", None)):
        raise InputError(
            f"executor is {shown(executor)}, but must have a method submit, as those of concurrent.futures"
        )
    folder = Folder(Path(out))
    folder.prepare()
    with alone(folder.out / LOCK, busy=f"out {folder.out} is in use by a search at work", flag="out"):
        folder.claim(problem.claim())
        record = folder.record(problem.run_id)
        if not record.exists():
            finished = _Search(problem, folder, executor, trackers, shown=progress).run()
            _write(problem, folder, finished)
    return Result(folder, record, space, problem.fidelities)


class _Search:
    """A search that runs, or goes on."""

    def __init__(
        self,
        problem: Checked,
        folder: Folder,
        executor: Submits | None,
        trackers: Sequence[Tracker],
        *,
        shown: bool,
    ) -> None:
        self._problem, self._folder, self._executor = problem, folder, executor
        self._recorded = folder.journal.read()
        self._setting = Setting(problem.space, problem.fidelities, problem.budget_s, problem.n_workers)
        rng = stream(problem.seed, f"searcher/{problem.searcher_name}")
        made = make_searcher(problem.searcher, self._setting, rng=rng)
        self._watched = Watched(
            Finishing(made, problem.fidelities, 1),
            problem.space,
            problem.fidelities,
            problem.budget_s,
            recorded={event.ticket.number for event in self._recorded},
            forget=self._forget,
            say=self._say,
            worded=self._worded,
            track=self._track,
        )
        self._display = Display(self._watched.status, shown=shown)
        self._trackers = Trackers(trackers, problem.space, self._say)
        self._function = pickled(problem)
        self._live: ProcessExecutor | None = None

    def run(self) -> Finished:
        """Return the finished run; raise `ContractError` where the searcher broke a rule."""
        self._trackers.begin(self._problem.claim())  # before the clock starts
        executor = ReplayExecutor(self._recorded, n_workers=self._problem.n_workers, go_on=self._go_on)
        try:
            with self._display:
                finished = play(self._watched, executor, self._setting)
        except KeyboardInterrupt:
            self._display.say(f"stopped; the same call goes on from {self._folder.out}")
            raise
        finally:
            if self._live is not None:
                self._live.close()
        if finished.status != "ok":
            raise ContractError(f"the searcher {self._problem.searcher_name} failed: {finished.why}")
        return finished

    def _go_on(self, time_s: float) -> Executor:
        """Return the workers, once nothing is left to be told again."""
        problem, recorded = self._problem, self._recorded
        self._live = ProcessExecutor(
            self._start,
            problem.space.cardinalities,
            problem.fidelities,
            self._folder,
            self._folder.metric(problem.metric),
            seed=problem.seed,
            n_workers=problem.n_workers,
            patience=self._patience if self._executor is None else Patience(inf, problem.budget_s),
            now_s=time_s,
            has_results=any(isinstance(event.outcome, Ok) for event in recorded),
            note=self._display.say,
        )
        return JournalledExecutor(self._live, self._folder.journal)

    @property
    def _patience(self) -> Patience:
        return Patience(self._problem.timeout_s, self._problem.budget_s)

    def _left_s(self) -> float:
        """Return the seconds until the budget ends."""
        return self._problem.budget_s - (self._live.now_s if self._live is not None else 0.0)

    def _start(self, slot: int, inbox: Inbox) -> Worker:
        """Start the worker of a slot: a process, or one that hands its trainings to the executor."""
        if self._executor is not None:
            log, silence_s = self._folder.out / LOG, self._patience.limit_s(0.0)
            return RemoteWorker(self._executor, self._function, inbox, log, silence_s=silence_s, left_s=self._left_s)
        environment = shared(slot, self._problem.n_workers, os.environ, os.cpu_count() or 1)
        return WorkerProcess(self._function, inbox, self._folder.out / LOG, environment)

    def _say(self, text: str) -> None:
        self._display.say(text)

    def _forget(self, arch: Arch) -> None:
        self._folder.forget(self._problem.space.number(arch))

    def _track(self, ticket: Ticket, outcome: Outcome) -> None:
        self._trackers.tell(ticket, outcome, self._folder.metric(self._problem.metric))

    def _worded(self, score: float) -> str:
        metric = self._folder.metric(self._problem.metric)
        return f"{metric.name} {metric.written(metric.value(score))}"


def shared(slot: int, n_workers: int, given: Mapping[str, str], n_cores: int) -> dict[str, str]:
    """Return the variables by which workers share cores and GPUs: each gets its part of the cores, and one GPU.

    Args:
        slot: of the worker, from 0.
        n_workers: how many share.
        given: variables of this process; a number of threads that is set there stays.
        n_cores: of this machine.
    """
    if n_workers == 1:
        return {}
    threads = str(max(1, n_cores // n_workers))
    variables = {name: threads for name in THREAD_VARIABLES if name not in given}
    devices = [name.strip() for name in given.get(_DEVICES, "").split(",") if name.strip()]
    if len(devices) > 1:
        variables[_DEVICES] = devices[slot % len(devices)]
    return variables


def _write(problem: Checked, folder: Folder, finished: Finished) -> None:
    """Write the record; raise `InputError` where nothing was found."""
    if not finished.recommended:
        raise InputError(
            f"budget is {problem.budget_s:g} s, but no training ended within it; give more, to another out"
        )
    costs = totals(finished.entries, clock_s=finished.clock_s, n_workers=problem.n_workers, accounting="resume")
    header = RunHeader(
        experiment=EXPERIMENT,
        dataset=problem.name,
        searcher=problem.searcher_name,
        settings=problem.settings(folder.metric(problem.metric)),
        seed=problem.seed,
        budget_s=problem.budget_s,
        n_workers=problem.n_workers,
        accounting="resume",
        space=problem.space.name,
        data="TRAINED",
        fingerprint=problem.fingerprint,
        status=finished.status,
        why=finished.why,
        clock_s=finished.clock_s,
        recommended=tuple(map(problem.space.format, finished.recommended)),
        **asdict(costs),
    )
    write_record(folder.out, header, finished, problem.space)
    remove_abandoned(folder.out)  # by workers that outlived a killed search for a moment
