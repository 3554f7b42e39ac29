"""The surrogate of the size space: a polynomial fitted to real final accuracies, with modelled curves and costs.

model         the shipped model
materialise   writes it as a table
source        real final accuracies of a folder, read
anchored      writes a table of these and of the model's curves
"""

from pmfnas.benchmarks.size_surrogate.anchored import SIZE_FILES, build_size_anchored, size_anchored_header
from pmfnas.benchmarks.size_surrogate.materialise import build_size_surrogate, size_surrogate_header

__all__ = [
    "SIZE_FILES",
    "build_size_anchored",
    "build_size_surrogate",
    "size_anchored_header",
    "size_surrogate_header",
]
