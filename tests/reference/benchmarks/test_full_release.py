"""The full release made for tests: real at its ends, written once, and the same as one torch file."""

import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

from pmfnas.benchmarks.official.layout import TOPOLOGY
from pmfnas.benchmarks.official.reader import SingleFile, read_arch, read_meta
from pmfnas.benchmarks.official.records import read_record
from pmfnas.benchmarks.table import CurveTable, Key
from tests.support.releases.full_release import write_pth, write_release

N_ARCHS = 3
EPOCHS = {"12": 12, "200": 200}
ENDS = (
    ("cifar10-valid", "12", "x-valid-acc"),
    ("cifar10-valid", "200", "x-valid-acc"),
    ("cifar10", "200", "ori-test-acc"),
    ("cifar100", "200", "x-valid-acc"),
    ("cifar100", "200", "x-test-acc"),
    ("ImageNet16-120", "12", "x-valid-acc"),
)


@pytest.fixture(scope="module")
def archive(anchored_table: CurveTable, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_release(anchored_table, tmp_path_factory.mktemp("release"), n_archs=N_ARCHS, n_jobs=1)


@pytest.mark.parametrize("key", [Key(*of) for of in ENDS], ids=str)
@pytest.mark.parametrize("index", range(N_ARCHS))
def test_ends_are_those_of_the_anchored_table(anchored_table: CurveTable, archive: Path, index: int, key: Key):
    file = archive / f"{index:06d}.pickle.pbz2"
    text = read_meta(archive)[index]
    trials = read_record(read_arch(file), index, text, TOPOLOGY, str(file))[key.dataset, key.schedule]
    assert anchored_table.row(TOPOLOGY.parse(text)) == index
    real = [
        anchored_table.read(key, index, trial, (EPOCHS[key.schedule],))[0]
        for trial in range(min(len(trials), anchored_table.n_trials(key.dataset, key.schedule, index)))
    ]
    ends = [trials[seed][key.metric].values[-1] for seed in sorted(trials)]
    np.testing.assert_allclose(ends[: len(real)], real, rtol=1e-6)


def test_an_arch_that_is_written_is_not_written_again(anchored_table: CurveTable, archive: Path):
    file = archive / "000001.pickle.pbz2"
    before = file.stat().st_mtime_ns
    (archive / "000002.pickle.pbz2").unlink()
    write_release(anchored_table, archive.parent, n_archs=N_ARCHS, n_jobs=1)
    assert file.stat().st_mtime_ns == before
    assert (archive / "000002.pickle.pbz2").exists()


def test_the_torch_file_holds_the_same(archive: Path):
    path = write_pth(archive, archive.parent)
    records = {index: read_arch(archive / f"{index:06d}.pickle.pbz2") for index in range(N_ARCHS)}
    with zipfile.ZipFile(path) as container:
        content = pickle.loads(container.read("archive/data.pkl"))
    assert content["arch2infos"] == {index: {"full": of["200"], "less": of["12"]} for index, of in records.items()}
    assert content["meta_archs"] == read_meta(archive)
    file = SingleFile(path)
    for index, schedules in file:
        assert schedules == records[index]
    assert file.archs == read_meta(archive)
