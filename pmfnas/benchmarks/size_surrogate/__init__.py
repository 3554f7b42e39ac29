"""The surrogate of the size space: a polynomial fitted to real final accuracies, with modelled curves and costs."""

from pmfnas.benchmarks.size_surrogate.anchored import SIZE_FILES, build_size_anchored, size_anchored_header
from pmfnas.benchmarks.size_surrogate.materialise import build_size_surrogate, size_surrogate_header

__all__ = [
    "SIZE_FILES",
    "build_size_anchored",
    "build_size_surrogate",
    "size_anchored_header",
    "size_surrogate_header",
]
