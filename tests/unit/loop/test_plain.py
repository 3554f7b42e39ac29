"""Settings are plain data, and those of records of format 1 are read as the same data."""

import json
from dataclasses import dataclass
from functools import partial

import numpy as np
import pytest

from pmfnas.loop.plain import as_json, from_text, plain


@dataclass(frozen=True)
class Knobs:
    share: float = 0.25
    without: frozenset[str] = frozenset({"b", "a"})
    lengths: tuple[float, ...] = (0.5, 4.0)


def twice(x):
    return 2 * x


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (True, True),
        (3, 3),
        (np.int64(3), 3),
        (np.float32(0.5), 0.5),
        (float("inf"), "inf"),
        ("up", "up"),
        ((1, (2.5, "x")), [1, [2.5, "x"]]),
        ({1: {"b", "a"}}, {"1": ["a", "b"]}),
        (Knobs(), {"class": "Knobs", "share": 0.25, "without": ["a", "b"], "lengths": [0.5, 4.0]}),
        (twice, "twice"),
        (Knobs, "Knobs"),
        (partial(twice, x=(1,)), {"function": "twice", "x": [1]}),
        (3j, "3j"),
    ],
)
def test_a_value_as_plain_data(value, expected):
    found = plain(value)
    assert (found, type(found)) == (expected, type(expected))
    json.dumps(found, allow_nan=False)


def test_equal_settings_are_equal_lines():
    assert as_json({"b": [1], "a": None}) == as_json({"a": None, "b": [1]}) == '{"a": null, "b": [1]}'


OF_FORMAT_1 = [3, 0.1, -2.5, None, True, "up", "12@12", "1", (0.5, 4.0), (), frozenset(), {"a"}, Knobs()]


@pytest.mark.parametrize("value", OF_FORMAT_1, ids=lambda value: type(value).__name__)
def test_what_format_1_wrote_is_read_as_the_value(value):
    assert from_text({"it": repr(value)}) == {"it": plain(value)}


def test_text_that_is_not_a_value_stays_text():
    about = {"name": "optuna tpe", "version": "5.0", "source": "my.py:Mine 0123", "runs": "in process"}
    others = {"pruner": "HyperbandPruner", "part": "<object at 0x7f>", "n": 3, "sum": "1 + f(2)"}
    assert from_text({**about, **others}) == {**about, **others}
