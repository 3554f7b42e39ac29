"""The anchored table: published real values, with modelled curves between them.

The table holds unchanged real values for validation accuracy at the end of both schedules, test accuracy, seconds, and
the curves of some archs. The rest of each curve is modelled. Its course comes from regressions on structure, size and
the real accuracies. Residuals of real neighbours are added to it, and the noise is real noise.
`docs/explanation/anchored-data.md` measures the error. The table is stamped ANCHORED and is frozen: `VERSION` is in
its fingerprint and changes with every change of a value.

    source       the folder of real values, read and checked
    identity     trials that are one training, archs that are one network
    inputs       the inputs of the regressions
    regression   kernel ridge regression of curves, and neighbours
    models       all fitted models
    losses       loss curves of schedule 200
    link         training accuracy from training loss
    accuracies   validation accuracy of schedule 200 on cifar10-valid
    long         all curves of schedule 200
    short        all curves of schedule 12
    draws        random choices by name and key
    columns      curves and seconds as columns of a table
    build        makes the table
    report       the error on real curves held out
"""

from pmfnas.benchmarks.anchored.build import ANCHOR_FILE, VERSION, anchored_header, build_anchored

__all__ = ["ANCHOR_FILE", "VERSION", "anchored_header", "build_anchored"]
