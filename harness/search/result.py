"""A search from start to end; at the end it writes the record and the incumbent's weights, then its test accuracy.

The network is scored on the test images once (`harness.search.final_test`), after the search. The folder logs it.
"""

import json
from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

from harness.experiment.folder import SPEC, locked
from harness.host.front import typed
from harness.players.file import settings_of_run
from harness.search.card import MODEL, named
from harness.search.final_test import score
from harness.search.folder import RESULT, read_result
from harness.search.run import Searched, open_search, run_search
from harness.search.samples import keep_samples
from harness.search.spec import SearchSpec
from harness.search.watchdog import start_anew
from pmfnas.core.errors import InputError
from pmfnas.core.types import Arch, Ok, Train
from pmfnas.files import write_bytes, write_text
from pmfnas.loop.ledger import Entry, totals
from pmfnas.loop.record import RunHeader, record_path, write_record
from pmfnas.loop.runner import Finished
from pmfnas.training.plans import footprint, recipe_of
from pmfnas.training.session import Segment

WEIGHTS = "incumbent.pt"
TRAINED = "TRAINED"


def search_in(spec: SearchSpec, out: Path, *, resume: bool) -> dict[str, Any]:
    """Start or resume a search with its folder locked; return the result, or the stored result of an ended search."""
    with ExitStack() as held:
        is_there = (out / SPEC).exists()
        if is_there:
            held.enter_context(locked(out))
        opened = open_search(spec, out, resume=resume)
        if not is_there:
            held.enter_context(locked(out))
        return read_result(out) or conclude(run_search(opened, start_anew=start_anew), out)


def described(result: Mapping[str, Any], out: Path) -> str:
    """Return a result as lines for the screen; `out` is the folder of the search."""
    stages = ", ".join(f"{stage} {hours:.3f}" for stage, hours in result["gpu_hours_by_stage"].items())
    return (
        f"found       {result['arch']}\n"
        f"trained     {result['epochs']} epochs of schedule {result['schedule']}, seed {result['seed']}, "
        f"on {result['trained_on']}\n"
        f"validation  {result['valid_acc']:.2f} %{_objective(result)}\n"
        f"test        {result['test_acc']:.2f} % (measured once, now that the search has ended)\n"
        f"size        {result['params_m']:.3f} M parameters, {result['flops_m']:.2f} M multiply-adds\n"
        f"GPU-hours   {result['gpu_hours']:.3f} ({stages})\n"
        f"data        {result['data']}\n"
        f"written to {out}; the model: {typed('export', out, '--to', MODEL)}"
    )


def _objective(result: Mapping[str, Any]) -> str:
    return "" if named(result) == "accuracy" else f" ({named(result)})"


def conclude(searched: Searched, out: Path) -> dict[str, Any]:
    """Write record, weights and result of a search to `out`, and return the result.

    Raises:
        InputError: the search failed, or no training ended within the budget.
    """
    finished = searched.finished
    if finished.status != "ok":
        raise InputError(f"the search failed: {finished.why}")
    best = best_training(searched)
    if best is None:
        raise InputError(
            f"--budget is {searched.spec.budget_s:g} s, but no training ended within it; give more to another --out"
        )
    entry, segment = best
    header = _header(searched)
    record_path(out, header.run_id).unlink(missing_ok=True)  # left if a process died before it wrote the result
    write_record(out, header, finished, searched.benchmark.space)
    checkpoints = searched.benchmark.session.checkpoints
    keep_samples(searched.valid, out)
    write_bytes(out / WEIGHTS, checkpoints.path(segment.key, segment.stop).read_bytes())
    result = {
        **_described(searched, entry, segment),
        "test_acc": score(searched.benchmark.session, segment, searched.source, out, header.run_id),
        "gpu_hours": header.gpu_hours_resume,
        "busy_hours": header.busy_hours,
        "setup_hours": _setup_hours(searched),
        "searcher_s": finished.searcher_s,
        "ended": finished.why,
        "tickets": dict(Counter(entry.status for entry in finished.entries)),
        "gpu_hours_by_stage": _hours_by_stage(finished),
        "data": f"{TRAINED} {searched.fingerprint}",
    }
    write_text(out / RESULT, json.dumps(result, indent=1) + "\n")
    checkpoints.keep_only({searched.benchmark.arch_number(arch) for arch in finished.recommended})
    return result


