"""The anchored table against the real values: kept where they are real, near where they are modelled.

Tolerances of the held-out figures are about two standard errors of a rank correlation at that number of networks.
"""

from pathlib import Path

import numpy as np
import pytest

import pmfnas
from harness.torture.official_files import FOLDERS, write_bz2
from pmfnas.benchmarks.anchored import build_anchored
from pmfnas.benchmarks.anchored.identity import identify
from pmfnas.benchmarks.anchored.inputs import log_odds
from pmfnas.benchmarks.anchored.link import CORRECTED_EPOCHS, CORRECTIONS, fit_link
from pmfnas.benchmarks.anchored.losses import cut_off, recorded_trainings
from pmfnas.benchmarks.anchored.short import LOSS_PER_ODDS, RAMP
from pmfnas.benchmarks.anchored.source import SEARCHED, Source, read_source
from pmfnas.benchmarks.official import import_official
from pmfnas.benchmarks.official.reader import META, read_meta
from pmfnas.benchmarks.table import HEADER, CurveTable, Key

OFFICIAL_ARCHS = (0, 11, 284)
SHORT_TRIALS = {"cifar10-valid": 2, "cifar100": 1, "ImageNet16-120": 1}


@pytest.fixture(scope="module")
def source(anchors: Path) -> Source:
    return read_source(anchors)


@pytest.fixture(scope="module")
def table(anchors: Path, anchored_table: CurveTable, tmp_path_factory: pytest.TempPathFactory) -> CurveTable:
    """The table as today's code makes it: the cached one if it is younger than the code."""
    newest = max(file.stat().st_mtime for file in Path(pmfnas.__file__).parent.rglob("*.py"))
    if (anchored_table.path / HEADER).stat().st_mtime > newest:
        return anchored_table
    return build_anchored(anchors, tmp_path_factory.mktemp("anchored") / "table")


@pytest.fixture(scope="module")
def official(anchors: Path, tmp_path_factory: pytest.TempPathFactory) -> CurveTable:
    """The three archs whose official files are public."""
    work = tmp_path_factory.mktemp("official")
    real, copy = anchors / "official_3_archs" / FOLDERS["tss"], work / FOLDERS["tss"]
    copy.mkdir()
    for file in real.glob("0*.pickle.pbz2"):
        (copy / file.name).symlink_to(file)
    n_archs = max(OFFICIAL_ARCHS) + 1
    write_bz2(copy / META, {"meta_archs": read_meta(real)[:n_archs], "total_archs": n_archs})
    return import_official(copy, work / "table")


def values(table: CurveTable, dataset: str, schedule: str, metric: str) -> np.ndarray:
    return np.asarray(table.values(Key(dataset, schedule, metric)))


# ------------------------------------------------------------------------------------------------------ real values


def test_all_anchors_are_exact(table: CurveTable, anchors: Path):
    raw = np.load(anchors / "nb201_anchors.npz")
    np.testing.assert_array_equal(table.archs, raw["arch_ops"])
    for place, dataset in enumerate(SEARCHED):
        short = values(table, dataset, "12", "x-valid-acc")[:, 0, -1]
        long = values(table, dataset, "200", "x-valid-acc")[:, :, -1]
        np.testing.assert_array_equal(short, raw["valid_acc_12"][:, place])
        np.testing.assert_array_equal(long, raw["valid_acc_200_seeds"][:, place])
    for key, place in ((("cifar10", "ori-test-acc"), 0), (("cifar100", "x-test-acc"), 1)):
        test = values(table, key[0], "200", key[1])[:, :, 0].astype(np.float64)
        np.testing.assert_allclose(np.nanmean(test, axis=1), raw["test_acc_200_mean"][:, place], rtol=2e-7)


def test_the_official_files_agree(table: CurveTable, official: CurveTable):
    rows = list(OFFICIAL_ARCHS)
    for dataset in SEARCHED:
        for metric in ("x-valid-acc", "train-loss", "train-acc", "x-valid-loss"):
            for schedule in ("12", "200"):
                key = Key(dataset, schedule, metric)
                assert table.epochs(key) == official.epochs(key)
        ours, theirs = (values(t, dataset, "200", "x-valid-acc")[rows, :, -1] for t in (table, official))
        np.testing.assert_allclose(ours, theirs, atol=1e-5)
        ours, theirs = (values(t, dataset, "12", "x-valid-acc")[rows, :, -1].mean(axis=1) for t in (table, official))
        np.testing.assert_allclose(ours, theirs, atol=1e-5)
        for metric in ("train-s", "x-valid-s"):
            ours, theirs = (values(t, dataset, "200", metric)[rows].ravel() for t in (table, official))
            np.testing.assert_allclose(ours, theirs, rtol=1e-5)


def test_trials_with_equal_results_have_equal_recorded_curves(source: Source):
    """What the modelling of copies rests on."""
    identity = identify(source)
    training = recorded_trainings(source, identity)
    alive = np.flatnonzero(~np.isin(identity.long.network[training], cut_off(identity)))
    order = alive[np.argsort(training[alive], kind="stable")]
    same = training[order[1:]] == training[order[:-1]]
    assert same.sum() >= 30
    np.testing.assert_array_equal(source.train_loss[order[1:][same]], source.train_loss[order[:-1][same]])


def test_trials_that_are_not_copies_differ(table: CurveTable, source: Source):
    of_trial = identify(source).long.of_trial
    both = np.flatnonzero(of_trial[:, 0] != of_trial[:, 1])
    for metric in ("train-loss", "x-valid-acc"):
        column = values(table, "cifar10-valid", "200", metric)[both]
        assert (column[:, 0] != column[:, 1]).mean(axis=1).min() > 0.5


