"""Searchers compared by real training: one `search` per searcher and seed, and the statistics of their results.

    planning   arguments and threads of the searches, and the claim that they share
    running    the searches, as processes of this machine, several at a time
    results    what they found, one row per run, checked to be of the same rules
    tables     means, paired differences and the words around them
    outputs    all that the comparison leaves

None of it but `planning` needs torch. What a search does is decided in `harness.search`; a change here leaves begun
searches as they are.
"""
