"""Builds the anchored table from a folder of real values."""

from pathlib import Path
from typing import Any

import numpy as np

from pmfnas.benchmarks.anchored.columns import write_long, write_short, write_test
from pmfnas.benchmarks.anchored.identity import Identity, identify
from pmfnas.benchmarks.anchored.long import long_curves
from pmfnas.benchmarks.anchored.losses import cut_off, real_curves
from pmfnas.benchmarks.anchored.models import fit_models, know
from pmfnas.benchmarks.anchored.report import report
from pmfnas.benchmarks.anchored.short import short_curves
from pmfnas.benchmarks.anchored.source import ANCHORS, CARDINALITIES, LONG, SHORT, Source, digest, read_source
from pmfnas.benchmarks.table import CurveTable, Header, TableWriter
from pmfnas.progress import Progress

ANCHOR_FILE = ANCHORS
"""Name of the file that identifies a folder of real values."""
VERSION = "3"
"""Version of the modelling; part of the fingerprint. Any change of a value is a new version."""
BYTES_PER_ARCH = 19_978


def anchored_header(source: Path) -> Header:
    """Return the header of the table that `build_anchored` makes from `source`, without making the table."""
    return Header("ANCHORED", "nb201", CARDINALITIES, VERSION, digest(source), {"12": SHORT, "200": LONG})


def build_anchored(source: Path, out: Path, *, progress: bool = False) -> CurveTable:
    """Return the table that is made from the folder `source` and written to `out`. Takes 30 s and 2 GB of memory.

    Args:
        source: folder with `nb201_anchors.npz` and `nb201_curves.npz`.
        out: the new table; must not exist.
        progress: True shows the steps on standard error.

    Raises:
        DataError: a file or field of `source` is missing, damaged or of the wrong shape.
        InputError: `out` exists, or the disk has no room for the table.
    """
    header = anchored_header(source)
    values = read_source(source)
    with (
        TableWriter(out, header, values.ops, n_bytes=len(values.ops) * BYTES_PER_ARCH) as writer,
        Progress("anchored table", 5, unit="step", shown=progress) as bar,
    ):
        identity = identify(values)
        known, real = know(values, identity), real_curves(values, identity)
        models = fit_models(known, real)
        bar.step()
        write_long(writer, values, identity.long, long_curves(models))
        bar.step()
        short = short_curves(models)
        write_short(writer, values, identity.short, short)
        bar.step()
        write_test(writer, values)
        bar.step()
        writer.notes.update(_provenance(values, identity), **report(known, real, short))
        bar.step()
    return CurveTable.open(out)


def _provenance(source: Source, identity: Identity) -> dict[str, Any]:
    """Return the notes on the real parts of the table and on its weak parts."""
    cut = np.isin(identity.networks.of_arch, cut_off(identity))
    return {
        "real": {
            "end of 12 and of 200": "validation accuracy of every trial; test accuracy after 200",
            "archs with real loss curves": len(source.loss_archs),
            "archs with real accuracy curves on cifar10-valid (mean over trials)": len(source.acc_archs),
            "archs with real training loss and accuracy at 12@12 (not cifar10-valid)": len(source.end_archs),
            "archs with a measured validation time (the others: estimated)": int(
                np.isfinite(source.eval_s_per_10k).sum()
            ),
        },
        "identity": {
            "networks": len(identity.networks),
            "distinct trainings of 12": len(identity.short),
            "distinct trainings of 200": len(identity.long),
            "archs cut off from the input (share one training)": int(cut.sum()),
        },
        "remarks": {
            "schedule 12": "the weakest part: only its end is real; its course rests on schedule 200 and three archs",
            "12 on cifar10-valid": "one trial; its last validation accuracy is the mean of two, its noise that of one",
            "validation loss at 200@200 on cifar100 and ImageNet16-120": "modelled; never an arch's own recorded loss",
            "test on cifar10": "the mean over trials stands in every trial",
        },
    }
