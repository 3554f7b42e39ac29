"""Trackers: they are told of a search while it runs. Ready ones write for TensorBoard and for MLflow.

    pmfnas.search(..., trackers=[TensorBoard("results/board")])

A tracker is any object with the two methods of `Tracker`. One that raises is not called again, and the search goes on.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pmfnas.core.errors import InputError
from pmfnas.core.metric import Metric
from pmfnas.core.types import Diverged, Failed, Ok, Outcome, Ticket, Train
from pmfnas.spaces.own.choices import Choices


@dataclass(frozen=True, slots=True)
class Row:
    """A training that ended."""

    number: int
    """Of the ticket, from 0."""
    arch: Mapping[str, Any]
    """Its choices that exist."""
    schedule: str
    epochs: int
    """The last epoch trained."""
    status: str
    """`ok`, `diverged`, `failed` or `cancelled`."""
    seconds: float
    losses: tuple[float, ...]
    """Training loss after each epoch, from the first one on; NaN where none was reported."""
    values: Mapping[int, float]
    """Epoch -> value of the metric."""
    failure: str = ""


class Tracker(Protocol):
    """Is told of a search while it runs."""

    def begin(self, settings: Mapping[str, Any]) -> None:
        """Take note of the settings of the search; called at its start, and again where it goes on."""
        ...

    def tell(self, row: Row) -> None:
        """Take note of a training that ended."""
        ...


class Trackers:
    """Several trackers; one that raises is left out from then on."""

    def __init__(self, trackers: Sequence[Tracker], space: Choices, say: Callable[[str], None]) -> None:
        for tracker in trackers:
            if not all(callable(getattr(tracker, name, None)) for name in ("begin", "tell")):
                raise InputError(f"trackers holds {tracker!r:.80}, but a tracker has the methods begin and tell")
        self._left, self._space, self._say = list(trackers), space, say

    def begin(self, settings: Mapping[str, Any]) -> None:
        """Tell the settings."""
        self._each(lambda tracker: tracker.begin(settings))

    def tell(self, ticket: Ticket, outcome: Outcome, metric: Metric) -> None:
        """Tell of the end of a training."""
        if self._left and isinstance(ticket.request, Train):
            row = row_of(ticket.number, ticket.request, outcome, metric, self._space)
            self._each(lambda tracker: tracker.tell(row))

    def _each(self, call: Callable[[Tracker], None]) -> None:
        for tracker in list(self._left):
            try:
                call(tracker)
            except Exception as error:  # a tracker is not ours
                self._left.remove(tracker)
                cause = " ".join(f"{type(error).__name__}: {error}".split())[:200]
                self._say(f"tracker {type(tracker).__name__} failed ({cause}) and is not called again")


def row_of(number: int, request: Train, outcome: Outcome, metric: Metric, space: Choices) -> Row:
    """Return the end of a training as trackers see it."""
    arch = {name: value for name, value in dict(space.named(request.arch)).items() if value is not None}
    seconds, status = outcome.cost.total_s, type(outcome).__name__.lower()
    if not isinstance(outcome, Ok | Diverged):
        failure = outcome.reason if isinstance(outcome, Failed) else ""
        return Row(number, arch, request.schedule, request.start, status, seconds, (), {}, failure)
    curve = outcome.curve
    values = {e: metric.value(score) for e, score in zip(curve.valid_epochs, curve.valid_acc.tolist(), strict=True)}
    return Row(number, arch, request.schedule, curve.stop, status, seconds, tuple(curve.train_loss.tolist()), values)


class TensorBoard:
    """Writes event files for TensorBoard, of which it needs the package."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._writer: Any = None
        self._metric = ""

    def begin(self, settings: Mapping[str, Any]) -> None:
        """Open the file."""
        from tensorboard.summary import Writer

        self._writer, self._metric = Writer(self._folder), settings["metric"]["name"]

    def tell(self, row: Row) -> None:
        """Write the last value and the seconds at the step that is the number of the training."""
        for value in list(row.values.values())[-1:]:
            self._writer.add_scalar(f"{self._metric}/{row.schedule}@{row.epochs}", value, row.number)
        self._writer.add_scalar("seconds", row.seconds, row.number)
        self._writer.flush()


class MLflow:
    """Writes one run of MLflow per training, of which it needs the package: choices, losses and values."""

    def __init__(self, uri: str, experiment: str = "pmfnas") -> None:
        self._uri, self._experiment = uri, experiment
        self._client: Any = None
        self._id, self._metric = "", ""

    def begin(self, settings: Mapping[str, Any]) -> None:
        """Find or make the experiment."""
        from mlflow.tracking import MlflowClient

        self._client, self._metric = MlflowClient(tracking_uri=self._uri), settings["metric"]["name"]
        known = self._client.get_experiment_by_name(self._experiment)
        self._id = known.experiment_id if known else self._client.create_experiment(self._experiment)

    def tell(self, row: Row) -> None:
        """Write one run."""
        run = self._client.create_run(self._id, run_name=f"{row.number}").info.run_id
        for name, value in {**row.arch, "schedule": row.schedule}.items():
            self._client.log_param(run, name, value)
        for epoch, loss in enumerate(row.losses, start=1):
            if loss == loss:
                self._client.log_metric(run, "train_loss", loss, step=epoch)
        for epoch, value in row.values.items():
            self._client.log_metric(run, self._metric, value, step=epoch)
        self._client.set_terminated(run, "FINISHED" if row.status == "ok" else "FAILED")
