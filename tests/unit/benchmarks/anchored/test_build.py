"""The whole build, on the small source."""

from pathlib import Path

import numpy as np
import pytest

from pmfnas.benchmarks.anchored import VERSION, anchored_header, build_anchored
from pmfnas.benchmarks.anchored.identity import Identity
from pmfnas.benchmarks.anchored.inputs import log_odds
from pmfnas.benchmarks.anchored.losses import cut_off, real_curves
from pmfnas.benchmarks.anchored.source import SEARCHED, Source
from pmfnas.benchmarks.seconds import N_TRAIN, N_VALID
from pmfnas.benchmarks.table import CurveTable, Key
from pmfnas.benchmarks.tabular import DATASETS, TableBenchmark
from pmfnas.core.errors import DataError, InputError
from pmfnas.core.types import Train
from pmfnas.spaces import CellSpace
from tests.support.releases.small_anchors import CUT_OFF, N_ACCS, N_ENDS, write_anchors

CURVE_METRICS = ("train-loss", "train-acc", "x-valid-loss", "x-valid-acc")
SECONDS = ("train-s", "x-valid-s")
COLUMNS = [(d, s, m) for d in SEARCHED for s in ("12", "200") for m in CURVE_METRICS]


def values(table: CurveTable, dataset: str, schedule: str, metric: str) -> np.ndarray:
    return np.asarray(table.values(Key(dataset, schedule, metric)))


# -------------------------------------------------------------------------------------------------- what it holds


def test_header_and_archs(table: CurveTable, folder: Path, source: Source):
    assert table.header == anchored_header(folder)
    assert (table.header.stamp, table.header.space, table.header.version) == ("ANCHORED", "nb201", VERSION)
    np.testing.assert_array_equal(table.archs, source.ops)
    assert table.verify() == len(table.keys)


def test_columns_stand_where_the_official_files_have_them(table: CurveTable):
    expected = {f"{d}/{s}/{m}" for d, s, m in COLUMNS} | {f"{d}/{s}/{m}" for d, s, _ in COLUMNS for m in SECONDS}
    expected |= {f"{d}/{s}/present" for d, s, _ in COLUMNS} | {"archs", "cifar10/200/present"}
    expected |= {"cifar10/200/ori-test-acc", "cifar100/200/x-test-acc", "ImageNet16-120/200/x-test-acc"}
    assert set(table.keys) == expected
    for dataset, schedule, metric in COLUMNS:
        at_end_only = schedule == "200" and metric.startswith("x-valid") and dataset != "cifar10-valid"
        every = tuple(range(1, int(schedule) + 1))
        assert table.epochs(Key(dataset, schedule, metric)) == ((200,) if at_end_only else every)
        assert all(table.epochs(Key(dataset, schedule, seconds)) == () for seconds in SECONDS)


def test_trials(table: CurveTable, source: Source):
    for dataset in SEARCHED:
        np.testing.assert_array_equal(table.present(dataset, "200"), source.present)
        assert table.present(dataset, "12").shape == (len(source.ops), 1)
        assert table.present(dataset, "12").all()
    np.testing.assert_array_equal(table.present("cifar10", "200"), source.present)


def test_missing_trials_and_only_they_are_nan(table: CurveTable):
    for dataset, schedule, metric in [*COLUMNS, *((d, s, m) for d, s, _ in COLUMNS for m in SECONDS)]:
        column = values(table, dataset, schedule, metric)
        assert column.dtype == np.float32
        np.testing.assert_array_equal(np.isnan(column).any(axis=2), ~table.present(dataset, schedule))


# ------------------------------------------------------------------------------------------------------ real values


@pytest.mark.parametrize("place", range(3))
def test_the_ends_are_the_anchors(table: CurveTable, source: Source, place: int):
    short = values(table, SEARCHED[place], "12", "x-valid-acc")[:, 0, -1]
    long = values(table, SEARCHED[place], "200", "x-valid-acc")[:, :, -1]
    np.testing.assert_array_equal(short, source.valid_12[:, place].astype(np.float32))
    np.testing.assert_array_equal(long, source.valid_200[:, place].astype(np.float32))


def test_recorded_loss_curves_are_kept(table: CurveTable, source: Source):
    for row, arch in enumerate(source.loss_archs[len(CUT_OFF) :], start=len(CUT_OFF)):
        for place, dataset in enumerate(SEARCHED):
            kept = values(table, dataset, "200", "train-loss")[arch]  # (n_trials, 200)
            assert (kept == source.train_loss[row, place].astype(np.float32)).all(axis=1).any()
        kept = values(table, "cifar10-valid", "200", "x-valid-loss")[arch]
        assert (kept == source.eval_loss[row, 0].astype(np.float32)).all(axis=1).any()


