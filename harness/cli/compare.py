"""The work of `compare`: searchers from a file or a command against PMF-NAS, with a verdict in words."""

import argparse
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from harness.cli.arguments import asked
from harness.cli.options.compare import N_SEEDS
from harness.cli.own import compare as problem_compare
from harness.cli.own import landscapes
from harness.compare import outputs
from harness.compare.outputs import COMPARISON
from harness.experiment.batch import check_claim, open_benchmark, run_experiment
from harness.experiment.data import chosen_by
from harness.experiment.jobs import played
from harness.experiment.own_table import fitted
from harness.experiment.specs import ALL_DATASETS, GPU_NIGHT_S, Experiment
from harness.host.units import written_hours
from harness.players.file import guests, try_out
from harness.players.ours import PLAYERS, select
from harness.players.process import Command, Limits
from harness.show.render import wrap
from harness.show.view import View
from pmfnas.benchmarks.table import CurveTable
from pmfnas.core.errors import InputError
from pmfnas.core.ports import SearcherFactory
from pmfnas.core.rng import stream
from pmfnas.loop.runner import Setting


def run(options: argparse.Namespace) -> int:
    """Run the comparison and write its outputs and the verdict; return 1 if all runs of a searcher failed."""
    if options.problem:
        return problem_compare.run(options)
    if options.landscapes:
        return landscapes.run(options)
    if options.update_reference:
        raise InputError("--update-reference is for --landscapes; leave it out")
    if not options.searcher and not options.command:
        raise InputError("compare has no --searcher and no --command; give one, or write one with new-searcher")
    own = guests(options.searcher, options.command, Limits(**asked(options, Limits)), taken=tuple(PLAYERS))
    against = outputs.opponents(select(options.against, PLAYERS, "--against"))
    experiment = _experiment(options, own, against)
    view = View(**asked(options, View))
    view.check(experiment.searchers)
    out = options.out or Path("results") / COMPARISON
    chosen = chosen_by(options, folder=out)
    print(*wrap(f"data: {chosen.described}"), sep="\n")
    given = {*asked(options, Experiment), *(("searchers",) if options.against else ())}
    experiment = replace(fitted(experiment, chosen.table, given), title=experiment.title)
    check_claim(out, experiment, chosen.table)
    _try_out(own, experiment, chosen.table, keep_going=options.keep_going)
    work = f"{experiment.n_runs} runs of {written_hours(experiment.budget_s)}; results in {out}"
    print(*wrap(f"{', '.join(own)} against {', '.join(against)}: {work}"), sep="\n")
    run_experiment(experiment, chosen.table, out, n_jobs=options.n_jobs or os.cpu_count() or 1, command=options.words)
    runs = outputs.write_comparison(played(experiment), chosen.table, out, own=tuple(own), view=view)
    return outputs.exit_code(runs)


def _experiment(options: argparse.Namespace, own: Mapping[str, SearcherFactory], against: Sequence[str]) -> Experiment:
    """Return the experiment to run."""
    players = {**own, **{name: PLAYERS[name] for name in against}}
    return Experiment(
        name=COMPARISON,
        title=outputs.title_of(own),
        players=MappingProxyType(players),
        searchers=tuple(players),
        **{"datasets": ALL_DATASETS, "budget_s": GPU_NIGHT_S, **asked(options, Experiment)}
        | {"n_seeds": options.n_seeds or N_SEEDS},
    )


def _try_out(
    own: Mapping[str, SearcherFactory], experiment: Experiment, table: CurveTable, *, keep_going: bool
) -> None:
    """Build every searcher once before the first run; raise `InputError` if one cannot be built."""
    benchmark = open_benchmark(table, experiment.datasets[0])
    setting = Setting(benchmark.space, benchmark.fidelities, experiment.budget_s, experiment.n_workers)
    for name, factory in own.items():
        if keep_going and isinstance(factory, Command):
            continue
        try:
            about = try_out(name, factory, setting, rng=stream(0, "try"))
        except InputError as error:
            others = "; --keep-going runs the others" if isinstance(factory, Command) else ""
            raise InputError(f"{error}{others}") from error
        if about:
            print(f"{name}: {about}")
