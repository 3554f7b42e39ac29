"""The programs that the documents show run as they stand there."""

from pathlib import Path

import numpy as np
import pytest

from harness.cli.main import main
from tests.support.documents import ROOT
from tests.support.tutorial import PAGE, better, program


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    """The file that the tutorial's first command writes."""
    monkeypatch.chdir(tmp_path)
    assert main(["new-searcher", "my_search"]) == 0
    capsys.readouterr()
    return tmp_path / "my_search.py"


def test_the_tutorial_shows_the_file_that_is_written(written: Path) -> None:
    assert program(PAGE, "class MySearch") in written.read_text()


def test_both_searchers_of_the_tutorial_keep_the_rules(written: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for text in (written.read_text(), better(written.read_text())):
        written.write_text(text)
        assert main(["check-searcher", "my_search.py:MySearch"]) == 0
        printed = capsys.readouterr().out
        assert printed.count("\nok  ") == 18, printed
        assert "18 checks" in printed


def test_the_small_copy_of_cifar10_is_made_as_the_page_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    n, per_class = 10 * 420, 420
    labels, is_train = np.repeat(np.arange(10), per_class), np.tile(np.arange(per_class) < 300, 10)
    np.savez(
        "cifar10_jpeg_blobs.npz",
        **{"data": np.arange(2 * n) % 251, "offsets": 2 * np.arange(n + 1), "labels": labels, "is_train": is_train},
        classes=np.array([f"c{i}" for i in range(10)]),
    )
    exec(program(ROOT / "docs" / "training.md", "small.npz"), {})
    with np.load("small.npz") as small:
        assert small["is_train"].sum() == 2000
        assert len(small["labels"]) == 3000
        assert list(small["data"][small["offsets"][1] : small["offsets"][2]]) == [2, 3]
