import json
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmfnas.benchmarks.table import HEADER, CurveTable, Header, Key, TableWriter
from pmfnas.core.errors import DataError, UnavailableError

ARCHS = ((0, 0, 0), (0, 1, 1), (1, 0, 1))
HEAD = Header("SYNTHETIC", "tiny", (2, 2, 2), "1", "by hand", {"12": 4})
ACC = Key("cifar100", "12", "train-acc")
LAST = Key("cifar100", "12", "x-valid-acc")
SECONDS = Key("cifar100", "12", "train-s")
VARYING = Key("cifar100", "12", "x-valid-s")
VALUES = np.arange(24, dtype=float).reshape(3, 2, 4)
PRESENT = np.array([[True, True], [False, True], [False, False]])


def write(out: Path, head: Header = HEAD) -> Path:
    with TableWriter(out, head, ARCHS) as writer:
        writer.add_present("cifar100", "12", PRESENT)
        writer.add(ACC, VALUES, range(1, 5))
        writer.add(LAST, VALUES[:, :, [1, 3]] + 0.5, (2, 4))
        writer.add(SECONDS, np.full((3, 2, 1), 2.5))
        writer.allocate(VARYING, (3, 2, 4), np.float64, range(1, 5))[:] = [1, 2, 3, 4]
        writer.notes["why"] = "a test"
    return out


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write(tmp_path / "table")


@pytest.fixture
def table(path: Path) -> CurveTable:
    return CurveTable.open(path)


def column(path: Path, key: Key) -> Path:
    return path / f"{key}.npy"


# ------------------------------------------------------------------------------------------------- what comes back


def test_a_table_comes_back_as_it_was_written(table: CurveTable):
    assert table.header == HEAD
    assert table.notes == {"why": "a test"}
    assert table.datasets == ("cifar100",)
    assert set(table.keys) == {"archs", "cifar100/12/present", *map(str, (ACC, LAST, SECONDS, VARYING))}
    np.testing.assert_array_equal(table.values(ACC), VALUES)
    np.testing.assert_array_equal(table.present("cifar100", "12"), PRESENT)
    np.testing.assert_array_equal(table.archs, ARCHS)


def test_the_fingerprint_names_stamp_space_version_and_source_and_nothing_else():
    def changed(**what: object) -> Header:
        return Header(**{**{name: getattr(HEAD, name) for name in Header.__slots__}, **what})  # type: ignore[arg-type]

    others = [changed(stamp="TRAINED"), changed(space="x"), changed(version="2"), changed(source="y")]
    assert len({HEAD.fingerprint, *(other.fingerprint for other in others)}) == 5
    assert changed(schedules={"12": 12}).fingerprint == HEAD.fingerprint
    assert len(HEAD.fingerprint) == 12


def test_opening_reads_no_column_and_takes_milliseconds(path: Path):
    for file in path.rglob("*.npy"):
        file.unlink()
    started = time.perf_counter()
    for _ in range(20):
        table = CurveTable.open(path)
    assert (time.perf_counter() - started) / 20 < 0.02
    assert table.epochs(LAST) == (2, 4)
    with pytest.raises(DataError, match=r"train-acc\.npy cannot be read \(No such file"):
        table.values(ACC)


