"""The surrogate: a fitted model of the NAS-Bench-201 space, shipped in the package, materialised as a curve table.

layout        the meaning and position of each output of the model
model         the shipped model
materialise   writes it as a table
"""

from pmfnas.benchmarks.surrogate.materialise import build_surrogate, surrogate_header

__all__ = ["build_surrogate", "surrogate_header"]
