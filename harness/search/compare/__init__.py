"""Searchers compared by real training: one `search` per searcher and seed, and the statistics of their results.

    planning         arguments and threads of the searches, and the claim that they share
    running          the searches, as processes of this machine, several at a time
    results          their results, one row per run; checks that all runs share the same rules
    tables           means, paired differences and explanations
    outputs          every output file of the comparison
    problem          the plan of a comparison on the user's own problem
    problem_run      one run of it: a search, and a new training of what it found
    problem_outputs  its output files

Only `planning` needs torch. `harness.search` implements the search; these files start searches as processes.
"""
