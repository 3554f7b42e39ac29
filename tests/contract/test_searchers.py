"""Every player passes every check that ships with the package. A new one is tested by entering the dictionary."""

import pytest

from harness.players.ours import PLAYERS
from pmfnas.spaces import CellSpace
from pmfnas.testing.grid import GridSpace
from pmfnas.testing.searcher_checks import CHECKS, Subject, run_check

CELLS = CellSpace(n_classes=10, image_size=32)
NEEDS_CELLS = {"most_conv3x3"}
"""Searchers that know the operations of the topology space and refuse another one."""


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("name", PLAYERS)
def test_the_searcher_keeps_the_rules(name, check):
    if check == "space exhausted" and name in NEEDS_CELLS:
        pytest.skip("knows the topology space only, which no test can exhaust")
    result = run_check(check, Subject(PLAYERS[name], space=CELLS, tiny=GridSpace((2, 2))))
    assert result.passed, f"{name}: {result.explanation}"
