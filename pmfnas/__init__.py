"""Progressive multi-fidelity neural architecture search (PMF-NAS): the installed package.

    core         the contracts: values, ports, errors, random streams, rungs
    files        files written whole or not at all
    processes    a process that ends with its starter, and one that works alone
    progress     how far long work is, on standard error
    spaces       the search spaces
    loop         one run: searcher, executor, clock, budget, record
    engine       the PMF-NAS searcher
    benchmarks   what a table answers for a segment of training, and the makers of tables
    predictor    a predictor of final accuracy, as a product of its own
    training     real training (extra `train`: torch)
    testing      the checks of searchers, and what they run on

All but `progress` import `core`, which imports nothing of ours. Beyond that (import-linter holds the directions):

    training -> spaces, benchmarks (safe reading of pickles), files
    testing -> loop, spaces, benchmarks (landscapes from a table)
    predictor -> engine (`catalogue`, `model.kernel`)
    benchmarks -> spaces, files, processes, progress
    loop -> files
    engine -> nothing but `core`

Two things are called predictor. The searcher asks `engine/predictor.py`, whose numerics are `engine/model`. The package
`predictor` is the product that the study and the gate measure (`harness/predictors`); the searcher does not use it.
"""

__version__ = "0.1.0"
