"""The ledger: the cost of every ticket of a run, and the totals.

An entry keeps training and validation seconds apart, and the training seconds from epoch 0, so that GPU-hours
under *resume* (checkpoints are kept) and under *restart* (every evaluation starts at epoch 0) come from one record.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pmfnas.core.types import Arch, Cost, Outcome, Reason, Ticket
from pmfnas.loop.executor import Accounting

CANCELLED = "cancelled"
FAILED = "failed"
FREE = "free"
"""Status of a request answered from the record."""
CUT = "cut"
"""Status of a segment that the end of the run cut off: charged, but neither reported to the searcher nor scored."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the ledger, in the order in which tickets ended."""

    ticket: Ticket
    status: str
    """`ok`, `diverged`, `measured`, `failed`, `cancelled`, `free` or `cut`."""
    worker: int
    """-1 where no worker was needed."""
    start_s: float
    end_s: float
    cost: Cost
    """Of the segment alone; busy seconds where it was cut or cancelled."""
    before_s: float
    """Training seconds of the epochs before the segment; what restart accounting pays of them says `repeated_s`."""
    outcome: Outcome | None
    """As it was told, curves from epoch 1; None where it was cut."""
    incumbent: Arch | None
    """First recommendation after this ticket was told."""
    reason: Reason


@dataclass(frozen=True, slots=True)
class Totals:
    """The cost of a run, in GPU-hours."""

    gpu_hours_resume: float
    gpu_hours_restart: float
    busy_hours: float
    evaluations: int
    """Tickets that a worker finished."""


def totals(entries: Sequence[Entry], *, clock_s: float, n_workers: int, accounting: Accounting) -> Totals:
    """Return the costs of a run whose clock stopped at `clock_s`.

    GPU-hours are workers x clock, idle time included. The other accounting differs by the repeated epochs.
    """
    added_s = within_s = 0.0
    for entry in entries:
        added, within = repeated_s(entry.status, entry.worker, entry.cost.total_s, entry.before_s, accounting)
        added_s, within_s = added_s + added, within_s + within
    own_s = sum(e.cost.total_s for e in entries)
    clocked_s = clock_s * n_workers
    again = accounting == "restart"
    resume_s = clocked_s - (added_s + within_s if again else 0.0)
    return Totals(
        gpu_hours_resume=resume_s / 3600,
        gpu_hours_restart=(clocked_s if again else clocked_s + added_s) / 3600,
        busy_hours=(own_s + (added_s if again else 0.0)) / 3600,
        evaluations=sum(e.worker >= 0 and e.status in ("ok", "diverged", "measured") for e in entries),
    )


def repeated_s(status: str, worker: int, cost_s: float, before_s: float, accounting: str) -> tuple[float, float]:
    """Return the seconds of repeated epochs under restart: those beside an entry's cost, and those within it.

    A segment that was cancelled or cut off is charged what its worker was busy. Under restart the worker repeats the
    old epochs first, so these seconds hold them already, as far as it came. A ticket that never was on a worker
    repeats nothing, and neither does one that failed, was cancelled or was cut off before it cost anything.

    Args:
        status: of the entry.
        worker: of the entry, -1 for none.
        cost_s: what it was charged.
        before_s: training seconds of the epochs before the segment.
        accounting: of the run.
    """
    if worker < 0 or (cost_s == 0.0 and status in (FAILED, CANCELLED, CUT)):
        return 0.0, 0.0
    if accounting == "restart" and status in (CANCELLED, CUT):
        return 0.0, min(cost_s, before_s)
    return before_s, 0.0


def paid_s(row: Mapping[str, Any], accounting: str) -> float:
    """Return the seconds that a row of a record (`pmfnas.loop.record`) cost its run, repeated epochs included."""
    cost_s = float(row["train_s"] + row["valid_s"] + row["setup_s"])
    if accounting == "resume":
        return cost_s
    return cost_s + repeated_s(row["status"], row["worker"], cost_s, row["before_s"], accounting)[0]
