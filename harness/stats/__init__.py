"""Statistics of finished runs: pure functions of score matrices, and of frames of runs.

    aggregates    point estimates of a matrix of scores
    intervals     bootstrap and Wilson intervals
    paired        differences to a reference, pair by pair of seeds
    decision      a paired comparison, and the one rule of better, worse and level
    improvement   probability that one searcher's run ends better than another's
    power         what a number of seeds can detect
    anytime       incumbents as step functions of time
    curves        mean anytime curves with bands
    progress      regret averaged over time, and the time to a target
    reaching      shares of runs within a regret, at the end and over time
    ranking       ranks over data sets and their critical difference
    runs          what the run table holds, checked and split into matrices
    summary       one row per data set and searcher
    overall       each searcher over all data sets
    variants      paired differences between a searcher and its variants

Formulas and sources are in docs/reference/statistics.md.
"""
