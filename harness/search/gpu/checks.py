"""The checks of `gpu-check` that need the device; each is a function of its `Laboratory`.

    throughput   images/s and memory of 1 to 32 candidates in a pack
    plain        images/s of a plain training loop
    graphs       a step as a CUDA graph: seconds it costs, images/s, and what a training of 12 epochs saves
    compiled     the same of a compiled network
    published    archs whose training was published, trained as they were; needs CIFAR-10
    packing      trainings of several seeds, packed and alone
    resume       trained in one go, and interrupted half-way
    killed       a search that is killed and goes on

A check returns plain values for a JSON file; `ok`, where it has one, says whether what it shows is right.
"""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np
import torch

from harness.host.front import own_process
from harness.search.folder import JOURNAL, read_result
from harness.search.gpu.plain import plain_images_per_second
from pmfnas.core.errors import UnavailableError
from pmfnas.core.rng import stream
from pmfnas.core.types import Arch, Ok
from pmfnas.spaces import space_for
from pmfnas.training.blueprint import Blueprint, blueprint
from pmfnas.training.capture import Batch, Step, captured, compiled
from pmfnas.training.checkpoints import Checkpoints, RunKey
from pmfnas.training.data import SearchData
from pmfnas.training.pack import Pack
from pmfnas.training.recipe import NB201, Recipe
from pmfnas.training.session import Segment, Session
from pmfnas.training.state import initial_state
from pmfnas.training.stream import DeviceImages

PUBLISHED: Mapping[Arch, float] = MappingProxyType(
    {(4, 2, 1, 2, 1, 1): 63.36, (3, 3, 4, 0, 3, 4): 63.28, (1, 1, 1, 0, 2, 0): 72.88}
)
"""Archs 0, 11 and 284: validation accuracy on cifar10-valid after 12 epochs, mean of the seeds 111 and 777; from the
files of NATS-Bench (arXiv 2009.00437)."""
PUBLISHED_SEEDS = (111, 777)
TYPICAL: Arch = (3, 3, 4, 0, 3, 4)
"""Arch 11: three 3x3 convolutions and two poolings; the one that is timed alone."""
_PATIENCE_S = 120.0

