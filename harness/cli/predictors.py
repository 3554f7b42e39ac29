"""The verb `predictors`: the study of performance predictors, and a predictor of one's own against ours."""

import argparse
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import perf_counter

from harness.experiment.data import ANCHORS, HELP, Chosen, chosen_by
from harness.experiment.folder import refuse_less
from harness.host.units import count, names, written_time
from harness.predictors.candidates import CONTESTANTS, REFERENCE, chosen
from harness.predictors.cells import DATASETS, Cell, real_grid, smoke_grid, whole_grid
from harness.predictors.evaluation import evaluate
from harness.predictors.material import REAL_CURVES, read_material
from harness.predictors.outputs import extent, reference_name, update_reference, write_outputs
from harness.predictors.study import Plan, check_claim, chunks, run_study
from harness.predictors.tasks import Split
from pmfnas.benchmarks.tabular import dataset
from pmfnas.core.errors import unknown_name
from pmfnas.core.predictors import PredictorFactory

SMOKE_SPLITS, SMOKE_QUERIES = 3, 500

_TEACHING = """How good are performance predictors, at what price, and do they know how sure they are?

Every predictor learns from n archs (10 to 400) with the first e epochs of their curves and their accuracies after 200
epochs, and judges up to 2,000 archs it never saw, of which it sees e epochs as well. Archs that are one network stay
on one side. What a predictor reads is charged: labels, epochs, validations. docs/predictors.md explains everything."""

_READING = """
How to read it: `tau` is Kendall's, over all archs that were judged; `tau top 10 %` is about those that matter. A
90 % interval should cover 90 %. The noise ceiling says what two trainings of the same archs agree on.

Interrupted, the same command goes on where it stopped.

examples:
  ./reproduce.sh predictors --smoke                             a look at everything, in about a minute: no claim
  ./reproduce.sh predictors --dry-run                           what would run, and how long
  ./reproduce.sh predictors --update-reference                  all of it, and the committed reference anew
  ./reproduce.sh predictors --predictor my.py:MyPredictor --against pmf --smoke
  ./reproduce.sh predictors --predictor pmf --predictor sotl_e --datasets cifar100 --out results/mine
"""


