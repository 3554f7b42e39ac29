"""The verb `search-compare`: searchers by real training, several seeds each, with statistics of what they found."""

import argparse
import json
import os
import shlex
import signal
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli import search as training_commands
from harness.compare.studies import FIRST_SEED
from harness.experiment.folder import copy_to_reference
from harness.host.units import count, names, written_time
from harness.players.ours import CONTESTANTS, REFERENCE, select
from harness.search.compare.outputs import NAME, write
from harness.search.compare.running import Plan, folder, run_missing, search_command, unfinished
from pmfnas.core.errors import InputError

if TYPE_CHECKING:
    from harness.search.spec import SearchSpec

SEARCHERS = f"{REFERENCE},random_search"
N_SEEDS = 20
SMOKE_SEEDS, SMOKE_BUDGET = 2, "20s"
_AROUND_S = 15.0
"""What a search takes beside its budget: loading torch and the data, and scoring."""

_TEACHING = """Runs `search` once per searcher and seed, each a process of its own with the same budget and number of
threads, and writes what they found, means, and differences paired by seed of the first searcher less each other one.
Needs the extra `train`, as `search` does. Fewer than 20 seeds give numbers, no claim."""

_READING = """
A run that fails is named with the last line of its log, the others go on, and the exit code is 1. Interrupted, or asked
for more seeds or searchers, the same command goes on where it stopped. The budget is seconds of the clock: let the
machine do nothing else meanwhile, and no more runs at once than it has cores.

examples:
  ./reproduce.sh search-compare --smoke                     two seeds on digits, about a minute and a half: no claim
  ./reproduce.sh search-compare --dataset digits --budget 2m --schedules 3,12 --dry-run
  ./reproduce.sh search-compare --dataset mine --data-dir photos --budget 2h --searchers pmf_nas,asha,bohb --device cuda
"""


def add(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb to the parser."""
    verb = verbs.add_parser(
        NAME,
        help="compare searchers by real training, with statistics",
        description=_TEACHING,
        epilog=_READING,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verb.add_argument(
        "--searchers", default=SEARCHERS, metavar="A,B", help=f"the first against each other ({SEARCHERS})"
    )
    verb.add_argument("--seeds", metavar="N", help=f"runs per searcher (default {N_SEEDS})")
    verb.add_argument("--first-seed", metavar="K", help=f"the seeds are K .. K+N-1 (default {FIRST_SEED})")
    verb.add_argument("--dataset", metavar="NAME", help="as of search: cifar10, digits, or a name of yours")
    verb.add_argument("--data-dir", type=Path, metavar="PATH", help="as of search")
    verb.add_argument("--budget", metavar="T", help="seconds of the device of every run: 2m, 8.5h or 30600s")
    verb.add_argument("--schedules", metavar="A,B", help="epochs of the schedules (default 12,200)")
    verb.add_argument("--space", help="nb201 (default) or nats-sss")
    verb.add_argument("--split-seed", metavar="N", help="seed of the split of data that have none (default 0)")
    verb.add_argument("--width", default="1", metavar="N", help="candidates at once in every run (default 1)")
    verb.add_argument("--device", default="cpu", metavar="NAME", help="cpu (default), auto, cuda or cuda:1")
    verb.add_argument("--jobs", metavar="N", help="runs at once (default: all cores on the CPU, 1 on a GPU)")
    verb.add_argument("--out", type=Path, metavar="DIR", help=f"where results go (default results/{NAME}/DATASET)")
    verb.add_argument("--smoke", action="store_true", help="two seeds of narrow networks on digits, to see it work")
    verb.add_argument("--dry-run", action="store_true", help="say what would run, and how long; run nothing")
    verb.add_argument(
        "--update-reference", action="store_true", help="also copy the outputs to results/reference/, to be committed"
    )
    verb.set_defaults(run=search_compare, searcher=None, seed=None)


def search_compare(options: argparse.Namespace) -> int:
    """Run the comparison and write its outputs; return 1 where a run failed."""
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
    write(plan, out, failures)
    if failures:
        print(f"{len(failures)} of {len(plan.runs)} runs failed; logs in {out / 'logs'}; the same command tries again")
        return 1
    if options.update_reference:
        print(f"reference outputs updated: {copy_to_reference(f'{NAME}-{out.name}', out)}")
    return 0


def planned(options: argparse.Namespace) -> "tuple[SearchSpec, Plan]":
    """Return what every search does, and the comparison; raise `InputError` for what cannot be used."""
    torch = training_commands.torch_at_hand()
    from harness.search.spec import device_name, open_device, training_hash

    searchers = select(names("--searchers", options.searchers), CONTESTANTS)
    if len(searchers) < 2:
        raise InputError(f"--searchers is {options.searchers!r}, but must name at least two to compare")
    if not options.budget and not options.smoke:
        raise InputError("--budget is missing; name the time of every single run, such as 2m")
    if options.width == "auto":
        raise InputError("--width is auto, but must be a number: what is measured may differ from run to run")
    options.budget = options.budget or SMOKE_BUDGET
    spec = training_commands.asked(options)
    device = open_device(spec.device)
    n_jobs = count("--jobs", options.jobs, least=1) if options.jobs else _default_jobs(device.type)
    n_seeds = count("--seeds", options.seeds, least=1) if options.seeds else SMOKE_SEEDS if options.smoke else N_SEEDS
    first = count("--first-seed", options.first_seed, least=0) if options.first_seed else FIRST_SEED
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
