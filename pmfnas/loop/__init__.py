"""One run of one searcher.

runner     the loop over searcher and executor; it alone knows clock and budget
referee    the rules: legal requests, live checkpoints, answers from the record
executor   the simulated workers
replay     an executor that answers from a journal first, to resume a run
ledger     the cost of every segment under both accountings
finish     wraps a searcher so that it ends with a full training of its recommendation
journal    the file of a run in progress: one line per ended ticket
record     the file of a finished run
plain      settings as plain data for a record
"""
