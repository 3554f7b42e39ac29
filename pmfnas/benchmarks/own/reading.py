"""A file of curves as columns: CSV (also `.gz`, or alone in a `.zip`) or Parquet, read column by column.

Rows are counted from 1, the first one after the line of names.
"""

import io
import zipfile
from collections.abc import Collection
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pmfnas.core.errors import DataError, InputError, shown, unknown_name
from pmfnas.core.types import FloatArray

_PARQUET, _CSV, _ZIP = (".parquet", ".pq"), (".csv", ".csv.gz"), ".zip"
_TEXT = pa.dictionary(pa.int32(), pa.string())
_NO_VALUES = ["", "NA", "N/A", "NaN", "nan", "null", "None", "NULL"]


class Rows:
    """The rows of a file, or some of them."""

    def __init__(self, table: pa.Table, name: str, places: NDArray[np.int64]) -> None:
        self._table, self.name, self._places = table, name, places

    def __len__(self) -> int:
        return len(self._places)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(self._table.column_names)

    def kept(self, mask: NDArray[np.bool_]) -> "Rows":
        """Return the rows where `mask` is true; they keep their numbers."""
        return Rows(self._table.filter(pa.array(mask)), self.name, self._places[mask])

    def number(self, row: int) -> int:
        """Return the number of a row in the file, from 1."""
        return int(self._places[row]) + 1

    def refuse(self, row: int, column: str, why: str) -> NoReturn:
        """Raise `InputError` that names the row, the column and its value."""
        value = f" is {self.shown(row, column)}" if column in self.names else ""
        raise InputError(f"{self.name}, row {self.number(row):,}: {column}{value}, {why}")

    def shown(self, row: int, column: str) -> str:
        """Return the text of a value for an error message."""
        return shown(self._table[column][row].as_py())

    def differ(self, first: int, second: int, column: str) -> bool:
        """Return whether two rows differ in a column."""
        return self.shown(first, column) != self.shown(second, column)

    def check_column(self, column: str, wanted: str) -> None:
        """Raise `InputError` if the file has no such column; `wanted` says what it is for."""
        if column not in self.names:
            raise unknown_name(f"column for {wanted}", column, self.names)

    def numbers(self, column: str) -> FloatArray:
        """Return a column as numbers, NaN where it is empty; durations are seconds."""
        values = self._table[column]
        if pa.types.is_duration(values.type):
            return np.asarray(pc.cast(values, pa.duration("us")).cast(pa.int64()).to_numpy() / 1e6, dtype=np.float64)
        values = _plain(values)
        if pa.types.is_string(values.type):
            return self._parsed(column)
        if not (pa.types.is_integer(values.type) or pa.types.is_floating(values.type) or _is_empty(values)):
            self.refuse(0, column, f"a {values.type}, but must be a number; name another column with --columns")
        filled = pc.cast(values, pa.float64(), safe=False)
        return np.asarray(filled.to_numpy(zero_copy_only=False), dtype=np.float64)

    def codes(self, column: str) -> tuple[NDArray[np.int64], list[Any]]:
        """Return a column of few values as (the place of each row's value, -1 where empty; the values)."""
        column_values = self._table[column]
        if pa.types.is_floating(column_values.type):
            column_values = pc.if_else(pc.is_nan(column_values), None, column_values)
        if pa.types.is_dictionary(column_values.type):
            encoded = column_values.unify_dictionaries().combine_chunks()
        else:
            encoded = pc.dictionary_encode(column_values).combine_chunks()
        places = np.asarray(pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False), dtype=np.int64)
        return places, encoded.dictionary.to_pylist()

    def _parsed(self, column: str) -> FloatArray:
        """Return texts as numbers or times; refuse the first that is neither."""
        codes, texts = self.codes(column)
        numbers = np.array([_number(text) for text in texts] + [np.nan])  # the last one for what is empty
        bad = np.array([n is None for n in (_parse(text) for text in texts)] + [False])
        if bad[codes].any():
            self.refuse(int(bad[codes].argmax()), column, "but must be a number; mend it, or name another column")
        return np.asarray(numbers[codes], dtype=np.float64)


