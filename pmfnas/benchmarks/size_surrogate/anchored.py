"""The anchored table of the size space: real ends, modelled courses and costs.

Real are validation and test accuracy after 90 of 90 epochs of every arch on all data sets; they stand in the table
unaltered. All else rests on little: the courses of curves, schedules 1 and 12, and seconds as a function of operations
come from the shipped model, which knows three official archs. What a curve is told of its arch is the value of a
polynomial in the log widths, fitted to the real validation; how far a real end is from it counts as chance of that one
training. So schedules 1 and 12 know the arch and nothing of the luck of its end; schedule 90 comes to know it.
"""

from pathlib import Path
from typing import Any

import numpy as np

from pmfnas.benchmarks.size_surrogate.materialise import BYTES_PER_ARCH, Ends, as_column, write_schedule
from pmfnas.benchmarks.size_surrogate.model import (
    DEGREE,
    LAST,
    SCHEDULES,
    all_archs,
    polynomial_terms,
    read_model,
    shipped_bytes,
)
from pmfnas.benchmarks.size_surrogate.source import VALID_FILE, VALUES_FILE, read_valid, read_values
from pmfnas.benchmarks.surrogate.layout import transform
from pmfnas.benchmarks.table import CurveTable, Header, Key, TableWriter
from pmfnas.benchmarks.tabular import DATASETS, Dataset
from pmfnas.core.types import FloatArray
from pmfnas.progress import tracked

VERSION = "size-anchored-1"
SIZE_FILES = (VALUES_FILE, VALID_FILE)
"""The files that tell a folder of real values of the size space from others."""


def size_anchored_header(source: Path) -> Header:
    """Return the header of the table that `source` makes; raise `DataError` where its files are missing or damaged."""
    return Header("ANCHORED", "nats-sss", (8,) * 5, VERSION, read_valid(source)[1], dict(SCHEDULES))


def build_size_anchored(source: Path, out: Path, *, progress: bool = False) -> CurveTable:
    """Make the table `out` from the folder `source` and return it; about 200 MB.

    Args:
        source: folder with `nats_sss.npz` and `nats_sss_valid.npz`.
        out: the new table; must not exist.
        progress: whether to show the steps on standard error.

    Raises:
        DataError: a file of `source` is missing or damaged.
        InputError: `out` exists.
    """
    header, model = size_anchored_header(source), read_model(shipped_bytes())
    valid, test = read_valid(source)[0], read_values(source)[0]
    parts = [(place, data, schedule) for place, data in enumerate(DATASETS.values()) for schedule in SCHEDULES]
    with TableWriter(out, header, all_archs(), n_bytes=len(valid) * BYTES_PER_ARCH) as writer:
        writer.notes.update(_provenance(valid))
        for place, data, schedule in tracked(parts, "size table", total=len(parts), unit="schedule", shown=progress):
            write_schedule(writer, model, data, schedule, real_ends(valid[:, place]))
        for place, data in enumerate(DATASETS.values()):
            _write_test(writer, data, test[:, place])
    return CurveTable.open(out)


def real_ends(valid: FloatArray) -> Ends:
    """Return real final validation, percent, (n_archs,), as a smooth mean and what each training adds to it."""
    logits = transform("-acc", valid)
    terms = polynomial_terms(DEGREE)
    mean = terms @ np.linalg.lstsq(terms, logits, rcond=None)[0]
    std = float((logits - mean).std())
    return Ends(mean, ((logits - mean) / std)[:, None], std)


def _write_test(writer: TableWriter, data: Dataset, test: FloatArray) -> None:
    if data.test != data.search:  # on a data set of its own: all images of CIFAR-10 for training
        writer.add_present(data.test, LAST, np.ones((len(test), 1), dtype=bool))
    writer.add(Key(data.test, LAST, data.test_metric), as_column(test[:, None, None]), (SCHEDULES[LAST],))


def _provenance(valid: FloatArray) -> dict[str, Any]:
    """Return what of the table is real, and how smooth the real ends are."""
    spread = {name: round(real_ends(valid[:, place]).std, 4) for place, name in enumerate(DATASETS)}
    return {
        "real": {"end of 90": "validation and test accuracy of every arch, one trial"},
        "modelled": {
            "schedules 01 and 12, and schedule 90 before its end": "from three official archs and the smooth mean",
            "seconds": "from operations and three official archs",
        },
        "deviation of real final validation from the smooth mean, log-odds": spread,
    }
