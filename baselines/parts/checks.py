"""Checks of settings that several searchers share."""

from pmfnas.core.errors import InputError
from pmfnas.core.types import Fidelities, Fidelity


def search_fidelity(text: str | None, fidelities: Fidelities) -> Fidelity:
    """Return the fidelity at which a searcher trains every arch.

    Args:
        text: for example `12@12`; None means the end of the search schedule, the last but one or the only one.
        fidelities: the benchmark's schedules and validation epochs.

    Raises:
        InputError: `text` is not a fidelity, or no clean validation exists there.
    """
    if text is not None:
        fidelity = Fidelity.parse(text)
    else:
        schedule = fidelities.schedules[-min(2, len(fidelities.schedules))]
        fidelity = Fidelity(schedule.name, schedule.epochs)
    fidelities.check(fidelity)
    return fidelity


def check_at_least(name: str, value: int, least: int) -> None:
    """Raise `InputError` unless `value >= least`."""
    if not value >= least:  # also true for NaN
        raise InputError(f"{name} is {value}, but must be at least {least}")


def check_between(name: str, value: float, low: float, high: float) -> None:
    """Raise `InputError` unless `low < value < high`."""
    if not low < value < high:
        raise InputError(f"{name} is {value}, but must lie between {low:g} and {high:g}")
