"""The verb `search-compare`: what it asks of `search`, its outputs, its exit codes, and what it refuses."""

import json
import shlex
from functools import partial

import pandas as pd
import pytest

from harness.cli import search as training_commands
from harness.cli import search_compare as commands
from harness.cli.main import main, parsed
from harness.experiment import folder as folders
from harness.search.compare.results import read_runs
from harness.search.compare.running import Run, folder, run_missing
from pmfnas.core.errors import InputError

DIGITS = ["search-compare", "--dataset", "digits", "--budget", "2m", "--schedules", "3,12", "--jobs", "2"]


def test_results_are_read_with_what_was_trained(plan, fakes, tmp_path):
    out, bad = tmp_path / "out", Run("pmf_nas", 1001)
    fakes.modes[bad] = "fail"
    failures = run_missing(plan, out, command=fakes)
    runs, rules = read_runs(out, plan.runs, failures)
    assert runs["status"].tolist() == ["ok", "ok", "failed", "ok"]
    assert (runs.loc[0, "n_archs"], runs.loc[0, "n_whole"], runs.loc[0, "test_acc"]) == (2, 1, 90.0)
    assert runs.loc[2, "why"] == "failed with exit code 3: error: the disk is full"
    assert pd.isna(runs.loc[2, "test_acc"])
    assert (rules["torch"], rules["budget_s"]) == ("2.13.0+cpu", 120.0)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_an_accuracy_that_is_no_number_is_a_failed_run(plan, fakes, tmp_path, value):
    out, bad = tmp_path / "out", Run("pmf_nas", 1001)
    fakes.test_acc[bad] = value
    runs, _ = read_runs(out, plan.runs, run_missing(plan, out, command=fakes))
    assert runs["status"].tolist() == ["ok", "ok", "failed", "ok"]
    assert runs.loc[2, "why"] == f"test accuracy is {value}, validation accuracy {value}: no numbers"
    assert pd.isna(runs.loc[2, "test_acc"])


def test_runs_under_different_rules_are_not_put_into_one_table(plan, fakes, tmp_path):
    out = tmp_path / "out"
    run_missing(plan, out, command=fakes)
    path = folder(out, plan.runs[3]) / "spec.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "code": "ba9876543210"}))
    with pytest.raises(InputError, match="random_search/s1001 has code ba9876543210, but the runs before it 0123"):
        read_runs(out, plan.runs, {})


def test_where_no_run_has_finished_there_is_no_table(plan, tmp_path):
    failures = dict.fromkeys(plan.runs, "failed with exit code 2: error: no such data")
    with pytest.raises(InputError, match=r"none of 4 runs .* has finished: failed with exit code 2: error: no such"):
        read_runs(tmp_path, plan.runs, failures)


@pytest.fixture
def faked(monkeypatch, fakes, tmp_path):
    pytest.importorskip("torch")
    monkeypatch.setattr(commands, "run_missing", partial(run_missing, command=fakes))
    monkeypatch.setattr(folders, "REFERENCE_DIR", tmp_path / "reference")
    return fakes


def test_the_outputs_and_the_reference(faked, tmp_path, capsys):
    out = tmp_path / "digits"
    faked.test_acc = {Run("pmf_nas", 1000): 93.0, Run("pmf_nas", 1001): 92.0}
    assert main([*DIGITS, "--seeds", "2", "--out", str(out), "--update-reference"]) == 0
    assert "+2.50" in capsys.readouterr().out
    table = pd.read_csv(out / "table.csv")
    assert table["test_difference"].tolist()[1] == 2.5
    assert pd.read_csv(out / "results.csv")["seed"].tolist() == [1000, 1000, 1001, 1001]
    manifest = json.loads((out / "manifest.json").read_text())
    assert (manifest["runs"], manifest["failed"], manifest["seeds"]) == (4, 0, [1000, 1001])
    kept = {path.name for path in (tmp_path / "reference" / "search-compare-digits").iterdir()}
    assert kept == {"table.md", "results.csv", "manifest.json", "spec.json"}


def test_after_a_failure_the_exit_code_is_1_and_the_reference_stays(faked, tmp_path, capsys):
    faked.modes[Run("random_search", 1001)] = "fail"
    assert main([*DIGITS, "--seeds", "2", "--out", str(tmp_path / "digits"), "--update-reference"]) == 1
    assert "1 of 4 runs failed" in capsys.readouterr().out
    assert "| random\\_search | test | 1 |" in (tmp_path / "digits" / "table.md").read_text()
    assert not (tmp_path / "reference").exists()