def test_columns_are_mapped_not_loaded_and_cannot_be_written(table: CurveTable):
    values = table.values(ACC)
    base: object = values
    while isinstance(base, np.ndarray) and not isinstance(base, np.memmap):
        base = base.base
    assert isinstance(base, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        values[0, 0, 0] = 1.0


def test_rows_are_found_by_arch(table: CurveTable):
    assert [table.row(arch) for arch in ARCHS] == [0, 1, 2]
    for absent in ((1, 1, 1), (2, 0, 0), (-1, 0, 0)):
        with pytest.raises(UnavailableError, match="is not in the table"):
            table.row(absent)


@given(start=st.integers(1, 4), n=st.integers(0, 4), picked=st.lists(st.integers(1, 4), max_size=5))
@settings(max_examples=50, deadline=None, derandomize=True)
def test_reading_is_indexing(start: int, n: int, picked: list[int], tmp_path_factory: pytest.TempPathFactory) -> None:
    table = _shared(tmp_path_factory)
    epochs = range(start, min(start + n, 5))
    np.testing.assert_array_equal(table.read(ACC, 0, 1, epochs), VALUES[0, 1, [e - 1 for e in epochs]])
    np.testing.assert_array_equal(table.read(ACC, 0, 1, tuple(picked)), VALUES[0, 1, [e - 1 for e in picked]])


_SHARED: list[CurveTable] = []


def _shared(factory: pytest.TempPathFactory) -> CurveTable:
    if not _SHARED:
        _SHARED.append(CurveTable.open(write(factory.mktemp("shared") / "table")))
    return _SHARED[0]


def test_trials_are_numbered_among_those_that_exist(table: CurveTable):
    assert [table.n_trials("cifar100", "12", row) for row in range(3)] == [2, 1, 0]
    np.testing.assert_array_equal(table.read(ACC, 1, 0, (1,)), VALUES[1, 1, [0]])
    for row, trial in ((1, 1), (2, 0), (0, -1)):
        with pytest.raises(UnavailableError, match="trials exist"):
            table.read(ACC, row, trial, (1,))


# -------------------------------------------------------------------------------------------- what was not measured


@pytest.mark.parametrize("epochs", [(1,), (3,), (0,), (5,), (2, 3), range(2, 5), range(0, 2)], ids=str)
def test_an_epoch_that_was_not_measured_is_refused(table: CurveTable, epochs: tuple[int, ...] | range):
    with pytest.raises(UnavailableError, match="was never measured; it exists at epochs 2, 4"):
        table.read(LAST, 0, 0, epochs)


def test_a_column_that_was_not_measured_is_refused_with_those_that_were(table: CurveTable):
    absent = Key("cifar100", "12", "x-test-acc")
    assert not table.has(absent)
    assert table.epochs(absent) == ()
    with pytest.raises(UnavailableError, match=r"never measured; measured: .*x-valid-acc"):
        table.read(absent, 0, 0, (1,))
    with pytest.raises(UnavailableError, match="no metric of this schedule"):
        table.at(Key("cifar100", "200", "train-acc"), 1)


def test_one_epoch_of_all_archs(table: CurveTable):
    np.testing.assert_array_equal(table.at(LAST, 4), VALUES[:, :, 3] + 0.5)
    with pytest.raises(UnavailableError, match="at epoch 3 was never measured"):
        table.at(LAST, 3)


def test_seconds_with_and_without_an_epoch_axis(table: CurveTable):
    assert table.constant(SECONDS, 0, 0) == 2.5
    assert table.seconds(SECONDS, 0, 0, range(2, 5)) == 7.5
    assert table.seconds(SECONDS, 0, 0, ()) == 0.0
    assert table.seconds(VARYING, 0, 0, range(2, 5)) == 9.0
    assert table.seconds(VARYING, 0, 0, (4,)) == 4.0
    with pytest.raises(UnavailableError, match="depends on the epoch"):
        table.constant(VARYING, 0, 0)


# ---------------------------------------------------------------------------------------------------- damaged tables


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "it has no table.json; make one with `data import`"),
        ("{", "is damaged"),
        ("[]", "has table format None"),
        ('{"format": 99}', "has table format 99, but this version reads format 1"),
        ('{"format": 1}', "KeyError: 'header'"),
        (
            '{"format": 1, "header": {"cardinalities": [2], "what": 1}, "columns": {}}',
            "unexpected keyword",
        ),
        ('{"format": ' + "9" * 5000 + "}", "is damaged or of another kind .ValueError: Exceeds the limit"),
        ("[" * 100_000, "is damaged or of another kind"),
    ],
)
def test_a_wrong_table_is_refused(path: Path, content: str | None, message: str):
    (path / HEADER).unlink()
    if content is not None:
        (path / HEADER).write_text(content)
    with pytest.raises(DataError, match=message):
        CurveTable.open(path)


