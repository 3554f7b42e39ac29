"""The verbs of a user with a new searcher: compare, new-searcher, check-searcher."""

import json
import shlex
import sys
from pathlib import Path

import pandas as pd
import pytest

from harness.cli.main import main
from pmfnas.testing.explanations import explained
from pmfnas.testing.searcher_checks import CHECKS, CheckResult
from tests.support.verbs import refused

PROCESSES = Path(__file__).parents[3] / "processes"
RANDOM = shlex.join([sys.executable, str(PROCESSES / "random_search.py")])
SMALL = ["--data", "surrogate", "--datasets", "cifar100", "--budget", "1h", "--jobs", "1"]

MINE = """
import sys
from pmfnas.core.types import Ok, Stop, Submit, Train

class Mine:
    def __init__(self, space, fidelities, budget_s, n_workers, *, rng):
        self.space, self.rng, self.best = space, rng, None
    def ask(self, running, remaining_s):
        return Submit((Train(self.space.sample(rng=self.rng), "12", 0, 3),))
    def tell(self, ticket, outcome):
        if isinstance(outcome, Ok) and (self.best is None or outcome.curve.last_valid_acc > self.best[0]):
            self.best = (outcome.curve.last_valid_acc, ticket.request.arch)
    def recommend(self):
        return [self.best[1]] if self.best else []
"""


pytestmark = pytest.mark.usefixtures("own_cache")


