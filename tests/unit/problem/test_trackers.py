"""Trackers of a search: what they are told, and what the real packages find in the files of the ready ones."""

import sys

import cloudpickle
import pytest

import pmfnas
from pmfnas.core.errors import InputError
from pmfnas.problem.trackers import MLflow, TensorBoard

SPACE = pmfnas.Choices(
    depth=[1, 2, 3], optimizer=["sgd", "adam"], momentum=pmfnas.Grid(0.0, 0.9, 2, when={"optimizer": "sgd"})
)


@pytest.fixture(autouse=True)
def by_value():
    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    yield
    cloudpickle.unregister_pickle_by_value(sys.modules[__name__])


def searched(out, *trackers, **more):
    def train(arch, run):
        if arch.depth == 1:
            raise ValueError("too small")
        for epoch in run.epochs:
            run.report(train_loss=1.0 / epoch, valid_loss=100.0 / arch.depth)

    given = {"schedules": 4, "budget": "3s", "metric": "valid_loss", "progress": True, **more}
    return pmfnas.search(train, SPACE, out=out, trackers=trackers, **given)


class Kept:
    """Keeps what it is told."""

    def __init__(self):
        self.settings, self.rows = {}, []

    def begin(self, settings):
        self.settings = settings

    def tell(self, row):
        self.rows.append(row)


class Faulty(Kept):
    """Raises at the third row."""

    def tell(self, row):
        super().tell(row)
        if len(self.rows) == 3:
            raise OSError("no space left")


def test_they_are_told_of_every_training_in_the_unit_of_the_user(tmp_path):
    kept = Kept()
    result = searched(tmp_path / "out", kept)
    assert kept.settings["metric"]["name"] == "valid_loss"
    frame = result.to_pandas()
    ended = frame[frame["status"] != "cut"]
    assert len(kept.rows) == len(ended) > 5
    by_status = {row.status for row in kept.rows}
    assert by_status == {"ok", "failed"}
    for row in kept.rows:
        assert ("momentum" in row.arch) == (row.arch["optimizer"] == "sgd")
        if row.status == "ok":
            assert row.values[row.epochs] == pytest.approx(100.0 / row.arch["depth"])
            assert row.losses == pytest.approx([1.0 / epoch for epoch in range(1, row.epochs + 1)])
        elif row.arch["depth"] == 1:
            assert "too small" in row.failure


def test_one_that_raises_is_left_out_and_the_search_goes_on(tmp_path, capsys):
    faulty, kept = Faulty(), Kept()
    searched(tmp_path / "out", faulty, kept)
    assert len(faulty.rows) == 3
    assert len(kept.rows) > 5
    assert "tracker Faulty failed (OSError: no space left) and is not called again" in capsys.readouterr().err


def test_something_else_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"trackers holds 3, but a tracker has the methods begin and tell"):
        searched(tmp_path / "out", 3)


def test_tensorboard_reads_the_values(tmp_path):
    pytest.importorskip("tensorboard.summary", reason="TensorBoard is not installed (extra tensorboard)")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    kept = Kept()
    searched(tmp_path / "out", TensorBoard(str(tmp_path / "board")), kept)
    found = EventAccumulator(str(tmp_path / "board"), size_guidance={"tensors": 0}).Reload()
    tags = found.Tags()["tensors"]
    assert "seconds" in tags
    assert len(found.Tensors("seconds")) == len(kept.rows)
    for tag in (tag for tag in tags if tag.startswith("valid_loss/")):
        rows = [row for row in kept.rows if row.values and tag == f"valid_loss/{row.schedule}@{row.epochs}"]
        values = [event.tensor_proto.float_val[0] for event in found.Tensors(tag)]
        assert values == pytest.approx([row.values[row.epochs] for row in rows])


@pytest.mark.filterwarnings("ignore")  # of packages that MLflow uses
def test_mlflow_reads_the_values(tmp_path):
    pytest.importorskip("mlflow", reason="MLflow is not installed (extra mlflow)")
    from mlflow.tracking import MlflowClient

    uri, kept = f"sqlite:///{tmp_path / 'mlflow.db'}", Kept()
    searched(tmp_path / "out", MLflow(uri), kept)
    client = MlflowClient(tracking_uri=uri)
    experiment = client.get_experiment_by_name("pmfnas")
    runs = {int(run.info.run_name): run for run in client.search_runs([experiment.experiment_id])}
    assert set(runs) == {row.number for row in kept.rows}
    for row in kept.rows:
        assert runs[row.number].data.params["depth"] == str(row.arch["depth"])
        assert runs[row.number].info.status == ("FINISHED" if row.status == "ok" else "FAILED")
        if row.status == "ok":
            assert runs[row.number].data.metrics["valid_loss"] == pytest.approx(100.0 / row.arch["depth"])
