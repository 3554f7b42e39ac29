"""The programs that the documents show run as they stand there."""

from pathlib import Path

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


def test_the_searcher_of_the_readme_keeps_the_rules(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(program(ROOT / "README.md", "class Mine"))
    assert main(["check-searcher", "mine.py:Mine"]) == 0
    assert capsys.readouterr().out.count("\nok  ") == 18
