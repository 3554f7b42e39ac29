"""A file of curves becomes a table; what is wrong or unclear in it is refused with its row, or handled as named."""

import copy
from contextlib import suppress
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pmfnas.benchmarks.own.importer import import_curves
from pmfnas.benchmarks.own.options import Options
from pmfnas.benchmarks.own.reading import read_rows
from pmfnas.benchmarks.table import CurveTable, Key
from pmfnas.benchmarks.tabular import TableBenchmark, dataset_of, space_of
from pmfnas.core.errors import DataError, InputError, PmfnasError
from pmfnas.core.types import Train
from tests.support.own_tables import SPACE, imported, rows, write_csv, write_space

ADAM_3 = (1, 0, 0)


def valid(table: CurveTable, schedule: str = "4") -> np.ndarray:
    return np.asarray(table.values(Key("own", schedule, "valid")))


def refusal(folder: Path, given, space=SPACE, **options) -> str:
    with pytest.raises(InputError) as caught:
        imported(folder, given, space, **options)
    assert not (folder / "table").exists()
    assert [path.name for path in folder.iterdir() if path.name.startswith(".")] == []
    return str(caught.value)


# ------------------------------------------------------------------------------------------------- what is read


def test_every_row_stands_at_its_place(tmp_path):
    table = imported(tmp_path, rows())
    assert table.stamp == "OWN (valid_acc in %, maximised; scored by held-out trials)"
    assert table.is_whole
    assert table.header.n_archs == 9
    assert table.header.space == "mlp"
    row = table.row(ADAM_3)
    assert valid(table)[row, 1].tolist() == pytest.approx([80.2 * epoch / 4 for epoch in (1, 2, 3, 4)])
    assert table.notes["trials"] == "1, 2"


def test_rows_may_come_in_any_order_and_as_text_parquet_or_zip(tmp_path):
    given = rows()
    expected = valid(imported(tmp_path, given))
    shuffled = [given[i] for i in np.random.default_rng(0).permutation(len(given))]
    frame = pd.DataFrame(shuffled).assign(momentum=lambda f: pd.to_numeric(f["momentum"]))
    frame.to_parquet(tmp_path / "c.parquet")
    frame.to_csv(tmp_path / "c.zip", index=False)
    frame.to_csv(tmp_path / "c.csv.gz", index=False)
    for name in ("c.parquet", "c.zip", "c.csv.gz"):
        table = import_curves(tmp_path / name, tmp_path / "space.json", tmp_path / f"t-{name}", Options("percent"))
        assert np.array_equal(valid(table), expected)


def test_the_arch_may_be_one_column_of_text(tmp_path):
    space = space_of_table(imported(tmp_path, rows()))
    texts = []
    for row in rows():
        momentum = f",momentum={row['momentum']:g}" if row["momentum"] != "" else ""
        text = f"depth={row['depth']},optimizer={row['optimizer']}{momentum}"
        texts.append({"arch": text, **{k: row[k] for k in ("trial", "epoch", "valid", "seconds")}})
    (tmp_path / "b").mkdir()
    assert np.array_equal(valid(imported(tmp_path / "b", texts)), valid(CurveTable.open(tmp_path / "table")))
    assert space.parse("depth=3,optimizer=adam,momentum=0.9") == ADAM_3  # a choice that does not exist may be named


def space_of_table(table: CurveTable):
    return space_of(table, dataset_of(table, table.datasets[0]))


def test_finals_alone_are_one_epoch(tmp_path):
    finals = [{k: v for k, v in row.items() if k != "epoch"} for row in rows(trials=(1,), n_epochs=1)]
    table = imported(tmp_path, finals)
    assert table.header.schedules == {"1": 1}
    assert table.header.score == "validation"


def test_a_held_out_score_is_taken_at_the_end(tmp_path):
    given = [{**row, "test": row["valid"] - 1} for row in rows()]
    table = imported(tmp_path, given)
    assert table.header.score == "test"
    assert table.epochs(Key("own", "4", "test")) == (4,)


