"""Bad input gets one line that names the value and the remedy, exit code 2, no traceback, and loses nothing."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from harness.cli.main import main
from harness.host.code import ROOT
from tests.support.verbs import refused

SMALL = ["run", "table2", "--seeds", "1", "--budget", "1h", "--jobs", "1"]


pytestmark = pytest.mark.usefixtures("own_cache")


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--searchers", "gradient"], "searcher is 'gradient', but must be one of: asha"),
        (["--datasets", "mnist"], "data set is 'mnist', but must be one of: cifar10"),
        (["--datasets", ","], "--datasets is ','"),
        (["--budget", "0"], "--budget is '0', but must be a positive time such as 8.5h"),
        (["--budget", "-8.5h"], "--budget is '-8.5h'"),
        (["--seeds", "0"], "--seeds is '0', but must be a whole number of at least 1"),
        (["--first-seed", "-1"], "--first-seed is '-1'"),
        (["--workers", "0"], "--workers is '0'"),
        (["--jobs", "none"], "--jobs is 'none'"),
        (["--data", "/no/such/table"], "--data is '/no/such/table', but no such path exists"),
    ],
)
def test_an_argument_that_cannot_be_used(capsys, tmp_path, flags, message):
    out = tmp_path / "out"
    flags = [f"{flags[0]}={flags[1]}"]
    assert message in refused(capsys, [*SMALL, "--data", "surrogate", "--out", str(out), *flags])
    assert not out.exists()


def test_data_that_are_no_benchmark(capsys, tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.txt").write_text("meow")
    assert "photos" in refused(capsys, [*SMALL, "--data", str(tmp_path / "photos"), "--out", str(tmp_path / "out")])


def test_a_table_of_another_version(capsys, tmp_path):
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "table.json").write_text(json.dumps({"format": 0}))
    message = refused(capsys, [*SMALL, "--data", str(tmp_path / "old"), "--out", str(tmp_path / "out")])
    assert "has table format 0" in message


def test_a_truncated_table(capsys, tmp_path):
    (tmp_path / "cut").mkdir()
    (tmp_path / "cut" / "table.json").write_text('{"format": 1, "head')
    assert "is damaged" in refused(capsys, [*SMALL, "--data", str(tmp_path / "cut"), "--out", str(tmp_path / "out")])


def test_a_foreign_folder_as_out_is_left_alone(capsys, tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("precious")
    message = refused(capsys, [*SMALL, "--data", "surrogate", "--out", str(tmp_path / "thesis")])
    assert "is not a folder of results" in message
    assert (tmp_path / "thesis" / "chapter.txt").read_text() == "precious"


def test_an_out_that_is_a_file(capsys, tmp_path):
    (tmp_path / "file").write_text("text")
    assert "--out" in refused(capsys, [*SMALL, "--data", "surrogate", "--out", str(tmp_path / "file")])


def test_an_out_that_cannot_be_written(capsys):
    message = refused(capsys, [*SMALL, "--data", "surrogate", "--out", "/proc/results"])
    assert "cannot be written" in message


FEW = ["--data", "surrogate", "--searchers", "random_search,pmf_nas", "--datasets", "cifar10"]


@pytest.fixture(scope="module")
def made(tmp_path_factory, surrogate_table):
    """A finished experiment, to be copied before it is changed."""
    out = tmp_path_factory.mktemp("results") / "small"
    assert main([*SMALL, *FEW, "--out", str(out)]) == 0
    return out


@pytest.fixture
def small_result(made, tmp_path):
    out = shutil.copytree(made, tmp_path / "small")
    return out, [*FEW, "--out", str(out)]


def test_results_with_other_settings_are_not_mixed(capsys, small_result):
    out, flags = small_result
    before = (out / "runs.parquet").read_bytes()
    message = refused(capsys, [*SMALL[:-4], "--budget", "2h", "--jobs", "1", *flags])
    assert "holds results with budget_s 3600.0, but this run has budget_s 7200.0" in message
    assert (out / "runs.parquet").read_bytes() == before


def test_results_of_other_data_are_refused(capsys, small_result, tmp_path):
    out, flags = small_result
    spec = json.loads((out / "spec.json").read_text())
    (out / "spec.json").write_text(json.dumps({**spec, "fingerprint": "0" * 12}))
    assert "holds results with fingerprint 000000000000" in refused(capsys, [*SMALL, *flags])


def test_the_table_is_made_again_from_the_records(capsys, small_result):
    out, _ = small_result
    before = {name: (out / name).read_bytes() for name in ("runs.parquet", "steps.parquet", "table.csv")}
    for name in before:
        (out / name).unlink()
    assert main(["table", str(out), "--data", "surrogate"]) == 0
    assert {name: (out / name).read_bytes() for name in before} == before


def test_finished_runs_are_not_run_again(capsys, small_result):
    out, flags = small_result
    records = sorted(out.glob("runs/**/*.parquet"))
    stamps = [record.stat().st_mtime_ns for record in records]
    assert main([*SMALL, *flags, "--seeds", "2"]) == 0
    assert "2 of 4 runs were finished before" in capsys.readouterr().err
    assert [record.stat().st_mtime_ns for record in records] == stamps
    assert len(sorted(out.glob("runs/**/*.parquet"))) == 4


def test_a_dry_run_writes_nothing(capsys, tmp_path):
    out = tmp_path / "dry"
    assert main([*SMALL, "--data", "surrogate", "--searchers", "random_search", "--dry-run", "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "1 searchers x 3 data sets x 1 seeds = 3 runs of 1 h" in printed
    assert not out.exists()


def test_a_smoke_run_does_not_stand_in_the_way_of_the_whole(tmp_path):
    flags = ["--data", "surrogate", "--searchers", "random_search", "--datasets", "cifar10", *SMALL[2:]]
    assert main(["run", "table2", "--smoke", *flags]) == 0
    assert main(["run", "table2", *flags]) == 0
    assert sorted(path.name for path in (tmp_path / "results").iterdir()) == ["table2", "table2-smoke"]


def test_a_damaged_record_is_named(capsys, small_result):
    out, _ = small_result
    record = next(out.glob("runs/**/*.parquet"))
    record.write_bytes(record.read_bytes()[:-100])
    assert record.name in refused(capsys, ["table", str(out), "--data", "surrogate"])


def test_a_folder_without_results_is_no_table(capsys, tmp_path):
    assert "is not a folder of results" in refused(capsys, ["table", str(tmp_path)])


def test_published_needs_real_values(capsys, tmp_path):
    message = refused(capsys, ["run", "published", "--data", "surrogate", "--out", str(tmp_path / "out")])
    assert "needs real values" in message


@pytest.mark.parametrize("verb", [["run", "table2"], ["ablation"]])
def test_a_dry_run_refuses_what_would_replace_a_reference_by_less(capsys, tmp_path, monkeypatch, verb):
    asked = []
    monkeypatch.setattr(
        f"harness.cli.{'run' if verb[0] == 'run' else 'studies'}.refuse_less", lambda *a: asked.append(a)
    )
    flags = ["--data", "surrogate", "--seeds", "1", "--budget", "0.3h", "--datasets", "cifar10", "--jobs", "1"]
    small = ["--searchers", "random_search"] if verb[0] == "run" else ["--variants", "no_curves"]
    out = ["--out", str(tmp_path / "out"), "--dry-run"]
    assert main([*verb, *flags, *small, *out]) == 0
    assert asked == []
    assert main([*verb, *flags, *small, *out, "--update-reference"]) == 0
    ((name, extent),) = asked
    assert (name, extent["datasets"]) == (f"{verb[-1]}-surrogate", ("cifar10",))


def test_the_code_is_that_of_an_interruption_wherever_it_falls(tmp_path):
    """CPython ends a folder that is run by SIGINT if an interruption fell into an `exec`, caught or not."""
    program = [
        "import sys, types",
        "from harness.cli import main",
        "verb = types.SimpleNamespace(run=lambda options: exec('raise KeyboardInterrupt'))",
        "sys.modules['harness.cli.ceiling'] = verb",
        "sys.argv = ['harness', 'ceiling']",
        "sys.exit(main.entry())",
    ]
    (tmp_path / "__main__.py").write_text("\n".join(program))
    done = subprocess.run(
        [sys.executable, tmp_path],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, "interrupted; " in done.stderr) == (130, True), done.stderr


def test_version(capsys):
    with pytest.raises(SystemExit) as end:
        main(["--version"])
    assert end.value.code == 0
    assert capsys.readouterr().out.startswith("pmfnas ")
