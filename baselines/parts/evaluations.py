"""Training archs at one fidelity: the request, the value of its outcome, and the decision when no arch is left."""

import math
from collections.abc import Sequence

from pmfnas.core.types import Arch, Diverged, Fidelity, Ok, Outcome, Stop, Submit, Ticket, Train, Wait

WORST = -math.inf
"""The value of a diverged training."""


def evaluation(arch: Arch, fidelity: Fidelity) -> Submit:
    """Return the decision to train `arch` afresh up to `fidelity` and to validate it there."""
    return Submit((Train(arch, fidelity.schedule, 0, fidelity.epochs),))


def worth(outcome: Outcome) -> float | None:
    """Return the validation accuracy in percent; `WORST` if training diverged; None without a validation."""
    if isinstance(outcome, Diverged):
        return WORST
    if not isinstance(outcome, Ok) or not outcome.curve.valid_epochs:
        return None
    valid_acc_pct = outcome.curve.last_valid_acc
    return valid_acc_pct if math.isfinite(valid_acc_pct) else WORST


def exhausted(running: Sequence[Ticket]) -> Wait | Stop:
    """Return the decision once every arch has been trained or is in flight: `Wait` for running ones, else `Stop`."""
    return Wait() if running else Stop("the space is exhausted")


def archs_of(running: Sequence[Ticket]) -> frozenset[Arch]:
    """Return the archs that are in flight."""
    return frozenset(ticket.request.arch for ticket in running)
