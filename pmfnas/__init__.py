"""Progressive multi-fidelity neural architecture search.

    import pmfnas
    space = pmfnas.Choices(depth=[2, 3, 4], lr=pmfnas.LogGrid(1e-4, 1e-1, 7))
    result = pmfnas.search(train, space, schedules={"short": 9, "long": 81}, budget="2h", out="results/mine")

`pmfnas.core` holds the contracts (values and ports), `pmfnas.spaces` the search spaces, `pmfnas.benchmarks`
what can be asked for a segment of training, `pmfnas.engine` the PMF-NAS searcher itself, `pmfnas.problem` the search
on a problem of your own. The names here are loaded when they are first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pmfnas.core.errors import PmfnasError
    from pmfnas.engine.searcher import PmfNas
    from pmfnas.problem.metric import Metric
    from pmfnas.problem.result import Result
    from pmfnas.problem.search import search
    from pmfnas.spaces.own.choices import Choices
    from pmfnas.spaces.own.options import Categorical, Grid, Integers, LogGrid, Ordinal

__version__ = "0.1.0"

__all__ = [
    "Categorical",
    "Choices",
    "Grid",
    "Integers",
    "LogGrid",
    "Metric",
    "Ordinal",
    "PmfNas",
    "PmfnasError",
    "Result",
    "search",
]

_OPTIONS = "pmfnas.spaces.own.options"
_HOMES = {
    "Categorical": _OPTIONS,
    "Choices": "pmfnas.spaces.own.choices",
    "Grid": _OPTIONS,
    "Integers": _OPTIONS,
    "LogGrid": _OPTIONS,
    "Metric": "pmfnas.problem.metric",
    "Ordinal": _OPTIONS,
    "PmfNas": "pmfnas.engine.searcher",
    "PmfnasError": "pmfnas.core.errors",
    "Result": "pmfnas.problem.result",
    "search": "pmfnas.problem.search",
}


def __getattr__(name: str) -> Any:
    """Return a public name, loaded now."""
    if name not in _HOMES:
        raise AttributeError(f"module 'pmfnas' has no attribute {name!r}; it has {', '.join(__all__)}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    """Return the public names."""
    return sorted([*__all__, "__version__"])
