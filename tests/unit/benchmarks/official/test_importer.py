import pickle
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.torture.official_files import (
    DATASETS,
    EPOCHS,
    EVAL_IMAGES,
    FOLDERS,
    ONLY_LAST_EPOCH,
    Files,
    make,
    write_bz2,
)
from pmfnas.benchmarks.official import import_official, importer
from pmfnas.benchmarks.table import CurveTable, Key
from pmfnas.core.errors import DataError, InputError
from pmfnas.progress import Progress

FEW = ("cifar10", "cifar100")  # of the data sets, where fewer columns do


@pytest.fixture(scope="module", params=["tss", "sss"])
def imported(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Files, CurveTable]:
    root, files = tmp_path_factory.mktemp(request.param), make(request.param)
    return files, import_official(files.archive(root), root / "table")


@pytest.fixture(scope="module")
def topology(tmp_path_factory: pytest.TempPathFactory) -> tuple[Files, CurveTable]:
    root, files = tmp_path_factory.mktemp("topology"), make("tss")
    return files, import_official(files.archive(root), root / "table")


# ------------------------------------------------------------------------------------------------- what is imported


def test_the_header_says_what_the_table_is(imported: tuple[Files, CurveTable]):
    files, table = imported
    assert table.header.stamp == "OFFICIAL"
    assert table.header.space == {"tss": "nb201", "sss": "nats-sss"}[files.tag]
    assert table.header.schedules == EPOCHS[files.tag]
    assert table.header.version == importer.VERSION
    assert re.fullmatch("[0-9a-f]{64}", table.header.source)
    assert table.notes["source"] == FOLDERS[files.tag]
    assert table.notes["n_archs_measured"] == len(files.records) == len(table.archs) - 1


def test_columns_hold_the_epochs_that_were_measured_and_no_others(imported: tuple[Files, CurveTable]):
    files, table = imported
    expected = {"archs"}
    for schedule, epochs in EPOCHS[files.tag].items():
        for dataset in DATASETS:
            for split in ("train", *EVAL_IMAGES[dataset]):
                last_only = schedule == "200" and (dataset, split) in ONLY_LAST_EPOCH
                for metric in ("acc", "loss"):
                    key = Key(dataset, schedule, f"{split}-{metric}")
                    assert table.epochs(key) == ((epochs,) if last_only else tuple(range(1, epochs + 1))), key
                    expected.add(str(key))
                expected.add(f"{dataset}/{schedule}/{split}-s")
            expected |= {f"{dataset}/{schedule}/{name}" for name in ("latency-s", "params-m", "flops-m", "present")}
    assert set(table.keys) == expected
    assert all(table.values(Key(*name.split("/"))).dtype in (np.float64, bool) for name in expected - {"archs"})


def test_the_trial_axis_is_the_sorted_seeds(topology: tuple[Files, CurveTable]):
    _, table = topology
    assert table.notes["seeds"]["cifar10-valid/12"] == [111, 777]
    assert table.notes["seeds"]["cifar100/200"] == [777, 888, 999]
    present = table.present("cifar100", "200")
    assert present[[0, 5, 6, -1]].astype(int).tolist() == [[1, 1, 1], [0, 1, 0], [1, 0, 1], [0, 0, 0]]
    values = table.values(Key("cifar100", "200", "train-acc"))
    np.testing.assert_array_equal(np.isfinite(values), np.broadcast_to(present[..., None], values.shape))


def test_values_stand_where_their_epoch_and_trial_is(topology: tuple[Files, CurveTable]):
    files, table = topology
    trial = files.records[6]["200"]["all_results"]["cifar100", 999]
    found = table.read(Key("cifar100", "200", "ori-test-loss"), 6, 1, range(1, 201))
    np.testing.assert_array_equal(found, [trial["eval_losses"][f"ori-test@{epoch}"] for epoch in range(200)])
    found = table.read(Key("cifar100", "200", "x-valid-acc"), 6, 1, (200,))
    np.testing.assert_array_equal(found, [trial["eval_acc1es"]["x-valid@199"]])
    assert table.constant(Key("cifar100", "200", "train-s"), 6, 1) == trial["train_times"][0]


