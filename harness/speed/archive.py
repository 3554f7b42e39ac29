"""The curve table next to nats_bench 1.8, on the same generated files in the official format.

The official archive has 15,625 files of one arch each. A part of them is generated and imported; the table has a row
for every arch all the same, so that its size, and the time to read it, are those of the whole release. The package
reads file by file, so its time and memory for all archs follow from those per arch.
"""

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from harness.experiment.batch import open_benchmark
from harness.host.code import ROOT
from harness.speed.figure import Figure
from harness.speed.parts import Plan, checked, in_process, memory_mb
from pmfnas.benchmarks.official import import_official
from pmfnas.benchmarks.table import CurveTable, Key
from pmfnas.core.types import Train

PACKAGE = "nats_bench 1.8"
N_ARCHS, N_TINY = 300, 6
DATASET = "cifar100"
_REPEATS = 5


def measure(plan: Plan) -> list[Figure]:
    """Return time to the first answer, time and memory for one value of every arch, and size."""
    n_archs = plan.pick(N_ARCHS, N_TINY)
    archive, out = _generated(plan, n_archs), Path(plan.work) / "imported"
    begin = time.perf_counter()
    if plan.smoke:  # an import always writes a table of full size
        out = Path(plan.table)
    else:
        import_official(archive, out, n_jobs=2)
    import_s = time.perf_counter() - begin
    n_all = len(CurveTable.open(out).archs)
    scale = f"{n_archs} of {n_all:,} archs generated; the package's values scaled up by archs"
    ours = [checked(in_process("archive.ours", plan, str(out))) for _ in range(_REPEATS)]
    theirs = in_process("archive.theirs", plan, str(archive), str(n_archs))
    if isinstance(theirs, str):
        theirs, scale = {}, f"{PACKAGE}: {theirs}"
    first_s, all_s, memory = (min(each[name] for each in ours) for name in ("first_s", "all_s", "memory_mb"))
    per_arch = {name: theirs[name] * n_all for name in ("arch_s", "arch_mb") if name in theirs}
    mb = sum(file.stat().st_size for file in out.rglob("*")) / 1e6
    packed_mb = sum(file.stat().st_size for file in archive.iterdir()) / 1e6 / n_archs * n_all
    return [
        Figure("data", "first answer", first_s * 1e3, "ms", 20.0, False, PACKAGE, _times(theirs.get("first_s"), 1e3)),
        Figure(
            "data", "one value of every arch", all_s, "s", 0.2, False, PACKAGE, per_arch.get("arch_s"), 1000.0, scale
        ),
        Figure(
            "data", "resident memory then", memory, "MB", 200.0, False, PACKAGE, per_arch.get("arch_mb"), note=scale
        ),
        Figure("data", "size on disk", mb, "MB", None, False, "the packed files", packed_mb, note=scale),
        Figure("data", "import", import_s / n_archs * 1e3, "ms per arch", note="once, with two processes"),
    ]


def _times(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor


def _generated(plan: Plan, n_archs: int) -> Path:
    """Return a folder in the official format with the files of `n_archs` archs, with the values of the plan's table."""
    folder = Path(plan.work) / "release"
    generator = [sys.executable, "-m", "tests.support.releases.full_release", str(folder)]
    words = [*generator, "--data", plan.table, "--archs", str(n_archs), "--jobs", "2"]
    done = subprocess.run(words, cwd=ROOT, check=True, capture_output=True, text=True)
    return Path(done.stdout.splitlines()[-1])


def ours(plan: Plan, folder: str) -> dict[str, Any]:
    """Return the seconds to the first answer and for one value of every arch, and the peak memory of the process."""
    del plan
    begin = time.perf_counter()
    table = CurveTable.open(Path(folder))
    benchmark = open_benchmark(table, DATASET)
    benchmark.train(Train(tuple(table.archs[0].tolist()), "200", 0, 200), 0)
    first_s = time.perf_counter() - begin
    begin = time.perf_counter()
    final = table.at(Key(DATASET, "200", "x-valid-acc"), 200)
    np.divide(np.nansum(final, axis=1), table.present(DATASET, "200").sum(axis=1).clip(1))
    return {"first_s": first_s, "all_s": time.perf_counter() - begin, "memory_mb": memory_mb()}


def theirs(plan: Plan, folder: str, n_archs: str) -> dict[str, Any]:
    """Return the same of the package: seconds to the first answer, seconds and memory per arch."""
    del plan
    from nats_bench import create  # local: an import of the package costs seconds

    begin = time.perf_counter()
    api = create(folder, "tss", fast_mode=True, verbose=False)
    api.get_more_info(0, DATASET, hp="200", is_random=False)
    first_s, before_mb = time.perf_counter() - begin, memory_mb()
    begin = time.perf_counter()
    for index in range(1, int(n_archs)):
        api.get_more_info(index, DATASET, hp="200", is_random=False)
    n_more = int(n_archs) - 1
    return {
        "first_s": first_s,
        "arch_s": (time.perf_counter() - begin) / n_more,
        "arch_mb": (memory_mb() - before_mb) / n_more,
    }
