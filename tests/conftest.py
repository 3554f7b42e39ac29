"""Data that many tests share: made once, kept in the cache that `PMFNAS_CACHE` names, or in the user's."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pmfnas.benchmarks.table import CurveTable


def pytest_configure() -> None:
    """Give linear algebra one thread, as the harness does; forget how `reproduce.sh` was called and xdist's width."""
    for variable in ("PMFNAS_FRONT", "COLUMNS"):
        os.environ.pop(variable, None)
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(variable, "1")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that accepts changed golden traces."""
    parser.addoption(
        "--accept-goldens", action="store_true", help="write tests/golden/traces anew: the change is meant"
    )


@pytest.fixture(scope="session")
def anchors() -> Path:
    """Folder of real values; skips where `PMFNAS_ANCHORS` is not set."""
    named = os.environ.get("PMFNAS_ANCHORS")
    if not named:
        pytest.skip("PMFNAS_ANCHORS is not set, so there are no real values to compare with")
    return Path(named)


@pytest.fixture(scope="session")
def anchored_table(anchors: Path) -> "CurveTable":
    """The anchored table, built where it is not in the cache."""
    from harness.experiment.data import choose

    return choose(str(anchors)).table


@pytest.fixture(scope="session")
def surrogate_table() -> "CurveTable":
    """The surrogate as a table, built where it is not in the cache."""
    from harness.experiment.data import choose

    return choose("surrogate").table


@pytest.fixture
def own_cache(surrogate_table: "CurveTable", monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let commands find the surrogate and no better data, and go to the folder of the test."""
    monkeypatch.setenv("PMFNAS_CACHE", str(surrogate_table.path.parent))
    monkeypatch.delenv("PMFNAS_ANCHORS", raising=False)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "no-official-files"))
    monkeypatch.setattr("harness.experiment.data.fault_of_package", lambda **_: "no package")
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def real_finals_table() -> "CurveTable":
    """The table of real final values, built where it is not in the cache; skips without the package."""
    from harness.experiment.data import choose
    from pmfnas.benchmarks.real_finals import fault_of_package

    if fault := fault_of_package():
        pytest.skip(fault)
    return choose("real-finals").table


@pytest.fixture(scope="session")
def size_surrogate_table() -> "CurveTable":
    """The surrogate of the size space as a table, built where it is not in the cache."""
    from harness.experiment.data import SIZE, choose

    return choose("surrogate", space=SIZE).table
