"""The work of `ceiling`: what no searcher can exceed, and where the runs of an experiment fell short of it."""

import argparse
from collections.abc import Sequence

from harness.cli.options.ceiling import FIRST_SEED, N_SEEDS
from harness.experiment.data import chosen_by
from harness.experiment.jobs import Job, found
from harness.experiment.overwriting import check_outputs
from harness.score.ceiling import Bound, bounds, of_runs
from harness.show.render import pipes
from pmfnas.benchmarks.header import TEST
from pmfnas.benchmarks.table import CurveTable
from pmfnas.core.errors import InputError, unknown_name
from pmfnas.files import write_text
from pmfnas.progress import tracked


def run(options: argparse.Namespace) -> int:
    """Print the bounds."""
    if options.out is not None:
        check_outputs({"--out": options.out}, {"--in": options.folder} if options.folder else {}, own=("ceiling*",))
    chosen = chosen_by(options, folder=options.folder)
    datasets = options.datasets
    done = _finished(options, chosen.table, datasets)
    seeds = _seeds(options, done)
    shown = [
        b
        for name in tracked(datasets, "ceiling", total=len(datasets), unit="data set")
        for b in bounds(chosen.table, name, seeds)
    ]
    if options.folder is not None:
        shown += _of_folder(options, chosen.table, [job for job in done if job.seed in seeds])
    text = f"data: {chosen.described}; {_written(seeds)}\n\n{markdown(shown, chosen.table.header.score)}"
    print(text, end="")
    if options.out is not None:
        write_text(options.out, text)
    return 0


def _finished(options: argparse.Namespace, table: CurveTable, datasets: Sequence[str]) -> list[Job]:
    """Return the finished runs of the folder that `--in` names, on the data sets asked for; none without `--in`."""
    if options.folder is None:
        return []
    done = [job for job in found(options.folder, table.header.space) if job.dataset in datasets]
    if not done:
        raise InputError(
            f"--in is {options.folder}, but holds no finished run on {', '.join(datasets)}; run an experiment "
            "there first"
        )
    return done


def _seeds(options: argparse.Namespace, done: Sequence[Job]) -> Sequence[int]:
    """Return the seeds asked for; where none are named, those of the folder's runs."""
    if done and options.n_seeds is None and options.first_seed is None:
        return sorted({job.seed for job in done})
    first = FIRST_SEED if options.first_seed is None else options.first_seed
    asked = range(first, first + (options.n_seeds or N_SEEDS))
    has = sorted({job.seed for job in done})
    if done and not set(has) & set(asked):
        raise InputError(
            f"--in is {options.folder}, but holds no finished run with {_written(asked)}; it has {_written(has)}: "
            "leave --seeds and --first-seed out to take these"
        )
    return asked


def _written(seeds: Sequence[int]) -> str:
    """Return seeds in words; with their number where some between the first and the last are missing."""
    gaps = f" ({len(seeds)} of them)" if len(seeds) != seeds[-1] - seeds[0] + 1 else ""
    return f"seeds {seeds[0]} to {seeds[-1]}{gaps}"


def _of_folder(options: argparse.Namespace, table: CurveTable, jobs: Sequence[Job]) -> list[Bound]:
    known = sorted({job.searcher for job in jobs})
    wanted = options.searchers or known
    for name in wanted:
        if name not in known:
            raise unknown_name(f"in {options.folder}, --searchers", name, known)
    return of_runs(table, options.folder, [job for job in jobs if job.searcher in wanted])


def markdown(shown: Sequence[Bound], score: str = TEST) -> str:
    """Return the bounds as a Markdown table per data set; `score` names what runs are scored by."""
    tables = []
    for name in dict.fromkeys(bound.dataset for bound in shown):
        rows = [
            (b.what.replace("|", "\\|"), f"{b.test:.3f}", f"{b.valid_regret:.3f}", f"{b.n_archs:.0f}")
            for b in shown
            if b.dataset == name
        ]  # the bars of an arch would end its cell
        tables.append("\n".join(pipes((name, score, "validation regret", "chosen from"), rows)) + "\n")
    return "\n".join(tables)