def test_recorded_losses_on_test_images_are_nowhere(table: CurveTable, source: Source):
    for place, dataset in ((1, "cifar100"), (2, "ImageNet16-120")):
        shown = values(table, dataset, "200", "x-valid-loss")[source.loss_archs[len(CUT_OFF) :], :, 0]
        assert not (shown == source.eval_loss[len(CUT_OFF) :, place, -1:].astype(np.float32)).any()


def test_a_recorded_loss_on_test_images_never_raises_its_own_arch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """With the nearest neighbour as donor: the arch itself, were it allowed. A neighbour's residual falls instead."""
    monkeypatch.setattr("pmfnas.benchmarks.anchored.long.choose", lambda name, keys, options: options[:, 0])
    arch, shown = 100, []
    for factor in (1, 3):
        folder = write_anchors(tmp_path / f"source {factor}")
        raw = dict(np.load(folder / "nb201_curves.npz"))
        raw["eval_loss"][arch, 1, -1] *= factor
        np.savez(folder / "nb201_curves.npz", **raw)
        shown.append(values(build_anchored(folder, tmp_path / f"table {factor}"), "cifar100", "200", "x-valid-loss"))
    risen = np.log(shown[1] / shown[0])
    assert np.nanmax(risen[arch]) < 0.1
    assert np.nanmax(risen) > 0.5


def test_recorded_accuracies_are_the_means_over_trials(table: CurveTable, source: Source, identity: Identity):
    alone = [r for r, a in enumerate(source.acc_archs) if identity.networks.of_arch[a] not in cut_off(identity)]
    assert len(alone) > N_ACCS / 2
    for metric, recorded in (("train-acc", source.train_acc), ("x-valid-acc", source.valid_acc)):
        mean = np.nanmean(values(table, "cifar10-valid", "200", metric).astype(np.float64), axis=1)
        np.testing.assert_allclose(mean[source.acc_archs[alone]], recorded[alone], atol=2e-5)


def test_recorded_ends_of_12_are_kept(table: CurveTable, source: Source, identity: Identity):
    alive = [a for a in range(N_ENDS) if identity.networks.of_arch[a] not in cut_off(identity)]
    for place, dataset in ((1, "cifar100"), (2, "ImageNet16-120")):
        loss = values(table, dataset, "12", "train-loss")[alive, 0, -1]
        acc = values(table, dataset, "12", "train-acc")[alive, 0, -1]
        np.testing.assert_allclose(loss, source.end_loss[alive, place, 0], rtol=1e-6)
        np.testing.assert_allclose(acc, source.end_acc[alive, place, 0], atol=100 / N_TRAIN[place])


def test_the_mean_of_test_is_the_real_mean(table: CurveTable, source: Source):
    for place, (dataset, metric) in enumerate([(d.test, d.test_metric) for d in DATASETS.values()]):
        test = values(table, dataset, "200", metric)[:, :, 0].astype(np.float64)
        np.testing.assert_array_equal(np.isnan(test), ~source.present)
        np.testing.assert_allclose(np.nanmean(test, axis=1), source.test_200[:, place], rtol=1e-6)
        if place:
            assert np.nanmax(np.abs(test - source.test_200_trials[:, place])) < 0.09


def test_seconds(table: CurveTable, source: Source):
    known = np.isfinite(source.eval_s_per_10k)
    for place, dataset in enumerate(SEARCHED):
        for schedule in ("12", "200"):
            epoch_s = values(table, dataset, schedule, "train-s")[:, 0, 0]
            pass_s = values(table, dataset, schedule, "x-valid-s")[:, 0, 0]
            np.testing.assert_allclose(epoch_s, source.epoch_s[:, place], rtol=1e-6)
            per_image = np.where(known, source.eval_s_per_10k, 0.496 + 0.0423 * source.epoch_s[:, 1]) / 10_000
            np.testing.assert_allclose(pass_s, per_image * N_VALID[place], rtol=1e-6)


# ------------------------------------------------------------------------------------------------------ plausibility


def test_losses_are_positive_and_accuracies_are_percent(table: CurveTable):
    for dataset, schedule, metric in COLUMNS:
        column = values(table, dataset, schedule, metric)
        assert np.nanmin(column) >= (0 if metric.endswith("acc") else 1e-6)
        assert np.nanmax(column) <= (100 if metric.endswith("acc") else 1e3)


def test_training_loss_stays_below_chance(table: CurveTable):
    for dataset, n_classes in zip(SEARCHED, (10, 100, 120), strict=True):
        for schedule in ("12", "200"):
            assert np.nanmax(values(table, dataset, schedule, "train-loss")) <= np.log(n_classes) * (1 + 1e-6)