# ----------------------------------------------------------------------------------------------- modelled, held out


def _held_out(table: CurveTable, metric: str, dataset: str) -> dict[str, dict[str, list[float]]]:
    (figures,) = (value for name, value in table.notes.items() if "held out: real" in name)
    return figures[metric][dataset]


@pytest.mark.parametrize("dataset", SEARCHED)
def test_training_loss_tells_as_much_as_real_one(table: CurveTable, dataset: str):
    for epoch, figures in _held_out(table, "training loss", dataset).items():
        (_, (real, modelled)), (_, (real_best, modelled_best)) = figures.items()
        assert modelled == pytest.approx(real, abs=0.03), epoch
        assert modelled_best == pytest.approx(real_best, abs=0.1), epoch


def test_validation_accuracy_tells_as_much_as_real_one(table: CurveTable):
    for epoch, figures in _held_out(table, "validation accuracy", "cifar10-valid").items():
        (_, (real, modelled)), _ = figures.items()
        assert modelled == pytest.approx(real, abs=0.06), epoch


@pytest.mark.parametrize("dataset", SEARCHED)
def test_slow_starters_finish_better_as_real_ones_do(table: CurveTable, dataset: str):
    (figures,) = (value for name, value in table.notes.items() if name.startswith("variance of final"))
    alone, real, modelled = figures[dataset].values()
    assert real > alone + 0.15
    assert modelled == pytest.approx(real, abs=0.08)


@pytest.mark.parametrize("dataset", SEARCHED)
def test_schedule_12_begins_as_informative_as_schedule_200(table: CurveTable, dataset: str):
    (short,) = (value for name, value in table.notes.items() if "schedule 12" in name)
    (near,) = (value for name, value in table.notes.items() if name.startswith("the nearest real thing"))
    for epoch in ("epoch 1", "epoch 2", "epoch 3", "epoch 6", "epoch 9"):
        real = near[f"training loss, {dataset}"][epoch]
        assert short[dataset][epoch]["training loss"] == pytest.approx(real, abs=0.08), epoch


# ------------------------------------------------------------------------- constants and schedule 12: three archs


def _official_trials(official: CurveTable, dataset: str, schedule: str, metric: str) -> list[np.ndarray]:
    """Return one curve per arch and trial, archs in order."""
    column = values(official, dataset, schedule, metric)[list(OFFICIAL_ARCHS)]
    return [curve for arch in column for curve in arch if not np.isnan(curve).any()]


@pytest.mark.parametrize("place", range(3))
def test_corrections_of_the_link(official: CurveTable, source: Source, place: int):
    link, at = fit_link(source, place), np.array(CORRECTED_EPOCHS[:6]) - 1
    beside = [
        (log_odds(acc) - link.accuracy_odds(np.log(loss)))[at]
        for acc, loss in zip(
            *(_official_trials(official, SEARCHED[place], "200", m) for m in ("train-acc", "train-loss")), strict=True
        )
    ]
    np.testing.assert_allclose(np.mean(beside, axis=0), CORRECTIONS[place][:6], atol=0.035)


@pytest.mark.parametrize("place", range(3))
def test_loss_per_odds(official: CurveTable, place: int):
    curves = {
        metric: np.array(_official_trials(official, SEARCHED[place], "12", metric))
        for metric in ("train-loss", "train-acc", "x-valid-loss", "x-valid-acc")
    }
    rise = (np.log(curves["x-valid-loss"]) - np.log(curves["train-loss"]))[:, 1:].ravel()
    fall = (log_odds(curves["train-acc"]) - log_odds(curves["x-valid-acc"]))[:, 1:].ravel()
    assert rise @ fall / (fall @ fall) == pytest.approx(LOSS_PER_ODDS[place], rel=0.15)


def test_the_ramp(official: CurveTable):
    """Least squares over three archs and three data sets; a case weighs as much as its schedules differ."""
    numerator, denominator = np.zeros(12), 0.0
    for dataset in SEARCHED:
        for arch in OFFICIAL_ARCHS:
            long = np.log(values(official, dataset, "200", "train-loss")[arch, :, :12]).mean(axis=0)
            short = np.log(values(official, dataset, "12", "train-loss")[arch])
            ahead = short[~np.isnan(short).any(axis=1)] - long
            numerator += (ahead * ahead[:, -1:]).sum(axis=0)
            denominator += (ahead[:, -1] ** 2).sum()
    np.testing.assert_allclose(numerator / denominator, RAMP, atol=0.35)
    np.testing.assert_allclose((numerator / denominator)[5:], RAMP[5:], atol=0.2)


@pytest.mark.parametrize("dataset", SEARCHED)
def test_schedule_12_of_three_archs(table: CurveTable, official: CurveTable, dataset: str):
    """Mean error over epochs: of log training loss, and of the log-odds of validation accuracy, noise included."""
    for arch in OFFICIAL_ARCHS:
        errors = {}
        for metric, scale in (("train-loss", np.log), ("x-valid-acc", log_odds)):
            real = values(official, dataset, "12", metric)[arch]
            real = scale(real[~np.isnan(real).any(axis=1)]).mean(axis=0)
            errors[metric] = np.abs(scale(values(table, dataset, "12", metric)[arch, 0].astype(float)) - real).mean()
        assert errors["train-loss"] < 0.12
        assert errors["x-valid-acc"] < 0.4
