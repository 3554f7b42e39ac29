"""The ledger: what every ticket of a run cost, and what follows from it.

An entry keeps training and validation seconds apart, and the training seconds from epoch 0, so that GPU-hours
under *resume* (checkpoints are kept) and under *restart* (every evaluation starts at epoch 0) come from one record.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from harness.executor import Accounting
from pmfnas.core.types import Arch, Cost, Outcome, Reason, Ticket

FREE = "free"
"""Status of a request answered from the record."""
CUT = "cut"
"""Status of a segment that the end of the run cut off: charged, not told, not scored."""


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
    """Training seconds of the epochs before the segment, which restart accounting pays again."""
    outcome: Outcome | None
    """As it was told, curves from epoch 1; None where it was cut."""
    incumbent: Arch | None
    """First recommendation after this ticket was told."""
    reason: Reason


@dataclass(frozen=True, slots=True)
class Totals:
    """What a run cost, in GPU-hours."""

    gpu_hours_resume: float
    gpu_hours_restart: float
    busy_hours: float
    evaluations: int
    """Tickets that a worker finished."""


def totals(entries: Sequence[Entry], *, clock_s: float, n_workers: int, accounting: Accounting) -> Totals:
    """Return the costs of a run whose clock stopped at `clock_s`.

    GPU-hours are workers x clock, idle time included. The other accounting differs by the repeated epochs.
    """
    repeated_s = sum(e.before_s for e in entries)
    own_s = sum(e.cost.total_s for e in entries)
    clocked_s = clock_s * n_workers
    resume_s = clocked_s - (repeated_s if accounting == "restart" else 0.0)
    busy_s = own_s + (repeated_s if accounting == "restart" else 0.0)
    return Totals(
        gpu_hours_resume=resume_s / 3600,
        gpu_hours_restart=(resume_s + repeated_s) / 3600,
        busy_hours=busy_s / 3600,
        evaluations=sum(e.worker >= 0 and e.status in ("ok", "diverged", "measured") for e in entries),
    )
