"""The examples of `docs/how-to/exchange-a-part.md` run, keep the rules, and change what a search does."""

import re
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from pmfnas.core.types import Submit
from pmfnas.engine.searcher import PmfNas
from pmfnas.testing.driver import Trace, drive
from pmfnas.testing.grid import GridSpace
from pmfnas.testing.synthetic import SyntheticBenchmark

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "exchange-a-part.md"
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE.read_text(), flags=re.DOTALL)


def searched(**change: Any) -> Trace:
    return drive(partial(PmfNas, **change), SyntheticBenchmark(GridSpace()), budget_s=15_000.0)


def reasons(trace: Trace, key: str) -> list[object]:
    return [d.reasons[0].get(key) for d in trace.decisions if isinstance(d, Submit)]


@pytest.fixture(scope="module")
def default() -> Trace:
    return searched()


def test_there_are_three_examples() -> None:
    assert len(EXAMPLES) == 3


@pytest.mark.parametrize("example", EXAMPLES, ids=["predictor", "acquisition", "stage rule"])
def test_an_example_is_one_argument_and_searches_otherwise(example: str, default: Trace) -> None:
    names: dict[str, Any] = {}
    exec(example, names)
    assert len(names["change"]) == 1
    changed = searched(**names["change"])
    assert changed.recommended
    assert changed.decisions != default.decisions


def test_the_rule_of_the_example_ends_the_stage(default: Trace) -> None:
    names: dict[str, Any] = {}
    exec(EXAMPLES[2], names)
    moved_on = reasons(searched(**names["change"]), "moved_on")
    assert "the regions promise something" in moved_on
    assert "the regions promise something" not in reasons(default, "moved_on")
