"""A search with real training, from the data to the end of the search.

It uses the same runner as searches on tables, with a device as the executor. To resume a search, the runner first
replays the journal to a new searcher, then the device takes over.
"""

import math
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from harness.host.units import written_time
from harness.players.process import ended
from harness.search.checks import (
    Measured,
    check_device_memory,
    check_disk,
    check_host_memory,
    check_time,
    check_training_memory,
    measure,
)
from harness.search.device import DeviceExecutor, unwatched
from harness.search.family import keep, open_space
from harness.search.final_test import VERIFIED, log_access, verify_test_images
from harness.search.folder import JOURNAL, LOG, MEASURED, claim
from harness.search.measuring import limit_s, measured_speed
from harness.search.spec import (
    SearchSpec,
    claim_of,
    claimed_width,
    described_recipe,
    device_name,
    open_device,
    settled,
)
from harness.search.watch import Log, Watched
from harness.search.watchdog import PATIENCE, Patience, Watchdog
from pmfnas.core.ports import Event, Executor, Searcher, SearcherFactory, Space
from pmfnas.core.rng import stream
from pmfnas.core.types import Ok, Train
from pmfnas.loop.executor import TrialOf, paired_trials
from pmfnas.loop.finish import Finishing
from pmfnas.loop.journal import Journal, JournalledExecutor
from pmfnas.loop.replay import ReplayExecutor
from pmfnas.loop.runner import Finished, Setting, make_searcher, search
from pmfnas.progress import heartbeat
from pmfnas.training.benchmark import TrainingBenchmark
from pmfnas.training.checkpoints import Checkpoints
from pmfnas.training.data import ImageSet, SearchData, Source, open_source
from pmfnas.training.own.space import FamilySpace
from pmfnas.training.plans import Plan, footprint, plan_of, recipe_of
from pmfnas.training.recipe import training_fidelities
from pmfnas.training.session import Session
from pmfnas.training.stream import DeviceImages
from pmfnas.training.throughput import choose_width

CHECKPOINTS = "checkpoints"
_SAMPLES = 32


@dataclass(frozen=True)
class Opened:
    """A search with its folder, data and device, ready to start."""

    spec: SearchSpec
    out: Path
    device: torch.device
    source: Source
    data: SearchData
    images: DeviceImages
    space: Space
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
    valid: ImageSet
    """The validation images."""
    fingerprint: str
    """Fingerprint of the data."""
    measured_s: float
    """Seconds spent on measuring before the start."""

    @property
    def trial_of(self) -> TrialOf:
        """Gives the trial, hence the training seed, of a replicate in this run."""
        return paired_trials(self.benchmark, self.spec.seed)

    @property
    def factory(self) -> SearcherFactory:
        """The factory of the searcher."""
        return self.spec.factory


def open_search(spec: SearchSpec, out: Path, *, resume: bool) -> Opened:
    """Read training and validation images; make `out` the folder of the search, or check that it belongs to it.

    Args:
        spec: settings of the search.
        out: folder of the search.
        resume: whether to continue the search in `out`.

    Raises:
        InputError: settings, data, device or folder cannot be used; finished trainings are kept.
    """
    device = open_device(spec.device)
    source = open_source(spec.dataset, spec.data_dir, split_seed=spec.split_seed, fitting=spec.fitting)
    spec, data = settled(spec, source.search())
    memory = check_host_memory(data)
    n_test = verify_test_images(source, data)
    images = DeviceImages(data, device)
    space = open_space(spec.space, spec.family, n_classes=source.n_classes, image_size=data.image_size)
    width, measured_s = spec.width or claimed_width(out), 0.0
    if width is None:
        width, measured_s = _measured_width(spec, space, source, images)
    spec = replace(spec, width=width)
    claim(out, claim_of(spec, source, data, device), resume=resume)
    if spec.family is not None:
        keep(spec.family, out)
    log_access(out, VERIFIED, n_archs=0, n_images=n_test)
    return Opened(spec, out, device, source, data, images, space, memory, measured_s)


