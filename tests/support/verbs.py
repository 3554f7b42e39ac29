"""Verbs called in this process, and what is said where one refuses."""

from collections.abc import Sequence

import pytest

from harness.cli.main import main


def refused(capsys: pytest.CaptureFixture[str], arguments: Sequence[str]) -> str:
    """Return the line that a command ends with: exit code 2, no traceback."""
    code = main(arguments)
    error = capsys.readouterr().err.strip().splitlines()
    assert code == 2
    assert "Traceback" not in "\n".join(error)
    assert error[-1].startswith("error: ")
    return error[-1]
