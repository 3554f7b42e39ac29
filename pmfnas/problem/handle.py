"""What a training function gets as `run`: which epochs to train, where to report them, and its checkpoint.

    def train(arch, run):
        model = run.checkpoint.load() or build(arch)
        for epoch in run.epochs:                            # goes on where the checkpoint ended
            loss = one_epoch(model)
            run.report(train_loss=loss, valid_acc=validate(model) if run.wants_validation else None)
        run.checkpoint.save(model)

A function that loads no checkpoint trains from the first epoch every time. A mistake in a report raises `InputError`,
and ends the candidate even where the function catches it.
"""

import math
import os
import pickle
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from pmfnas.core.errors import InputError, shown
from pmfnas.core.metric import Metric
from pmfnas.files import write_bytes
from pmfnas.seal import with_seal, without_seal

Send = Callable[[Mapping[str, Any]], None]
"""Tells the search something of the run."""


@dataclass(frozen=True, slots=True)
class Task:
    """What a worker is asked to train: epochs `start + 1 .. stop` of one training run."""

    number: int
    arch: tuple[int, ...]
    schedule: str
    n_epochs: int
    """Length of the schedule."""
    start: int
    stop: int
    validate_at: tuple[int, ...]
    seed: int
    folder: str
    """Of the checkpoints of this training run."""


class Diverged(Exception):
    """Ends a training whose figures are no numbers."""


class Run:
    """One training, as its function sees it."""

    def __init__(self, task: Task, metric: Metric, send: Send, clock: Callable[[], float] = time.perf_counter) -> None:
        self._task, self._metric, self._send, self._clock = task, metric, send, clock
        self._pid = os.getpid()
        self._done = 0
        """Epochs that are trained and reported."""
        self._loops = False
        self._open = False
        """Whether an epoch of the loop was begun and not reported."""
        self.has_diverged = False
        self._began_s = self._epoch_s = clock()
        self._validating_s: float | None = None
        self.setup_s = 0.0
        self.fault: InputError | None = None
        """The first mistake in what was reported."""
        self.checkpoint = Checkpoint(self, Path(task.folder), send)

    @property
    def schedule(self) -> str:
        """Name of the schedule."""
        return self._task.schedule

    @property
    def n_epochs(self) -> int:
        """Epochs of the whole schedule, which a learning rate may depend on; this run may end before."""
        return self._task.n_epochs

    @property
    def stop(self) -> int:
        """The last epoch of this run."""
        return self._task.stop

    @property
    def seed(self) -> int:
        """Seed of this training, at least 0; another replicate of the same arch has another one."""
        return self._task.seed

    @property
    def epochs(self) -> Iterator[int]:
        """The epochs to train, counted from 1; they begin after the checkpoint that was loaded."""
        self._loops = True
        while self._done < self._task.stop:
            epoch = self._done + 1
            self._open = True
            if not self.setup_s:
                self._begin()
            yield epoch
            if self._done < epoch:
                self._fail(f"epoch {epoch} ended without a report; call run.report(...) once in every epoch")

    @property
    def wants_validation(self) -> bool:
        """Whether this epoch is to be validated. The seconds from here to the report count as validation."""
        wanted = self._done + 1 in self._task.validate_at
        if wanted and self._validating_s is None:
            self._validating_s = self._clock()
        return wanted

    def report(self, train_loss: float | None = None, **figures: float | None) -> None:
        """Report the epoch that was just trained.

        Args:
            train_loss: mean training loss; the search reads it, so give it where there is one.
            figures: the metric, where `wants_validation`; also its figure on the training data, and `valid_loss`.

        Raises:
            InputError: a figure is no number, is missing or has no known name; or the epoch was reported before.
        """
        now_s, epoch = self._clock(), self._done + 1
        self._check_turn(epoch)
        told = {name: self._number(name, value) for name, value in {"train_loss": train_loss, **figures}.items()}
        message = {name: value for name, value in told.items() if value is not None}
        self._check_names(message, epoch)
        valid_s = now_s - self._validating_s if self._validating_s is not None else 0.0
        train_s = max(0.0, now_s - self._epoch_s - valid_s)
        self._done, self._open, self._validating_s = epoch, False, None
        self._epoch_s = now_s
        self._send({"kind": "report", "epoch": epoch, "train_s": train_s, "valid_s": valid_s, **message})
        self.has_diverged = not all(math.isfinite(value) for value in message.values())
        if self.has_diverged:
            raise Diverged

    def end(self) -> None:
        """Check that the training function did all it was asked for; raise `InputError` where not."""
        if self.fault is None and self._done < self._task.stop:
            self._fail(
                f"train returned after epoch {self._done} of {self._task.stop}; loop over run.epochs and report each"
            )
        if self.fault is not None:
            raise self.fault

    # ------------------------------------------------------------------------------------------------ inside

    def _begin(self) -> None:
        """Let the first epoch begin; what was before is set-up."""
        self._epoch_s = self._clock()
        self.setup_s = max(self._epoch_s - self._began_s, 1e-9)

    def go_on_from(self, epoch: int) -> None:
        """Go on after `epoch`, whose checkpoint was loaded."""
        if self._done or self._open:
            self._fail(
                "run.checkpoint.load() was called after the first epoch; call it before the loop over run.epochs"
            )
        self._done = epoch

    @property
    def task(self) -> Task:
        """What was asked for."""
        return self._task

    @property
    def done(self) -> int:
        """Epochs that are trained and reported."""
        return self._done

    def _check_turn(self, epoch: int) -> None:
        if os.getpid() != self._pid:
            raise InputError("run.report was called in a forked process; report from the process that train runs in")
        if self.has_diverged:
            raise Diverged  # the training function caught the first one
        if self._loops and not self._open and self._done < self._task.stop:
            self._fail(f"epoch {self._done} was reported twice; call run.report(...) once in every epoch")
        if epoch > self._task.stop:
            self._fail(
                f"epoch {epoch} was reported, but this run ends after epoch {self._task.stop}; loop over run.epochs"
            )

    def _number(self, name: str, value: Any) -> float | None:
        """Return a reported figure as a number; None where none was given."""
        if value is None:
            return None
        try:
            if isinstance(value, str | bytes):
                raise TypeError
            return float(value)
        except (TypeError, ValueError):
            self._fail(f"{name} is {shown(value)} in epoch {self._done + 1}, but must be a number")

    def _check_names(self, figures: Mapping[str, float], epoch: int) -> None:
        metric = self._metric
        known = tuple(dict.fromkeys(("train_loss", metric.name, metric.of_training, "valid_loss")))
        for name, value in figures.items():
            if name not in known:
                wanted = f"; if it is what you search for, write metric=Metric({name!r}, ...)"
                self._fail(f"{name} was reported, but known are {', '.join(known)}{wanted}")
            if name in (metric.name, metric.of_training) and name != "train_loss":
                try:
                    metric.check(name, value)
                except InputError as error:
                    self._fail(str(error))
        if epoch in self._task.validate_at and metric.name not in figures:
            self._fail(f"{metric.name} is missing in epoch {epoch}; report it wherever run.wants_validation is true")

    def _fail(self, message: str) -> NoReturn:
        self.fault = self.fault or InputError(message)
        raise self.fault


