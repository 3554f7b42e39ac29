"""The one tree of errors.

    PmfnasError
    ├── InputError            an argument, setting, path or searcher file that cannot be used
    │   └── DataError         a data file that is missing, truncated, altered, or of another kind
    ├── UnavailableError      a value that was never measured; the message says what exists
    └── ContractError         a searcher or benchmark broke the rules of its port

Every message names the argument, the value received and the remedy, on one line. The CLI prints it and
exits with code 2. `assert` is kept for what cannot happen.
"""


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
