"""Statistics of finished runs: pure functions of score matrices, and two that turn run tables into summaries.

    aggregates   point estimates of a matrix of scores
    intervals    bootstrap and Wilson intervals
    paired       differences to a reference, pair by pair of seeds
    decision     a paired comparison, and the one rule of better, worse and level
    power        what a number of seeds can detect
    anytime      incumbents as step functions of time
    reaching     shares of runs within a regret, at the end and over time
    ranking      ranks over data sets and their critical difference
    runs         what the run table holds, checked and split into matrices
    summary      one row per data set and searcher

Formulas and sources are in docs/reference/statistics.md.
"""