def run_search(
    opened: Opened,
    *,
    clock: Callable[[], float] = time.perf_counter,
    start_anew: Callable[[], None] | None = None,
    patience: Patience = PATIENCE,
) -> Searched:
    """Start or resume the search.

    Args:
        opened: the search.
        clock: counts the budget in seconds.
        start_anew: replaces this process by one that resumes the search, after recording hanging segments. If None,
            hanging segments are not detected.
        patience: how long an epoch may take before it counts as hanging.

    Raises:
        InputError: memory or disk do not suffice; finished trainings are kept.
    """
    spec, out, device = opened.spec, opened.out, opened.device
    source, data = opened.source, opened.data
    space = opened.space
    log = Log(out / LOG, space, len(data.train), spec.budget_s)
    largest = _largest(spec, space, source)
    most_s, in_memory = limit_s(spec.budget_s), check_training_memory(device, spec, largest, data)
    if not (out / MEASURED).exists():
        least = "or one step of two images"
        log.say(f"measuring how fast the largest network trains, for {written_time(most_s)} of the budget {least}")
    measured = measure(
        out,
        largest,
        data,
        opened.images,
        recipe_of(largest, spec.recipe),
        before_s=opened.measured_s,
        limit_s=most_s,
        clock=clock,
    )
    for line in (
        f"{spec.searcher} on {spec.dataset}: {len(data.train):,} training and {len(data.valid):,} validation images, "
        f"split {source.split}; budget {written_time(spec.budget_s)} on {device_name(device)}, width {spec.width}",
        *source.summary(data),
        described_recipe(spec, data),
        *check_time(spec, measured),
        check_disk(out, spec, measured, footprint(largest, data.image_size)[0], math.prod(space.cardinalities)),
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
    return Searched(spec, source, benchmark, finished, data.valid, data.fingerprint, measured.seconds)


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
        """Run the searcher; a device counts as one worker for any number of candidates on it."""
        spec = self.opened.spec
        setting = Setting(self.benchmark.space, self.benchmark.fidelities, spec.budget_s, n_workers=1)
        rng = stream(spec.seed, f"searcher/{spec.searcher}")
        recorded = self.journal.read()
        made = make_searcher(spec.factory, setting, rng=rng)
        with ended(made):
            return self._search(made, setting, recorded)

    def _search(self, made: Searcher, setting: Setting, recorded: Sequence[Event]) -> Finished:
        width = self.opened.spec.width or 1
        finishing = Finishing(made, setting.fidelities, width)
        watched = Watched(finishing, self.benchmark, self.log, {event.ticket.number for event in recorded})
        executor = ReplayExecutor(recorded, n_workers=width, go_on=lambda time_s: self._go_on(time_s, recorded))
        with heartbeat(self.log.silent_s, self._still):
            return search(watched, executor, setting)

    def _still(self) -> None:
        """Print that the search still trains; the heartbeat's thread calls this."""
        if self.device is not None:
            self.log.still(self.device.now_s, len(self.benchmark.session))

    def give_up(self, reason: str) -> None:
        """Record the hanging segments as failed and replace the process; the watchdog's thread calls this."""
        assert self.device is not None
        assert self.start_anew is not None
        for event in self.device.hung(reason):
            self.journal.append(event)
            self.log.say(f"ticket {event.ticket.number} failed: {reason}")
        self.log.say("the process starts anew and goes on without it")
        self.start_anew()

    def _go_on(self, time_s: float, recorded: Sequence[Event]) -> Executor:
        """Return the device executor; called after the replay of the journal."""
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
    """Return the seconds per epoch of a recorded successful training; 0 for other events."""
    request, outcome = event.ticket.request, event.outcome
    if not isinstance(request, Train) or not isinstance(outcome, Ok) or request.start == request.stop:
        return 0.0
    return outcome.cost.train_s / (request.stop - request.start)


def _measured_width(spec: SearchSpec, space: Space, source: Source, images: DeviceImages) -> tuple[int, float]:
    """Measure how many candidates should share the device; return the number and the seconds of measuring."""
    if spec.family is not None:
        print(f"networks of {spec.space} are not fused; width 1 is used", file=sys.stderr)
        return 1, 0.0
    begin_s, most_s = time.perf_counter(), limit_s(spec.budget_s)
    print(f"measuring how many candidates share the device, for {written_time(most_s)} at most", file=sys.stderr)
    samples = _samples(spec, space, source)
    alone = measured_speed(samples[0], images, spec.recipe, limit_s=most_s / 4)
    if not alone.is_whole:
        print("a step of one candidate takes too long to measure wider packs; width 1 is used", file=sys.stderr)
        return 1, time.perf_counter() - begin_s
    left_s = most_s - (time.perf_counter() - begin_s)
    chosen = choose_width(samples, images, spec.recipe, most=_most(spec), limit_s=left_s)
    speeds = ", ".join(f"{w}: {speed:,.0f}" for w, speed in chosen.speeds.items())
    print(f"images/s by width: {speeds}; width {chosen.width} is used", file=sys.stderr)
    return chosen.width, time.perf_counter() - begin_s


def _samples(spec: SearchSpec, space: Space, source: Source) -> list[Plan]:
    """Return random networks of the space."""
    rng = stream(spec.seed, "width")
    archs = [space.sample(rng=rng) for _ in range(_SAMPLES)]
    return [plan_of(space, arch, spec.recipe, n_classes=source.n_classes) for arch in archs]


def _most(spec: SearchSpec) -> int:
    """Return the widest pack to try; 1 in the size space, whose networks differ in width and are not fused."""
    return _SAMPLES if spec.space == "nb201" else 1


def _largest(spec: SearchSpec, space: Space, source: Source) -> Plan:
    """Return the largest network of the space; of a family, the largest of those that were counted."""
    if isinstance(space, FamilySpace):
        return space.plan(space.largest)
    arch = (3,) * 6 if spec.space == "nb201" else (7,) * 5
    return plan_of(space, arch, spec.recipe, n_classes=source.n_classes)
