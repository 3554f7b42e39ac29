"""Writes and reads amounts on the command line: budgets, counts, lists of names."""

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from pmfnas.core.errors import InputError, shown

_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0}
LONGEST_S = 1e9
"""Largest time, seconds: some thirty years."""
MOST = 2**32 - 1
"""Largest whole number of any argument, including seeds."""
_MOST: Mapping[str, int] = MappingProxyType(
    {"--jobs": 1_024, "--seeds": 100_000, "--slow-seeds": 100_000, "--workers": 10_000, "--width": 10_000}
    | {"--schedules": 10_000, "--splits": 100_000, "--simulate": 10_000_000}
)
"""Flag -> largest count; a larger one would fill the memory of the host at the start."""


def budget_s(text: str, *, flag: str = "--budget") -> float:
    """Return the seconds of a time given to `flag`, written with its unit: `8.5h`, `510m` or `30600s`.

    Raises:
        InputError: not a time, no unit, a time that is not positive, or one longer than `LONGEST_S`.

    >>> budget_s("8.5h")
    30600.0
    """
    match = re.fullmatch(r"(-?[0-9]*\.?[0-9]+)([smh]?)", text.strip())
    seconds = float(match[1]) * _SECONDS[match[2] or "s"] if match else -1.0
    if not seconds > 0:
        raise InputError(f"{flag} is {shown(text)}, but must be a positive time such as 8.5h, 510m or 30600s")
    if match and not match[2]:
        meant = shown(text.strip()).strip("'")
        raise InputError(f"{flag} is {shown(text)}, which has no unit; write {meant}h, {meant}m or {meant}s")
    if seconds > LONGEST_S:
        raise InputError(f"{flag} is {shown(text)}, but must be at most {LONGEST_S / 3600:,.0f} hours")
    return seconds


def count(flag: str, text: str, *, least: int) -> int:
    """Return a whole number of at least `least` and not too large for its purpose, given to `flag`."""
    most = _MOST.get(flag, MOST)
    digits = text.strip()
    is_whole = re.fullmatch(r"-?[0-9]+", digits) and len(digits) < 400  # Python reads some thousand digits, no more
    if not is_whole or not least <= int(digits) <= most:
        too_large = re.fullmatch(r"[0-9]+", digits) and (not is_whole or int(digits) > most)
        wanted = f"at most {most:,}" if too_large else f"at least {least}"
        raise InputError(f"{flag} is {shown(text)}, but must be a whole number of {wanted}")
    return int(digits)


def names(flag: str, text: str) -> tuple[str, ...]:
    """Return the comma-separated names given to `flag`, in order."""
    found = tuple(part.strip() for part in text.split(",") if part.strip())
    if not found:
        raise InputError(f"{flag} is {shown(text)}, but must hold names separated by commas")
    return found


def joined(arguments: Sequence[str]) -> list[str]:
    """Join each value that begins with a minus and a digit to its flag, because argparse requires it.

    >>> joined(["run", "table2", "--budget", "-1h"])
    ['run', 'table2', '--budget=-1h']
    """
    made: list[str] = []
    for word in arguments:
        if made and re.fullmatch(r"--[a-z-]+", made[-1]) and re.match(r"-\.?[0-9]", word):
            made[-1] += f"={word}"
        else:
            made.append(word)
    return made


def counted(n: int, noun: str) -> str:
    """Return a number with its noun, in the plural unless the number is one: `1 worker`, `2 workers`."""
    return f"{n} {noun}{'' if n == 1 else 's'}"


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