def test_optuna_and_syne_tune_are_known_by_their_columns(tmp_path):
    write_space(tmp_path / "space.json")
    arch = {"params_depth": 3, "params_optimizer": "adam", "params_momentum": None}
    study = pd.DataFrame(
        [
            {"number": 0, "value": 0.8, "duration": pd.Timedelta(seconds=3), **arch, "state": "COMPLETE"},
            {"number": 1, "value": 0.1, "duration": pd.Timedelta(seconds=1), **arch, "state": "PRUNED"},
            {"number": 2, "value": 0.9, "duration": pd.Timedelta(seconds=5), **arch, "state": "COMPLETE"},
        ]
    )
    for name, write in (("o.csv", lambda p: study.to_csv(p, index=False)), ("o.parquet", study.to_parquet)):
        write(tmp_path / name)
        table = import_curves(tmp_path / name, tmp_path / "space.json", tmp_path / f"t{name}", Options("fraction"))
        assert valid(table, "1").tolist() == [[[0.8], [0.9]]]
        assert np.asarray(table.values(Key("own", "1", "train-s"))).tolist() == [[[3.0], [5.0]]]
        assert table.notes["left out"] == "1 trials that are not COMPLETE"

    config = {"config_depth": 3, "config_optimizer": "adam", "config_momentum": None}
    results = pd.DataFrame(
        [
            {"trial_id": t, "st_worker_iter": e, "st_worker_time": 2.0 * e, "loss": 1 / (e + t), "st_status": "s"}
            | config
            for t in (7, 12)
            for e in (1, 2, 3)
        ]
    )
    results.to_csv(tmp_path / "results.csv.zip", index=False)
    how = Options("positive", metric="loss", goal="minimise", columns={"valid": "loss"})
    table = import_curves(tmp_path / "results.csv.zip", tmp_path / "space.json", tmp_path / "s", how)
    assert valid(table, "3")[0, 0].tolist() == pytest.approx([1 / 8, 1 / 9, 1 / 10])
    assert (np.asarray(table.values(Key("own", "3", "train-s"))) == 2.0).all()  # they add up in Syne Tune


# ------------------------------------------------------------------------------------------ refused, or handled


def test_repeated_rows(tmp_path):
    given = rows()
    assert "row 73: arch, schedule, trial and epoch, but row 1 says the same" in refusal(tmp_path, [*given, given[0]])
    other = {**given[4], "valid": 99.0}
    said = refusal(tmp_path, [*given, other])
    assert "row 73: valid is 99" in said
    assert "row 5" in said
    assert "--duplicates" in said
    assert 99.0 in valid(imported(tmp_path, [*given, other], duplicates="last"))
    (tmp_path / "b").mkdir()
    assert 99.0 not in valid(imported(tmp_path / "b", [*given, other], duplicates="first"))


def test_missing_epochs(tmp_path):
    given = rows()
    short = [row for i, row in enumerate(given) if i != 6]
    said = refusal(tmp_path, short)
    assert "row 7: epoch is 4" in said
    assert "epoch 3 of 4 is missing" in said
    table = imported(tmp_path, short, missing="drop", unequal_trials="keep")
    assert table.present("own", "4").sum() == 17
    assert table.notes["trainings left out, with missing epochs"] == 1
    (tmp_path / "b").mkdir()
    sparse = [{**row, "epoch": 10 * row["epoch"]} for row in given]
    assert "is missing" in refusal(tmp_path / "b", sparse)
    assert np.array_equal(
        valid(imported(tmp_path / "b", sparse, missing="renumber")).sum(), valid(table_of(tmp_path, given)).sum()
    )


def table_of(folder: Path, given) -> CurveTable:
    (folder / "whole").mkdir()
    return imported(folder / "whole", given)


