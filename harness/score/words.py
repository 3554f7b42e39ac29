"""How outputs speak of the score: test accuracy, or accuracy in the trials held out from a run.

In frames the score is the column `test`, whatever it is made of; what is written for people or for other programs names
it by what it is. Which it is follows from the stamp of the data.
"""

from dataclasses import dataclass

import pandas as pd

from pmfnas.benchmarks.header import HELD_OUT, TEST, score_of

_COLUMN, _HELD_OUT_COLUMN = "test", "held_out"


@dataclass(frozen=True, slots=True)
class Words:
    """The names of one kind of score."""

    name: str
    """Short, for titles of columns: `test` or `held-out trials`."""
    accuracy: str
    regret: str
    read: str
    """How the score and the validation beside it are read, for a legend."""
    hit: str
    """Name of a best arch."""


_TEST = Words(TEST, "test accuracy", "test regret", "trial-mean test", "a best arch")
_HELD_OUT = Words(
    HELD_OUT,
    "accuracy in held-out trials",
    "regret in held-out trials",
    "in the trial that the run could see; held-out trials: the mean of the others",
    "an arch of the best mean over all trials",
)


def words_for(stamp: str) -> Words:
    """Return how outputs on data with this stamp speak of the score."""
    return _HELD_OUT if score_of(stamp) == HELD_OUT else _TEST


def words_of(frame: pd.DataFrame) -> Words:
    """Return the words for a frame with the column `data`, which holds stamps; all rows are of one."""
    return words_for(str(frame["data"].iloc[0]))


def sentence_case(text: str) -> str:
    """Return the text with its first letter in upper case."""
    return text[:1].upper() + text[1:]


def to_file(frame: pd.DataFrame, words: Words) -> pd.DataFrame:
    """Return the frame with its columns named as files have them: `held_out_mean` for `test_mean` where that is it."""
    return frame if words is _TEST else frame.rename(columns=_renamed(frame, _COLUMN, _HELD_OUT_COLUMN))


def from_file(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame of a file with the columns named as the code has them; undoes `to_file`."""
    return frame.rename(columns=_renamed(frame, _HELD_OUT_COLUMN, _COLUMN))


def _renamed(frame: pd.DataFrame, old: str, new: str) -> dict[str, str]:
    named = [str(name) for name in frame.columns]
    return {name: new + name[len(old) :] for name in named if name == old or name.startswith(f"{old}_")}
