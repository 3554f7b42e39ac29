"""The size space through the command line: found, refused where it means nothing, run."""

import pandas as pd
import pytest

from harness.cli.main import main
from harness.experiment.data import SIZE, choose
from harness.experiment.specs import EXPERIMENTS
from harness.report.results import read_results
from harness.show.tables import markdown
from pmfnas.core.errors import InputError


@pytest.fixture(autouse=True)
def no_anchors(monkeypatch):
    monkeypatch.delenv("PMFNAS_ANCHORS", raising=False)


def test_auto_is_its_surrogate_without_anchors(size_surrogate_table):
    chosen = choose("auto", space=SIZE)
    assert chosen.table.header == size_surrogate_table.header
    assert "modelled" in chosen.described


@pytest.mark.parametrize("text", ["official", "real-finals"])
def test_what_it_does_not_have_is_refused(text):
    remedy = "give auto, anchored, surrogate or a path"
    with pytest.raises(InputError, match=f"--data is {text}, but of the space nats-sss that means nothing; {remedy}"):
        choose(text, space=SIZE)


def test_a_table_of_the_other_space_is_refused(surrogate_table, size_surrogate_table):
    with pytest.raises(InputError, match="holds the space nb201, but nats-sss is asked for"):
        choose(str(surrogate_table.path), space=SIZE)
    assert choose(str(size_surrogate_table.path), space=SIZE).table.header.space == SIZE


def test_the_surrogate_of_the_topology_space_is_still_the_default(surrogate_table):
    assert choose("surrogate").table.header == surrogate_table.header
    assert surrogate_table.header.space == "nb201"


def test_it_is_described(size_surrogate_table, capsys):
    assert main(["data", "info", "--space", SIZE]) == 0
    out = capsys.readouterr().out
    assert size_surrogate_table.header.fingerprint in out
    assert "kendall_tau_best_tenth" in out


def test_the_experiment_runs_and_its_outputs_can_be_made_again(size_surrogate_table, tmp_path, capsys):
    searchers = ("pmf_nas", "random_search", "regularized_evolution", "asha", "most_params")
    assert set(EXPERIMENTS["size"].searchers) == set(searchers)
    out = tmp_path / "size"
    arguments = ["run", "size", "--seeds", "1", "--budget", "1h", "--datasets", "cifar10", "--jobs", "1"]
    assert main([*arguments, "--out", str(out)]) == 0
    runs = pd.read_parquet(out / "runs.parquet")
    assert set(runs["searcher"]) == set(searchers)
    assert (runs["status"] == "ok").all()
    assert (runs["fingerprint"] == size_surrogate_table.header.fingerprint).all()
    assert runs["test"].between(85, 94).all()
    table = (out / "table.md").read_bytes()
    assert b"90-epoch validation" in table
    assert markdown(read_results(out).table()).encode() == table, "the report's table is that of the run"
    assert main(["report", str(out)]) == 0
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "90-epoch validation" in page
    assert "200-epoch" not in page
    frames = {name: (out / f"{name}.parquet").read_bytes() for name in ("runs", "steps", "timings")}
    (out / "table.md").unlink()
    assert main(["table", str(out)]) == 0
    assert (out / "table.md").read_bytes() == table
    assert {name: (out / f"{name}.parquet").read_bytes() for name in frames} == frames, "the order of the rows too"
    capsys.readouterr()


def test_a_fit_without_its_source_is_one_line(tmp_path, capsys):
    missing = ["data", "fit-size-surrogate", str(tmp_path), "--official", str(tmp_path), "--out", str(tmp_path / "m")]
    assert main(missing) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "nats_sss.npz" in error
