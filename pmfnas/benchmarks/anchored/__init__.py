"""The anchored table: real values where they are public, modelled curves between.

Real are the validation accuracy at the end of both schedules, test accuracy, seconds, and the curves of some archs;
they stand in the table unaltered. The rest of each curve is modelled: its course by regressions on structure, size and
the real accuracies, what regressions leave over by the residuals of real neighbours, noise by real noise.
`docs/explanation/anchored-data.md` says how near that comes. The table is stamped ANCHORED and is frozen: `VERSION` is in its
fingerprint and changes with every change of a value.
"""

from pmfnas.benchmarks.anchored.build import ANCHOR_FILE, VERSION, anchored_header, build_anchored

__all__ = ["ANCHOR_FILE", "VERSION", "anchored_header", "build_anchored"]
