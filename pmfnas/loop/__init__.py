"""One run of one searcher.

runner     the loop over searcher and executor; it alone knows clock and budget
referee    the rules: legal requests, live checkpoints, answers from the record
executor   the simulated workers
replay     an executor that answers from a journal first, for a run that is resumed
ledger     the cost of every segment under both accountings
record     the file of a finished run
plain      settings as plain data, as a record holds them
"""
