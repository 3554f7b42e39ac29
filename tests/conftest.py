"""Data that many tests share: made once, kept in the cache that `PMFNAS_CACHE` names, or in the user's."""

import os
from pathlib import Path

import pytest

from pmfnas.benchmarks.table import CurveTable


@pytest.fixture(scope="session")
def anchors() -> Path:
    """Folder of real values; skips where `PMFNAS_ANCHORS` is not set."""
    named = os.environ.get("PMFNAS_ANCHORS")
    if not named:
        pytest.skip("PMFNAS_ANCHORS is not set, so there are no real values to compare with")
    return Path(named)


@pytest.fixture(scope="session")
def anchored_table(anchors: Path) -> CurveTable:
    """The anchored table, built where it is not in the cache."""
    from harness.data import choose

    return choose(str(anchors)).table


@pytest.fixture(scope="session")
def surrogate_table() -> CurveTable:
    """The surrogate as a table, built where it is not in the cache."""
    from harness.data import choose

    return choose("surrogate").table
