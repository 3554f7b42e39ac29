"""The verb `ceiling`: what no searcher can exceed, and where the runs of an experiment fell short of it."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from harness.ceiling import Bound, bounds, of_runs
from harness.data import add_options, chosen_by
from harness.files import write_text
from harness.jobs import found
from harness.specs import ALL_DATASETS
from harness.units import count, names
from pmfnas.benchmarks.table import CurveTable
from pmfnas.core.errors import InputError

_TEACHING = """Prints, per data set: what a full scan would find (every arch trained once, the best validation taken),
the archs that would be best if one were always picked, and with --in, for the searchers of an experiment, the best
that could have been picked from what they trained. Test accuracies: means over trials; regrets: of the validation in
the trial that each seed draws; all means over seeds, in percent."""

_EXAMPLES = """examples:
  python -m harness ceiling                                             what the data allow
  python -m harness ceiling --in results/table2 --searchers pmf_nas     and what the runs made of it
"""


def add(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb `ceiling` to the parser."""
    verb = verbs.add_parser(
        "ceiling",
        help="what no searcher can exceed, and the best of what runs have trained",
        description=_TEACHING,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_options(verb)
    verb.add_argument("--datasets", metavar="A,B", help=f"some of: {', '.join(ALL_DATASETS)}")
    verb.add_argument("--seeds", metavar="N", default="500", help="seeds to average over (default 500)")
    verb.add_argument("--first-seed", metavar="K", default="1000", help="the seeds are K .. K+N-1 (default 1000)")
    verb.add_argument("--in", dest="folder", type=Path, metavar="DIR", help="an experiment's folder, with its runs")
    verb.add_argument("--searchers", metavar="A,B", help="some of the searchers of that folder (default: all)")
    verb.add_argument("--out", type=Path, metavar="FILE", help="also write the table there, as Markdown")
    verb.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the bounds."""
    chosen = chosen_by(options, folder=options.folder)
    first = count("--first-seed", options.first_seed, least=0)
    seeds = range(first, first + count("--seeds", options.seeds, least=1))
    datasets = names("--datasets", options.datasets) if options.datasets else ALL_DATASETS
    if unknown := sorted(set(datasets) - set(ALL_DATASETS)):
        raise InputError(f"--datasets names {unknown}, but may only name: {', '.join(ALL_DATASETS)}")
    shown = [b for name in tqdm(datasets, disable=None, leave=False) for b in bounds(chosen.table, name, seeds)]
    if options.folder is not None:
        shown += _of_folder(options, chosen.table, seeds, datasets)
    text = f"data: {chosen.described}; seeds {seeds[0]} to {seeds[-1]}\n\n{markdown(shown)}"
    print(text, end="")
    if options.out is not None:
        write_text(options.out, text)
    return 0


def _of_folder(options: argparse.Namespace, table: CurveTable, seeds: range, datasets: Sequence[str]) -> list[Bound]:
    jobs = [j for j in found(options.folder, table.header.space) if j.seed in seeds and j.dataset in datasets]
    known = sorted({job.searcher for job in jobs})
    if not jobs:
        raise InputError(f"--in is {options.folder}, but holds no finished run with these seeds; run it first")
    wanted = names("--searchers", options.searchers) if options.searchers else known
    if unknown := sorted(set(wanted) - set(known)):
        raise InputError(f"--searchers names {unknown}, but {options.folder} holds: {', '.join(known)}")
    return of_runs(table, options.folder, [job for job in jobs if job.searcher in wanted])


def markdown(shown: Sequence[Bound]) -> str:
    """Return the bounds as a Markdown table per data set."""
    lines: list[str] = []
    for name in dict.fromkeys(bound.dataset for bound in shown):
        lines += [f"| {name} | test | validation regret | chosen from |", "|---|---|---|---|"]
        own = [b for b in shown if b.dataset == name]
        lines += [f"| {_cell(b.what)} | {b.test:.3f} | {b.valid_regret:.3f} | {b.n_archs:.0f} |" for b in own]
        lines.append("")
    return "\n".join(lines)


def _cell(text: str) -> str:
    """Return text for a table's cell; the bars of an arch would end it."""
    return text.replace("|", "\\|")