def best_training(searched: Searched) -> tuple[Entry, Segment] | None:
    """Return the longest training of the first recommended arch with a checkpoint; None if no such arch exists.

    Trainings are ordered by length of schedule, then epochs, then validation accuracy.
    """
    trainings = (_longest_training(searched, arch) for arch in searched.finished.recommended)
    return next((training for training in trainings if training is not None), None)


def _longest_training(searched: Searched, arch: Arch) -> tuple[Entry, Segment] | None:
    found: list[tuple[tuple[float, ...], Entry, Segment]] = []
    for entry in searched.finished.entries:
        request, outcome = entry.ticket.request, entry.outcome
        if not isinstance(request, Train) or not isinstance(outcome, Ok) or entry.status != "ok":
            continue
        if not outcome.curve.valid_epochs or request.arch != arch:
            continue
        segment = _segment(searched, request)
        if request.stop in searched.benchmark.session.checkpoints.epochs(segment.key):
            rank = (segment.epochs, request.stop, outcome.curve.last_valid_acc)
            found.append((rank, entry, segment))
    return max(found, key=lambda f: f[0])[1:] if found else None


def _segment(searched: Searched, request: Train) -> Segment:
    trial = searched.trial_of(request.arch, request.schedule, request.replicate)
    return searched.benchmark.segment(0, request, trial)


def _described(searched: Searched, entry: Entry, segment: Segment) -> dict[str, Any]:
    """Return a description of the incumbent and its training."""
    outcome = entry.outcome
    assert isinstance(outcome, Ok)
    spec, space = searched.spec, searched.benchmark.space
    images = searched.benchmark.session.images
    params, flops = footprint(segment.plan, images.image_size)
    return {
        "arch": space.format(entry.ticket.request.arch),
        "recommended": space.format(searched.finished.recommended[0]),
        "space": space.name,
        "dataset": spec.dataset,
        "split": searched.source.split,
        "n_classes": searched.source.n_classes,
        "class_names": list(searched.source.class_names),
        "schedule": segment.key.schedule,
        "epochs": segment.stop,
        "seed": segment.key.seed,
        "trained_on": f"the training split, {images.n_train} images",
        "objective": spec.objective,
        "recipe": json.loads(json.dumps(asdict(recipe_of(segment.plan, spec.recipe)))),
        "valid_acc": outcome.curve.last_valid_acc,
        "params_m": params / 1e6,
        "flops_m": flops / 1e6,
    }


def _setup_hours(searched: Searched) -> dict[str, float]:
    """Return the hours of set-up: building packs (part of the tickets' costs) and measuring before the first ticket."""
    building_s = sum(entry.cost.setup_s for entry in searched.finished.entries)
    return {"building": building_s / 3600, "measuring": searched.measured_s / 3600}


def _hours_by_stage(finished: Finished) -> dict[str, float]:
    hours: dict[str, float] = {}
    for entry in finished.entries:
        stage = str(entry.reason.get("stage", "search"))
        hours[stage] = hours.get(stage, 0.0) + entry.cost.total_s / 3600
    return hours


def _header(searched: Searched) -> RunHeader:
    spec, finished = searched.spec, searched.finished
    costs = totals(finished.entries, clock_s=finished.clock_s, n_workers=1, accounting="resume")
    return RunHeader(
        experiment="search",
        dataset=spec.dataset,
        searcher=spec.searcher,
        settings={**settings_of_run(searched.factory, None), "width": spec.width},
        seed=spec.seed,
        budget_s=spec.budget_s,
        n_workers=1,
        accounting="resume",
        space=spec.space,
        data=TRAINED,
        fingerprint=searched.fingerprint,
        status=finished.status,
        why=finished.why,
        clock_s=finished.clock_s,
        recommended=tuple(searched.benchmark.space.format(arch) for arch in finished.recommended),
        **asdict(costs),
    )
