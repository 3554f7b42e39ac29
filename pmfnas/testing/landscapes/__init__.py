"""Landscapes to test a searcher: does it rely on larger networks being better?

compare_on(landscape("cells-reversed-smooth"), {"mine": MySearcher, "random": RandomSearch}, (30, 100), range(10))
python -m pmfnas.testing.landscapes --help

    landscape   a benchmark whose final accuracies are given
    suite       the landscapes by name
    real        landscapes with the final values of a curve table
    compare     compares searchers on a landscape, paired by seed
"""

from pmfnas.testing.landscapes.compare import N_MEDIUM, Comparison, compare_on
from pmfnas.testing.landscapes.landscape import Landscape
from pmfnas.testing.landscapes.suite import NAMES, SHAPES, landscape, reflected

__all__ = ["NAMES", "N_MEDIUM", "SHAPES", "Comparison", "Landscape", "compare_on", "landscape", "reflected"]
