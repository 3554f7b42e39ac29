"""The one tree of errors.

    PmfnasError
    ├── InputError            an argument, setting, path or searcher file that cannot be used
    │   └── DataError         a data file that is missing, truncated, altered, or of another kind
    ├── UnavailableError      a value that was never measured; the message says what exists
    └── ContractError         a searcher or benchmark broke the rules of its port

Every message names the argument, the value received and the remedy, on one line. The CLI prints it and
exits with code 2. `assert` is kept for what cannot happen.
"""

from collections.abc import Collection
from difflib import get_close_matches

_SHOWN = 80


class PmfnasError(Exception):
    """Anything this package raises on purpose."""


class InputError(PmfnasError):
    """An argument, setting, path or searcher file that cannot be used."""


class DataError(InputError):
    """A data file that is missing, truncated, altered, or of another kind."""


class UnavailableError(PmfnasError):
    """A value that was never measured was asked for."""


class ContractError(PmfnasError):
    """A searcher or benchmark broke the rules of its port; its run ends, recorded as failed."""


def shown(value: object) -> str:
    """Return a value as an error shows it: on one line, and only its beginning where it is long."""
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}... ({len(text)} characters)"


def unknown_name(what: str, name: str, known: Collection[str]) -> InputError:
    """Return the error for a name that is none of the `known` ones, with the nearest of them.

    >>> print(unknown_name("searcher", "pmfnas", ("asha", "pmf_nas")))
    searcher is 'pmfnas', but must be one of: asha, pmf_nas; did you mean 'pmf_nas'?
    """
    folded = {_folded(each): each for each in known}
    near = get_close_matches(_folded(name), folded, n=1)
    hint = f"; did you mean {folded[near[0]]!r}?" if near else ""
    return InputError(f"{what} is {shown(name)}, but must be one of: {', '.join(known)}{hint}")


def _folded(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())
