"""Contract checks, for our tests and for users' own searchers, and the benchmarks that they use.

searcher_checks   the checks by name; `check_searcher(factory)` runs all that apply
explanations      explanation and remedy of each check
driver            plays a run of `pmfnas.loop` for a check
watched           wraps the searcher of such a run and asks it more often
synthetic         a benchmark that needs no data
failures          wraps a benchmark or an executor to produce faults
landscapes        a suite on which capacity helps, harms or does not matter, with a known best; compares searchers
grid              a space of any size, the smallest example of the port
process_state     the state of the process that a searcher must not read or change
"""
