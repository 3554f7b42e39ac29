"""Records of runs by hand, for what is read from records: every figure in them can be worked out on paper."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from pmfnas.core.ports import Space
from pmfnas.core.types import Arch, Decision, Submit, Train
from pmfnas.loop.executor import Accounting
from pmfnas.loop.ledger import totals
from pmfnas.loop.record import RunHeader, record_path, write_record
from pmfnas.loop.runner import Finished
from tests.support.fakes import A, B, ByHand, C, Scripted, cells, play

D: Arch = (0, 0, 0, 0, 0, 4)
SPACE = cells()
TEXT = {name: SPACE.format(arch) for name, arch in zip("ABCD", (A, B, C, D), strict=True)}
WHY = "a second within the regions is worth 3.1 seconds anywhere"

HEADER = RunHeader(
    experiment="table2",
    dataset="cifar100",
    searcher="scripted",
    settings={},
    seed=7,
    budget_s=400.0,
    n_workers=1,
    accounting="resume",
    space="nb201",
    data="SYNTHETIC",
    fingerprint="0123456789ab",
    status="ok",
    why="budget",
    clock_s=400.0,
    recommended=(),
    gpu_hours_resume=0.0,
    gpu_hours_restart=0.0,
    busy_hours=0.0,
    evaluations=0,
)


def asked(request: Train, stage: str, action: str, **figures: float | str) -> Submit:
    """A decision with its reason."""
    return Submit((request,), ({"stage": stage, "action": action, **figures},))


STAGED: tuple[Decision, ...] = (
    asked(Train(A, "12", 0, 3), "explore", "start", mean=70.0, std=2.5, potential=1.25, p_best=0.5, gain_per_hour=0.3),
    asked(Train(B, "12", 0, 3), "explore", "start", mean=71.0, std=2.0, potential=0.5, p_best=0.25, gain_per_hour=2e-9),
    asked(Train(C, "12", 0, 3), "explore", "start", mean=72.0, std=1.5, potential=0.5, p_best=0.25, gain_per_hour=0.1),
    asked(Train(C, "12", 3, 12), "region", "continue", moved_on=WHY, mean=72.5, std=0.5, p_best=0.9),
    asked(Train(B, "12", 3, 12), "region", "continue", mean=71.5, std=0.5, p_best=0.05),
    asked(Train(D, "12", 0, 3), "region", "start", mean=73.0, std=2.5, p_best=0.05),
    asked(Train(C, "200", 0, 200), "refine", "promote", mean=72.5, std=0.25, p_best=0.75),
)
"""Three archs to 12@3, C and B on to 12@12, a new arch D, and C's full training, which 400 s cut off after 94."""


def kept(finished: Finished, out: Path, header: RunHeader = HEADER, *, space: Space = SPACE) -> Path:
    """Write the record of a finished run, its header's totals made right, and return its path."""
    accounting: Accounting = "restart" if header.accounting == "restart" else "resume"
    sums = totals(finished.entries, clock_s=finished.clock_s, n_workers=header.n_workers, accounting=accounting)
    whole = replace(
        header,
        status=finished.status,
        why=finished.why,
        clock_s=finished.clock_s,
        recommended=tuple(space.format(arch) for arch in finished.recommended),
        gpu_hours_resume=sums.gpu_hours_resume,
        gpu_hours_restart=sums.gpu_hours_restart,
        busy_hours=sums.busy_hours,
        evaluations=sums.evaluations,
    )
    write_record(out, whole, finished, space)
    return record_path(out, whole.run_id)


def by_hand(
    script: Iterable[Decision],
    out: Path,
    *,
    n_workers: int = 1,
    accounting: Accounting = "resume",
    diverging: Arch | None = None,
) -> Path:
    """Play a script for 400 s and return the path of its record."""
    finished = play(
        Scripted(script),
        budget_s=400.0,
        n_workers=n_workers,
        accounting=accounting,
        benchmark=ByHand(diverging=diverging),
    )
    return kept(finished, out, replace(HEADER, n_workers=n_workers, accounting=accounting))