def test_the_exit_code_is_1_where_all_runs_of_a_searcher_fail(faked, tmp_path, capsys):
    arguments = [*DIGITS, "--seeds", "2", "--out", str(tmp_path / "digits")]
    faked.modes |= {Run("random_search", seed): "fail" for seed in (1000, 1001)}
    assert main(arguments) == 1
    assert "random_search: all 2 runs failed" in capsys.readouterr().err
    del faked.modes[Run("random_search", 1001)]
    assert main(arguments) == 0
    captured = capsys.readouterr()
    assert "1 of 4 runs failed" in captured.out
    assert "all 2 runs failed" not in captured.err


def test_the_table_is_written_again_from_the_runs(faked, tmp_path, capsys):
    out = tmp_path / "digits"
    faked.modes[Run("pmf_nas", 1001)] = "fail"
    main([*DIGITS, "--seeds", "2", "--searchers", "random_search,pmf_nas", "--out", str(out)])
    before = {name: (out / name).read_bytes() for name in ("table.md", "table.csv", "results.csv")}
    for name in ("table.md", "table.csv"):
        (out / name).unlink()
    assert main(["table", str(out)]) == 0
    assert {name: (out / name).read_bytes() for name in before} == before
    assert b"pmf\\_nas, seed 1001: failed with exit code 3" in before["table.md"]
    (out / "manifest.json").unlink()
    assert main(["table", str(out)]) == 2
    assert "run search-compare first" in capsys.readouterr().err


def test_a_folder_of_other_settings_is_refused(faked, tmp_path, capsys):
    out = ["--out", str(tmp_path / "digits"), "--seeds", "1"]
    assert main([*DIGITS, *out]) == 0
    assert main([*DIGITS, *out, "--budget", "3m"]) == 2
    assert "holds results with budget_s 120.0, but this run has budget_s 180.0" in capsys.readouterr().err
    assert main([*DIGITS, *out, "--searchers", "pmf_nas,random_search,asha"]) == 0
    assert len(faked.noted("begin")) == 3


def test_a_dry_run_shows_a_command_that_search_understands(tmp_path, capsys):
    pytest.importorskip("torch")
    out = tmp_path / "out"
    flags = ["--width", "2", "--split-seed", "5", "--space", "nats-sss", "--data-dir", "pho tos", "--seeds", "3"]
    assert main([*DIGITS, *flags, "--out", str(out), "--dry-run"]) == 0
    printed = capsys.readouterr().out
    assert "2 searchers x 3 seeds = 6 runs of 2 min on CPU, 2 at once" in printed
    assert not out.exists()
    (line,) = (line for line in printed.splitlines() if line.startswith("  first"))
    words = shlex.split(line)
    options = parsed(words[words.index("search") :])
    spec = training_commands.asked(options)
    assert (spec.dataset, spec.budget_s, spec.schedules, spec.searcher, spec.seed) == (
        *("digits", 120.0, (3, 12)),
        *("pmf_nas", 1000),
    )
    assert (spec.width, spec.split_seed, spec.space, str(spec.data_dir)) == (2, 5, "nats-sss", "pho tos")
    assert (spec.device, options.out) == ("cpu", out / "runs" / "pmf_nas" / "s1000")


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--searchers", "pmf_nas"], "must name at least two"),
        (["--searchers", "pmf_nas,pmf_nas"], "must name at least two"),
        (["--searchers", "pmf_nas,gradient"], "searcher is 'gradient', but must be one of"),
        (["--width", "auto"], "--width is auto, but must be a number"),
        (["--jobs", "0"], "--jobs is '0'"),
        (["--seeds", "0"], "--seeds is '0'"),
        (["--budget", ""], "--budget is empty"),
        (["--schedules", "0"], "--schedules is '0'"),
        (["--device", "tpu"], "--device is 'tpu'"),
    ],
)
def test_what_cannot_be_used_is_refused_before_anything_is_run(tmp_path, capsys, flags, message):
    pytest.importorskip("torch")
    out = tmp_path / "out"
    assert main([*DIGITS, *flags, "--out", str(out)]) == 2
    assert message in capsys.readouterr().err
    assert not out.exists()


def test_threads_are_one_where_runs_share_the_cores(monkeypatch):
    pytest.importorskip("torch")
    monkeypatch.setenv("OMP_NUM_THREADS", "4")

    def threads(n_jobs):
        return commands.asked(parsed([*DIGITS, "--jobs", n_jobs]))[1].n_threads

    assert (threads("1"), threads("2")) == (4, 1)
