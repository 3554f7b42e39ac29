"""A search with real training, from the data to the model in hand.

The runner is the one that runs on tables, with a device as its executor. An interrupted search goes on: the journal
is replayed to a fresh searcher, then the device takes over.
"""

import math
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from harness.host.units import written_time
from harness.players.ours import PLAYERS
from harness.search.checks import (
    Measured,
    check_device_memory,
    check_disk,
    check_host_memory,
    check_time,
    check_training_memory,
    largest_params,
    measure,
)
from harness.search.device import DeviceExecutor, unwatched
from harness.search.final_test import VERIFIED, log_access, verify_test_images
from harness.search.finish import Finishing
from harness.search.folder import JOURNAL, LOG, MEASURED, claim
from harness.search.journal import Journal, JournalledExecutor
from harness.search.measuring import limit_s, measured_speed
from harness.search.spec import SearchSpec, claim_of, claimed_width, device_name, open_device
from harness.search.watch import Log, Watched
from harness.search.watchdog import PATIENCE, Patience, Watchdog
from pmfnas.core.ports import Event, Executor, SearcherFactory
from pmfnas.core.rng import stream
from pmfnas.core.types import Ok, Train
from pmfnas.loop.executor import TrialOf, paired_trials
from pmfnas.loop.replay import ReplayExecutor
from pmfnas.loop.runner import Finished, Setting, search
from pmfnas.progress import heartbeat
from pmfnas.spaces import space_for
from pmfnas.training.benchmark import TrainingBenchmark
from pmfnas.training.blueprint import Blueprint, blueprint
from pmfnas.training.checkpoints import Checkpoints
from pmfnas.training.data import SearchData, Source, open_source
from pmfnas.training.recipe import training_fidelities
from pmfnas.training.session import Session
from pmfnas.training.stream import DeviceImages
from pmfnas.training.throughput import choose_width

CHECKPOINTS = "checkpoints"
_SAMPLES = 32


@dataclass(frozen=True)
class Opened:
    """A search whose folder, data and device are in hand."""

    spec: SearchSpec
    out: Path
    device: torch.device
    source: Source
    data: SearchData
    images: DeviceImages
    memory: str
    """The arithmetic of the host's memory."""
    measured_s: float
    """Seconds spent on measuring the width; they count as part of the budget."""


@dataclass(frozen=True)
class Searched:
    """A search that ended, with its data and benchmark."""

    spec: SearchSpec
    source: Source
    benchmark: TrainingBenchmark
    finished: Finished
    fingerprint: str
    """Of the data."""
    measured_s: float
    """Seconds spent on measuring before the start."""

    @property
    def trial_of(self) -> TrialOf:
        """Which training seed a replicate has in this run."""
        return paired_trials(self.benchmark, self.spec.seed)

    @property
    def factory(self) -> SearcherFactory:
        """The factory of the searcher."""
        return PLAYERS[self.spec.searcher]


def open_search(spec: SearchSpec, out: Path, *, resume: bool) -> Opened:
    """Read training and validation images and make `out` the folder of the search, or check that it is.

    Args:
        spec: what to search, on what.
        out: owns the search.
        resume: go on where the search in `out` stopped.

    Raises:
        InputError: settings, data, device or folder cannot be used; nothing that was trained is lost.
    """
    device = open_device(spec.device)
    source = open_source(spec.dataset, spec.data_dir, split_seed=spec.split_seed)
    data = source.search()
    memory = check_host_memory(data)
    n_test = verify_test_images(source, data)
    images = DeviceImages(data, device)
    width, measured_s = spec.width or claimed_width(out), 0.0
    if width is None:
        width, measured_s = _measured_width(spec, source, images)
    spec = replace(spec, width=width)
    claim(out, claim_of(spec, source, data, device), resume=resume)
    log_access(out, VERIFIED, n_archs=0, n_images=n_test)
    return Opened(spec, out, device, source, data, images, memory, measured_s)


def run_search(
    opened: Opened,
    *,
    clock: Callable[[], float] = time.perf_counter,
    start_anew: Callable[[], None] | None = None,
    patience: Patience = PATIENCE,
) -> Searched:
    """Search, or go on searching.

    Args:
        opened: the search.
        clock: counts the budget in seconds.
        start_anew: replaces this process by one that resumes the search, once segments that hang are written down;
            without it hanging segments are not detected.
        patience: how long an epoch may take before it hangs.

    Raises:
        InputError: memory or disk do not suffice; nothing that was trained is lost.
    """
    spec, out, device = opened.spec, opened.out, opened.device
    source, data = opened.source, opened.data
    space = space_for(spec.space, n_classes=source.n_classes, image_size=data.image_size)
    log = Log(out / LOG, space, len(data.train), spec.budget_s)
    largest = _largest(spec, source)
    most_s, in_memory = limit_s(spec.budget_s), check_training_memory(device, spec, largest, data)
    if not (out / MEASURED).exists():
        least = "or one step of two images"
        log.say(f"measuring how fast the largest network trains, for {written_time(most_s)} of the budget {least}")
    measured = measure(
        out, largest, data, opened.images, spec.recipe, before_s=opened.measured_s, limit_s=most_s, clock=clock
    )
    for line in (
        f"{spec.searcher} on {spec.dataset}: {len(data.train):,} training and {len(data.valid):,} validation images, "
        f"split {source.split}; budget {written_time(spec.budget_s)} on {device_name(device)}, width {spec.width}",
        *source.summary(data),
        *check_time(spec, measured),
        check_disk(out, spec, measured, largest_params(largest), math.prod(space.cardinalities)),
        opened.memory,
        *in_memory,
        *check_device_memory(device, spec, measured, largest, data.image_size),
    ):
        log.say(line)
    checkpoints = Checkpoints(out / CHECKPOINTS)
    session = Session(opened.images, spec.recipe, checkpoints, width=spec.width or 1, clock=clock)
    benchmark = TrainingBenchmark(space, training_fidelities(spec.schedules), source.n_classes, session)
    run = _Run(opened, measured, benchmark, Journal(out / JOURNAL), log, clock, start_anew, patience)
    finished = run.search()
    return Searched(spec, source, benchmark, finished, data.fingerprint, measured.seconds)


