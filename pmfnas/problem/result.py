"""What came of a search: the best arch, everything that was trained, and how the best changed over time.

All of it is read from the record, in the unit of the user's metric.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pmfnas.core.errors import InputError
from pmfnas.core.metric import Metric
from pmfnas.core.types import Fidelities
from pmfnas.files import reading
from pmfnas.loop.record import RunHeader, incumbent_steps, read_header, read_rows
from pmfnas.problem.durations import written
from pmfnas.problem.folder import Folder
from pmfnas.problem.handle import read_checkpoint
from pmfnas.spaces.own.choices import Choices
from pmfnas.spaces.own.named_arch import NamedArch

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True)
class Best:
    """The arch that a search recommends, and how it did at the highest fidelity that it was trained to."""

    arch: NamedArch
    value: float
    """Of the metric, mean over the trainings to this fidelity."""
    metric: Metric
    schedule: str
    epochs: int
    replicate: int
    """The latest of these trainings."""
    n_trainings: int = 1

    def __str__(self) -> str:
        """Return all of it on one line."""
        value = self.metric.written(self.value)
        mean = f", mean of {self.n_trainings} trainings" if self.n_trainings > 1 else ""
        return f"{self.arch!r}: {self.metric.name} {value} after {self.epochs} epochs of {self.schedule}{mean}"


class Result:
    """A search that has ended."""

    def __init__(self, folder: Folder, record: Path, space: Choices, fidelities: Fidelities) -> None:
        self._folder, self._record = folder, record
        self._space, self._order = space, [schedule.name for schedule in fidelities.schedules]
        self.header: RunHeader = read_header(record)
        """What the run was and how it ended."""
        self.metric = Metric(**self.header.settings["metric"])
        """What was searched for."""
        self._rows = read_rows(record)

    @property
    def best(self) -> Best:
        """The arch that is recommended."""
        text = self.header.recommended[0]
        frame = self.to_pandas()
        own = frame[(frame["arch"] == text) & (frame["status"] == "ok") & frame[self.metric.name].notna()]
        ranked = own.assign(rank=own["schedule"].map(self._order.index)).sort_values(["rank", "epochs"], kind="stable")
        row = ranked.iloc[-1]
        longest = ranked[(ranked["schedule"] == row["schedule"]) & (ranked["epochs"] == row["epochs"])]
        arch = self._space.named(self._space.parse(text))
        return Best(
            arch,
            float(longest[self.metric.name].mean()),
            self.metric,
            str(row["schedule"]),
            int(row["epochs"]),
            int(row["replicate"]),
            len(longest),
        )

    def load_best(self) -> Any:
        """Return what `run.checkpoint.save` was given at the end of the longest training of the best arch.

        Raises:
            InputError: the training function saves no checkpoint.
        """
        best = self.best
        number = self._space.number(self._space.parse(self.header.recommended[0]))
        path = self._folder.checkpoints(number, best.schedule, best.replicate) / f"{best.epochs:05d}.pkl"
        if not path.exists():
            raise InputError(f"{path} is not there; let train call run.checkpoint.save(...) after its loop")
        with reading(path, "train the arch again"):
            return read_checkpoint(path)

    def to_pandas(self) -> "pd.DataFrame":
        """Return one row per training segment, in the order in which they ended."""
        import pandas as pd

        rows = self._rows.to_pandas()
        named = [self._space.named(self._space.parse(text)) for text in rows["arch"]]
        choices = {name: [arch[name] for arch in named] for name in self._space.names}
        figures = {self.metric.name: rows["valid_acc"].map(self.metric.value)}
        if self.metric.of_training != "train_loss":
            figures[self.metric.of_training] = rows["train_acc"].map(self.metric.value)
        kept = ("start_s", "end_s", "train_s", "valid_s", "setup_s", "worker", "status", "failure", "reason")
        return pd.DataFrame(
            {
                "arch": rows["arch"].astype(str),
                **choices,
                "schedule": rows["schedule"].astype(str),
                "start": rows["start"],
                "epochs": rows["stop"],
                "replicate": rows["replicate"],
                "train_loss": rows["train_loss"],
                **figures,
                **{name: rows[name] for name in kept},
            }
        )

    def trace(self) -> "pd.DataFrame":
        """Return the arch that would have been returned, whenever it changed, and its value as known then."""
        import pandas as pd

        frame = self.to_pandas()
        frame = frame[(frame["status"] == "ok") & frame[self.metric.name].notna()]
        frame = frame.assign(rank=frame["schedule"].map(self._order.index))
        steps = []
        for time_s, text in incumbent_steps(self._rows):
            own = frame[(frame["arch"] == text) & (frame["end_s"] <= time_s)].sort_values(["rank", "epochs"])
            known = own.iloc[-1] if len(own) else None
            steps.append(
                {
                    "time_s": time_s,
                    self.metric.name: None if known is None else known[self.metric.name],
                    "at": None if known is None else f"{known['schedule']}@{known['epochs']}",
                    **dict(self._space.named(self._space.parse(text))),
                }
            )
        return pd.DataFrame(steps)

    def plot(self) -> "Figure":
        """Return a figure: every value over the run's clock, by schedule, and the incumbent."""
        from matplotlib.figure import Figure

        figure = Figure(figsize=(6.4, 3.6), layout="constrained")
        panel, frame, trace = figure.add_subplot(), self.to_pandas(), self.trace()
        for schedule in self._order:
            own = frame[(frame["schedule"] == schedule) & (frame["status"] == "ok")]
            panel.plot(own["end_s"], own[self.metric.name], "o", markersize=3, alpha=0.6, label=schedule)
        end_s = max(self.header.clock_s, float(trace["time_s"].max()))
        last = trace[self.metric.name].iloc[-1]
        times, values = [*trace["time_s"], end_s], [*trace[self.metric.name], last]
        panel.step(times, values, where="post", color="black", label="incumbent")
        panel.set_xlabel("seconds of the search")
        panel.set_ylabel(self.metric.name + (" (%)" if self.metric.unit == "percent" else ""))
        if self.metric.unit == "positive":
            panel.set_yscale("log")
        panel.legend(fontsize="small")
        return figure

    def __repr__(self) -> str:
        """Return what was found, and at what cost."""
        header, n_archs = self.header, len(set(self._rows["arch"].to_pylist()))
        spent = f"{n_archs} archs in {written(header.clock_s)} of {written(header.budget_s)}"
        return f"{self.best}\n{spent}; record {self._record}"
