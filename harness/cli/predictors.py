"""The work of `predictors`: the study of performance predictors, optionally with the user's own predictor."""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.cli.options.predictors import SMOKE_SPLITS
from harness.experiment.data import Chosen, chosen_by
from harness.experiment.folder import refuse_less
from harness.experiment.own_table import check_datasets, refuse_own
from harness.host.units import written_time
from harness.predictors.candidates import CANDIDATES, chosen
from harness.predictors.cells import Cell, real_grid, smoke_grid, whole_grid
from harness.predictors.material import read_material, real_curves_of
from harness.predictors.outputs import extent, reference_name, update_reference, write_outputs
from harness.predictors.study import Plan, check_claim, chunks, run_study, timed
from pmfnas.core.errors import unknown_name
from pmfnas.core.predictors import PredictorFactory

SMOKE_QUERIES = 500


def run(options: argparse.Namespace) -> int:
    """Run the study and write its outputs."""
    candidates = _candidates(options.predictor, options.against)
    out = options.out or Path("results") / ("predictors-smoke" if options.smoke else "predictors")
    data = chosen_by(options, folder=out)
    print(f"data: {data.described}")
    refuse_own(data.table, "predictors", "its cells are fidelities of NAS-Bench-201's schedules 12 and 200")
    check_datasets(options.datasets, data.table)
    anchors = None if options.smoke else real_curves_of(data.table, ("OFFICIAL", "ANCHORED"))
    plan = _plan(options, candidates, with_real=anchors is not None)
    print(_described(plan, anchors))
    if options.update_reference:
        refuse_less(reference_name(data.table), extent(plan))
    if options.dry_run:
        check_claim(plan, data.table, out, real_curves=anchors is not None)
        return _dry_run(plan, data, out, anchors, options.n_jobs)
    print(f"results in {out}")
    run_study(plan, data.table, out, anchors=anchors, n_jobs=options.n_jobs)
    write_outputs(plan, data.table, out, reference=options.against)
    if options.update_reference:
        print(f"reference outputs updated: {update_reference(data.table, out)}")
    return 0


def _candidates(given: Sequence[str], against: str) -> Mapping[str, PredictorFactory]:
    """Return the predictors to compare: the named ones and the reference, or by default all."""
    if not given:
        if against not in CANDIDATES:
            raise unknown_name("--against", against, CANDIDATES)
        return CANDIDATES
    files = [text for text in given if ".py:" in text]
    made = chosen([text for text in given if text not in files], files)
    return made if against in made else {**made, **chosen([against], [])}


def _plan(options: argparse.Namespace, candidates: Mapping[str, PredictorFactory], *, with_real: bool) -> Plan:
    """Return the requested plan."""
    if options.smoke:
        n_splits = options.splits or SMOKE_SPLITS
        return Plan(candidates, smoke_grid(options.datasets), "smoke", n_splits, SMOKE_QUERIES, n_searches=1)
    cells: tuple[Cell, ...] = whole_grid(options.datasets)
    if with_real:
        cells += real_grid(options.datasets)
    return Plan(candidates, cells, "whole", options.splits or 30)


def _described(plan: Plan, anchors: Path | None) -> str:
    n_fits = sum(plan.n_fits(predictor) for predictor in plan.candidates)
    real = "with" if anchors else "without"
    return (
        f"{len(plan.candidates)} predictors x {len(plan.cells)} cells x {plan.n_splits} splits, {real} real curves = "
        f"{n_fits} fits"
    )


def _dry_run(plan: Plan, data: Chosen, out: Path, anchors: Path | None, n_jobs: int) -> int:
    """Print the plan and its expected time, estimated from a few timed fits of every predictor; keep no result."""
    material = read_material(data.table, plan.datasets[0], anchors=anchors)
    all_chunks = chunks(plan)
    n_done = sum(chunk.path(out).exists() for chunk in all_chunks)
    total_s = 0.0
    for name in plan.candidates:
        each_s, n_fits = timed(plan, name, material)
        print(f"  {name:<20} {each_s * 1000:6.0f} ms a fit, {written_time(each_s * n_fits)} in all")
        total_s += each_s * n_fits
    left_s = total_s * (1 - n_done / len(all_chunks)) / n_jobs
    print(f"  {n_done} of {len(all_chunks)} chunks finished, about {written_time(left_s)} left on {n_jobs} processes")
    return 0
