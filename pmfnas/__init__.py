"""Progressive multi-fidelity neural architecture search (PMF-NAS): the installed package.

    core         the contracts: values, ports, errors, random streams, rungs
    files        files written whole or not at all
    processes    ends a process with its parent, and locks a file for one process at a time
    progress     the progress of long work, on standard error
    spaces       the search spaces
    loop         one run: searcher, executor, clock, budget, record
    engine       the PMF-NAS searcher
    benchmarks   tabular benchmarks, and the code that makes the tables
    predictor    a predictor of final accuracy, as a separate product
    training     real training (extra `train`: torch)
    testing      the checks of searchers, and benchmarks to run them on

All but `progress` import `core`, which imports nothing of ours. Beyond that (import-linter holds the directions):

    training -> spaces, benchmarks (safe reading of pickles), files
    testing -> loop, spaces, benchmarks (landscapes from a table)
    predictor -> engine (`catalogue`, `model.kernel`)
    benchmarks -> spaces, files, processes, progress
    loop -> files
    engine -> nothing but `core`

Two modules are called predictor. The searcher uses `engine/predictor.py`, with numerics in `engine/model`. The package
`predictor` is the product that the study and the gate measure (`harness/predictors`); the searcher does not use it.
"""

__version__ = "0.1.0"
