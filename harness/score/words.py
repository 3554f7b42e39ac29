"""Names of the score in outputs: test accuracy, or accuracy in the trials held out from a run.

In frames the score is always the column `test`. Outputs for people and for other programs name the actual kind of
score, which follows from the stamp of the data.
"""

from dataclasses import dataclass

import pandas as pd

from pmfnas.benchmarks.header import HELD_OUT, TEST, VALIDATION, Label, label_of, score_of

_COLUMN = "test"
_IN_FILES = {HELD_OUT: "held_out", VALIDATION: "validation_score"}
"""Score -> its column in files, where it is not `test`."""


@dataclass(frozen=True, slots=True)
class Words:
    """The names of one kind of score."""

    name: str
    """Short, for titles of columns: `test` or `held-out trials`."""
    accuracy: str
    regret: str
    read: str
    """Says, for a legend, over which trials the score and the validation are means."""
    hit: str
    """Name of a best arch."""
    column: str = _COLUMN
    """Name of its column in files."""
    metric: str = "accuracy"
    """What is measured; of a figure to minimise, minus the figure, so that larger is better."""
    unit: str = "percent"
    """Unit of the metric in words; empty if it has none."""

    @property
    def points(self) -> str:
        """Unit of a difference, in words: `percent points`, or the name of the metric."""
        return "percent points" if self.unit else self.metric.removeprefix("minus ")

    @property
    def short_points(self) -> str:
        """The same, short: `points`."""
        return "points" if self.unit else self.points

    @property
    def figures(self) -> str:
        """What the figures are, before a comma: `percent, `; empty if the metric has no unit."""
        return f"{self.unit}, " if self.unit else ""

    @property
    def shown(self) -> str:
        """What a column of figures holds, before a comma: `percent, `, or `minus mae, `."""
        if self.metric == "accuracy":
            return self.figures
        return f"{self.metric}{' in percent' if self.unit else ''}, "

    @property
    def form(self) -> str:
        """Format of a figure: two decimals of a percentage, four digits of a metric of any size."""
        return ".2f" if self.unit else ".4g"

    @property
    def axis(self) -> str:
        """The score with its unit, for an axis: `test accuracy (%)`."""
        return f"{self.accuracy}{self.sign}"

    @property
    def sign(self) -> str:
        """` (%)`, behind a name on an axis; empty if the metric has no unit."""
        return " (%)" if self.unit else ""


_TEST = Words(TEST, "test accuracy", "test regret", "trial-mean test", "a best arch")
_HELD_OUT = Words(
    HELD_OUT,
    "accuracy in held-out trials",
    "regret in held-out trials",
    "in the trial that the run could see; held-out trials: the mean of the others",
    "an arch of the best mean over all trials",
    _IN_FILES[HELD_OUT],
)
_READ = {
    TEST: "trial-mean test",
    HELD_OUT: _HELD_OUT.read,
    VALIDATION: "the mean over trials; runs are scored by the validation that they could see, which flatters them",
}


def _own(label: Label) -> Words:
    """Return the words of a table of one's own."""
    metric = f"{'minus ' if label.is_minimised else ''}{label.metric}"
    where = {TEST: f"test {metric}", HELD_OUT: f"{metric} in held-out trials", VALIDATION: f"validation {metric}"}
    what = where[label.score]
    return Words(
        label.score,
        what,
        f"{what} regret",
        _READ[label.score],
        _HELD_OUT.hit if label.score == HELD_OUT else _TEST.hit,
        _IN_FILES.get(label.score, _COLUMN),
        metric,
        "percent" if label.in_percent else "",
    )


def words_for(stamp: str) -> Words:
    """Return the names of the score for outputs on data with this stamp."""
    label = label_of(stamp)
    if label is not None:
        return _own(label)
    return _HELD_OUT if score_of(stamp) == HELD_OUT else _TEST


def words_of(frame: pd.DataFrame) -> Words:
    """Return the words for a frame whose column `data` holds stamps; all rows have the same stamp."""
    return words_for(str(frame["data"].iloc[0]))


def sentence_case(text: str) -> str:
    """Return the text with its first letter in upper case."""
    return text[:1].upper() + text[1:]


def to_file(frame: pd.DataFrame, words: Words) -> pd.DataFrame:
    """Return the frame with the column names of files: `held_out_mean` for `test_mean` on data with held-out trials."""
    return frame if words.column == _COLUMN else frame.rename(columns=_renamed(frame, _COLUMN, words.column))


def from_file(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame from a file with the column names of the code; the inverse of `to_file`."""
    for column in _IN_FILES.values():
        frame = frame.rename(columns=_renamed(frame, column, _COLUMN))
    return frame


def _renamed(frame: pd.DataFrame, old: str, new: str) -> dict[str, str]:
    named = [str(name) for name in frame.columns]
    return {name: new + name[len(old) :] for name in named if name == old or name.startswith(f"{old}_")}
