"""Progressive multi-fidelity neural architecture search.

`pmfnas.core` holds the contracts (values and ports), `pmfnas.spaces` the search spaces, `pmfnas.benchmarks`
what can be asked for a segment of training, `pmfnas.engine` the PMF-NAS searcher itself.
"""

__version__ = "0.1.0"