@dataclass
class _Run:
    """The state of a running search."""

    opened: Opened
    measured: Measured
    benchmark: TrainingBenchmark
    journal: Journal
    log: Log
    clock: Callable[[], float]
    start_anew: Callable[[], None] | None
    patience: Patience
    device: DeviceExecutor | None = None

    def search(self) -> Finished:
        """Run the searcher; one device is one worker, whatever the number of candidates on it."""
        spec, width = self.opened.spec, self.opened.spec.width or 1
        setting = Setting(self.benchmark.space, self.benchmark.fidelities, spec.budget_s, n_workers=1)
        rng = stream(spec.seed, f"searcher/{spec.searcher}")
        made = PLAYERS[spec.searcher](setting.space, setting.fidelities, setting.budget_s, 1, rng=rng)
        recorded = self.journal.read()
        finishing = Finishing(made, setting.fidelities, width)
        watched = Watched(finishing, self.benchmark, self.log, {event.ticket.number for event in recorded})
        executor = ReplayExecutor(recorded, n_workers=width, go_on=lambda time_s: self._go_on(time_s, recorded))
        with heartbeat(self.log.silent_s, self._still):
            return search(watched, executor, setting)

    def _still(self) -> None:
        """Say that the search goes on; called by a thread of its own."""
        if self.device is not None:
            self.log.still(self.device.now_s, len(self.benchmark.session))

    def give_up(self, reason: str) -> None:
        """Record the hanging segments as failed and replace the process; called by the watchdog's thread."""
        assert self.device is not None
        assert self.start_anew is not None
        for event in self.device.hung(reason):
            self.journal.append(event)
            self.log.say(f"ticket {event.ticket.number} failed: {reason}")
        self.log.say("the process starts anew and goes on without it")
        self.start_anew()

    def _go_on(self, time_s: float, recorded: Sequence[Event]) -> Executor:
        """Return the device executor; called when the journal has been replayed."""
        spec = self.opened.spec
        if recorded:
            left = written_time(spec.budget_s - time_s)
            self.log.say(f"going on after {len(recorded)} recorded tickets, {left} left")
        trial_of = paired_trials(self.benchmark, spec.seed)
        now_s, watchdog = max(time_s, self.measured.seconds), Watchdog(self.give_up, self.patience)
        watchdog.learn(self.measured.epoch_s)
        for event in recorded:
            watchdog.learn(_epoch_s(event))
        width, watch = spec.width or 1, watchdog.watching if self.start_anew else unwatched
        self.device = DeviceExecutor(self.benchmark, trial_of, width=width, now_s=now_s, clock=self.clock, watch=watch)
        return JournalledExecutor(self.device, self.journal)


def _epoch_s(event: Event) -> float:
    """Return the seconds per epoch of a recorded training that ended well; 0 of anything else."""
    request, outcome = event.ticket.request, event.outcome
    if not isinstance(request, Train) or not isinstance(outcome, Ok) or request.start == request.stop:
        return 0.0
    return outcome.cost.train_s / (request.stop - request.start)


def _measured_width(spec: SearchSpec, source: Source, images: DeviceImages) -> tuple[int, float]:
    """Return how many candidates should share the device, and the seconds that measuring it took."""
    begin_s, most_s = time.perf_counter(), limit_s(spec.budget_s)
    print(f"measuring how many candidates share the device, for {written_time(most_s)} at most", file=sys.stderr)
    samples = _samples(spec, source)
    alone = measured_speed(samples[0], images, spec.recipe, limit_s=most_s / 4)
    if not alone.is_whole:
        print("a step of one candidate takes too long to measure wider packs; width 1 is used", file=sys.stderr)
        return 1, time.perf_counter() - begin_s
    left_s = most_s - (time.perf_counter() - begin_s)
    chosen = choose_width(samples, images, spec.recipe, most=_most(spec), limit_s=left_s)
    speeds = ", ".join(f"{w}: {speed:,.0f}" for w, speed in chosen.speeds.items())
    print(f"images/s by width: {speeds}; width {chosen.width} is used", file=sys.stderr)
    return chosen.width, time.perf_counter() - begin_s


def _samples(spec: SearchSpec, source: Source) -> list[Blueprint]:
    """Return networks as a search may meet them."""
    space = space_for(spec.space, n_classes=source.n_classes, image_size=32)
    rng = stream(spec.seed, "width")
    archs = [space.sample(rng=rng) for _ in range(_SAMPLES)]
    return [blueprint(spec.space, arch, spec.recipe, n_classes=source.n_classes) for arch in archs]


def _most(spec: SearchSpec) -> int:
    """Return the widest pack to try: networks of the size space differ in width and are not fused."""
    return _SAMPLES if spec.space == "nb201" else 1


def _largest(spec: SearchSpec, source: Source) -> Blueprint:
    """Return the largest network of the space."""
    arch = (3,) * 6 if spec.space == "nb201" else (7,) * 5
    return blueprint(spec.space, arch, spec.recipe, n_classes=source.n_classes)
