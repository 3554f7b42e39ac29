"""PMF-NAS's predictor on real final values and on real curves: better than what needs no learning, and calibrated.

Few splits, so the bounds are loose; `results/reference/predictors` holds the study itself.
"""

import numpy as np
import pytest

from harness.predictors.candidates import CANDIDATES
from harness.predictors.cells import Cell
from harness.predictors.evaluation import evaluate
from harness.predictors.material import read_material
from harness.predictors.tasks import Split, make_task, sides
from pmfnas.core.predictors import Reads

DATASETS = ("cifar10", "cifar100", "ImageNet16-120")
SPLITS = range(3)


@pytest.fixture(scope="module")
def materials(anchored_table, anchors):
    return {name: read_material(anchored_table, name, anchors=anchors) for name in DATASETS}


def mean(materials, predictor, measure, n_known, schedule, epochs, kind="uniform"):
    factory = CANDIDATES[predictor]
    cells = [Cell(name, n_known, schedule, epochs, kind) for name in DATASETS]
    found = [evaluate(factory, cell, Split(split), materials[cell.dataset]) for cell in cells for split in SPLITS]
    return float(np.mean([outcome.measures[measure] for outcome in found]))


@pytest.mark.parametrize(
    ("n_known", "epochs", "kind", "least"),
    [(20, 12, "uniform", 0.79), (100, 3, "uniform", 0.80), (100, 12, "uniform", 0.84), (100, 12, "affordable", 0.70)],
)
def test_final_accuracies_are_ordered(materials, n_known, epochs, kind, least):
    assert mean(materials, "pmf", "tau", n_known, "12", epochs, kind) > least


def test_intervals_cover_what_they_say(materials):
    assert mean(materials, "pmf", "coverage_90", 50, "12", 12) == pytest.approx(90.0, abs=4.0)


def test_on_real_curves_it_orders_better_than_the_sum_of_losses(materials):
    ours, losses = (mean(materials, name, "tau", 100, "200", 12, "real") for name in ("pmf", "sotl_e"))
    assert ours > losses + 0.1
    assert ours > 0.82


def test_recorded_losses_are_shown_as_they_were_recorded(materials, anchors):
    recorded = np.load(anchors / "nb201_curves.npz", allow_pickle=False)
    cell = Cell("cifar100", 20, "200", 25, "real")
    task = make_task(materials["cifar100"], cell, Split(0), Reads())
    _, rows = sides(materials["cifar100"], cell, Split(0))
    place = [recorded["loss_arch_index"].tolist().index(row) for row in rows]
    assert np.array_equal(task.queries.train_loss, recorded["train_loss"][place, 1, :25].astype(float))
    assert np.isnan(task.queries.valid_loss).all()  # recorded on the test images, so never shown
    shown = make_task(materials["cifar10"], Cell("cifar10", 20, "200", 25, "real"), Split(0), Reads())
    assert np.isfinite(shown.queries.valid_loss).all()


def test_copies_of_a_training_are_one_group(materials):
    material = materials["cifar10"]
    assert material.group.max() + 1 < 6466  # fewer than there are isomorphism classes
    final = np.stack([m.final[:, 0] for m in materials.values()], axis=1)
    _, copy = np.unique(final, axis=0, return_inverse=True)
    order = np.argsort(copy.ravel(), kind="stable")
    same = np.diff(copy.ravel()[order]) == 0
    assert (np.diff(material.group[order])[same] == 0).all()