def test_unequal_trials(tmp_path):
    given = [row for row in rows() if not (row["depth"] == 4 and row["trial"] == 2)]
    assert "its arch has 1 trials of own, schedule 4, others have 2" in refusal(tmp_path, given)
    kept = imported(tmp_path, given, unequal_trials="keep")
    assert kept.n_trials("own", "4", kept.row((2, 0, 0))) == 1
    assert kept.n_trials("own", "4", kept.row((0, 0, 0))) == 2
    (tmp_path / "b").mkdir()
    assert valid(imported(tmp_path / "b", given, unequal_trials="fewest")).shape == (9, 1, 4)


@pytest.mark.parametrize(
    ("unit", "scale", "options", "said"),
    [
        ("percent", 1.0, {}, "these are fractions; name --unit fraction"),
        ("fraction", 100.0, {}, "the unit fraction is at least 0 and at most 1"),
        ("percent", 1000.0, {}, "the unit percent is at least 0 and at most 100"),
    ],
)
def test_percent_against_fraction(tmp_path, unit, scale, options, said):
    assert said in refusal(tmp_path, rows(unit=scale), unit=unit, **options)


def test_a_trial_in_fractions_among_percent(tmp_path):
    given = [{**row, "valid": row["valid"] / (100 if row["trial"] == 2 else 1)} for row in rows()]
    assert "row 5: valid is 0.1755" in refusal(tmp_path, given)


def test_seconds_that_add_up(tmp_path):
    given = [{**row, "seconds": 10.0 * row["epoch"]} for row in rows()]
    assert "--seconds cumulative" in refusal(tmp_path, given)
    table = imported(tmp_path, given, seconds="cumulative")
    assert (np.asarray(table.values(Key("own", "4", "train-s"))) == 10.0).all()
    (tmp_path / "b").mkdir()
    given[2]["seconds"] = 5.0
    said = refusal(tmp_path / "b", given, seconds="cumulative")
    assert "row 3: seconds is 5" in said
    assert "per-epoch" in said


def test_seconds_that_are_missing(tmp_path):
    given = [{k: v for k, v in row.items() if k != "seconds"} for row in rows()]
    assert "--epoch-seconds" in refusal(tmp_path, given)
    table = imported(tmp_path, given, epoch_seconds=3.0)
    assert (np.asarray(table.values(Key("own", "4", "train-s"))) == 3.0).all()


def test_a_cell_that_is_not_a_number(tmp_path):
    given = rows()
    given[5]["valid"] = ""
    said = refusal(tmp_path, given)
    assert "row 6: valid is None" in said
    assert "--nan diverged" in said
    table = imported(tmp_path, given, not_numbers="diverged")
    assert np.isnan(valid(table)).sum() == 1
    (tmp_path / "b").mkdir()
    given[5]["valid"] = "inf"
    assert "row 6: valid is" in refusal(tmp_path / "b", given)
    given[5]["valid"] = "good"
    assert "row 6: valid is 'good', but must be a number" in refusal(tmp_path / "b", given)


def test_validation_at_a_few_epochs_is_no_fault(tmp_path):
    given = [{**row, "valid": row["valid"] if row["epoch"] in (2, 4) else ""} for row in rows()]
    table = imported(tmp_path, given)
    assert table.epochs(Key("own", "4", "valid")) == (2, 4)


def test_a_space_that_does_not_match(tmp_path):
    space = copy.deepcopy(dict(SPACE))
    space["choices"]["depth"] = [2, 3]
    said = refusal(tmp_path, rows(), space)
    assert "row 49: depth is '4', but the choice depth of the space is one of: 2, 3" in said
    space["choices"]["depth"] = [2, 3, 4]
    space["choices"]["width"] = [1, 2]
    assert "no column width" in refusal(tmp_path, rows(), space)
    given = rows()
    given[0]["momentum"] = 0.9
    assert "row 1: momentum is '0.9', but it exists only with optimizer sgd" in refusal(tmp_path, given)
    given = rows()
    given[8]["momentum"] = ""
    assert "row 9: momentum is None, but it must be given" in refusal(tmp_path, given)


