"""The work of `search-compare`: searchers by real training, several seeds each, with statistics of what they found."""

import argparse
import json
import os
import shlex
import signal
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli import search as training_commands
from harness.cli.options.search_compare import N_SEEDS
from harness.experiment.folder import copy_to_reference
from harness.host.units import count, written_time
from harness.players.ours import CONTESTANTS, select
from harness.search.compare.outputs import NAME, write
from harness.search.compare.running import Plan, folder, run_missing, search_command, unfinished
from pmfnas.core.errors import InputError

if TYPE_CHECKING:
    from harness.search.spec import SearchSpec

SMOKE_SEEDS, SMOKE_BUDGET_S = 2, 20.0
_AROUND_S = 15.0
"""What a search takes beside its budget: loading torch and the data, and scoring."""


def run(options: argparse.Namespace) -> int:
    """Run the comparison and write its outputs.

    Returns 1 where all runs of a searcher failed, or where one failed and the reference was to be updated.
    """
    training_commands.torch_at_hand()
    from harness.search.spec import check_out

    spec, plan = planned(options)
    default = Path("results") / NAME / (f"{spec.dataset}-smoke" if options.smoke else spec.dataset)
    out = options.out or default
    check_out(spec, out)
    print(_described(plan, out))
    if options.dry_run:
        return _dry_run(plan, out)
    signal.signal(signal.SIGTERM, training_commands.interrupt)
    failures = run_missing(plan, out)
    runs = write(plan, out, failures)
    lost = [name for name, own in runs.groupby("searcher")["status"] if not (own == "ok").any()]
    for name in lost:
        print(f"{name!s}: all {len(plan.seeds)} runs failed", file=sys.stderr)
    n_failed = int((runs["status"] != "ok").sum())
    if n_failed:
        print(f"{n_failed} of {len(plan.runs)} runs failed; logs in {out / 'logs'}; the same command tries again")
    if not options.update_reference:
        return 1 if lost else 0
    if n_failed:
        print("the reference outputs stay as they are, for they are of runs that all ended well", file=sys.stderr)
        return 1
    print(f"reference outputs updated: {copy_to_reference(f'{NAME}-{out.name}', out)}")
    return 0


def planned(options: argparse.Namespace) -> "tuple[SearchSpec, Plan]":
    """Return what every search does, and the comparison; raise `InputError` for what cannot be used."""
    torch = training_commands.torch_at_hand()
    from harness.search.spec import device_name, open_device, training_hash

    searchers = select(options.searchers, CONTESTANTS)
    if len(searchers) < 2:
        raise InputError(f"--searchers is {','.join(options.searchers)!r}, but must name at least two to compare")
    has_budget = hasattr(options, "budget_s")
    if not has_budget and not options.smoke:
        raise InputError("--budget is missing; name the time of every single run, such as 2m")
    spec = training_commands.asked(options)
    spec = spec if has_budget else replace(spec, budget_s=SMOKE_BUDGET_S)
    device = open_device(spec.device)
    n_jobs = options.n_jobs or _default_jobs(device.type)
    n_seeds = options.n_seeds or (SMOKE_SEEDS if options.smoke else N_SEEDS)
    first = options.first_seed
    n_threads = _threads(device.type, n_jobs)
    settings = {name: value for name, value in asdict(spec).items() if name not in ("data_dir", "searcher", "seed")}
    claim = {
        "experiment": NAME,
        **settings,
        "device": device_name(device),
        "torch": str(torch.__version__),
        "threads": n_threads,
        "jobs": n_jobs,
        "code": training_hash(),
    }
    arguments = search_arguments(spec, smoke=options.smoke)
    as_read_back = dict(json.loads(json.dumps(claim)))
    return spec, Plan(searchers, range(first, first + n_seeds), arguments, as_read_back, n_jobs, n_threads)


def search_arguments(spec: "SearchSpec", *, smoke: bool) -> tuple[str, ...]:
    """Return the arguments of `search` that all runs share; `smoke` stands for the narrow networks alone."""
    given = {
        "--dataset": spec.dataset,
        "--data-dir": spec.data_dir,
        "--budget": f"{spec.budget_s!r}s",
        "--schedules": ",".join(map(str, spec.schedules)),
        "--space": spec.space,
        "--split-seed": spec.split_seed,
        "--width": spec.width,
        "--device": spec.device,
    }
    flags = [text for name, value in given.items() if value is not None for text in (name, str(value))]
    return (*flags, *(("--smoke",) if smoke else ()))


def _default_jobs(device_type: str) -> int:
    return (os.cpu_count() or 1) if device_type == "cpu" else 1


def _threads(device_type: str, n_jobs: int) -> int:
    """Return the threads of every run: one where several share the cores, else as `OMP_NUM_THREADS` says, or one."""
    if device_type == "cpu" and n_jobs > 1:
        return 1
    return count("OMP_NUM_THREADS", os.environ.get("OMP_NUM_THREADS", "1"), least=1)


def _described(plan: Plan, out: Path) -> str:
    return (
        f"{NAME}: {len(plan.searchers)} searchers x {len(plan.seeds)} seeds = {len(plan.runs)} runs of "
        f"{written_time(plan.claim['budget_s'])} on {plan.claim['device']}, {plan.n_jobs} at once; results in {out}"
    )


def _dry_run(plan: Plan, out: Path) -> int:
    """Say what would run and how long it would take."""
    left = unfinished(plan, out)
    rounds = -(-len(left) // plan.n_jobs)
    total_s = rounds * (plan.claim["budget_s"] + _AROUND_S)
    print(f"  searchers   {', '.join(plan.searchers)}: the first against each other one")
    print(f"  seeds       {plan.seeds.start}..{plan.seeds.stop - 1}")
    print(f"  finished    {len(plan.runs) - len(left)} of {len(plan.runs)} runs in {out}")
    print(f"  time        at most about {written_time(total_s)}: a search may end before its budget does")
    for run in left[:1]:
        print(f"  first       {shlex.join(search_command(plan, run, folder(out, run)))}")
    return 0
