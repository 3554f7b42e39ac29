"""The record of a run: whole, never overwritten, and read by other programs as docs/reference/records.md says."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pmfnas.core.errors import DataError
from pmfnas.core.types import Drop, Measure, Submit, Train
from pmfnas.loop.record import (
    METADATA,
    RunHeader,
    incumbent_steps,
    read_header,
    read_rows,
    read_timing,
    record_path,
    run_id,
    schema,
    write_record,
)
from pmfnas.loop.runner import Finished
from tests.support.fakes import A, B, ByHand, C, Scripted, cells, play, submit

DOC = Path(__file__).parents[3] / "docs" / "reference" / "records.md"
SPACE = cells()
TEXT = {arch: SPACE.format(arch) for arch in (A, B, C)}
HEADER = RunHeader(
    experiment="table2",
    dataset="cifar100",
    searcher="scripted",
    settings={"eta": "3", "ladder": "None"},
    seed=7,
    budget_s=400.0,
    n_workers=1,
    accounting="resume",
    space="nb201",
    data="SYNTHETIC",
    fingerprint="0123456789ab",
    status="ok",
    why="budget",
    clock_s=400.0,
    recommended=(TEXT[C], TEXT[A]),
    gpu_hours_resume=1 / 9,
    gpu_hours_restart=0.125,
    busy_hours=1 / 9,
    evaluations=3,
)


def every_kind() -> Finished:
    """A run by hand with a row of every status but `cancelled`, which takes two workers."""
    script = [
        Submit((Train(A, "12", 0, 3, (1, 3)),), ({"stage": "explore", "mean": 71.25},)),
        submit(Train(A, "12", 3, 12)),
        submit(Train(A, "12", 0, 3)),  # in the record: free
        submit(Train(B, "12", 0, 1)),  # diverges
        submit(Train(A, "12", 0, 1, replicate=5)),  # no such replicate: failed
        submit(Train(C, "200", 0, 2, ())),
        submit(Train(C, "12", 0, 1)),
        Submit((Measure(A, "latency_ms"),)),
        submit(Train(C, "200", 0, 100, (), replicate=1)),  # cut
    ]
    return play(Scripted(script), budget_s=400.0, benchmark=ByHand(diverging=B))


@pytest.fixture
def record(tmp_path) -> Path:
    write_record(tmp_path, HEADER, every_kind(), SPACE)
    return record_path(tmp_path, HEADER.run_id)


def without_seal(rows: pa.Table) -> pa.Table:
    """Return rows with the header of a record of format 2."""
    header = json.loads(rows.schema.metadata[METADATA])
    del header["seal"]
    return rows.replace_schema_metadata({METADATA: json.dumps({**header, "format": 2})})


@pytest.fixture
def rows(record) -> pd.DataFrame:
    return pd.read_parquet(record)


def test_the_path_is_the_run_id(record, tmp_path):
    assert HEADER.run_id == run_id("nb201", "cifar100", "scripted", 7) == "nb201-cifar100/scripted/s0007"
    assert record == tmp_path / "runs" / "nb201-cifar100" / "scripted" / "s0007.parquet"
    assert {file.name for file in record.parent.iterdir()} == {"s0007.parquet", "s0007.timing.json"}


def test_every_ticket_is_a_row_in_the_order_of_ends(rows):
    assert list(rows["number"]) == [0, 1, 2, 3, 4, 5, 6, 7, 8]
    statuses = ["ok", "ok", "free", "diverged", "failed", "ok", "ok", "measured", "cut"]
    assert list(rows["status"]) == statuses
    assert list(rows["kind"]) == ["train"] * 7 + ["measure", "train"]
    assert list(rows["arch"]) == [TEXT[arch] for arch in (A, A, A, B, A, C, C, A, C)]
    assert list(rows["schedule"]) == ["12"] * 5 + ["200", "12", "latency_ms", "200"]
    assert list(rows["end_s"].diff().dropna() >= 0) == [True] * 8


def test_a_segment_that_goes_on(rows):
    row = rows.loc[1]
    assert (row["start"], row["stop"], row["replicate"], list(row["validate_at"])) == (3, 12, 0, [12])
    assert (row["start_s"], row["end_s"]) == (32.0, 123.0)
    assert (row["train_s"], row["valid_s"], row["before_s"]) == (90.0, 1.0, 30.0)
    assert (row["train_loss"], row["train_acc"]) == (1 / 12, 1.2)
    assert (row["valid_loss"], row["valid_acc"]) == (1 / 12, 10.0 + 0.12)
    assert (row["worker"], row["incumbent"]) == (0, TEXT[A])
    assert row[["value", "reason", "failure"]].isna().all()


def test_validation_that_was_not_bought_is_absent(rows):
    row = rows.loc[5]
    assert list(row["validate_at"]) == []
    assert row["train_acc"] == 0.2
    assert row[["valid_loss", "valid_acc"]].isna().all()
    assert list(rows.loc[0, "validate_at"]) == [1, 3]


def test_a_free_answer_costs_nothing_and_shows_what_was_known(rows):
    row = rows.loc[2]
    assert (row["worker"], row["train_s"], row["valid_s"], row["before_s"]) == (-1, 0.0, 0.0, 0.0)
    assert row["start_s"] == row["end_s"] == 123.0
    assert row["valid_acc"] == 10.0 + 0.03


def test_a_diverged_segment_is_charged_and_its_loss_is_no_number(rows):
    row = rows.loc[3]
    assert pd.isna(row["train_loss"])
    assert (row["train_s"], row["valid_s"], row["train_acc"]) == (10.0, 1.0, 0.1)


def test_a_failed_ticket_says_why(rows):
    row = rows.loc[4]
    assert row["failure"] == "replicate 5 does not exist"
    assert row["train_s"] == 0.0
    assert row[["train_loss", "train_acc", "valid_loss", "valid_acc"]].isna().all()
    assert rows.drop(4)["failure"].isna().all()


def test_a_cut_segment_is_charged_but_shows_nothing(rows):
    row = rows.loc[8]
    assert (row["start_s"], row["end_s"], row["train_s"], row["replicate"]) == (170.0, 400.0, 230.0, 1)
    assert row[["train_loss", "train_acc", "valid_loss", "valid_acc", "value"]].isna().all()


def test_a_measurement_has_a_value_and_no_segment(rows):
    row = rows.loc[7]
    assert (row["value"], row["train_s"], row["end_s"]) == (1.0, 5.0, 170.0)
    assert row[["start", "stop", "replicate", "train_loss", "valid_acc"]].isna().all()
    assert row["validate_at"] is None
    assert rows.drop(7)["value"].isna().all()


def test_a_cancelled_ticket_is_charged_for_what_had_run(tmp_path):
    script = [submit(Train(A, "12", 0, 12)), submit(Train(B, "12", 0, 1)), lambda _: Drop(A)]
    write_record(tmp_path, HEADER, play(Scripted(script), n_workers=2), SPACE)
    rows = pd.read_parquet(record_path(tmp_path, HEADER.run_id)).set_index("number")
    assert list(rows["status"]) == ["ok", "cancelled"]
    assert rows.loc[0, ["train_s", "end_s", "worker"]].tolist() == [11.0, 11.0, 0]


def test_reasons_are_json_or_absent(rows):
    assert json.loads(rows.loc[0, "reason"]) == {"stage": "explore", "mean": 71.25}
    assert rows["reason"][1:].isna().all()


def test_a_run_without_a_ticket_has_a_record_of_all_columns(tmp_path):
    write_record(tmp_path, HEADER, Finished((), (), 0.0, "failed", "refused", 0.0), SPACE)
    rows = read_rows(record_path(tmp_path, HEADER.run_id))
    assert rows.num_rows == 0
    assert rows.schema.equals(schema())


def test_set_up_is_a_column_of_its_own(tmp_path):
    entries = [replace(entry, cost=replace(entry.cost, setup_s=0.5)) for entry in every_kind().entries[:1]]
    write_record(tmp_path, HEADER, replace(every_kind(), entries=tuple(entries)), SPACE)
    rows = read_rows(record_path(tmp_path, HEADER.run_id), ["setup_s", "train_s"]).to_pydict()
    assert rows == {"setup_s": [0.5], "train_s": [30.0]}
    assert entries[0].cost.total_s == 30.0 + entries[0].cost.valid_s + 0.5


def test_a_record_without_set_up_reads_as_none_paid(record):
    pq.write_table(without_seal(pq.read_table(record)).drop_columns(["setup_s"]), record)
    assert read_rows(record)["setup_s"].to_pylist() == [0.0] * 9
    assert read_rows(record, ["stop", "setup_s"]).column_names == ["stop", "setup_s"]
    assert read_header(record) == HEADER


# --------------------------------------------------------------------------------- header and other programs


def test_the_header_comes_back_as_it_was(record):
    assert read_header(record) == HEADER


def test_the_header_is_json_in_the_schema_as_the_document_says(record):
    header = json.loads(pq.read_schema(record).metadata[b"pmfnas"])
    assert (header["searcher"], header["settings"], header["seed"]) == ("scripted", {"eta": "3", "ladder": "None"}, 7)
    assert header["recommended"] == [TEXT[C], TEXT[A]]


def test_the_columns_are_those_of_the_document():
    table = [line for line in DOC.read_text().splitlines() if line.startswith("| `")]
    documented = [name for line in table for name in re.findall(r"`(\w+)`", line.split("|")[1])]
    assert documented == schema().names


def test_the_statuses_of_the_document_are_those_of_records(rows):
    line = next(line for line in DOC.read_text().splitlines() if line.startswith("| `status`"))
    assert set(rows["status"]) | {"cancelled"} == set(re.findall(r"`(\w+)`", line.split("|")[2]))


def test_duckdb_reads_the_same(record, rows):
    duckdb = pytest.importorskip("duckdb", reason="DuckDB is not installed; it is no dependency of ours")
    relation = duckdb.sql(f"select * from '{record}'")
    assert relation.columns == schema().names
    found = relation.fetchall()
    expected = [tuple(row.values()) for row in pq.read_table(record).to_pylist()]
    assert list(map(repr, found)) == list(map(repr, expected))  # repr: a NaN is like another one
    dear = duckdb.sql(
        f"select status, sum(train_s + valid_s) from '{record}' group by status order by 2 desc"
    ).fetchall()[0]
    assert dear == ("cut", 230.0)
    assert len(rows) == len(found)


def test_the_same_run_gives_the_same_bytes(record, tmp_path):
    write_record(tmp_path / "again", HEADER, replace(every_kind(), searcher_s=99.0), SPACE)
    again = record_path(tmp_path / "again", HEADER.run_id)
    assert again.read_bytes() == record.read_bytes()
    assert read_timing(again) == {"searcher_s": 99.0}


# ----------------------------------------------------------------------------------------- what goes wrong


def test_a_finished_run_is_never_overwritten(record, tmp_path):
    before = {file: file.read_bytes() for file in record.parent.iterdir()}
    with pytest.raises(DataError, match=r"s0007\.parquet exists already; a finished run is never overwritten"):
        write_record(tmp_path, replace(HEADER, clock_s=1.0), replace(every_kind(), searcher_s=99.0), SPACE)
    assert {file: file.read_bytes() for file in record.parent.iterdir()} == before


@pytest.mark.parametrize("read", [read_header, read_rows])
@pytest.mark.parametrize("damage", [lambda raw: raw[:-100], lambda raw: b"", lambda raw: b"PAR1" + b"\0" * 50])
def test_a_damaged_record_is_named_with_the_remedy(record, read, damage):
    record.write_bytes(damage(record.read_bytes()))
    with pytest.raises(DataError, match=r"s0007\.parquet .*(damaged|altered).*remove it to run it again"):
        read(record)


@pytest.mark.parametrize("read", [read_header, read_rows])
def test_one_flipped_bit_anywhere_is_found(record, read):
    whole = record.read_bytes()
    for place in range(0, 8 * len(whole), 997):
        damaged = bytearray(whole)
        damaged[place // 8] ^= 1 << place % 8
        record.write_bytes(damaged)
        with pytest.raises(DataError, match=r"s0007\.parquet "):
            read(record)


def test_a_record_of_before_seals_is_read(record):
    pq.write_table(without_seal(pq.read_table(record)), record)
    assert read_header(record) == HEADER
    assert read_rows(record).num_rows == 9


@pytest.mark.parametrize("metadata", [None, {b"other": b"1"}, {METADATA: b"{"}, {METADATA: b'{"format": 2}'}])
def test_a_parquet_file_of_something_else_is_no_record(tmp_path, metadata):
    path = tmp_path / "s0001.parquet"
    pq.write_table(pa.table({"number": [1]}).replace_schema_metadata(metadata), path)
    with pytest.raises(DataError, match=r"s0001\.parquet is damaged or of another kind"):
        read_header(path)


def test_a_record_of_another_format_says_so(tmp_path):
    path = tmp_path / "s0001.parquet"
    pq.write_table(pa.table({"number": [1]}).replace_schema_metadata({METADATA: b'{"format": 0}'}), path)
    with pytest.raises(DataError, match=r"s0001\.parquet was written by another version"):
        read_header(path)


@pytest.mark.parametrize("name", ["end_s", "arch", "stop", "validate_at", "incumbent"])
def test_a_record_of_other_columns_is_refused(record, name):
    rows = without_seal(pq.read_table(record))
    other = pa.array([{"a": 1}] * rows.num_rows)
    for changed in (rows.drop_columns([name]), rows.set_column(rows.schema.get_field_index(name), name, other)):
        pq.write_table(changed, record)
        with pytest.raises(DataError, match=rf"s0007\.parquet is damaged or of another kind .*column {name}"):
            read_rows(record)


@pytest.mark.parametrize("changed", [{"seed": "7"}, {"budget_s": []}, {"settings": None}, {"recommended": [1]}])
def test_a_header_of_other_types_is_refused(record, changed):
    rows = without_seal(pq.read_table(record))
    header = {**json.loads(rows.schema.metadata[METADATA]), **changed}
    pq.write_table(rows.replace_schema_metadata({METADATA: json.dumps(header)}), record)
    with pytest.raises(DataError, match=r"s0007\.parquet is damaged or of another kind"):
        read_header(record)


# ---------------------------------------------------------------------------------------- incumbent_steps


def test_the_incumbent_steps_of_a_run(record):
    assert incumbent_steps(read_rows(record)) == [(32.0, TEXT[A]), (165.0, TEXT[C])]


def test_a_step_is_a_change_and_a_return_is_another_step():
    rows = pa.table({"end_s": [1.0, 2.0, 3.0, 4.0, 5.0], "incumbent": [None, "a", "a", "b", "a"]})
    assert incumbent_steps(rows) == [(2.0, "a"), (4.0, "b"), (5.0, "a")]


def test_no_incumbent_no_step():
    assert incumbent_steps(pa.table({"end_s": [1.0], "incumbent": pa.array([None], pa.string())})) == []


@pytest.mark.parametrize("content", [None, "", "[]", '{"searcher_s": ' + "1" * 5000 + "}", '{"searcher_s": "x"}'])
def test_a_missing_or_damaged_timing_is_named(tmp_path, content):
    path = tmp_path / "s0001.parquet"
    if content is not None:
        path.with_suffix(".timing.json").write_text(content)
    with pytest.raises(DataError, match=r"s0001\.timing\.json .*; remove .*s0001\.parquet to run it again"):
        read_timing(path)
