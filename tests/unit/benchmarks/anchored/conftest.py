from pathlib import Path

import pytest

from pmfnas.benchmarks.anchored import build_anchored
from pmfnas.benchmarks.anchored.identity import Identity, identify
from pmfnas.benchmarks.anchored.source import Source, read_source
from pmfnas.benchmarks.table import CurveTable
from tests.support.releases.small_anchors import write_anchors


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_anchors(tmp_path_factory.mktemp("small") / "anchors")


@pytest.fixture(scope="session")
def source(folder: Path) -> Source:
    return read_source(folder)


@pytest.fixture(scope="session")
def identity(source: Source) -> Identity:
    return identify(source)


@pytest.fixture(scope="session")
def table(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> CurveTable:
    return build_anchored(folder, tmp_path_factory.mktemp("small") / "table")