@pytest.fixture
def mine(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(MINE)
    return path


def compared(out, *flags, seeds=1):
    return main(["compare", *SMALL, "--seeds", str(seeds), "--out", str(out), *flags])


# -------------------------------------------------------------------------------------------------- compare


def test_a_file_and_a_command_are_compared(capsys, tmp_path, mine):
    out = tmp_path / "out"
    given = ("--searcher", f"{mine}:Mine", "--command", f"theirs={RANDOM}", "--against", "random_search")
    assert compared(out, *given, seeds=2) == 0
    printed = capsys.readouterr().out
    verdict = (out / "verdict.md").read_text()
    assert verdict in printed
    assert "Mine: ran in the harness's own process" in " ".join(verdict.split())
    assert "theirs: ran in a process of its own" in " ".join(verdict.split())
    rows = pd.read_csv(out / "verdict.csv")
    assert list(zip(rows["searcher"], rows["opponent"], strict=True)) == [
        *(("Mine", "pmf_nas"), ("Mine", "random_search")),
        *(("theirs", "pmf_nas"), ("theirs", "random_search")),
    ]
    assert set(rows["verdict"]) == {"no claim"}
    runs = pd.read_parquet(out / "runs.parquet")
    assert set(runs["searcher"]) == {"Mine", "theirs", "pmf_nas", "random_search"}
    assert (runs["status"] == "ok").all()
    settings = runs[runs["searcher"] == "theirs"]["settings"].iloc[0]
    assert json.loads(settings)["version"] == "1"
    log = out / "runs" / "nb201-cifar100" / "theirs" / "s0000.stderr.log"
    assert log.read_text() == "what is printed goes to standard error\n"
    assert {"table.md", "table.csv", "table.tex", "accuracy.png", "manifest.json"} <= {f.name for f in out.iterdir()}
    assert str(tmp_path) not in (out / "spec.json").read_text() + (out / "manifest.json").read_text() + verdict


def made_again_from_records(out):
    names = ("verdict.md", "verdict.csv", "table.md", "runs.parquet")
    before = {name: (out / name).read_bytes() for name in names}
    for name in names:
        (out / name).unlink()
    assert main(["table", str(out), "--data", "surrogate"]) == 0
    assert {name: (out / name).read_bytes() for name in names} == before


def test_more_seeds_go_on_and_a_changed_file_is_refused(capsys, tmp_path, mine):
    out = tmp_path / "out"
    assert compared(out, "--searcher", f"{mine}:Mine") == 0
    first = (out / "runs/nb201-cifar100/Mine/s0000.parquet").stat().st_mtime_ns
    assert compared(out, "--searcher", f"{mine}:Mine", seeds=2) == 0
    made_again_from_records(out)
    assert (out / "runs/nb201-cifar100/Mine/s0000.parquet").stat().st_mtime_ns == first
    mine.write_text(MINE.replace('"12", 0, 3', '"12", 0, 6'))
    arguments = ["compare", *SMALL, "--seeds", "2", "--out", str(out)]
    message = refused(capsys, [*arguments, "--searcher", f"{mine}:Mine"])
    assert "holds results of Mine from mine.py:Mine " in message
    assert "choose another --out, or another name" in message
    assert main([*arguments, "--searcher", f"second={mine}:Mine"]) == 0
    assert set(json.loads((out / "spec.json").read_text())["sources"]) == {"Mine", "second"}


def test_the_class_reaches_worker_processes(tmp_path, mine):
    (tmp_path / "moves_beside.py").write_text("EPOCHS = 3\n")
    mine.write_text("from moves_beside import EPOCHS\n" + MINE.replace('"12", 0, 3', '"12", 0, EPOCHS'))
    flags = ["--searcher", f"{mine}:Mine", "--jobs", "2", "--seeds", "4"]
    assert main(["compare", *SMALL, "--out", str(tmp_path / "out"), *flags]) == 0
    runs = pd.read_parquet(tmp_path / "out" / "runs.parquet")
    assert (runs["status"] == "ok").all()
    assert len(runs) == 8


WRONG = {
    "exits": ("sys.exit(5)", "the searcher exits from the process that it is a guest in"),
    "raises": ("raise KeyError('by hand')", "ask raised KeyError: 'by hand'"),
    "asks_for_a_list": ("return Submit((Train([0] * 6, '12', 0, 3),))", "of Python's int"),
    "goes_on_from_nothing": ("return Submit((Train((0,) * 6, '12', 3, 6),))", "live checkpoints exist at no epoch"),
    "asks_for_ever": ("return Submit((Train((3,) * 6, '12', 0, 3),))", "never stops"),
    "gives_a_bad_reason": ("return Submit((Train((3,) * 6, '12', 0, 3),), ({'a': [1]},))", "reasons map names"),
    "reason_no_file_can_hold": ("return Submit((Train((3,) * 6, '200', 0, 200),), ({'a': '\\ud800'},))", ""),
    "stops_with_what_no_file_can_hold": ("return Stop('\\ud800')", "\\ud800"),
}
ASKING = 'return Submit((Train(self.space.sample(rng=self.rng), "12", 0, 3),))'


def test_what_searchers_do_wrong_costs_no_other_run(tmp_path, capsys):
    flags = []
    for name, (line, _) in WRONG.items():
        (tmp_path / f"{name}.py").write_text(MINE.replace(ASKING, line))
        flags += ["--searcher", f"{name}={name}.py:Mine"]
    assert compared(tmp_path / "out", *flags) == 1
    said = capsys.readouterr().err
    assert "raises: all 1 runs on cifar100 failed, the first with: ask raised KeyError: 'by hand'" in said
    assert "pmf_nas: all" not in said
    assert "reason_no_file_can_hold: all 1 runs on cifar100 failed, the first with: no arch at its end (budget)" in said
    runs = pd.read_parquet(tmp_path / "out" / "runs.parquet").set_index("searcher")
    assert runs.loc["pmf_nas", "status"] == "ok"
    assert {name: why in runs.loc[name, "why"] for name, (_, why) in WRONG.items()} == dict.fromkeys(WRONG, True)
    assert set(runs[runs["status"] == "ok"].index) == {
        *("pmf_nas", "reason_no_file_can_hold", "stops_with_what_no_file_can_hold")
    }
    assert "**exits against pmf_nas: no result.**" in (tmp_path / "out" / "verdict.md").read_text()


def test_a_worker_that_dies_is_one_line_and_keeps_what_is_finished(capsys, tmp_path, mine):
    mine.write_text(MINE.replace(ASKING, "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"))
    flags = ["--searcher", f"{mine}:Mine", "--seeds", "4", "--jobs", "2", "--out", str(tmp_path / "out")]
    assert "was killed or crashed in the middle of a run" in refused(capsys, ["compare", *SMALL, *flags])
    assert not list((tmp_path / "out").rglob("Mine/*.parquet"))


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ([], "compare has no --searcher and no --command"),
        (["--searcher", "mine.py"], "must look like my_search.py:MySearcher"),
        (["--searcher", "mine.py:Other"], "mine.py has no class Other; it has: Mine"),
        (["--searcher", "mine.py:Mine", "--searcher", "mine.py:Mine"], "two searchers are called 'Mine'"),
        (["--searcher", "pmf_nas=mine.py:Mine"], "two searchers are called 'pmf_nas'"),
        (["--searcher", "mine.py:Mine", "--against", "gradient"], "searcher is 'gradient', but must be one of"),
        (["--command", "no-such-program"], "no program 'no-such-program' is found"),
        (["--command", "sh -c 'echo oh no >&2; exit 7'"], "does not start: to hello: the process exited with code 7"),
        (["--command", "sleep 9", "--start-limit", "0.2s"], "did not answer within 0.2 s"),
        (["--command", "sleep 9", "--answer-limit", "never"], "--answer-limit is 'never', but must be a positive time"),
        (["--searcher", "raising.py:Mine"], "cannot be made: its constructor raised ZeroDivisionError"),
        (["--searcher", "mine.py:Mine", "--seeds", "0"], "--seeds is '0'"),
        (["--searcher", "mine.py:Mine", "--budget", "0"], "--budget is '0'"),
    ],
)
def test_bad_input_is_refused_before_any_run(capsys, tmp_path, mine, flags, message):
    out = tmp_path / "out"
    (tmp_path / "raising.py").write_text(MINE.replace("space, rng, None", "1 / 0, rng, None"))
    assert message in refused(capsys, ["compare", *SMALL, "--out", str(out), *flags])
    assert not out.exists()