def test_sizes_are_kept_per_trial_as_recorded_even_where_they_disagree(topology: tuple[Files, CurveTable]):
    _, table = topology
    params_m = table.values(Key("cifar10", "200", "params-m"))[:, :, 0]
    assert params_m[4, 1] == params_m[4, 2] == pytest.approx(params_m[4, 0] + 0.028)
    assert np.ptp(params_m[0]) == 0


def test_equal_results_of_isomorphic_archs_stay_two_rows(topology: tuple[Files, CurveTable]):
    _, table = topology
    values = table.values(Key("cifar100", "200", "train-acc"))
    assert values[0].tobytes() == values[1].tobytes()
    assert values[2].tobytes() != values[3].tobytes()
    assert [table.row(tuple(int(op) for op in arch)) for arch in table.archs] == list(range(len(table.archs)))


def test_seconds_that_vary_are_kept_for_every_epoch(tmp_path: Path):
    files = make("sss", 4, FEW)
    times = files.records[1]["12"]["all_results"]["cifar10", 888]["train_times"]
    times[3] *= 2
    table = import_official(files.archive(tmp_path), tmp_path / "table")
    varying, constant = Key("cifar10", "12", "train-s"), Key("cifar100", "12", "train-s")
    assert (table.epochs(varying), table.epochs(constant)) == (tuple(range(1, 13)), ())
    assert table.seconds(varying, 1, 1, range(1, 13)) == pytest.approx(sum(times.values()), rel=1e-12)
    assert table.seconds(varying, 0, 1, range(1, 13)) == pytest.approx(table.seconds(varying, 0, 0, range(1, 13)))


def test_a_latency_that_was_not_measured_is_missing_and_not_minus_one(tmp_path: Path):
    files = make("sss", 3, FEW)
    files.records[0]["90"]["all_results"]["cifar10", 777]["latency"] = None
    table = import_official(files.archive(tmp_path), tmp_path / "table")
    latency = table.values(Key("cifar10", "90", "latency-s"))[:2, 0, 0]
    assert np.isnan(latency).tolist() == [True, False]


def test_file_names_without_zeros_are_read_and_give_way_to_those_with(tmp_path: Path):
    files = make("sss", 3, FEW)
    folder = files.archive(tmp_path)
    (folder / "000001.pickle.pbz2").rename(folder / "1.pickle.pbz2")
    (folder / "0.pickle.pbz2").write_bytes(b"not looked at")
    assert import_official(folder, tmp_path / "table").notes["n_archs_measured"] == 2