ALTERED = [
    (("header", "stamp"), "REAL", "stamp is 'REAL', but must be one of OFFICIAL"),
    (("header", "space"), 5, "must be texts"),
    (("header", "source"), "other", "so it was altered"),
    (("header", "cardinalities"), [2, -2, -2], "cardinalities must be whole numbers from 1"),
    (("header", "cardinalities"), [10**9] * 3, "the space must have 2 to 16,777,216 archs"),
    (("header", "schedules"), [12], "AttributeError"),
    (("header", "schedules"), {"12": 0}, "schedules must have whole epochs from 1"),
    (("columns",), {}, "it has no column archs"),
    (("columns", "archs", "shape"), [9, 3], "9 rows do not fit a space of 8 archs"),
    (("columns", "archs", "dtype"), "<f8", "archs has the dtype"),
    (("columns", str(ACC), "dtype"), "O", "train-acc has the dtype 'O', but must hold numbers"),
    (("columns", str(ACC), "dtype"), 8, "TypeError"),
    (("columns", str(ACC), "shape"), [3, -2, 4], r"train-acc has the shape \(3, -2, 4\)"),
    (("columns", str(ACC), "shape"), [3, 2, 5], "which does not fit the other columns"),
    (("columns", str(ACC), "epochs"), [1, 2, 3, 3], "epochs of .* must rise"),
    (("columns", str(ACC), "epochs"), ["1"], "must be whole numbers from 1"),
    (("columns", "../../x/y"), {"epochs": [], "dtype": "<f8", "shape": [3, 2, 1], "sha256": ""}, "has an illegal name"),
    (("notes",), 7, "TypeError"),
]


@pytest.mark.parametrize(("place", "value", "message"), ALTERED, ids=[f"{'.'.join(p)}={v}"[:60] for p, v, _ in ALTERED])
def test_an_altered_header_is_refused_by_what_is_wrong(path: Path, place: tuple[str, ...], value: object, message: str):
    content = json.loads((path / HEADER).read_text())
    del content["seal"]  # as older tables
    inner = content
    for name in place[:-1]:
        inner = inner[name]
    inner[place[-1]] = value
    (path / HEADER).write_text(json.dumps(content))
    with pytest.raises(
        DataError, match=rf"table\.json is damaged or of another kind .*{message}.*; make the table again"
    ):
        CurveTable.open(path)


