"""The anchored table of the size space against the official files of three archs and the real ends of all."""

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import kendalltau, spearmanr

from harness.cli.main import main
from harness.experiment.data import SIZE, choose
from pmfnas.benchmarks.official.layout import SIZE as OFFICIAL_SIZE
from pmfnas.benchmarks.official.reader import arch_files, read_arch
from pmfnas.benchmarks.official.records import read_record
from pmfnas.benchmarks.size_surrogate.model import SCHEDULES
from pmfnas.benchmarks.table import CurveTable, Key
from pmfnas.benchmarks.tabular import DATASETS, dataset

BEST_VALID = {"cifar10": 90.71, "cifar100": 70.92, "ImageNet16-120": 46.73}
TAU_VALID_TEST = {"cifar10": 0.836, "cifar100": 0.902, "ImageNet16-120": 0.877}
SPEARMAN_12_90 = {"cifar10": 0.95, "cifar100": 0.93, "ImageNet16-120": 0.96}
"""As the page on the surrogates says."""


@pytest.fixture(scope="module")
def table(nats_sss: Path) -> CurveTable:
    return choose(str(nats_sss), space=SIZE).table


@pytest.fixture(scope="module")
def rows(table: CurveTable, nats_sss: Path) -> list[int]:
    """Row of each arch in the table, in official order."""
    with np.load(nats_sss / "nats_sss.npz", allow_pickle=False) as content:
        return [table.row(tuple(arch)) for arch in (content["channels"] // 8 - 1).tolist()]


def test_auto_prefers_it_and_info_says_so(table: CurveTable, capsys):
    assert choose("auto", space=SIZE).table.header == table.header
    assert main(["data", "info", "--space", SIZE]) == 0
    said = capsys.readouterr().out
    assert f"\ndata         ANCHORED {table.header.fingerprint}, space nats-sss: real ends of every arch in " in said
    assert "real: validation and test at the end of schedules (of nats-sss: of 90 alone)" in said
    assert "seconds: from operations and three official archs" in said


@pytest.mark.parametrize("index", [0, 11, 284])
def test_ends_are_those_of_the_official_files(table: CurveTable, rows: list[int], anchors: Path, index: int):
    file = arch_files(anchors / "official_3_archs" / "NATS-sss-v1_0-50262-simple")[index]
    text = read_arch(file)["90"]["arch_str"]
    record, row = read_record(read_arch(file), index, text, OFFICIAL_SIZE, str(file)), rows[index]
    assert table.row(OFFICIAL_SIZE.parse(text)) == row
    for data in DATASETS.values():
        for name, metric in ((data.search, "x-valid-acc"), (data.test, data.test_metric)):
            (official,) = record[name, "90"][777][metric].values[-1:]
            assert table.at(Key(name, "90", metric), 90)[row] == pytest.approx(official, abs=1e-4), (name, metric)


@pytest.mark.parametrize("name", DATASETS)
def test_ends_are_the_real_ones_of_every_arch(table: CurveTable, rows: list[int], nats_sss: Path, name: str):
    data, place = dataset(name), list(DATASETS).index(name)
    with np.load(nats_sss / "nats_sss_valid.npz") as valid, np.load(nats_sss / "nats_sss.npz") as values:
        for key, real in (
            (Key(data.search, "90", "x-valid-acc"), valid["valid_acc_90"][:, place]),
            (Key(data.test, "90", data.test_metric), values["test_acc_90"][:, place]),
        ):
            np.testing.assert_allclose(table.at(key, 90)[rows, 0], real, rtol=3e-7)


@pytest.mark.parametrize("name", DATASETS)
def test_ends_have_the_figures_of_their_source(table: CurveTable, name: str):
    data = dataset(name)
    valid = table.at(Key(data.search, "90", "x-valid-acc"), 90)[:, 0]
    test = table.at(Key(data.test, "90", data.test_metric), 90)[:, 0]
    assert valid.max() == pytest.approx(BEST_VALID[name], abs=0.01)
    assert kendalltau(valid, test)[0] == pytest.approx(TAU_VALID_TEST[name], abs=0.001)


@pytest.mark.parametrize("name", DATASETS)
def test_schedule_12_ranks_like_the_end_as_the_page_says(table: CurveTable, name: str):
    early = table.at(Key(dataset(name).search, "12", "x-valid-acc"), 12)[:, 0]
    end = table.at(Key(dataset(name).search, "90", "x-valid-acc"), 90)[:, 0]
    assert spearmanr(early, end)[0] == pytest.approx(SPEARMAN_12_90[name], abs=0.005)


@pytest.mark.parametrize("index", [0, 11, 284])
def test_curves_and_seconds_are_near_those_of_the_official_archs(
    table: CurveTable, rows: list[int], anchors: Path, index: int
):
    """Not out of sample: that what was fitted to these archs describes them, with their real ends too."""
    file = arch_files(anchors / "official_3_archs" / "NATS-sss-v1_0-50262-simple")[index]
    record = read_record(read_arch(file), index, None, OFFICIAL_SIZE, str(file))
    for data in DATASETS.values():
        for schedule in SCHEDULES:
            trial = record[data.search, schedule][777]
            for metric, farthest in (("train-acc", 5.0), ("x-valid-acc", 9.0)):
                ours = table.values(Key(data.search, schedule, metric))[rows[index], 0]
                assert np.median(np.abs(ours - trial[metric].values)) < farthest, (data.name, schedule, metric)
            ours_s = table.constant(Key(data.search, schedule, "train-s"), rows[index], 0)
            assert ours_s == pytest.approx(trial["train-s"].values[0], rel=0.2), (data.name, schedule)
