"""Real values that several tests compare with."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def nats_sss(anchors: Path) -> Path:
    """Folder of the real values of the size space."""
    folder = anchors / ".." / "nats_sss"
    if not folder.is_dir():
        pytest.skip("no folder nats_sss beside PMFNAS_ANCHORS, so there are no real values of the size space")
    return folder
