"""Settings that several searchers share, and how they are checked."""

from pmfnas.core.errors import InputError
from pmfnas.core.types import Fidelities, Fidelity


def search_fidelity(text: str | None, fidelities: Fidelities) -> Fidelity:
    """Return the one fidelity that a searcher trains at.

    Args:
        text: `12@12`, or None for the end of the search schedule: the last but one, or the only one there is.
        fidelities: what exists.

    Raises:
        InputError: not a fidelity, or no clean validation exists there.
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
    if not value >= least:  # NaN is not
        raise InputError(f"{name} is {value}, but must be at least {least}")


def check_between(name: str, value: float, low: float, high: float) -> None:
    """Raise `InputError` unless `low < value < high`."""
    if not low < value < high:
        raise InputError(f"{name} is {value}, but must lie between {low:g} and {high:g}")
