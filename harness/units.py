"""How amounts are written on the command line and read back: budgets, counts, lists of names."""

import re

from pmfnas.core.errors import InputError

_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0}


def budget_s(text: str, *, flag: str = "--budget") -> float:
    """Return the seconds of a time given to `flag`, written `8.5h`, `510m`, `30600s` or `30600`.

    >>> budget_s("8.5h")
    30600.0
    """
    match = re.fullmatch(r"(-?[0-9]*\.?[0-9]+)([smh]?)", text.strip())
    seconds = float(match[1]) * _SECONDS[match[2] or "s"] if match else -1.0
    if not seconds > 0:
        raise InputError(f"{flag} is {text!r}, but must be a positive time such as 8.5h, 510m or 30600s")
    return seconds


def count(flag: str, text: str, *, least: int) -> int:
    """Return a whole number of at least `least`, given to `flag`."""
    if not re.fullmatch(r"-?[0-9]+", text.strip()) or int(text) < least:
        raise InputError(f"{flag} is {text!r}, but must be a whole number of at least {least}")
    return int(text)


def names(flag: str, text: str) -> tuple[str, ...]:
    """Return the comma-separated names given to `flag`, in order."""
    found = tuple(part.strip() for part in text.split(",") if part.strip())
    if not found:
        raise InputError(f"{flag} is {text!r}, but must hold names separated by commas")
    return found


def written_hours(seconds: float) -> str:
    """Return seconds as hours for people: `8.5 h`."""
    return f"{seconds / 3600:g} h"


def written_time(seconds: float) -> str:
    """Return a duration for people: `45 s`, `2 min 30 s`, `12 min`, `1 h 5 min`."""
    whole = round(seconds)
    if whole < 120:
        return f"{whole} s"
    if whole < 600:
        return f"{whole // 60} min" + (f" {whole % 60} s" if whole % 60 else "")
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