class Checkpoint:
    """Where a training can go on: anything that pickle takes, saved at the end of the run, or of any epoch."""

    def __init__(self, run: Run, folder: Path, send: Send) -> None:
        self._run, self._folder, self._send = run, folder, send

    def load(self) -> Any:
        """Return what was saved last of this training, and let `run.epochs` go on after it; None where nothing was."""
        last = min(self._run.task.start, self._run.task.stop - 1)
        for epoch in sorted(self._epochs(), reverse=True):
            if epoch > last:
                continue
            try:
                state = read_checkpoint(self._folder / f"{epoch:05d}.pkl")
            except Exception as error:  # a damaged file can raise anything
                self._note(
                    f"{self._folder.name}/{epoch:05d}.pkl cannot be read ({_said(error)}); training starts earlier"
                )
                continue
            self._run.go_on_from(epoch)
            return state
        return None

    def save(self, state: Any) -> None:
        """Save `state` as of the epoch reported last. Where that cannot be, the search notes it and goes on."""
        import cloudpickle  # plain pickle takes no class of the user's own program

        try:
            content = with_seal(cloudpickle.dumps(state))
            write_bytes(self._folder / f"{self._run.done:05d}.pkl", content, remedy="make room")
        except Exception as error:  # a state that cannot be pickled raises anything
            self._note(
                f"checkpoint after epoch {self._run.done} was not saved ({_said(error)}); "
                "a later run of this arch begins at its first epoch"
            )

    def _epochs(self) -> list[int]:
        return [int(path.stem) for path in self._folder.glob("[0-9]*.pkl") if path.stem.isdecimal()]

    def _note(self, text: str) -> None:
        self._send({"kind": "note", "text": text})


def read_checkpoint(path: Path) -> Any:
    """Return what a checkpoint holds; raise `DataError` if it is not as it was written, whatever its pickle raises."""
    return pickle.loads(without_seal(path.read_bytes(), path, "remove it", end=pickle.STOP))


def _said(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]
