"""Progressive multi-fidelity neural architecture search (PMF-NAS): the installed package.

    import pmfnas
    space = pmfnas.Choices(depth=[2, 3, 4], lr=pmfnas.LogGrid(1e-4, 1e-1, 7))
    result = pmfnas.search(train, space, schedules={"short": 9, "long": 81}, budget="2h", out="results/mine")

The names of this module are loaded when they are first used. The packages are:

    core         the contracts: values, ports, errors, random streams, rungs
    files        files written whole or not at all
    processes    ends a process with its parent, and locks a file for one process at a time
    progress     the progress of long work, on standard error
    seal         a checksum inside the file that it covers
    spaces       the search spaces
    loop         one run: searcher, executor, clock, budget, record
    engine       the PMF-NAS searcher
    benchmarks   tabular benchmarks, and the code that makes the tables
    problem      the search on a problem of your own: `pmfnas.search`
    predictor    a predictor of final accuracy, as a separate product
    training     real training (extra `train`: torch)
    testing      the checks of searchers, and benchmarks to run them on

All but `progress` import `core`, which imports nothing of ours. Beyond that (import-linter holds the directions):

    training -> spaces, benchmarks (safe reading of pickles), files, seal
    testing -> loop, spaces, benchmarks (landscapes from a table)
    predictor -> engine (`catalogue`, `model.kernel`)
    benchmarks -> spaces, files, processes, progress, seal
    loop -> files, seal
    problem -> engine, loop, spaces, files, processes, progress, seal
    engine -> nothing but `core`

Two modules are called predictor. The searcher uses `engine/predictor.py`, with numerics in `engine/model`. The package
`predictor` is the product that the study and the gate measure (`harness/predictors`); the searcher does not use it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pmfnas.core.errors import PmfnasError
    from pmfnas.core.metric import Metric
    from pmfnas.engine.searcher import PmfNas
    from pmfnas.problem.problem import Problem
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
    "Problem",
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
    "Metric": "pmfnas.core.metric",
    "Ordinal": _OPTIONS,
    "PmfNas": "pmfnas.engine.searcher",
    "PmfnasError": "pmfnas.core.errors",
    "Problem": "pmfnas.problem.problem",
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
