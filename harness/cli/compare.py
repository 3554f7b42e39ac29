"""The work of `compare`: searchers from a file or a command against PMF-NAS, with a verdict in words."""

import argparse
import ast
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd

from harness.cli import studies as study_commands
from harness.cli.arguments import asked
from harness.compare import outputs, verdict
from harness.experiment.batch import ENTRANTS, check_claim, open_benchmark, read_claim, run_experiment
from harness.experiment.data import choose, chosen_by
from harness.experiment.jobs import Job, found, jobs
from harness.experiment.specs import ALL_DATASETS, Experiment
from harness.host.units import written_hours
from harness.players.file import entrants, try_out
from harness.players.ours import CONTESTANTS, REFERENCE, select
from harness.players.process import Command, Limits
from pmfnas.benchmarks.table import CurveTable
from pmfnas.core.errors import InputError
from pmfnas.core.ports import Searcher, SearcherFactory, Space
from pmfnas.core.rng import stream
from pmfnas.core.types import Fidelities
from pmfnas.files import write_text
from pmfnas.loop.runner import Setting

NAME = "compare"


def run(options: argparse.Namespace) -> int:
    """Run the comparison and write its outputs and the verdict; return 1 where all runs of a searcher failed."""
    if not options.searcher and not options.command:
        raise InputError("compare has no --searcher and no --command; give one, or write one with new-searcher")
    own = entrants(options.searcher, options.command, Limits(**asked(options, Limits)), taken=tuple(CONTESTANTS))
    against = _opponents(select(options.against, CONTESTANTS))
    experiment = _experiment(options, own, against)
    out = options.out or Path("results") / NAME
    chosen = chosen_by(options, folder=out)
    print(f"data: {chosen.described}")
    check_claim(out, experiment, chosen.table)
    _try_out(own, experiment, chosen.table, keep_going=options.keep_going)
    print(
        f"{', '.join(own)} against {', '.join(against)}: {experiment.n_runs} runs of "
        f"{written_hours(experiment.budget_s)}; results in {out}"
    )
    run_experiment(experiment, chosen.table, out, n_jobs=options.n_jobs)
    return outputs.exit_code(_write(experiment, jobs(experiment), chosen.table, out, own=tuple(own)))


def table(options: argparse.Namespace) -> int:
    """Write the outputs of a comparison's folder again, from its records; any other folder's as its own verb does."""
    claim = read_claim(options.out)
    if claim.get("experiment") != NAME:
        return study_commands.table(options)
    chosen = choose(options.data, folder=options.out, partial=True)
    done = found(options.out, chosen.table.header.space)
    if not done:
        raise InputError(f"{options.out} holds no finished run; run the comparison first")
    own = tuple(name for name in claim.get(ENTRANTS, {}) if any(job.searcher == name for job in done))
    others = _opponents({job.searcher for job in done})
    seeds = {job.seed for job in done}
    experiment = Experiment(
        name=NAME,
        title=_title(own),
        contestants=MappingProxyType({name: CONTESTANTS.get(name, Gone(name)) for name in (*own, *others)}),
        searchers=(*own, *others),
        datasets=tuple(d for d in ALL_DATASETS if any(job.dataset == d for job in done)),
        budget_s=claim["budget_s"],
        n_seeds=max(seeds) - min(seeds) + 1,
        first_seed=min(seeds),
        n_workers=claim["workers"],
        accounting=claim["accounting"],
    )
    _write(experiment, done, chosen.table, options.out, own=own)
    return 0


@dataclass(frozen=True, slots=True)
class Gone:
    """Stands for a searcher of which only records are at hand. Implements `pmfnas.core.ports.SearcherFactory`."""

    name: str

    def __call__(
        self, space: Space, fidelities: Fidelities, budget_s: float, n_workers: int, *, rng: np.random.Generator
    ) -> Searcher:
        """Raise `InputError`: there is nothing to make it of."""
        del space, fidelities, budget_s, n_workers, rng
        raise InputError(f"searcher {self.name} is not at hand here; give it by --searcher or --command")


def _experiment(options: argparse.Namespace, own: Mapping[str, SearcherFactory], against: Sequence[str]) -> Experiment:
    """Return what is to be run."""
    contestants = {**own, **{name: CONTESTANTS[name] for name in against}}
    return Experiment(
        name=NAME,
        title=_title(tuple(own)),
        contestants=MappingProxyType(contestants),
        searchers=tuple(contestants),
        **asked(options, Experiment),
    )


def _opponents(chosen: Collection[str]) -> tuple[str, ...]:
    """Return PMF-NAS and the chosen ones of ours, in an order that does not hang on how they were given."""
    return (REFERENCE, *(name for name in CONTESTANTS if name in chosen and name != REFERENCE))


def _title(own: Sequence[str]) -> str:
    return f"{', '.join(own)} against PMF-NAS"


def _try_out(
    own: Mapping[str, SearcherFactory], experiment: Experiment, table: CurveTable, *, keep_going: bool
) -> None:
    """Make every searcher once; raise `InputError` for one that cannot be made, before any run."""
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


def _write(
    experiment: Experiment, done: Sequence[Job], table: CurveTable, out: Path, *, own: Sequence[str]
) -> pd.DataFrame:
    """Write the ordinary outputs, then the verdict, and print it last; return the runs."""
    scored = outputs.write(experiment, done, table, out)
    opponents = [name for name in experiment.searchers if name not in own]
    found_ = verdict.verdicts(scored.runs, own, opponents)
    text = verdict.markdown(found_, scored.runs, where=_where(scored.runs, own), title=f"Verdict: {experiment.title}")
    write_text(out / "verdict.md", text)
    write_text(out / "verdict.csv", verdict.frame(found_).to_csv(index=False))
    print(f"\n{text}\nwritten to {out / 'verdict.md'}")
    return scored.runs


def _where(runs: pd.DataFrame, own: Sequence[str]) -> Mapping[str, str]:
    """Return where each searcher ran, as its records say."""
    settings = {name: ast.literal_eval(rows["settings"].iloc[0]) for name, rows in runs.groupby("searcher")}
    return {name: str(settings[name]["runs"]) for name in own if name in settings}