def read_rows(path: Path, texts: Collection[str] = ()) -> Rows:
    """Return the rows of a CSV or Parquet file.

    Args:
        path: the file.
        texts: columns of a CSV file that are text whatever they look like, such as `0012`.

    Raises:
        DataError: the file is damaged.
        InputError: there is no such file, it is of another kind, or it has no rows.
    """
    if not path.is_file():
        raise InputError(f"curves {path} is no file; give a .csv, .csv.gz, .zip or .parquet file")
    name = path.name.lower()
    try:
        if name.endswith(_PARQUET):
            table = pq.read_table(path)
        elif name.endswith((*_CSV, _ZIP)):
            table = _read_csv(path, texts)
        else:
            raise InputError(f"curves {path} must end in one of: {', '.join((*_CSV, _ZIP, *_PARQUET))}")
    except (pa.ArrowException, ValueError, OSError, zipfile.BadZipFile) as error:
        if isinstance(error, InputError):
            raise
        raise DataError(f"{path} cannot be read ({' '.join(str(error).split())[:200]}); write it again") from None
    twice = [column for column in table.column_names if table.column_names.count(column) > 1]
    if twice:
        raise InputError(f"{path} has the column {shown(twice[0])} twice; rename one")
    if not table.num_rows:
        raise InputError(f"{path} has no rows; write one row per arch, schedule, trial and epoch")
    return Rows(table, path.name, np.arange(table.num_rows))


def _read_csv(path: Path, texts: Collection[str]) -> pa.Table:
    """Return a CSV file; columns that are no numbers throughout are text."""
    source: Any = path
    if path.name.lower().endswith(_ZIP):
        source = _only_member(path)
    convert = pa_csv.ConvertOptions(
        null_values=_NO_VALUES,
        strings_can_be_null=True,
        auto_dict_encode=True,
        auto_dict_max_cardinality=100_000,
        column_types=dict.fromkeys(texts, _TEXT),
    )
    try:
        return _opened(source, convert)
    except pa.ArrowInvalid as error:
        if "conversion error" not in str(error):
            raise
    source = _only_member(path) if path.name.lower().endswith(_ZIP) else path
    names = _opened(source, convert, header_only=True).column_names
    convert.column_types = dict.fromkeys(names, _TEXT)
    source = _only_member(path) if path.name.lower().endswith(_ZIP) else path
    return _opened(source, convert)


def _opened(source: Any, convert: pa_csv.ConvertOptions, *, header_only: bool = False) -> pa.Table:
    if not header_only:
        return pa_csv.read_csv(source, convert_options=convert)
    with pa_csv.open_csv(source, convert_options=convert) as reader:
        return reader.schema.empty_table()


def _only_member(path: Path) -> io.BytesIO:
    """Return the one file in a `.zip`."""
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if not name.endswith("/")]
        if len(names) != 1:
            raise InputError(f"{path} holds {len(names)} files, but must hold one CSV file; unpack it and name one")
        return io.BytesIO(archive.read(names[0]))


def _plain(values: Any) -> Any:
    """Return a column whose dictionary is undone if it holds numbers."""
    kind = values.type
    if pa.types.is_dictionary(kind):
        return pc.cast(values, kind.value_type if not pa.types.is_large_string(kind.value_type) else pa.string())
    return pc.cast(values, pa.string()) if pa.types.is_large_string(kind) else values


def _is_empty(values: Any) -> bool:
    return bool(pa.types.is_null(values.type))


def _number(text: Any) -> float:
    found = _parse(text)
    return np.nan if found is None else found


def _parse(text: Any) -> float | None:
    """Return the number in a text, or the seconds in a time such as `0 days 00:01:02.5`; None if it is neither."""
    try:
        return float(text)
    except (TypeError, ValueError):
        pass
    days, _, clock = str(text).rpartition(" days ")
    parts = clock.split(":")
    try:
        hours, minutes, seconds = (float(part) for part in parts)
        return 86_400 * float(days or 0) + 3_600 * hours + 60 * minutes + seconds
    except ValueError:
        return None
