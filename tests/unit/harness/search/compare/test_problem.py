"""`compare --problem`: real searches on a problem in a file, in the words of its metric, resumed, and refused."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict

import pandas as pd
import pytest

from harness.cli.main import main
from harness.search.compare import problem_outputs
from harness.search.compare.problem_outputs import Comparison, verdict_page
from harness.search.compare.problem_run import trained_again
from pmfnas import Metric
from pmfnas.problem.problem import Problem
from pmfnas.spaces.own.choices import Choices
from tests.support.documents import ROOT
from tests.support.verbs import refused

FILE = """
import time
import pmfnas

space = pmfnas.Choices(depth=[1, 2, 3, 4], kind=["a", "b"], lr=pmfnas.LogGrid(1e-3, 1e-1, 5))

def loss(arch):
    return 0.2 + 0.1 * abs(arch.depth - 3) + (0.05 if arch.kind == "a" else 0.0) + abs(arch.lr - 0.01)

def train(arch, run):
    for epoch in run.epochs:
        time.sleep(0.005)
        run.report(train_loss=loss(arch), valid_loss=loss(arch) + 1 / epoch + (run.seed % 100) / 1e5)

problem = pmfnas.Problem(train, space, schedules={"short": 2, "long": 6}, budget="1s", metric="valid_loss")
"""


@pytest.fixture
def written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my_problem.py").write_text(FILE)
    return tmp_path


COMPARE = ["compare", "--problem", "my_problem.py:problem"]


def test_searches_run_end_in_a_verdict_and_are_not_repeated(written, capsys):
    command = [sys.executable, str(ROOT / "harness"), *COMPARE, "--seeds", "1", "--jobs", "2", "--budget", "4s"]
    out, begun = written / "results" / "problem-compare" / "my_problem", time.monotonic()
    journal = out / "runs" / "random_search" / "s0000" / "journal.jsonl"
    with subprocess.Popen(command, cwd=written, stderr=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        while not journal.exists() and time.monotonic() - begun < 240:
            time.sleep(0.05)
        os.kill(process.pid, signal.SIGINT)
        process.communicate(timeout=120)
    assert process.returncode == 130
    assert not (out / "verdict.md").exists()
    before = journal.read_bytes()
    done = subprocess.run(command, cwd=written, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    assert journal.read_bytes().startswith(before)  # it went on
    runs = pd.read_csv(out / "results.csv")
    assert runs["searcher"].tolist() == ["pmf_nas", "random_search"]
    assert (runs["status"] == "ok").all()
    assert (runs["score"] - runs["found"]).abs().between(1e-9, 0.5).all()  # another seed's value, of the same arch
    assert (runs["score"] > 0.2 + 1 / 6).all()
    told = (out / "verdict.md").read_text()
    assert "pmf_nas against random_search: no claim" in told
    assert "accuracy" not in told + (out / "table.md").read_text()
    assert "%" not in told
    before = {name: (out / name).read_bytes() for name in ("table.md", "verdict.md", "verdict.csv", "results.csv")}
    for name in ("table.md", "verdict.md"):
        (out / name).unlink()
    assert main(["table", str(out)]) == 0
    assert {name: (out / name).read_bytes() for name in before} == before
    assert main(["report", str(out)]) == 0
    assert "no claim" in (out / "report.html").read_text()
    capsys.readouterr()
    (written / "my_problem.py").write_text(FILE.replace("0.2 +", "0.3 +"))
    assert "holds results with problem my_problem.py:problem" in refused(
        capsys, [*COMPARE, "--seeds", "1", "--jobs", "2", "--budget", "4s"]
    )


def made(metric, *, ahead):
    """Return 20 pairs, in which the values of `first` are larger by `ahead`."""
    rows = [
        {"searcher": name, "seed": seed, "status": "ok", "why": "", "found": value, "score": value, "clock_s": 1.0}
        for seed in range(20)
        for name, value in (("first", 0.5 + ahead + 0.001 * (seed % 3)), ("other", 0.5 + 0.001 * (seed % 2)))
    ]
    claim = {
        **{"problem": "my.py:problem 0123456789ab", "metric": asdict(metric), "schedules": {"short": 2, "long": 6}},
        **{"budget_s": 60.0, "n_workers": 1, "jobs": 1, "threads": 1},
    }
    runs = pd.DataFrame(rows).reindex(columns=list(problem_outputs.COLUMNS))
    return Comparison(runs, claim, ("first", "other"), ("first",))


@pytest.mark.parametrize(
    ("metric", "ahead", "said"),
    [
        (Metric("valid_acc"), 0.1, "first is better than other**, by 0.1004 valid_acc of a new training"),
        (
            Metric("valid_loss", goal="minimise", unit="positive"),
            0.1,
            "first is worse than other**, by 0.1004 valid_loss of a new",
        ),
        (
            Metric("valid_loss", goal="minimise", unit="positive"),
            -0.1,
            "first is better than other**, by 0.09955 valid_loss of a new",
        ),
        (Metric("error", goal="minimise", unit="percent"), 0.2, "first is worse than other**, by 0.20 points of error"),
    ],
)
def test_better_is_what_the_metric_says_in_its_own_unit(metric, ahead, said):
    comparison = made(metric, ahead=ahead)
    page = " ".join(verdict_page(comparison, comparison.verdicts()).split())
    assert said in page
    assert "accuracy" not in page
    (verdict,) = comparison.verdicts()
    better = (ahead > 0) == (metric.goal == "maximise")
    assert (verdict.wins, verdict.losses) == ((20, 0) if better else (0, 20))
    table = problem_outputs._searchers(comparison)
    worst = comparison.runs.groupby("searcher")["score"].agg("min" if metric.goal == "maximise" else "max")["first"]
    form = ".2f" if metric.unit == "percent" else ".4g"
    assert dict(zip(table.titles, table.rows[0], strict=True))["worst"] == format(worst, form)


def test_the_new_training_has_another_seed_and_reaches_the_end(tmp_path):
    def train(arch, run):
        for epoch in run.epochs:
            run.report(valid_acc=epoch / 10 + (run.seed % 97) / 10_000)

    problem = Problem(train, Choices(depth=[1, 2]), schedules={"short": 2, "long": 6}, budget="5s")
    values = [trained_again(problem, "depth=2", tmp_path / str(seed), seed=seed) for seed in (1, 2)]
    assert all(0.6 <= value < 0.61 for value in values)
    assert values[0] != values[1]


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--problem", "my_problem.py:wrong"], "my_problem.py has no problem wrong; it has: problem"),
        (["--problem", "my_problem.py"], "--problem is 'my_problem.py', but must look like my_problem.py:problem"),
        ([*COMPARE[1:], "--datasets", "cifar10"], "--datasets is for tables, but --problem is trained"),
        ([*COMPARE[1:], "--update-reference"], "--update-reference is for tables, but --problem is trained"),
        ([*COMPARE[1:], "--landscapes"], "--landscapes is for tables, but --problem is trained"),
        ([*COMPARE[1:], "--searchers", "pmf_nas"], "pmf_nas cannot be compared with itself alone"),
        ([*COMPARE[1:], "--searchers", "most_conv3x3"], "searcher most_conv3x3 cannot be made"),
        ([*COMPARE[1:], "--searchers", "gradient"], "searcher is 'gradient', but must be one of"),
    ],
)
def test_what_cannot_be_compared_is_refused_before_anything_is_run(written, capsys, flags, message):
    assert message in refused(capsys, ["compare", *flags])
    assert not (written / "results").exists()


def test_a_class_that_is_no_searcher_is_refused(written, capsys):
    (written / "mine.py").write_text("class Mine:\n    pass\n")
    assert "Mine in mine.py lacks ask, tell, recommend" in refused(capsys, [*COMPARE, "--searcher", "mine.py:Mine"])