def test_names_of_columns_and_files(tmp_path):
    assert "column for valid is 'nowhere'" in refusal(tmp_path, rows(), columns={"valid": "nowhere"})
    assert "--columns is 'vaild'" in refusal(tmp_path, rows(), columns={"vaild": "valid"})
    with pytest.raises(InputError, match="must end in one of"):
        read_rows(write_csv(tmp_path / "curves.txt", rows()))
    (tmp_path / "torn.parquet").write_bytes(b"PAR1 torn")
    with pytest.raises(DataError, match="cannot be read"):
        read_rows(tmp_path / "torn.parquet")
    (tmp_path / "space.json").write_text("{")
    with pytest.raises(InputError, match="is no JSON"):
        import_curves(tmp_path / "curves.csv", tmp_path / "space.json", tmp_path / "t", Options("percent"))


def test_a_table_is_never_overwritten(tmp_path):
    imported(tmp_path, rows())
    with pytest.raises(InputError, match="exists already"):
        imported(tmp_path, rows())


# --------------------------------------------------------------------------------------------- what is searched


def test_a_loss_is_told_as_a_score_in_percent_where_larger_is_better(tmp_path):
    given = [{**row, "valid": 2 - row["valid"] / 100} for row in rows()]
    table = imported(tmp_path, given, unit="positive", goal="minimise", metric="mae")
    data = dataset_of(table, "own")
    benchmark = TableBenchmark(table, data, space_of(table, data))
    curve, cost = benchmark.train(Train((2, 1, 1), "4", 0, 4), 0)
    worse, _ = benchmark.train(Train((0, 0, 1), "4", 0, 4), 0)  # adam has no momentum, so 1 is 0
    assert curve.last_valid_acc > 50 > worse.last_valid_acc
    assert cost.train_s == 40.0
    assert cost.valid_s == 0.0
    assert np.isnan(curve.train_loss).all()
    assert not benchmark.reports_loss
    assert data.shown(np.array([0.25])).tolist() == [-0.25]


def test_archs_are_drawn_among_those_of_the_table(tmp_path):
    given = [row for row in rows() if row["depth"] != 3]
    table = imported(tmp_path, given)
    assert table.stamp.endswith("6 of 9 archs")
    space = space_of_table(table)
    rng = np.random.default_rng(0)
    drawn = {space.sample(rng=rng) for _ in range(200)}
    assert len(drawn) == 6
    assert all(arch[0] != 1 for arch in drawn)
    assert all(arch[0] != 1 for arch in space.neighbours((0, 0, 0)))


def test_sizes_of_archs_are_theirs(tmp_path):
    given = [{**row, "params_m": row["depth"]} for row in rows()]
    space = space_of_table(imported(tmp_path, given))
    assert [space.params_m((depth, 0, 0)) for depth in range(3)] == [2.0, 3.0, 4.0]
    assert space.feature_names[-1] == "log10_params"
    (tmp_path / "b").mkdir()
    given[3]["params_m"] = 7
    assert "row 4: params_m is 7, but another row of the same arch has another size" in refusal(tmp_path / "b", given)


def test_a_file_of_nonsense_is_one_line_of_ours(tmp_path):
    """Cells of a good file are exchanged for odd ones; every failure is an error of ours."""
    rng, odd = (
        np.random.default_rng(1),
        ("", "-1", "1e999", "x,y", '"', "nan", "0", "é", "2.5", "1" * 400, "\x00", "[]"),
    )
    write_space(tmp_path / "space.json")
    n_read = 0
    for turn in range(60):
        given = [dict(row) for row in rows(n_epochs=2)]
        for _ in range(int(rng.integers(1, 3))):
            place, column = int(rng.integers(len(given))), str(rng.choice(list(given[0])))
            given[place][column] = str(rng.choice(odd))
        write_csv(tmp_path / "c.csv", given)
        with suppress(PmfnasError):
            import_curves(tmp_path / "c.csv", tmp_path / "space.json", tmp_path / f"t{turn}", Options("percent"))
            n_read += 1
    assert 0 < n_read < 20
