"""Tasks: who is learnt from and judged, what is shown, and what it costs."""

from dataclasses import replace

import numpy as np
import pytest

from harness.predictors.cells import Cell, essential, whole_grid
from harness.predictors.groups import groups
from harness.predictors.tasks import Split, make_task, sides
from pmfnas.benchmarks.table import CurveTable, Key, TableWriter
from pmfnas.core.errors import DataError, InputError
from pmfnas.core.predictors import Reads
from tests.support.predicting import SPACE, small_material, with_real_curves
from tests.support.tables import write_small

CELL = Cell("cifar10", 10, "12", 3)


@pytest.fixture(scope="module")
def material(tmp_path_factory):
    return small_material(tmp_path_factory.mktemp("predicting"))


# ---------------------------------------------------------------------------------------------------------- sides


@pytest.mark.parametrize("split", range(5))
def test_no_group_is_on_both_sides(material, split):
    grouped = replace(material, group=np.arange(60) // 4)
    known, queries = sides(grouped, CELL, Split(split))
    assert not set(grouped.group[known]) & set(grouped.group[queries])
    assert len(known) == 10
    assert len(set(known.tolist())) == 10


def test_more_archs_to_learn_from_are_a_superset_and_the_same_are_judged(material):
    few, judged = sides(material, CELL, Split(3))
    many, again = sides(material, replace(CELL, n_known=25, epochs=12), Split(3))
    assert set(few.tolist()) < set(many.tolist())
    assert np.array_equal(judged, again)


def test_splits_differ_and_are_cut_to_the_number_asked_for(material):
    assert not np.array_equal(sides(material, CELL, Split(0))[1], sides(material, CELL, Split(1))[1])
    assert len(sides(material, CELL, Split(0, n_queries=7))[1]) == 7


def test_visited_archs_are_judged_and_any_are_learnt_from(material):
    visited = replace(material, visited=np.arange(0, 60, 2))
    known, queries = sides(visited, replace(CELL, kind="visited"), Split(0))
    assert (queries % 2 == 0).all()
    assert (known % 2 == 1).any()


def test_real_and_modelled_archs_are_apart(material):
    grouped = with_real_curves(replace(material, group=np.arange(60) // 2), range(0, 40, 2))
    cell = Cell("cifar10", 4, "200", 12, "real")
    real = np.concatenate(sides(grouped, cell, Split(0)))
    modelled = np.concatenate(sides(grouped, replace(cell, kind="modelled"), Split(0)))
    assert set(real.tolist()) <= set(range(0, 40, 2))
    assert not set(grouped.group[real]) & set(grouped.group[modelled])


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        (Cell("cifar10", 50, "12", 3), "to learn from"),
        (Cell("cifar10", 5, "12", 3, "visited"), "is not known of this material"),
        (Cell("cifar10", 5, "200", 12, "real"), "set PMFNAS_ANCHORS"),
    ],
)
def test_what_the_material_lacks_is_said(material, cell, said):
    with pytest.raises(DataError, match=said):
        make_task(material, cell, Split(0), Reads())


@pytest.mark.parametrize(
    "wrong", [{"dataset": "mnist"}, {"n_known": 1}, {"epochs": -1}, {"kind": "unheard of"}], ids=str
)
def test_a_cell_that_cannot_be_is_refused(wrong):
    with pytest.raises(InputError, match="but"):
        replace(CELL, **wrong)


# ---------------------------------------------------------------------------------------------------- what is shown


def test_curves_labels_and_truth_are_those_of_the_table(material):
    task = make_task(material, CELL, Split(2), Reads())
    rows = [material.archs.index(arch) for arch in task.known.archs]
    assert task.labels == pytest.approx([50 + row for row in rows], abs=0.21)
    assert set(np.round(task.labels - 50 - np.array(rows), 1)) >= {0.0, 0.1}  # trials are drawn
    rise = np.linspace(0.1, 1.0, 12)[:3]
    assert task.known.valid_acc == pytest.approx(np.outer([50 + row for row in rows], rise), rel=1e-5)
    judged = [material.archs.index(arch) for arch in task.queries.archs]
    assert task.truth == pytest.approx(material.truth[judged])
    assert task.test == pytest.approx(material.test[judged])
    assert task.queries.n_epochs == 3


@pytest.mark.parametrize(
    ("curves", "n_epochs", "n_valid"), [("none", 0, 0), ("training", 3, 0), ("last", 3, 1), ("all", 3, 3)]
)
def test_what_is_not_read_is_neither_shown_nor_paid(material, curves, n_epochs, n_valid):
    task = make_task(material, CELL, Split(0), Reads(curves=curves))
    assert task.queries.n_epochs == n_epochs
    assert np.isfinite(task.queries.valid_acc).sum() == n_valid * len(task.queries)
    assert np.isfinite(task.queries.train_loss).sum() == n_epochs * len(task.queries)
    one = n_epochs * 10.0 + n_valid * 1.0
    assert task.query_s == pytest.approx(one)
    assert task.labels_s == pytest.approx(10 * (200 * 10.0 + 1.0 + one))


def test_without_labels_nothing_is_learnt_from(material):
    task = make_task(material, CELL, Split(0), Reads(labels=False))
    assert len(task.known) == len(task.labels) == 0
    assert task.labels_s == 0.0


def test_a_label_under_the_long_schedule_trains_its_curve_only_once(material):
    task = make_task(material, Cell("cifar10", 10, "200", 50), Split(0), Reads(curves="last"))
    assert task.labels_s == pytest.approx(10 * (200 * 10.0 + 1.0 + 1.0))
    assert task.query_s == pytest.approx(501.0)


def test_affordable_labels_are_those_of_the_best_two(material):
    task = make_task(material, Cell("cifar10", 10, "12", 12, "affordable"), Split(0), Reads(curves="last"))
    assert np.isfinite(task.labels).sum() == 2
    order = np.argsort(-task.known.valid_acc[:, -1])
    assert np.isfinite(task.labels[order[:2]]).all()
    assert task.labels_s == pytest.approx(10 * 121.0 + 2 * 2001.0)


def test_real_curves_are_the_recorded_ones_and_modelled_ones_show_no_more(material):
    recorded = with_real_curves(material, range(0, 60, 2))
    cell = Cell("cifar10", 4, "200", 12, "real")
    real = make_task(recorded, cell, Split(0), Reads())
    rows = np.array([material.archs.index(arch) for arch in real.queries.archs])
    assert real.queries.train_loss == pytest.approx(np.tile(7.0 + rows[:, None] / 100, (1, 12)))
    assert real.queries.valid_loss == pytest.approx(real.queries.train_loss + 1.0)
    modelled = make_task(recorded, replace(cell, kind="modelled"), Split(0), Reads())
    assert (modelled.queries.train_loss < 7.0).all()
    for queries in (real.queries, modelled.queries):
        assert np.isnan(queries.train_acc).all()
        assert np.isnan(queries.valid_acc).all()


# --------------------------------------------------------------------------------------------------- essential cells


def test_a_cell_that_a_predictor_cannot_tell_apart_is_computed_once():
    blind, unlabelled = Reads(curves="none"), Reads(labels=False)
    assert essential(replace(CELL, epochs=12), blind) == essential(Cell("cifar10", 10, "200", 50), blind)
    assert essential(replace(CELL, n_known=400), unlabelled) == essential(CELL, unlabelled)
    assert all(essential(cell, Reads()) == cell for cell in whole_grid())


@pytest.mark.parametrize("reads", [Reads(curves="none"), Reads(labels=False)], ids=["blind", "unlabelled"])
def test_tasks_of_cells_that_come_to_the_same_are_the_same(material, reads):
    cell = Cell("cifar10", 20, "12", 6)
    one, other = (make_task(material, c, Split(1), reads) for c in (cell, essential(cell, reads)))
    if not reads.labels:
        assert one.queries.archs == other.queries.archs
        assert np.array_equal(one.queries.valid_acc, other.queries.valid_acc)
        return
    assert one.known.archs == other.known.archs
    assert np.array_equal(one.labels, other.labels)
    assert one.labels_s == other.labels_s


# ----------------------------------------------------------------------------------------------------------- groups


def test_isomorphs_and_copies_of_a_training_are_one_group(tmp_path):
    archs = [(1, 0, 0, 3, 0, 0), (0, 1, 0, 3, 0, 0), (3, 3, 3, 3, 3, 3), (2, 3, 2, 1, 3, 3), (3, 2, 2, 1, 1, 3)]
    table = _with_a_copy(write_small(tmp_path / "plain", archs), tmp_path / "copied", of=2, at=4)
    found = groups(table, SPACE, archs)
    assert SPACE.canonical(archs[0]) == SPACE.canonical(archs[1])
    assert found.tolist() == [0, 0, 1, 2, 1]


def _with_a_copy(table: CurveTable, out, *, of, at):
    """Return the same table, in which one trial of row `at` has the results of one of row `of`."""
    with TableWriter(out, table.header, table.archs) as writer:
        for name in table.keys:
            if name == "archs":
                continue
            key = Key(*name.split("/"))
            values = np.array(table.values(key))
            if key.metric == "x-valid-acc" and key.schedule == "200":
                values[at, 0] = values[of, 2]
            if key.metric == "present":
                writer.add_present(key.dataset, key.schedule, values)
            else:
                writer.add(key, values, table.epochs(key))
    return CurveTable.open(out)