def test_validation_loss_and_accuracy_deviate_together(table: CurveTable, source: Source):
    loss, acc = (values(table, "cifar10-valid", "200", m)[200:, 0, 20:100] for m in ("x-valid-loss", "x-valid-acc"))
    alive = acc[:, -1] > 20
    steps = [np.diff(log(v[alive])).ravel() for log, v in ((np.log, loss), (log_odds, acc))]
    assert np.corrcoef(steps)[0, 1] < -0.8


def test_modelled_accuracies_are_whole_numbers_of_images(table: CurveTable, source: Source, identity: Identity):
    modelled = np.setdiff1d(np.arange(len(source.ops)), source.acc_archs)
    modelled = modelled[modelled > 2 * N_ACCS]  # no copies of recorded archs among these
    modelled = modelled[~np.isin(identity.networks.of_arch[modelled], cut_off(identity))]
    for place, dataset in enumerate(SEARCHED):
        for schedule in ("12", "200"):
            acc = values(table, dataset, schedule, "train-acc")[modelled].astype(np.float64)
            counts = acc[:, 0] * N_TRAIN[place] / 100
            np.testing.assert_allclose(counts, np.rint(counts), atol=0.02)


def test_copies_are_the_same_in_every_value(table: CurveTable, identity: Identity):
    for schedule, trainings in (("12", identity.short), ("200", identity.long)):
        arch, trial = np.nonzero(trainings.of_trial >= 0)
        training = trainings.of_trial[arch, trial]
        order = np.argsort(training, kind="stable")
        same = training[order[1:]] == training[order[:-1]]
        one, two = order[1:][same], order[:-1][same]
        assert len(one) > 20
        for dataset, of, metric in COLUMNS:
            if of == schedule:
                column = values(table, dataset, schedule, metric)
                left, right = column[arch[one], trial[one]], column[arch[two], trial[two]]
                np.testing.assert_array_equal(left[:, :-1], right[:, :-1])
                np.testing.assert_allclose(left[:, -1], right[:, -1], rtol=1e-6)  # anchors keep their last bit


def test_other_trials_differ(table: CurveTable, identity: Identity):
    losses = values(table, "cifar100", "200", "train-loss")
    alive = np.flatnonzero(~np.isin(identity.networks.of_arch, cut_off(identity)))
    assert (losses[alive, 0] != losses[alive, 1]).any(axis=1).all()


def test_archs_cut_off_from_the_input_learn_nothing(table: CurveTable, identity: Identity):
    rows = np.flatnonzero(np.isin(identity.networks.of_arch, cut_off(identity)))
    for place, dataset in enumerate(SEARCHED):
        chance = 100 / (10, 100, 120)[place]
        assert (np.abs(values(table, dataset, "12", "x-valid-acc")[rows] - chance) < 0.5).all()
        np.testing.assert_allclose(values(table, dataset, "12", "train-loss")[rows], np.log(100 / chance), rtol=1e-6)


# ----------------------------------------------------------------------------------------------------- how it is made


def test_the_same_source_makes_the_same_table(table: CurveTable, folder: Path, tmp_path: Path):
    again = build_anchored(folder, tmp_path / "again")
    assert again.notes == table.notes
    for name in table.keys:
        assert (again.path / f"{name}.npy").read_bytes() == (table.path / f"{name}.npy").read_bytes()


def test_an_existing_table_is_not_overwritten(folder: Path, tmp_path: Path):
    (tmp_path / "out").mkdir()
    with pytest.raises(InputError, match="not overwritten"):
        build_anchored(folder, tmp_path / "out")


def test_a_build_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder = write_anchors(tmp_path / "source")

    def fail(*_: object) -> None:
        raise DataError("on purpose")

    monkeypatch.setattr("pmfnas.benchmarks.anchored.build.write_test", fail)
    with pytest.raises(DataError, match="on purpose"):
        build_anchored(folder, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["source"]


def test_searchers_can_train_on_it(table: CurveTable, source: Source):
    space = CellSpace(n_classes=100, image_size=32)
    benchmark = TableBenchmark(table, DATASETS["cifar100"], space)
    arch = source.archs[40]
    curve, cost = benchmark.train(Train(arch, "12", 0, 12), trial=0)
    assert curve.last_valid_acc == np.float32(source.valid_12[40, 1])
    assert cost.train_s == pytest.approx(12 * source.epoch_s[40, 1], rel=1e-6)
    assert benchmark.fidelities["200"].validation_epochs == {200}


def test_notes_report_what_is_held_out(table: CurveTable, source: Source, identity: Identity):
    (held_out,) = (v for k, v in table.notes.items() if "held out" in k and "schedule 200" in k)
    real = real_curves(source, identity)
    alive = ~np.isin(real.network, cut_off(identity))
    figures = held_out["training loss"]["cifar100"]["epoch 100"][f"all {alive.sum()}"]
    assert len(figures) == 2
    assert all(0.8 < figure <= 1 for figure in figures)
