"""The errors that this package raises, in one tree.

    PmfnasError
    ├── InputError            an argument, setting, path or searcher file that cannot be used
    │   └── DataError         a data file that is missing, truncated, altered, or of another kind
    ├── UnavailableError      a value that was never measured; the message says which values exist
    └── ContractError         a searcher or benchmark broke the rules of its port

Every message is one line. It names the argument, the value received and the remedy. The CLI prints the message and
exits with code 2. `assert` is kept for states that only a bug can reach.
"""

from collections.abc import Collection
from difflib import get_close_matches

_SHOWN = 80


class PmfnasError(Exception):
    """Base of all errors that this package raises on purpose."""


class InputError(PmfnasError):
    """An argument, setting, path or searcher file that cannot be used."""


class DataError(InputError):
    """A data file that is missing, truncated, altered, or of another kind."""


class UnavailableError(PmfnasError):
    """A request for a value that was never measured."""


class ContractError(PmfnasError):
    """A searcher or benchmark broke the rules of its port; its run ends, recorded as failed."""


def shown(value: object) -> str:
    """Return the text of `value` for an error message: one line, cut after 80 characters."""
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}... ({len(text)} characters)"


def unknown_name(what: str, name: str, known: Collection[str]) -> InputError:
    """Return the error for a `name` that is not among the `known` names. It suggests the most similar known name.

    >>> print(unknown_name("searcher", "pmfnas", ("asha", "pmf_nas")))
    searcher is 'pmfnas', but must be one of: asha, pmf_nas; did you mean 'pmf_nas'?
    """
    folded = {_folded(each): each for each in known}
    near = get_close_matches(_folded(name), folded, n=1)
    hint = f"; did you mean {folded[near[0]]!r}?" if near else ""
    return InputError(f"{what} is {shown(name)}, but must be one of: {', '.join(known)}{hint}")


def _folded(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())
