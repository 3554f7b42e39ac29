"""Durations as people write and read them."""

import math
import re

from pmfnas.core.errors import InputError, shown

_SECONDS = {"s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_PART = re.compile(r"([0-9]*\.?[0-9]+)\s*(s|min|m|h|d)\s*")


def seconds(name: str, given: object) -> float:
    """Return the seconds of a duration given to `name`: a number of seconds, or a text such as `2h` or `1h 30min`."""
    total = float(given) if isinstance(given, int | float) and not isinstance(given, bool) else math.nan
    if isinstance(given, str) and re.fullmatch(rf"(?:{_PART.pattern})+", given.strip()):
        total = sum(float(number) * _SECONDS[unit] for number, unit in _PART.findall(given))
    if not 0 < total < math.inf:
        raise InputError(f'{name} is {shown(given)}, but must be a positive time such as "2h", "45min" or "90s"')
    return total


def written(duration_s: float) -> str:
    """Return a duration as `h:mm:ss`."""
    whole = max(0, round(duration_s))
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"
