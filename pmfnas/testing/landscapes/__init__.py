"""Landscapes to try a searcher on: does it need capacity to help?

compare_on(landscape("cells-reversed-smooth"), {"mine": MySearcher, "random": RandomSearch}, (30, 100), range(10))
python -m pmfnas.testing.landscapes --help

    landscape   a benchmark whose final accuracies are given
    suite       the landscapes by name
    compare     searchers on a landscape, paired by seed
"""

from pmfnas.testing.landscapes.compare import N_MEDIUM, Comparison, compare_on
from pmfnas.testing.landscapes.landscape import Landscape
from pmfnas.testing.landscapes.suite import NAMES, SHAPES, landscape, reflected

__all__ = ["NAMES", "N_MEDIUM", "SHAPES", "Comparison", "Landscape", "compare_on", "landscape", "reflected"]
