"""How near the surrogate of the size space is to real values, on archs that its fit did not use."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import kendalltau, spearmanr

from harness.fit.size_surrogate import fit_size_surrogate, used_half
from pmfnas.benchmarks.official.layout import SIZE
from pmfnas.benchmarks.official.reader import arch_files, read_arch
from pmfnas.benchmarks.official.records import read_record
from pmfnas.benchmarks.size_surrogate.model import LAST, read_model, shipped_bytes
from pmfnas.benchmarks.size_surrogate.source import read_values
from pmfnas.benchmarks.surrogate.layout import restore
from pmfnas.benchmarks.table import CurveTable, Key
from pmfnas.benchmarks.tabular import DATASETS, dataset

LEAST_TAU = {"cifar10": 0.87, "cifar100": 0.92, "ImageNet16-120": 0.91}
BEST_REAL = {"cifar10": 93.65, "cifar100": 71.34, "ImageNet16-120": 47.40}


@pytest.fixture(scope="module")
def official(anchors: Path) -> Path:
    return anchors / "official_3_archs" / "NATS-sss-v1_0-50262-simple"


@pytest.fixture(scope="module")
def real(nats_sss: Path) -> np.ndarray:
    return read_values(nats_sss)[0]


def test_the_shipped_model_is_what_the_fit_gives(nats_sss: Path, official: Path, tmp_path: Path):
    notes = fit_size_surrogate(nats_sss, official, tmp_path / "model.npz")
    again, shipped = read_model((tmp_path / "model.npz").read_bytes()), read_model(shipped_bytes())
    assert notes == shipped.notes
    assert notes["fitted to"] == hashlib.sha256((nats_sss / "nats_sss.npz").read_bytes()).hexdigest()
    assert set(again.arrays) == set(shipped.arrays)
    for name in set(again.arrays) - {"notes"}:
        np.testing.assert_allclose(again.arrays[name], shipped.arrays[name], rtol=1e-4, atol=1e-6, err_msg=name)


@pytest.mark.parametrize("name", DATASETS)
def test_the_mean_ranks_unseen_archs_as_real_training_does(real: np.ndarray, name: str):
    model, out = read_model(shipped_bytes()), ~used_half(len(real))
    ours = restore("-acc", model.final_test(dataset(name)))[out]
    theirs = real[out, list(DATASETS).index(name)]
    noted = model.notes[f"{name}, final test"]
    tau = float(kendalltau(ours, theirs)[0])
    assert tau >= LEAST_TAU[name]
    assert tau == pytest.approx(noted["kendall_tau"], abs=1e-4)
    assert np.sqrt(np.mean((ours - theirs) ** 2)) == pytest.approx(noted["rmse_pct"], abs=1e-3)


@pytest.mark.parametrize("name", DATASETS)
def test_the_table_spreads_as_real_training_does(size_surrogate_table: CurveTable, real: np.ndarray, name: str):
    """Mean, spread and peak of test accuracy: the noise put on the polynomial is as large as what it misses."""
    data = dataset(name)
    ours = size_surrogate_table.at(Key(data.test, LAST, data.test_metric), 90)[:, 0]
    theirs = real[:, list(DATASETS).index(name)]
    assert theirs.max() == pytest.approx(BEST_REAL[name], abs=0.01)
    assert ours.mean() == pytest.approx(theirs.mean(), abs=0.05)
    assert ours.std() == pytest.approx(theirs.std(), rel=0.02)
    assert ours.max() == pytest.approx(theirs.max(), abs=0.6)


def test_what_it_misses_is_noise_to_other_data_sets():
    correlations = read_model(shipped_bytes()).notes["correlation of errors between data sets"]
    assert max(map(abs, correlations)) < 0.1


@pytest.mark.parametrize("name", DATASETS)
def test_curves_and_seconds_are_near_those_of_the_official_archs(
    size_surrogate_table: CurveTable, official: Path, name: str
):
    """Not out of sample, and three archs only: that the regressions describe what they were fitted to."""
    table, data = size_surrogate_table, dataset(name)
    for index, file in arch_files(official).items():
        record = read_record(read_arch(file), index, None, SIZE, str(file))
        text = read_arch(file)["12"]["arch_str"]
        row = table.row(SIZE.parse(text))
        for schedule in table.header.schedules:
            trial = record[data.search, schedule][777]
            for metric, farthest in (("train-acc", 5.0), ("x-valid-acc", 9.0)):
                ours = table.values(Key(data.search, schedule, metric))[row, 0]
                assert np.median(np.abs(ours - trial[metric].values)) < farthest, (text, schedule, metric)
            ours_s = table.constant(Key(data.search, schedule, "train-s"), row, 0)
            assert ours_s == pytest.approx(trial["train-s"].values[0], rel=0.2), text


@pytest.mark.parametrize("name", DATASETS)
def test_capacity_says_as_much_as_it_really_does(size_surrogate_table: CurveTable, nats_sss: Path, name: str):
    with np.load(nats_sss / "nats_sss.npz", allow_pickle=False) as content:
        place = list(DATASETS).index(name)
        params, theirs, channels = content["params"][:, place], content["test_acc_90"][:, place], content["channels"]
    data, table = dataset(name), size_surrogate_table
    rows = [table.row(tuple(arch)) for arch in (channels // 8 - 1).tolist()]
    ours = table.at(Key(data.test, LAST, data.test_metric), 90)[rows, 0]
    assert spearmanr(params, ours)[0] == pytest.approx(spearmanr(params, theirs)[0], abs=0.02)
