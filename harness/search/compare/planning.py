"""The plan of a comparison: arguments and threads of its searches, and their common claim."""

import json
import os
from collections.abc import Sequence

import torch

from harness.host.units import count
from harness.search.compare.outputs import NAME
from harness.search.compare.running import Plan
from harness.search.spec import SearchSpec, device_name, open_device, training_hash
from pmfnas.core.errors import InputError


def planned(spec: SearchSpec, searchers: Sequence[str], seeds: range, *, n_jobs: int | None, smoke: bool) -> Plan:
    """Return the comparison.

    Args:
        spec: settings of every search; its searcher and seed are ignored.
        searchers: at least two; the first is compared with each of the others.
        seeds: seeds of each searcher.
        n_jobs: number of searches at the same time; None means all cores on a CPU, and 1 on a GPU.
        smoke: whether to train the narrow networks.

    Raises:
        InputError: fewer than two searchers, or a device that cannot be used.
    """
    if len(searchers) < 2:
        raise InputError(f"--searchers is {','.join(searchers)!r}, but must name at least two to compare")
    device = open_device(spec.device)
    n_jobs = n_jobs or ((os.cpu_count() or 1) if device.type == "cpu" else 1)
    n_threads = _threads(device.type, n_jobs)
    settings = {name: value for name, value in spec.settings().items() if name not in ("searcher", "seed", "source")}
    claim = {
        "experiment": NAME,
        **settings,
        "device": device_name(device),
        "torch": str(torch.__version__),
        "threads": n_threads,
        "jobs": n_jobs,
        "code": training_hash(),
    }
    as_read_back = dict(json.loads(json.dumps(claim)))
    return Plan(tuple(searchers), seeds, _arguments(spec, smoke=smoke), as_read_back, n_jobs, n_threads)


def _arguments(spec: SearchSpec, *, smoke: bool) -> tuple[str, ...]:
    """Return the arguments of `search` common to all runs."""
    given = {
        "--dataset": spec.dataset,
        "--data-dir": spec.data_dir,
        "--budget": f"{spec.budget_s!r}s",
        "--schedules": ",".join(map(str, spec.schedules)),
        "--space": f"{spec.family.path}:{spec.family.attribute}" if spec.family else spec.space,
        "--batch-size": spec.batch_size,
        "--lr": spec.learning_rate,
        "--weight-decay": spec.weight_decay,
        "--mirror": spec.mirror if spec.mirror is None else ("no", "yes")[spec.mirror],
        "--crop": spec.crop,
        "--image-size": spec.image_size,
        "--objective": spec.objective,
        "--split-seed": spec.split_seed,
        "--width": spec.width,
        "--device": spec.device,
    }
    flags = [text for name, value in given.items() if value is not None for text in (name, str(value))]
    return (*flags, *(("--smoke",) if smoke else ()))


def _threads(device_type: str, n_jobs: int) -> int:
    """Return the threads of every run: 1 if runs share the CPU's cores, else `OMP_NUM_THREADS`, by default 1."""
    if device_type == "cpu" and n_jobs > 1:
        return 1
    return count("OMP_NUM_THREADS", os.environ.get("OMP_NUM_THREADS", "1"), least=1)
