"""Contract checks, for our tests and for users' own searchers, and what they run on.

searcher_checks   the checks by name; `check_searcher(factory)` runs all that apply
explanations      what each check does, and the remedy where it fails
driver            plays a run of `pmfnas.loop` for a check
watched           the searcher in it, asked more often
synthetic         a benchmark that needs no data
failures          wraps a benchmark or an executor to go wrong
landscapes        a suite on which capacity helps, harms or does not matter, with a known best; compares searchers
grid              a space of any size, the smallest example of the port
process_state     what of the process a searcher must leave alone
"""
