"""The verbs on a table of one's own: of a loss, with choices that exist only in some archs, and two data sets."""

import re
import shlex
import sys
from pathlib import Path

import pandas as pd
import pytest

from harness.cli.main import main
from harness.players.space_text import space_text
from pmfnas.benchmarks.tabular import dataset_of, space_of
from tests.support.own_tables import imported, rows
from tests.support.verbs import refused

RANDOM = shlex.join([sys.executable, str(Path(__file__).parents[3] / "processes" / "random_search.py")])
WRONG = re.compile(r"accurac|percent points|percent,|points of", re.IGNORECASE)


@pytest.fixture
def table(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    given = [
        {**row, "dataset": name, "valid": 2 - row["valid"] / 100 + bonus, "train_loss": 1.0}
        for name, bonus in (("energy", 0.0), ("wind", 0.5))
        for row in rows(n_epochs=12, trials=(1, 2, 3))
    ]
    return imported(tmp_path, given, unit="positive", goal="minimise", metric="mae")


def test_a_command_is_compared_on_it_and_nothing_speaks_of_accuracy(table, capsys):
    """A program in another process draws archs by the texts of their choices."""
    data = ["--data", str(table.path), "--budget", "8m", "--seeds", "2", "--jobs", "1"]
    assert main(["compare", "--command", f"mine={RANDOM}", *data, "--datasets", "wind", "--out", "out"]) == 0
    runs = pd.read_parquet("out/runs.parquet")
    assert set(runs["dataset"]) == {"wind"}
    assert (runs["status"] == "ok").all()
    assert runs["held_out"].between(-1.9, -1.5).all()  # minus the mean absolute error
    printed = capsys.readouterr().out
    page = Path("out/verdict.md").read_text()
    for text in (printed, page, Path("out/table.md").read_text()):
        assert not WRONG.search(text), WRONG.search(text)
    assert "of minus mae in held-out trials" in " ".join(page.split())
    assert main(["explain", "mlp-wind/pmf_nas/s0000", "--in", "out"]) == 0
    told = capsys.readouterr().out
    assert re.search(r"mae 1\.\d+", told)
    assert main(["calibration", "out", "--searchers", "pmf_nas"]) == 0
    assert "the score that stands for mae" in capsys.readouterr().out
    assert main(["ceiling", "--data", str(table.path), "--seeds", "2"]) == 0
    assert "always depth=4,optimizer=sgd,momentum=0.9" in capsys.readouterr().out


def test_a_space_is_told_place_by_place(table):
    space = space_of(table, dataset_of(table, "wind"))
    text = space_text(space)
    assert text.format((1, 0, 1)) == "depth=3,optimizer=adam,momentum=0.9"
    assert space.parse(text.format((1, 0, 1))) == (1, 0, 0)  # adam has no momentum


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["predictors"], "predictors cannot work on a table of your own"),
        (["peers"], "peers cannot work on a table of your own"),
        (["no-big-cells"], "no-big-cells is about NAS-Bench-201"),
        (["table2", "--datasets", "cifar10"], "data set is 'cifar10', but must be one of: energy, wind"),
        (["table2", "--searchers", "most_conv3x3"], "most_conv3x3 counts the 3x3 convolutions"),
        (["table2", "--searchers", "asha_200"], "asha_200 is asha where there is one schedule"),
    ],
)
def test_what_makes_no_sense_on_it_is_refused(table, capsys, words, said):
    assert said in refused(capsys, [*words, "--data", str(table.path), "--out", "out"])


def test_it_is_written_as_curves_again(table, capsys):
    assert main(["data", "export-curves", str(table.path), "--out", "again.csv"]) == 0
    assert "648 rows written" in capsys.readouterr().out
    assert main(["data", "info", str(table.path)]) == 0
    assert "OWN (mae, minimised; scored by held-out trials)" in capsys.readouterr().out