def test_one_flipped_bit_in_the_header_is_found(path: Path):
    whole = (path / HEADER).read_bytes()
    for place in range(0, 8 * len(whole), 61):
        damaged = bytearray(whole)
        damaged[place // 8] ^= 1 << place % 8
        (path / HEADER).write_bytes(damaged)
        with pytest.raises(DataError, match="table"):
            CurveTable.open(path)


def test_a_header_that_may_not_be_read_or_is_none_is_named(path: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object, **__: object) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(DataError, match=r"table\.json cannot be read \(Permission denied\); make the table again"):
        CurveTable.open(path)


@pytest.mark.parametrize("archs", [[[0, 0, 7], [0, 1, 1], [1, 0, 1]], [[0, 0, 0], [0, 1, 1], [0, 1, 1]]])
def test_rows_that_are_no_distinct_archs_are_refused(path: Path, archs: list[list[int]]):
    np.save(path / "archs.npy", np.array(archs, dtype=np.uint8))
    with pytest.raises(DataError, match=r"archs\.npy must hold distinct archs of tiny"):
        CurveTable.open(path).row((0, 1, 1))


@settings(max_examples=150, deadline=None)
@given(place=st.integers(0, 4000), flipped=st.integers(1, 255), cut=st.booleans())
def test_whatever_is_altered_is_read_or_named(
    place: int, flipped: int, cut: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = write(tmp_path_factory.mktemp("altered") / "table")
    texts: list[str] = []
    for file in (path / HEADER, column(path, ACC), path / "archs.npy"):
        whole = file.read_bytes()
        data = bytearray(whole)
        data[place % len(data)] ^= flipped
        file.write_bytes(bytes(data[: place % len(data)]) if cut else bytes(data))
        try:
            table = CurveTable.open(path)
            table.values(ACC)
            table.row((0, 1, 1))
            assert table.stamp
        except (DataError, UnavailableError) as error:
            texts.append(str(error))
        file.write_bytes(whole)
    assert all(str(path) in text or "is not in the table" in text for text in texts), texts
    assert not any("\n" in text for text in texts)


# ------------------------------------------------------------------------------------------------- completeness


def whole(out: Path, missing: tuple[tuple[str, int], ...] = ()) -> CurveTable:
    """Write a table of all eight archs under two schedules; `missing` names (schedule, row) without a trial."""
    archs = list(np.ndindex(2, 2, 2))
    with TableWriter(out, HEAD, archs) as writer:
        for schedule in ("4", "12"):
            present = np.ones((8, 2), dtype=bool)
            present[3, 0] = False
            for name, row in missing:
                if name == schedule:
                    present[row] = False
            writer.add_present("cifar100", schedule, present)
            writer.add(Key("cifar100", schedule, "train-acc"), np.ones((8, 2, 1)))
    return CurveTable.open(out)


def test_a_table_of_every_arch_has_the_bare_stamp(tmp_path: Path):
    table = whole(tmp_path / "table")
    assert (table.is_whole, table.n_known, table.stamp) == (True, 8, "SYNTHETIC")


def test_an_arch_counts_where_it_has_a_trial_of_everything(tmp_path: Path):
    table = whole(tmp_path / "table", missing=(("4", 0), ("12", 0), ("12", 7)))
    assert (table.is_whole, table.n_known, table.stamp) == (False, 6, "SYNTHETIC 6 of 8 archs")


def test_rows_that_are_not_there_count_as_unknown(table: CurveTable):
    assert table.stamp == "SYNTHETIC 2 of 8 archs"  # three rows, one of them without a trial


# ---------------------------------------------------------------------------------------------------- damaged tables


def test_a_place_without_a_table_is_refused(tmp_path: Path):
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "absent", tmp_path / "file"):
        with pytest.raises(DataError, match="is not a curve table"):
            CurveTable.open(place)


def test_an_altered_column_is_named(path: Path):
    assert CurveTable.open(path).verify() == 6
    file = column(path, LAST)
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    with pytest.raises(DataError, match=r"x-valid-acc\.npy was altered"):
        CurveTable.open(path).verify()


def test_columns_that_changed_places_are_named(path: Path):
    one, other = column(path, ACC).read_bytes(), column(path, VARYING).read_bytes()
    column(path, ACC).write_bytes(other)  # of the same shape: only the checksum tells
    column(path, VARYING).write_bytes(one)
    with pytest.raises(DataError, match="was altered"):
        CurveTable.open(path).verify()
    column(path, LAST).write_bytes(one)  # of another shape: told at once
    with pytest.raises(DataError, match=r"x-valid-acc\.npy holds <f8\(3, 2, 4\), but table.json says <f8\(3, 2, 2\)"):
        CurveTable.open(path).values(LAST)


@pytest.mark.parametrize("keep", [0, 5, 100, -1])
def test_a_truncated_column_is_named(path: Path, keep: int):
    file = column(path, ACC)
    file.write_bytes(file.read_bytes()[:keep])
    with pytest.raises(DataError, match=r"train-acc\.npy is damaged or of another kind .*; make the table again"):
        CurveTable.open(path).values(ACC)
