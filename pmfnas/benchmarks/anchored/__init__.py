"""The anchored table: published real values, with modelled curves between them.

The table holds unchanged real values for validation accuracy at the end of both schedules, test accuracy, seconds, and
the curves of some archs. The rest of each curve is modelled. Its course comes from regressions on structure, size and
the real accuracies. Residuals of real neighbours are added to it, and the noise is real noise.
`docs/explanation/anchored-data.md` measures the error. The table is stamped ANCHORED and is frozen: `VERSION` is in
its fingerprint and changes with every change of a value.
"""

from pmfnas.benchmarks.anchored.build import ANCHOR_FILE, VERSION, anchored_header, build_anchored

__all__ = ["ANCHOR_FILE", "VERSION", "anchored_header", "build_anchored"]