def test_a_command_that_does_not_start_can_be_recorded_as_failed(tmp_path):
    flags = ["--command", "broken=sh -c 'echo no licence >&2; exit 7'", "--keep-going"]
    assert compared(tmp_path / "out", *flags) == 1
    runs = pd.read_parquet(tmp_path / "out" / "runs.parquet").set_index("searcher")
    assert (runs.loc["broken", "status"], runs.loc["pmf_nas", "status"]) == ("failed", "ok")
    assert "it said: no licence" in runs.loc["broken", "why"]
    assert "it said: no licence" in " ".join((tmp_path / "out" / "verdict.md").read_text().split())


# --------------------------------------------------------------------------- new-searcher and check-searcher


def test_a_new_searcher_passes_every_check_and_can_be_compared(capsys, tmp_path):
    assert main(["new-searcher", "my_search"]) == 0
    assert "check-searcher my_search.py:MySearch" in capsys.readouterr().out
    assert len(Path("my_search.py").read_text().splitlines()) <= 32
    assert main(["check-searcher", "my_search.py:MySearch"]) == 0
    assert f"all {len(CHECKS)} checks passed" in capsys.readouterr().out
    assert compared(tmp_path / "out", "--searcher", "my_search.py:MySearch") == 0
    runs = pd.read_parquet(tmp_path / "out" / "runs.parquet").set_index("searcher")
    assert runs.loc["MySearch", "status"] == "ok"


@pytest.mark.parametrize("name", ["class", "json", "My", "my-search", "", "../mine"])
def test_a_name_that_is_no_module(capsys, name):
    assert "must be a module name of your own" in refused(capsys, ["new-searcher", name])


def test_an_existing_file_is_not_touched(capsys, mine):
    assert "mine.py exists already" in refused(capsys, ["new-searcher", "mine"])
    assert mine.read_text() == MINE


def test_a_failed_check_is_explained(capsys, mine):
    mine.write_text(MINE.replace("if isinstance(outcome, Ok) and (", "if ("))
    assert main(["check-searcher", str(mine) + ":Mine"]) == 1
    printed = capsys.readouterr().out
    assert "FAIL  some segments fail" in printed
    assert "what happened:  tell raised AttributeError" in printed
    assert "what to do:     A failed segment leaves no checkpoint" in printed
    assert "ok    same seed, same moves" in printed


BROKEN_AT_ASK = (
    'read x; echo \'{"type": "ready", "protocol": 1}\'; read x; echo "Error: boom" >&2; echo v20 >&2; exit 1'
)


def test_a_program_that_does_not_start_is_told_once_with_its_error(capsys):
    line = "sh -c 'echo throw 1 >&2; echo Error: boom >&2; echo Node.js v20.20.2 >&2; exit 1'"
    message = refused(capsys, ["check-searcher", "--command", line])
    assert message == (
        "error: searcher sh does not start: to hello: the process exited with code 1 instead of answering; "
        "it said: Error: boom"
    )
    assert "FAIL" not in capsys.readouterr().out


def test_a_class_whose_constructor_raises_is_told_once(capsys, mine):
    mine.write_text(MINE.replace("self.space, self.rng, self.best = space, rng, None", "raise KeyError('budget')"))
    message = refused(capsys, ["check-searcher", f"{mine}:Mine"])
    assert message == "error: searcher Mine cannot be made: its constructor raised KeyError: 'budget'"


def test_checks_that_all_fail_for_one_cause_are_left_out(capsys, tmp_path):
    (tmp_path / "broken.sh").write_text(BROKEN_AT_ASK)
    assert main(["check-searcher", "--command", "sh broken.sh"]) == 1
    printed = capsys.readouterr().out
    assert printed.count("FAIL") == 3
    assert printed.splitlines()[-2].startswith("the first 3 checks failed for one cause")
    assert printed.splitlines()[-1].endswith("it said: Error: boom")


def test_every_check_has_an_explanation():
    for name in CHECKS:
        lines = explained(CheckResult(name, passed=False, explanation="by hand"))
        assert [line.split(":")[0].strip() for line in lines[1:]] == ["what was done", "what happened", "what to do"]
        assert explained(CheckResult(name, passed=True)) == [f"ok    {name}"]


def test_a_command_is_checked_too_and_leaves_no_process(capsys, monkeypatch):
    kept = "1 worker"
    monkeypatch.setattr("harness.players.checking.CHECKS", {kept: CHECKS[kept]})
    assert main(["check-searcher", "--command", RANDOM]) == 0
    assert "all 1 checks passed" in capsys.readouterr().out


def test_one_of_file_and_command_is_needed(capsys):
    assert "needs one of" in refused(capsys, ["check-searcher"])
    assert "needs one of" in refused(capsys, ["check-searcher", "a.py:A", "--command", "a"])
