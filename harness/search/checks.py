"""Checks before a search starts: time, disk and memory. Each is measured or counted, and the arithmetic is shown.

    time      an epoch of the largest network is timed on a few steps, within a limit, and must fit into the budget;
              how many whole trainings the budget buys is said, and what to give where they are too few for a search
    disk      checkpoints of the archs in hand must fit; whether those of all archs would is said
    memory    images on the host, and a training step and a validation pass; on a GPU wider packs are halved later

What was measured is kept in OUT/measured.json, so that going on measures nothing again.
"""

import json
import math
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from harness.host.units import written_time
from harness.search.folder import MEASURED
from harness.search.measuring import measured_speed
from harness.search.spec import SearchSpec
from pmfnas.core.errors import DataError, InputError
from pmfnas.files import write_text
from pmfnas.training.blueprint import Blueprint, footprint
from pmfnas.training.data import SearchData
from pmfnas.training.memory import pass_bytes, step_bytes
from pmfnas.training.recipe import Recipe
from pmfnas.training.stream import DeviceImages

_LEAST_WHOLE = 3
"""Whole trainings of the largest network that a budget must buy, or a warning is due."""
_ENOUGH_WHOLE = 10
"""Whole trainings that are proposed."""
_KEPT_AT_ONCE = 100
"""Archs whose checkpoints a search may well keep at the same time."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Measurements before the start."""

    epoch_s: float
    """One epoch of the largest network, alone."""
    pass_s: float
    """A validation pass of it takes this at most: as if it trained on these images."""
    candidate_bytes: int
    """Memory of the device that its training takes; 0 where that cannot be asked."""
    seconds: float
    """Seconds spent on measuring, the width included; they count as part of the budget."""


