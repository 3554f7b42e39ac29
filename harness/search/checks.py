"""Checks before a search starts: time, disk and memory. Each is measured or counted, and the arithmetic is shown.

    time      one epoch of the largest network, estimated from a few timed steps, must fit into the budget; prints how
              many full trainings the budget buys, and if they are too few for a search, proposes other flags
    disk      the checkpoints kept at the same time must fit; prints a note if those of all archs would not
    memory    the images, a training step and a validation pass must fit; a pack too wide for a GPU is halved later

OUT/measured.json keeps the measurements, so a resumed search does not repeat them.
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
from pmfnas.training.data import SearchData
from pmfnas.training.memory import free_memory
from pmfnas.training.plans import Plan, pass_bytes, recipe_of, step_bytes
from pmfnas.training.recipe import Recipe
from pmfnas.training.stream import DeviceImages

_LEAST_WHOLE = 3
"""Minimum number of full trainings of the largest network; if the budget buys fewer, a warning is printed."""
_ENOUGH_WHOLE = 10
"""Number of full trainings that the proposed flags buy."""
_KEPT_AT_ONCE = 100
"""Expected maximum number of archs whose checkpoints a search keeps at the same time."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Measurements before the start."""

    epoch_s: float
    """One epoch of the largest network, alone."""
    pass_s: float
    """Upper bound of a validation pass: the time to train on as many images."""
    candidate_bytes: int
    """Device memory that its training takes; 0 on a CPU."""
    seconds: float
    """Seconds spent on measuring, the width included; they count as part of the budget."""


def measure(
    out: Path,
    plan: Plan,
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
        plan: the largest network.
        data: images of the search.
        images: the same images on the device.
        recipe: the training recipe.
        before_s: seconds already spent on measuring.
        limit_s: seconds that measuring may take; see `harness.search.measuring`.
        clock: returns increasing seconds.

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
    """Return the arithmetic of time, and a warning if the budget is too short for a search.

    Raises:
        InputError: the budget is too short for a single epoch.
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
    """Return a sentence that proposes flags for `_ENOUGH_WHOLE` full trainings of the largest network."""
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
    """Return the arithmetic of the disk; raise `InputError` if the checkpoints of a search do not fit.

    Args:
        out: folder of the search, which holds the checkpoints.
        spec: settings of the search.
        measured: measured speed of training.
        largest_params: parameters of the largest network of the space.
        n_archs: number of archs in the space.
    """
    each, free = _state_bytes(largest_params), shutil.disk_usage(out).free
    gain = spec.width or 1  # upper bound: a pack of n candidates trains less than n times as fast
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
    """Return the arithmetic of the host's memory; raise `InputError` if a padded copy of the images does not fit."""
    n, colours, side, _ = data.train.pixels.shape
    copy, free = n * colours * (side + 2 * data.padding) ** 2, free_memory()
    held = data.train.pixels.nbytes + data.valid.pixels.nbytes
    known = "free memory is not known here" if free is None else f"{_mb(free)} free"
    line = f"memory: {_mb(held)} of images are in memory, with their frames once more {_mb(copy)}, {known}"
    if free is not None and copy > free:
        raise InputError(f"{line}: too little; close other programs or use fewer images")
    return line


def check_training_memory(device: torch.device, spec: SearchSpec, plan: Plan, data: SearchData) -> list[str]:
    """Return the arithmetic of the memory that training and validation take on a CPU; empty for a GPU.

    `measure` and `check_device_memory` do this for a GPU.

    Args:
        device: the device that trains.
        spec: settings of the search.
        plan: the largest network.
        data: images of the search.

    Raises:
        InputError: the memory does not suffice.
    """
    if device.type == "cuda":
        return []
    recipe = recipe_of(plan, spec.recipe)
    width, side, batch = spec.width or 1, data.image_size, min(recipe.batch_size + 1, len(data.train))
    train, valid = step_bytes(plan, side, batch, width), pass_bytes(plan, side, width)
    at_once = f"{width} candidates at once" if width > 1 else "one candidate"
    line = (
        f"memory: at most {_mb(train)} to train and {_mb(valid)} to validate the largest network, {at_once}, "
        f"batches of {recipe.batch_size} images"
    )
    free = free_memory()
    if free is None:
        return [f"{line}; free memory is not known here"]
    if max(train, valid) > free and spec.family is None:  # of a family, those that do not fit fail one by one
        narrower = "--width 1, " if width > 1 else ""
        raise InputError(f"{line}; {_mb(free)} free: too little; use {narrower}smaller images, or close other programs")
    return [f"{line}; {_mb(free)} free"]


def check_device_memory(
    device: torch.device, spec: SearchSpec, measured: Measured, plan: Plan, image_size: int
) -> list[str]:
    """Return the arithmetic of a GPU's memory; empty for a CPU, which uses the host's memory.

    A pack that does not fit is no error: the search halves it.

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


def _state_bytes(params: int) -> int:
    """Return the size of a checkpoint: weights and momentum, float32."""
    return 8 * params


def _mb(n_bytes: int) -> str:
    return f"{n_bytes / 1e6:,.0f} MB"


def _time(seconds: float) -> str:
    return f"{seconds:.2g} s" if seconds < 10 else written_time(seconds)
