"""What a search needs before it starts: time, disk, memory. Each is measured or counted, and the arithmetic is shown.

    time      an epoch of the largest network is timed on a few steps and must fit into the budget; whether a whole
              training would is said
    disk      checkpoints of the archs in hand must fit; whether those of all archs would is said
    memory    images on the host, and on a GPU images and one candidate; more candidates at once are tried later

What was measured is kept in OUT/measured.json, so that going on measures nothing again.
"""

import json
import math
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from harness.files import write_text
from harness.training.folder import MEASURED
from harness.training.spec import SearchSpec
from harness.units import written_time
from pmfnas.core.errors import DataError, InputError
from pmfnas.training.blueprint import Blueprint, footprint
from pmfnas.training.data import SearchData
from pmfnas.training.recipe import Recipe
from pmfnas.training.stream import DeviceImages
from pmfnas.training.throughput import images_per_second

_STEPS = 2
_KEPT_AT_ONCE = 100
"""Archs whose checkpoints a search may well keep at the same time."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured before the start."""

    epoch_s: float
    """One epoch of the largest network, alone."""
    pass_s: float
    """A validation pass of it takes this at most: as if it trained on these images."""
    candidate_bytes: int
    """Memory of the device that its training takes; 0 where that cannot be asked."""
    seconds: float
    """What measuring took, the width included; it counts as part of the budget."""


def measure(
    out: Path,
    plan: Blueprint,
    data: SearchData,
    images: DeviceImages,
    recipe: Recipe,
    *,
    before_s: float,
    clock: Callable[[], float],
) -> Measured:
    """Return what an epoch of `plan`, the largest network, takes; read from `out` where it was measured before.

    Args:
        out: folder of the search.
        plan: the network.
        data: images of the search.
        images: the same on the device.
        recipe: of the training.
        before_s: what measuring has taken already.
        clock: seconds, rising.

    Raises:
        InputError: a single candidate does not fit on the device.
    """
    path = out / MEASURED
    if path.exists():
        return _read(path)
    begin_s, on_gpu = clock(), images.device.type == "cuda"
    held = torch.cuda.memory_allocated(images.device) if on_gpu else 0
    if on_gpu:
        torch.cuda.reset_peak_memory_stats(images.device)
    try:
        speed = images_per_second([plan], images, recipe, n_steps=_STEPS, clock=clock)
    except torch.OutOfMemoryError:
        raise InputError(
            f"device memory: {_mb(held)} of images leave no room for a single candidate; use smaller images"
        ) from None
    taken = torch.cuda.max_memory_allocated(images.device) - held if on_gpu else 0
    if on_gpu:
        torch.cuda.empty_cache()
    seconds = before_s + clock() - begin_s
    found = Measured(len(data.train) / speed, len(data.valid) / speed, taken, seconds)
    write_text(path, json.dumps(asdict(found)) + "\n")
    return found


def _read(path: Path) -> Measured:
    try:
        return Measured(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError) as error:
        raise DataError(f"{path} is damaged ({error}); remove it to measure again") from None


def check_time(spec: SearchSpec, measured: Measured) -> str:
    """Return the arithmetic of time; raise `InputError` where not even an epoch can end within the budget."""
    epochs = spec.schedules[-1]
    whole_s = epochs * measured.epoch_s + measured.pass_s
    line = (
        f"time: an epoch of the largest network takes about {_time(measured.epoch_s)}, a validation "
        f"{_time(measured.pass_s)}; {epochs} epochs and a validation = {_time(whole_s)} of a budget of "
        f"{written_time(spec.budget_s)}"
    )
    if measured.epoch_s + measured.pass_s > spec.budget_s:
        raise InputError(f"{line}: too short for a single epoch; give a longer --budget, or use smaller images")
    if whole_s > spec.budget_s:
        most = int((spec.budget_s - measured.pass_s) / measured.epoch_s)
        line += (
            f": too short for a whole training of it, {most} epochs fit; give a longer --budget or other --schedules"
        )
    return line


def check_disk(out: Path, spec: SearchSpec, measured: Measured, largest_params: int, n_archs: int) -> str:
    """Return the arithmetic of the disk; raise `InputError` where the checkpoints of a search do not fit.

    Args:
        out: where they go.
        spec: what is searched.
        measured: how fast.
        largest_params: parameters of the largest network of the space.
        n_archs: number of archs in the space.
    """
    each, free = _state_bytes(largest_params), shutil.disk_usage(out).free
    gain = spec.width or 1  # packing is worth less than its width
    most = min(n_archs, math.ceil(spec.budget_s * gain / (measured.epoch_s * spec.schedules[0])))
    kept = min(_KEPT_AT_ONCE, most)
    line = f"disk: {kept} checkpoints x {_mb(each)} = {_mb(kept * each)}, {_mb(free)} free"
    if kept * each > free:
        raise InputError(f"{line}: too little; make room or choose another --out")
    if most * each > free:
        line += (
            f"; were all of {most:,} archs kept, {_mb(most * each)}: should the disk fill up, the search stops "
            "and goes on with --resume once there is room"
        )
    return line


def check_host_memory(data: SearchData) -> str:
    """Return the arithmetic of the host's memory; raise `InputError` where the images' second copy does not fit."""
    n, colours, side, _ = data.train.pixels.shape
    copy, free = n * colours * (side + 2 * data.padding) ** 2, free_memory()
    held = data.train.pixels.nbytes + data.valid.pixels.nbytes
    known = "free memory is not known here" if free is None else f"{_mb(free)} free"
    line = f"memory: {_mb(held)} of images are in memory, with their frames once more {_mb(copy)}, {known}"
    if free is not None and copy > free:
        raise InputError(f"{line}: too little; close other programs or use fewer images")
    return line


def check_device_memory(device: torch.device, spec: SearchSpec, measured: Measured) -> list[str]:
    """Return the arithmetic of the device's memory; nothing for a CPU, whose memory is the host's.

    Too wide a pack is no error: it is halved when it does not fit.
    """
    if device.type != "cuda":
        return []
    free, total = torch.cuda.mem_get_info(device)
    width, each = spec.width or 1, measured.candidate_bytes
    line = f"device memory: {width} candidates x {_mb(each)} = {_mb(width * each)}, {_mb(free)} of {_mb(total)} free"
    return [line if width * each <= free else f"{line}; packs are halved where they do not fit"]


def free_memory(meminfo: Path = Path("/proc/meminfo"), group: Path = Path("/sys/fs/cgroup")) -> int | None:
    """Return the bytes that this process can still take; None where the system does not say.

    Args:
        meminfo: what Linux says of the machine.
        group: what it says of the container; the smaller of the two counts.
    """
    try:
        lines = dict(line.split(":", 1) for line in meminfo.read_text().splitlines())
        free = 1024 * int(lines["MemAvailable"].split()[0])
    except (OSError, KeyError, ValueError):
        return None
    try:
        limit = int((group / "memory.max").read_text())
        return min(free, limit - int((group / "memory.current").read_text()))
    except (OSError, ValueError):  # no container, or one without a limit
        return free


def _state_bytes(params: int) -> int:
    """Return the size of a checkpoint: weights and momentum, float32."""
    return 8 * params


def largest_params(plan: Blueprint) -> int:
    """Return the parameters of a network."""
    return footprint(plan, 8)[0]


def _mb(n_bytes: int) -> str:
    return f"{n_bytes / 1e6:,.0f} MB"


def _time(seconds: float) -> str:
    return f"{seconds:.2g} s" if seconds < 10 else written_time(seconds)
