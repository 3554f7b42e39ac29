"""Curves of one's own for tests: a small space, rows that can be worked out by hand, and the table of them."""

import csv
import json
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

from pmfnas.benchmarks.own.importer import import_curves
from pmfnas.benchmarks.own.options import Options
from pmfnas.benchmarks.table import CurveTable

SPACE: Mapping[str, Any] = {
    "name": "mlp",
    "choices": {
        "depth": [2, 3, 4],
        "optimizer": ["adam", "sgd"],
        "momentum": {"values": [0.0, 0.9], "ordered": True, "when": {"optimizer": "sgd"}},
    },
}
Row = dict[str, Any]


def rows(*, trials: Sequence[int] = (1, 2), n_epochs: int = 4, unit: float = 100.0, **more: Any) -> list[Row]:
    """One row per epoch of every arch: final validation is 0.5 + depth / 10 + momentum / 100 + trial / 1,000."""
    found = []
    for depth, (optimizer, momentum), trial, epoch in product(
        (2, 3, 4), (("adam", ""), ("sgd", 0.0), ("sgd", 0.9)), trials, range(1, n_epochs + 1)
    ):
        final = 0.5 + depth / 10 + (momentum or 0.0) / 100 + trial / 1000
        value = round(unit * final * epoch / n_epochs, 6)
        arch = {"depth": depth, "optimizer": optimizer, "momentum": momentum}
        found.append({**arch, "trial": trial, "epoch": epoch, "valid": value, "seconds": 10.0, **more})
    return found


def write_csv(path: Path, given: Sequence[Mapping[str, Any]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(given[0]))
        writer.writeheader()
        writer.writerows(given)
    return path


def write_space(path: Path, space: Mapping[str, Any] = SPACE) -> Path:
    path.write_text(json.dumps(space), encoding="utf-8")
    return path


def imported(
    folder: Path, given: Sequence[Mapping[str, Any]], space: Mapping[str, Any] = SPACE, **options: Any
) -> CurveTable:
    """The table of some rows; the unit is percent unless it is said."""
    curves, described = write_csv(folder / "curves.csv", given), write_space(folder / "space.json", space)
    return import_curves(curves, described, folder / "table", Options(**{"unit": "percent", **options}))