Report: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is done; the defaults are for a large GPU and some minutes."""

    recipe: Recipe = NB201
    widths: tuple[int, ...] = (1, 2, 4, 8, 16, 32)
    n_steps: int = 30
    faster_widths: tuple[int, ...] = (1, 8, 32)
    compiled_widths: tuple[int, ...] = (1, 8)
    plain_steps: int = 60
    plain_processes: int = 8
    epochs: int = 12
    packing_epochs: int = 4
    packing_seeds: tuple[int, ...] = (111, 777, 888, 999, 1010, 1111)
    published: Mapping[Arch, float] = field(default_factory=lambda: PUBLISHED)
    published_within_pct: float = 1.5
    packing_within_pct: float = 1.0
    limit_s: float = 520.0
    """No check is begun after so many seconds."""


def _nothing() -> None:
    """Do nothing."""


def _no_bytes() -> int:
    return 0


@dataclass(frozen=True, slots=True)
class Machine:
    """The device and the functions that only a device has; tests use stand-ins."""

    device: torch.device
    name: str
    capture: Callable[[Pack, Batch], Step]
    compile: Callable[[Pack, Batch], Step]
    forget_peak: Callable[[], None] = _nothing
    peak_bytes: Callable[[], int] = _no_bytes
    clock: Callable[[], float] = time.perf_counter


def gpu(device: torch.device) -> Machine:
    """Return the GPU `device`."""

    def forget_peak() -> None:
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(device)

    def peak_bytes() -> int:
        return int(torch.cuda.max_memory_allocated(device))

    return Machine(device, torch.cuda.get_device_name(device), captured, compiled, forget_peak, peak_bytes)


@dataclass(frozen=True, slots=True)
class Laboratory:
    """Device, data and folder of the checks."""

    machine: Machine
    sizes: Sizes
    data: SearchData
    n_classes: int
    is_cifar10: bool
    described: str
    """Of the images, for the report."""
    folder: Path
    """Is theirs, and goes when they are done."""
    search: Sequence[str]
    """Command of a short search, but for `--out`."""
    images: DeviceImages

    def plan(self, arch: Arch) -> Blueprint:
        """Return an arch as a network."""
        return blueprint("nb201", arch, self.sizes.recipe, n_classes=self.n_classes)

    def plans(self, n: int) -> list[Blueprint]:
        """Return `n` networks as a search may meet them; the first one is the typical arch."""
        space = space_for("nb201", n_classes=self.n_classes, image_size=self.data.image_size)
        rng = stream(0, "gpu-check")
        return [self.plan(TYPICAL), *(self.plan(space.sample(rng=rng)) for _ in range(n - 1))]


# ------------------------------------------------------------------------------------------------------------- speed


def throughput(lab: Laboratory) -> Report:
    """Return images/s of all candidates together, by width; a width that does not fit ends it."""
    found: dict[str, Report] = {}
    for width in lab.sizes.widths:
        lab.machine.forget_peak()
        try:
            timed = _timed(lab, width, _as_it_is)
        except torch.OutOfMemoryError:
            break
        found[str(width)] = {**timed, "peak_mb": lab.machine.peak_bytes() / 1e6}
    return {"widths": found}


def plain(lab: Laboratory) -> Report:
    """Return images/s of one candidate in a plain training loop."""
    sizes = lab.sizes
    speed = plain_images_per_second(
        lab.plan(TYPICAL),
        lab.data,
        sizes.recipe,
        lab.machine.device,
        n_steps=sizes.plain_steps,
        n_processes=min(sizes.plain_processes, os.cpu_count() or 1),
        clock=lab.machine.clock,
    )
    return {"images_per_s": speed}


def graphs(lab: Laboratory) -> Report:
    """Return the gain of a CUDA graph, by width."""
    return {"widths": {str(w): _worth(lab, w, lab.machine.capture) for w in lab.sizes.faster_widths}}


def compilation(lab: Laboratory) -> Report:
    """Return the gain of compiling the network, by width."""
    return {"widths": {str(w): _worth(lab, w, lab.machine.compile) for w in lab.sizes.compiled_widths}}


def _worth(lab: Laboratory, width: int, prepare: Callable[[Pack, Batch], Step]) -> Report:
    """Return images/s with and without, and the seconds that a whole training of the pack saves."""
    without, with_it = _timed(lab, width, _as_it_is), _timed(lab, width, prepare)
    n_images = lab.sizes.epochs * len(lab.data.train) * width
    saved_s = n_images / without["images_per_s"] - n_images / with_it["images_per_s"]
    net_s = saved_s - (with_it["setup_s"] - without["setup_s"])
    return {
        "images_per_s": with_it["images_per_s"],
        "without": without["images_per_s"],
        "setup_s": with_it["setup_s"],
        "saved_s": net_s,
        "pays": net_s > 0,
    }


def _as_it_is(pack: Pack, batch: Batch) -> Step:
    del batch
    return pack.step


def _timed(lab: Laboratory, width: int, prepare: Callable[[Pack, Batch], Step]) -> dict[str, float]:
    """Return set-up seconds and images/s of a pack whose step is prepared by `prepare`; augmentation included."""
    clock, recipe = lab.machine.clock, lab.sizes.recipe
    plans, begin_s = list(islice(cycle(lab.plans(max(lab.sizes.widths))), width)), clock()
    states = [initial_state(plan, i, dtype=lab.images.dtype) for i, plan in enumerate(plans)]
    pack = Pack(plans, states, recipe, lab.machine.device)
    rates = torch.full((width,), recipe.learning_rate, device=lab.machine.device, dtype=lab.images.dtype)
    batches = (
        batch
        for epoch in range(10**6)
        for batch in lab.images.epoch([(i, epoch) for i in range(width)], recipe.batch_size)
        if len(batch[1]) == recipe.batch_size  # a graph is for one shape
    )
    images, labels = next(batches)
    step = prepare(pack, (images, labels, rates))
    for images, labels in islice(batches, 3):
        losses, _ = step(images, labels, rates)
    losses.tolist()  # waits for the device
    set_up_s, n_images = clock(), 0
    for images, labels in islice(batches, lab.sizes.n_steps):
        losses, _ = step(images, labels, rates)
        n_images += labels.numel()
    losses.tolist()
    return {"setup_s": set_up_s - begin_s, "images_per_s": n_images / (clock() - set_up_s)}


# ----------------------------------------------------------------------------------------------------------- trainings


def published(lab: Laboratory) -> Report:
    """Return the accuracies of published archs, trained as they were, beside the published ones."""
    sizes = lab.sizes
    if not lab.is_cifar10:
        return {"skipped": "needs CIFAR-10: --data-dir with the python version, or its JPEG copies"}
    runs = [(arch, seed) for arch in sizes.published for seed in PUBLISHED_SEEDS]
    begin_s = lab.machine.clock()
    found = _trained(lab, "published", runs, sizes.epochs, width=len(runs))
    seconds = lab.machine.clock() - begin_s
    rows, gaps = [], []
    for arch, target in sizes.published.items():
        own = [accuracy for (other, _), accuracy in zip(runs, found, strict=True) if other == arch]
        gaps.append(float(np.mean(own)) - target)
        rows.append({"arch": list(arch), "published": target, "ours": own, "gap": gaps[-1]})
    ok = all(abs(gap) <= sizes.published_within_pct for gap in gaps)  # NaN is not within
    return {"archs": rows, "seconds_each": seconds / len(runs), "width": len(runs), "ok": ok}


def packing(lab: Laboratory) -> Report:
    """Return the accuracies of several seeds packed and alone; right where the means differ by noise."""
    sizes = lab.sizes
    runs = [(TYPICAL, seed) for seed in sizes.packing_seeds]
    packed = _trained(lab, "packed", runs, sizes.packing_epochs, width=len(runs))
    alone = [_trained(lab, f"alone-{i}", [run], sizes.packing_epochs, width=1)[0] for i, run in enumerate(runs)]
    gaps = np.array(packed) - np.array(alone)
    error = float(gaps.std(ddof=1) / np.sqrt(len(gaps)))
    gap = float(gaps.mean())
    ok = abs(gap) <= max(sizes.packing_within_pct, 2 * error)
    return {"epochs": sizes.packing_epochs, "packed": packed, "alone": alone, "gap": gap, "std_error": error, "ok": ok}


def resume(lab: Laboratory) -> Report:
    """Return the accuracies of trainings in one go and through a checkpoint half-way, of the same seeds."""
    sizes, epochs = lab.sizes, max(2, lab.sizes.packing_epochs // 2)
    runs = [(TYPICAL, seed) for seed in sizes.packing_seeds]
    whole = _trained(lab, "whole", runs, epochs, width=len(runs))
    _trained(lab, "halves", runs, epochs, width=len(runs), stop=epochs // 2)
    halves = _trained(lab, "halves", runs, epochs, width=len(runs), start=epochs // 2)
    gaps = np.array(halves) - np.array(whole)
    ok = abs(float(gaps.mean())) <= max(sizes.packing_within_pct, 2 * float(gaps.std(ddof=1) / np.sqrt(len(gaps))))
    return {"epochs": epochs, "whole": whole, "resumed": halves, "gap": float(gaps.mean()), "ok": ok}


def _trained(
    lab: Laboratory,
    name: str,
    runs: Sequence[tuple[Arch, int]],
    epochs: int,
    *,
    width: int,
    start: int = 0,
    stop: int | None = None,
) -> list[float]:
    """Return the last validation accuracy of each (arch, seed), trained at the same time.

    Raises:
        UnavailableError: one of them diverged or failed.
    """
    session = Session(lab.images, lab.sizes.recipe, Checkpoints(lab.folder / name), width=width)
    end = epochs if stop is None else stop
    for number, (arch, seed) in enumerate(runs):
        key = RunKey(number, str(epochs), seed)
        session.begin(Segment(number, key, lab.plan(arch), epochs, start, end, (end,)))
    found: dict[int, float] = {}
    while len(session):
        for ended in session.advance():
            if not isinstance(ended.outcome, Ok):
                raise UnavailableError(f"training {ended.number} of {name} ended as {ended.outcome}")
            found[ended.number] = ended.outcome.curve.last_valid_acc
    return [found[number] for number in range(len(runs))]


def killed(lab: Laboratory) -> Report:
    """Kill a search; return how many events its journal kept, and whether the search went on to its end."""
    out = lab.folder / "killed"
    command = [*lab.search, "--out", str(out)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until_s = time.monotonic() + _PATIENCE_S
    while _lines(out) < 2 and process.poll() is None and time.monotonic() < until_s:
        time.sleep(0.02)
    was_running = process.poll() is None
    process.send_signal(signal.SIGKILL if os.name == "posix" else signal.SIGTERM)
    process.wait()
    before = _lines(out)
    again = subprocess.run([*command, "--resume"], capture_output=True, text=True, check=False, timeout=_PATIENCE_S)
    result = read_result(out) if again.returncode == 0 else None
    found = {"was_running": was_running, "kept": before, "in_the_end": _lines(out), "code": again.returncode}
    last = again.stderr.strip().splitlines()[-1:] if again.returncode else []
    return {**found, "said": last, "ok": was_running and before >= 2 and result is not None and _lines(out) >= before}


def _lines(out: Path) -> int:
    """Return how many whole events the journal of a search holds."""
    path = out / JOURNAL
    if not path.exists():
        return 0
    return sum(isinstance(json.loads(line), dict) for line in path.read_bytes().split(b"\n")[:-1])


def search_command(device: torch.device) -> list[str]:
    """Return the command of a short search on digits, but for `--out`."""
    flags = ["--smoke", "--device", str(device), "--width", "4", "--budget", "25s"]
    return own_process("search", *flags)


CHECKS: Mapping[str, Callable[[Laboratory], Report]] = MappingProxyType(
    {
        "throughput": throughput,
        "plain": plain,
        "graphs": graphs,
        "published": published,
        "packing": packing,
        "resume": resume,
        "killed": killed,
        "compiled": compilation,
    }
)
"""In the order in which they run: what takes longest and matters least comes last."""
