"""Whatever a table of one's own holds, it is the same after it is written as curves and read again."""

import tempfile
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pmfnas.benchmarks.own.exporter import export_curves
from pmfnas.benchmarks.own.importer import import_curves
from pmfnas.benchmarks.own.options import Options
from tests.support.own_tables import imported, rows

VALUES = st.floats(0.0, 1e6, allow_nan=False, width=64)


@settings(max_examples=15, deadline=None)
@given(st.data(), st.integers(1, 3), st.integers(1, 4), st.sampled_from([".csv", ".parquet"]))
def test_export_and_import_are_inverse(data, n_trials, n_epochs, suffix):
    table_rows = rows(trials=range(n_trials), n_epochs=n_epochs)
    for row in table_rows:
        row |= {"valid": data.draw(VALUES), "test": data.draw(VALUES), "seconds": data.draw(st.floats(0.1, 9.0))}
    kept = data.draw(st.lists(st.booleans(), min_size=len(table_rows), max_size=len(table_rows)))
    dropped = {(r["depth"], r["optimizer"], r["momentum"]) for r, k in zip(table_rows, kept, strict=True) if not k}
    some = [r for r in table_rows if (r["depth"], r["optimizer"], r["momentum"]) not in dropped] or table_rows
    how = {"unit": "positive", "goal": "minimise", "metric": "loss", "seconds": "per-epoch"}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        before = imported(folder, some, **how)
        export_curves(before, folder / f"again{suffix}")
        after = import_curves(folder / f"again{suffix}", folder / "space.json", folder / "again", Options(**how))
        assert after.keys == before.keys
        assert after.header.own == before.header.own
        for key in before.keys:
            assert np.array_equal(after._array(key), before._array(key), equal_nan=before._array(key).dtype.kind == "f")