def test_the_import_shows_progress_where_that_is_asked_for(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[bool] = []

    def noted(*given: Any, **how: Any) -> Progress:
        shown.append(how["shown"])
        return Progress(*given, **how)

    monkeypatch.setattr(importer, "Progress", noted)
    folder = make("sss", 3, FEW).archive(tmp_path)
    import_official(folder, tmp_path / "quiet")
    assert capfd.readouterr() == ("", "")
    assert set(shown) == {False}
    shown.clear()
    import_official(folder, tmp_path / "shown", progress=True)
    assert set(shown) == {True}


def test_torch_is_never_loaded(tmp_path: Path):
    path = make("tss", 2, FEW).pth(tmp_path, "zip")
    program = (
        "import sys, pathlib; from pmfnas.benchmarks.official import import_official as load;"
        f"print(load(pathlib.Path({str(path)!r}), pathlib.Path({str(tmp_path / 'table')!r})).notes['source']);"
        "assert 'nats_bench' in sys.modules; assert not any(name.split('.')[0] == 'torch' for name in sys.modules)"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True, capture_output=True)


# --------------------------------------------------------------------------------------------------------- fingerprint


def test_the_source_is_named_by_every_byte_of_it(tmp_path: Path):
    files = make("sss", 3, FEW)
    folder = files.archive(tmp_path)
    sources = [import_official(folder, tmp_path / name).header.source for name in ("one", "same")]
    files.records[1]["12"]["all_results"]["cifar100", 888]["eval_acc1es"]["x-test@3"] += 1e-6
    write_bz2(folder / "000001.pickle.pbz2", files.records[1])
    sources.append(import_official(folder, tmp_path / "altered").header.source)
    (folder / "000001.pickle.pbz2").unlink()
    sources.append(import_official(folder, tmp_path / "fewer").header.source)
    assert sources[0] == sources[1]
    assert len(set(sources)) == 3


# ------------------------------------------------------------------------------------------------- refused and named


def _spoil_trial(**what: Any) -> Callable[[Files], None]:
    def spoil(files: Files) -> None:
        files.records[2]["12"]["all_results"]["cifar100", 111].update(what)

    return spoil


def _drop(group: str, *keys: Any, schedule: str = "200", trial: tuple[str, int] = ("cifar100", 888)) -> Any:
    def spoil(files: Files) -> None:
        for key in keys:
            del files.records[2][schedule]["all_results"][trial][group][key]

    return spoil


def _drop_trial(files: Files) -> None:
    del files.records[2]["200"]["all_results"]["cifar100", 888]


def _rename_dataset(files: Files) -> None:
    part = files.records[2]["12"]
    trial = part["all_results"].pop(("cifar10", 111))
    part["all_results"]["../../cifar10", 111] = {**trial, "name": "../../cifar10"}
    part["dataset_seed"]["../../cifar10"] = part["dataset_seed"].pop("cifar10")


SPOILED: dict[str, tuple[Callable[[Files], None], str]] = {
    "arch of another index": (
        lambda files: files.records.update({2: pickle.loads(pickle.dumps(files.records[1]))}),
        r"holds arch 1 .* but should hold arch 2 .*mixed up|files archs under other numbers",
    ),
    "another index alone": (
        lambda files: files.records[2]["200"].update(arch_index=1),
        "holds arch 1 .* but should hold arch 2 .*mixed up",
    ),
    "arch of another space": (
        lambda files: files.records.update({2: make("sss", 4, FEW).records[2]}),
        r"has schedule '01', but nb201 has 12, 200",
    ),
    "another arch under this index": (
        lambda files: files.records[2]["12"].update(arch_str=files.archs[0]),
        "holds arch 2 .* but should hold arch 2 .*mixed up",
    ),
    "one validation epoch missing": (
        _drop("eval_acc1es", "x-valid@100", trial=("cifar10-valid", 888)),
        "lacks x-valid-acc of cifar10-valid, schedule 200, at epoch 101, which .* has",
    ),
    "one training loss missing": (
        _drop("train_losses", 7),
        "lacks train-loss of cifar100, schedule 200, at epoch 8, which .* has",
    ),
    "a whole metric missing": (
        _drop("eval_losses", *(f"x-test@{epoch}" for epoch in range(12)), schedule="12", trial=("cifar100", 111)),
        "lacks x-test-loss of cifar100, schedule 12, at epochs 1-12, which .* has",
    ),
    "seconds missing": (_drop("eval_times", "x-valid@3"), "lacks the seconds of some epochs or passes"),
    "no times": (_spoil_trial(train_times=None), "has no times, as before version 1.1"),
    "a trial missing that is listed": (_drop_trial, "lists other trials than it holds"),
    "a trial of another data set": (_spoil_trial(name="cifar10"), "files trial .'cifar10', 111, 12. under"),
    "a trial of another seed": (_spoil_trial(seed="0777"), "files trial .'cifar100', 777, 12. under"),
    "a trial of another length": (_spoil_trial(epochs=200), "files trial .'cifar100', 111, 200. under"),
    "an impossible accuracy": (_spoil_trial(train_acc1es={0: 101.0}), "accuracy outside 0 to 100"),
    "an unknown data set": (_rename_dataset, r"data set '\.\./\.\./cifar10'"),
    "an unknown split": (_spoil_trial(eval_names=["../x"]), r"with splits \['\.\./x'\]"),
    "a field missing": (
        lambda files: files.records[2]["12"].pop("dataset_seed"),
        r"lists other trials|does not hold an official record",
    ),
    "a field of another type": (_spoil_trial(train_losses=3), "does not hold an official record"),
    "no results": (
        lambda files: files.records.update({2: {"12": None}}),
        "holds no schedules with results|under other numbers",
    ),
}


@pytest.mark.parametrize(
    ("case", "form"),
    [*((case, "archive") for case in SPOILED), *((case, "single") for case in list(SPOILED)[::4])],
)
def test_what_is_wrong_with_a_file_is_said_with_its_name_and_nothing_is_left(form: str, case: str, tmp_path: Path):
    spoil, message = SPOILED[case]
    files = make("tss", 4, ("cifar10-valid", *FEW))
    spoil(files)
    path = files.archive(tmp_path) if form == "archive" else files.single(tmp_path)
    named = r"000002\.pickle\.pbz2" if form == "archive" else r"3ffb9\.pickle\.pbz2.*"
    with pytest.raises(DataError, match=rf"{named}.*({message})"):
        import_official(path, tmp_path / "out" / "table")
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.parametrize("damage", ["truncated", "altered", "emptied", "replaced"])
def test_a_damaged_file_is_named_and_nothing_is_left(damage: str, tmp_path: Path):
    folder = make("sss", 4, FEW).archive(tmp_path)
    file = folder / "000001.pickle.pbz2"
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 4
    new = {"truncated": data[:-100], "altered": data, "emptied": b"", "replaced": b"<html>"}[damage]
    file.write_bytes(new)
    with pytest.raises(DataError, match=r"000001\.pickle\.pbz2 is truncated, altered or not an official file"):
        import_official(folder, tmp_path / "out" / "table")
    assert not list((tmp_path / "out").iterdir())


def test_a_hole_is_found_between_shards_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(importer, "SHARD_ARCHS", 1)
    files = make("sss", 4, FEW)
    for trial in files.records[1]["90"]["all_results"].values():
        trial["eval_acc1es"].pop("ori-test@44")
    with pytest.raises(
        DataError, match=r"000001\.pickle\.pbz2 lacks ori-test-acc of .*, schedule 90, at epoch 45, whi"
    ):
        import_official(files.archive(tmp_path), tmp_path / "out" / "table")
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.parametrize(
    ("meta", "message"),
    [
        ({"meta_archs": None}, "has no list `meta_archs`"),
        ({"meta_archs": []}, "has no list `meta_archs`"),
        ({"total_archs": 3}, "with gaps or repetitions"),
        ({"meta_archs": ["8:8:8:8:8"] * 4}, "with gaps or repetitions"),
    ],
)
def test_a_wrong_meta_file_is_named(meta: dict[str, Any], message: str, tmp_path: Path):
    files = make("sss", 4, FEW)
    files.meta = meta
    with pytest.raises(DataError, match=r"meta\.pickle\.pbz2 .*" + message):
        import_official(files.archive(tmp_path), tmp_path / "out")


def test_files_that_do_not_belong_together_are_refused(tmp_path: Path):
    files = make("sss", 4, FEW)
    files.records[40] = files.records[2]
    with pytest.raises(DataError, match=r"000040\.pickle\.pbz2 is of an arch beyond the 4 of the meta file"):
        import_official(files.archive(tmp_path), tmp_path / "out")
    del files.records[40], files.records[1]
    files.records = {1 if index == 2 else index: record for index, record in files.records.items()}
    with pytest.raises(DataError, match=r"50262\.pickle\.pbz2 files archs under other numbers than their records say"):
        import_official(files.single(tmp_path), tmp_path / "out")
    files = make("sss", 4, FEW)
    files.archs[0], files.archs[1] = files.archs[1], files.archs[0]
    with pytest.raises(DataError, match=r"50262\.pickle\.pbz2 files .* under 0, which the meta list does not"):
        import_official(files.single(tmp_path), tmp_path / "out")


def test_a_name_that_promises_another_space_is_refused(tmp_path: Path):
    folder = make("sss", 3, FEW).archive(tmp_path).rename(tmp_path / FOLDERS["tss"])
    with pytest.raises(DataError, match=r"should hold archs of nb201, but '.*' is not a cell|has schedule '01'"):
        import_official(folder, tmp_path / "out")


def test_what_cannot_be_the_source_or_the_target_is_refused(tmp_path: Path):
    folder = make("tss", 2, FEW).archive(tmp_path)
    make("sss", 2, FEW).archive(tmp_path)
    with pytest.raises(InputError, match=r"holds 2 official sources \(.*; name the one to import"):
        import_official(tmp_path, tmp_path / "out")
    with pytest.raises(InputError, match="exists already and is not overwritten"):
        import_official(folder, tmp_path)