def measure(
    out: Path,
    plan: Blueprint,
    data: SearchData,
    images: DeviceImages,
    recipe: Recipe,
    *,
    before_s: float,
    limit_s: float,
    clock: Callable[[], float],
) -> Measured:
    """Return the measured seconds of an epoch of `plan`, the largest network; read from `out` if measured before.

    Args:
        out: folder of the search.
        plan: the network.
        data: images of the search.
        images: the same on the device.
        recipe: of the training.
        before_s: what measuring has taken already.
        limit_s: seconds that measuring may take; see `harness.search.measuring`.
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
        speed = measured_speed(plan, images, recipe, limit_s=limit_s, clock=clock)
    except torch.OutOfMemoryError:
        raise InputError(
            f"device memory: {_mb(held)} of images leave no room for a single candidate; use smaller images"
        ) from None
    taken = torch.cuda.max_memory_allocated(images.device) - held if on_gpu else 0
    if on_gpu:
        torch.cuda.empty_cache()
    seconds = before_s + clock() - begin_s
    per_s = speed.images_per_s
    found = Measured(len(data.train) / per_s, len(data.valid) / per_s, taken, seconds)
    write_text(path, json.dumps(asdict(found)) + "\n")
    return found


def _read(path: Path) -> Measured:
    try:
        return Measured(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError) as error:
        raise DataError(f"{path} is damaged ({error}); remove it to measure again") from None


def check_time(spec: SearchSpec, measured: Measured) -> tuple[str, ...]:
    """Return the arithmetic of time, and a warning where the budget is too short for a search.

    Raises:
        InputError: not even an epoch can end within the budget.
    """
    epochs, left_s = spec.schedules[-1], spec.budget_s - measured.seconds
    whole_s = epochs * measured.epoch_s + measured.pass_s
    line = (
        f"time: measuring took {_time(measured.seconds)} of a budget of {written_time(spec.budget_s)}; an epoch of "
        f"the largest network takes about {_time(measured.epoch_s)}, a validation {_time(measured.pass_s)}; "
        f"{epochs} epochs and a validation = {_time(whole_s)}"
    )
    if measured.epoch_s + measured.pass_s > left_s:
        raise InputError(f"{line}: too short for a single epoch; give a longer --budget, or use smaller images")
    n_whole = left_s / whole_s
    if n_whole >= _LEAST_WHOLE:
        return (f"{line}: the budget buys {n_whole:,.0f} such trainings",)
    bought = (
        f"the budget buys {n_whole:.1f} such trainings" if n_whole >= 1 else "the budget buys not one such training"
    )
    return (
        f"{line}: {bought}",
        f"warning: with fewer than {_LEAST_WHOLE} whole trainings there is next to nothing to compare, and the search "
        f"may return the first arch it tries. {_proposal(spec, measured)}",
    )


def _proposal(spec: SearchSpec, measured: Measured) -> str:
    """Return flags with which the budget buys `_ENOUGH_WHOLE` trainings of the largest network to the end."""
    whole_s = spec.schedules[-1] * measured.epoch_s + measured.pass_s
    minutes = math.ceil((_ENOUGH_WHOLE * whole_s + measured.seconds) / 60)
    longer = f"--budget {minutes}m" if minutes < 120 else f"--budget {math.ceil(minutes / 60)}h"
    share_s = (spec.budget_s - measured.seconds) / _ENOUGH_WHOLE
    longest = int((share_s - measured.pass_s) / measured.epoch_s)
    if longest < 1:
        return f"For a search give {longer}, or use smaller images"
    first = max(1, round(longest * spec.schedules[0] / spec.schedules[-1]))
    shorter = f"{first},{longest}" if first < longest else str(longest)
    return f"For a search give {longer}, or --schedules {shorter}"


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


def check_training_memory(device: torch.device, spec: SearchSpec, plan: Blueprint, data: SearchData) -> list[str]:
    """Return the arithmetic of the memory that training and validation take on a CPU; nothing for a GPU.

    A GPU is asked, see `measure` and `check_device_memory`.

    Args:
        device: where it trains.
        spec: of the search.
        plan: the largest network.
        data: of the search.

    Raises:
        InputError: the memory does not suffice.
    """
    if device.type == "cuda":
        return []
    width, side, batch = spec.width or 1, data.image_size, min(spec.recipe.batch_size + 1, len(data.train))
    train, valid = step_bytes(plan, side, batch, width), pass_bytes(plan, side, width)
    at_once = f"{width} candidates at once" if width > 1 else "one candidate"
    line = (
        f"memory: at most {_mb(train)} to train and {_mb(valid)} to validate the largest network, {at_once}, "
        f"batches of {spec.recipe.batch_size} images"
    )
    free = free_memory()
    if free is None:
        return [f"{line}; free memory is not known here"]
    if max(train, valid) > free:
        narrower = "--width 1, " if width > 1 else ""
        raise InputError(f"{line}; {_mb(free)} free: too little; use {narrower}smaller images, or close other programs")
    return [f"{line}; {_mb(free)} free"]


def check_device_memory(
    device: torch.device, spec: SearchSpec, measured: Measured, plan: Blueprint, image_size: int
) -> list[str]:
    """Return the arithmetic of a GPU's memory; nothing for a CPU, whose memory is the host's.

    Too wide a pack is no error: it is halved when it does not fit.

    Raises:
        InputError: a validation pass of a single candidate does not fit.
    """
    if device.type != "cuda":
        return []
    free, total = torch.cuda.mem_get_info(device)
    width, each, valid = spec.width or 1, measured.candidate_bytes, pass_bytes(plan, image_size) // 2  # bfloat16
    line = (
        f"device memory: {width} candidates x {_mb(each)} = {_mb(width * each)} to train, {_mb(valid)} each to "
        f"validate, {_mb(free)} of {_mb(total)} free"
    )
    if valid > free:
        raise InputError(f"{line}: too little for a validation pass; use smaller images")
    return [line if width * max(each, valid) <= free else f"{line}; packs are halved where they do not fit"]


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