def add(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb to the parser."""
    verb = verbs.add_parser(
        "predictors",
        help="compare performance predictors: quality, calibration, price",
        description=_TEACHING,
        epilog=_READING,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verb.add_argument("--data", default="auto", help=HELP)
    verb.add_argument(
        "--predictor",
        action="append",
        default=[],
        metavar="P",
        help=f"[NAME=]my.py:MyPredictor, or one of: {', '.join(CONTESTANTS)}; may be repeated (default all)",
    )
    verb.add_argument("--against", metavar="P", default=REFERENCE, help=f"whom to compare with (default {REFERENCE})")
    verb.add_argument("--datasets", metavar="A,B", help=f"some of: {', '.join(DATASETS)}")
    verb.add_argument("--splits", metavar="N", help="splits of the archs per cell (default 30)")
    verb.add_argument("--jobs", metavar="N", help="processes of this machine to use (default: all cores)")
    verb.add_argument("--out", type=Path, metavar="DIR", help="where results go (default results/predictors[-smoke])")
    verb.add_argument("--smoke", action="store_true", help=f"few cells, {SMOKE_SPLITS} splits: a minute, no claim")
    verb.add_argument("--dry-run", action="store_true", help="say what would run, and how long; run nothing")
    verb.add_argument(
        "--update-reference", action="store_true", help="also copy the outputs to results/reference/, to be committed"
    )
    verb.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run the study and write its outputs."""
    contestants = _contestants(options.predictor, options.against)
    n_jobs = count("--jobs", options.jobs, least=1) if options.jobs else os.cpu_count() or 1
    out = options.out or Path("results") / ("predictors-smoke" if options.smoke else "predictors")
    data = chosen_by(options, folder=out)
    print(f"data: {data.described}")
    anchors = None if options.smoke else _real_curves(data)
    plan = _plan(options, contestants, with_real=anchors is not None)
    print(_described(plan, anchors))
    if options.dry_run:
        check_claim(plan, data.table, out, real_curves=anchors is not None)
        return _dry_run(plan, data, out, anchors, n_jobs)
    if options.update_reference:
        refuse_less(reference_name(data.table), extent(plan))
    print(f"results in {out}")
    run_study(plan, data.table, out, anchors=anchors, n_jobs=n_jobs)
    write_outputs(plan, data.table, out, reference=options.against)
    if options.update_reference:
        print(f"reference outputs updated: {update_reference(data.table, out)}")
    return 0


def _contestants(given: Sequence[str], against: str) -> Mapping[str, PredictorFactory]:
    """Return who takes part: all where none is named; else those named, and whom they are compared with."""
    if not given:
        if against not in CONTESTANTS:
            raise unknown_name("--against", against, CONTESTANTS)
        return CONTESTANTS
    files = [text for text in given if ".py:" in text]
    made = chosen([text for text in given if text not in files], files)
    return made if against in made else {**made, **chosen([against], [])}


def _real_curves(data: Chosen) -> Path | None:
    """Return the folder with real curves of the table's archs; None where there is none.

    They are by official index, as are the rows of these two kinds of tables alone.
    """
    folder = os.environ.get(ANCHORS)
    if (
        not folder
        or data.table.header.stamp not in ("OFFICIAL", "ANCHORED")
        or not (Path(folder) / REAL_CURVES).exists()
    ):
        return None
    return Path(folder)


def _plan(options: argparse.Namespace, contestants: Mapping[str, PredictorFactory], *, with_real: bool) -> Plan:
    """Return what the command line asks for."""
    datasets: Sequence[str] = DATASETS
    if options.datasets:
        datasets = tuple(dict.fromkeys(dataset(name).name for name in names("--datasets", options.datasets)))
    n_splits = count("--splits", options.splits, least=1) if options.splits else None
    if options.smoke:
        return Plan(contestants, smoke_grid(datasets), "smoke", n_splits or SMOKE_SPLITS, SMOKE_QUERIES, n_searches=1)
    cells: tuple[Cell, ...] = whole_grid(datasets)
    if with_real:
        cells += real_grid(datasets)
    return Plan(contestants, cells, "whole", n_splits or 30)


def _described(plan: Plan, anchors: Path | None) -> str:
    n_fits = sum(len(plan.own_cells(p, d)) for p in plan.contestants for d in plan.datasets) * plan.n_splits
    real = "with" if anchors else "without"
    return (
        f"{len(plan.contestants)} predictors x {len(plan.cells)} cells x {plan.n_splits} splits, {real} real curves = "
        f"{n_fits} fits"
    )


def _dry_run(plan: Plan, data: Chosen, out: Path, anchors: Path | None, n_jobs: int) -> int:
    """Say what would run and how long, from a few cells of every predictor that are thrown away."""
    material = read_material(data.table, plan.datasets[0], anchors=anchors)
    all_chunks = chunks(plan)
    n_done = sum(chunk.path(out).exists() for chunk in all_chunks)
    total_s = 0.0
    for name, factory in plan.contestants.items():
        cells = [cell for cell in plan.own_cells(name, plan.datasets[0]) if cell.kind != "visited"]
        sample = cells[:: max(1, len(cells) // 4)]
        start = perf_counter()
        for cell in sample:
            evaluate(factory, cell, Split(0, plan.n_queries), material)
        each_s = (perf_counter() - start) / len(sample)
        whole_s = each_s * plan.n_splits * sum(len(plan.own_cells(name, d)) for d in plan.datasets)
        print(f"  {name:<20} {each_s * 1000:6.0f} ms a fit, {written_time(whole_s)} in all")
        total_s += whole_s
    left_s = total_s * (1 - n_done / len(all_chunks)) / n_jobs
    print(f"  {n_done} of {len(all_chunks)} chunks finished, about {written_time(left_s)} left on {n_jobs} processes")
    return 0
