"""A table of one's own as a file of curves again: what `importer` reads, one row per epoch of each training."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from pmfnas.benchmarks.table import CurveTable, Key
from pmfnas.core.errors import InputError
from pmfnas.files import writing
from pmfnas.spaces.own.described import choices_of

_ROLES: Mapping[str, str] = MappingProxyType(
    {
        **{"valid": "valid", "train": "train", "train-loss": "train_loss", "valid-loss": "valid_loss"},
        **{"train-s": "seconds", "valid-s": "valid_seconds", "test": "test"},
        **{"params-m": "params_m", "flops-m": "flops_m"},
    }
)
"""Column of a table -> column of a file."""


def export_curves(table: CurveTable, out: Path) -> int:
    """Write a table of one's own to a new `.csv` or `.parquet` file, and return the number of rows."""
    if table.header.own is None:
        raise InputError(f"{table.path} is {table.stamp}, but only a table of your own is written as curves")
    if out.exists() or out.suffix not in (".csv", ".parquet"):
        raise InputError(f"--out is {out}, but must be a new file that ends in .csv or .parquet")
    space = choices_of(table.header.own.choices)
    texts = [space.format(tuple(arch)) for arch in table.archs.tolist()]
    groups = sorted({tuple(key.split("/")[:2]) for key in table.keys if "/" in key})
    parts = [_group(table, dataset, schedule, texts) for dataset, schedule in groups]
    rows = pa.concat_tables(parts, promote_options="default")
    part = out.with_name(f".{out.name}.writing")
    with writing(out, rows.nbytes):
        (pq.write_table if out.suffix == ".parquet" else pa_csv.write_csv)(rows, part)
        part.rename(out)
    return int(rows.num_rows)


def _group(table: CurveTable, dataset: str, schedule: str, texts: list[str]) -> pa.Table:
    """Return the rows of one data set and schedule, by arch, trial and epoch."""
    n_epochs = table.header.schedules[schedule]
    arch, slot = np.nonzero(table.present(dataset, schedule))
    columns: dict[str, Any] = {
        "arch": pa.DictionaryArray.from_arrays(np.repeat(arch, n_epochs).astype(np.int32), texts).cast(pa.string()),
        "dataset": pa.array([dataset] * (len(arch) * n_epochs)),
        "schedule": pa.array([schedule] * (len(arch) * n_epochs)),
        "trial": np.repeat(slot, n_epochs),
        "epoch": np.tile(np.arange(1, n_epochs + 1), len(arch)),
    }
    for name, column in _ROLES.items():
        key = Key(dataset, schedule, name)
        if table.has(key):
            values = np.asarray(table.values(key))[arch, slot]  # (n_trainings, n)
            epochs = table.epochs(key) or tuple(range(1, n_epochs + 1))
            whole = np.full((len(arch), n_epochs), np.nan)
            whole[:, np.array(epochs) - 1] = values
            columns[column] = pa.array(whole.reshape(-1), from_pandas=True)
    return pa.table(columns)
