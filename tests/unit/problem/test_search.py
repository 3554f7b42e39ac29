"""`pmfnas.search` as a whole: found, recorded, resumed, refused."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

import pmfnas
from baselines.random_search import RandomSearch
from pmfnas.core.errors import ContractError, InputError
from pmfnas.core.types import Stop, Submit, Train, Wait
from pmfnas.loop.record import read_header
from pmfnas.problem.search import shared

ROOT = Path(__file__).parents[3]
CHOICES = {"depth": [1, 2, 3, 4], "kind": ["a", "b"], "lr": pmfnas.LogGrid(1e-3, 1e-1, 3)}
SPACE = pmfnas.Choices(**CHOICES)
SCHEDULES = {"short": 2, "long": 6}


def value_of(arch):
    return 0.9 - 0.1 * abs(arch.depth - 3) - (0.05 if arch.kind == "a" else 0.0) - 2.0 * abs(arch.lr - 0.01)


def made(metric="valid_acc", worth=value_of, pause_s=0.01):
    """Return a training function without a module, as one from a script or a notebook is."""

    def train(arch, run):
        import time

        for epoch in run.epochs:
            time.sleep(pause_s)
            value = worth(arch) * epoch / (epoch + 1)
            run.report(train_loss=1 / epoch, **({metric: value} if run.wants_validation else {}))
        run.checkpoint.save({"depth": arch.depth, "epochs": epoch})

    train.__module__ = "__main__"
    return train


@pytest.fixture(autouse=True)
def by_value():
    import cloudpickle

    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    yield
    cloudpickle.unregister_pickle_by_value(sys.modules[__name__])


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    import cloudpickle

    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    out = tmp_path_factory.mktemp("found") / "mine"
    begin_s = time.monotonic()
    result = pmfnas.search(made(), SPACE, schedules=SCHEDULES, budget="4s", out=out, progress=False)
    return result, out, time.monotonic() - begin_s


def test_the_best_is_found_within_the_budget(found):
    result, _, seconds = found
    assert result.best.arch.depth == 3
    assert result.best.arch.lr == 0.01
    assert (result.best.schedule, result.best.epochs) == ("long", 6)
    assert result.best.value == pytest.approx(value_of(result.best.arch) * 6 / 7)
    assert 1.0 < seconds < 4.0 + 3.0  # within it, and what loading and writing take
    assert result.header.clock_s <= 4.0
    several = f", mean of {result.best.n_trainings} trainings" if result.best.n_trainings > 1 else ""
    told = f"{result.best.arch!r}: valid_acc {result.best.value:.4g} after 6 epochs of long{several}"
    assert str(result.best) == told
    assert repr(result).startswith(str(result.best))
    assert result.load_best() == {"depth": 3, "epochs": 6}


def test_frames_and_figure_have_the_units_of_the_user(found):
    result, _, _ = found
    frame, trace = result.to_pandas(), result.trace()
    ended = frame[(frame["status"] == "ok") & frame["valid_acc"].notna()]  # a probe is not validated
    assert len(ended) > 10
    expected = [
        value_of(SPACE.named(SPACE.parse(a))) * e / (e + 1) for a, e in zip(ended["arch"], ended["epochs"], strict=True)
    ]
    pd.testing.assert_series_equal(ended["valid_acc"], pd.Series(expected, ended.index, name="valid_acc"))
    assert set(ended["depth"]) <= {1, 2, 3, 4}
    assert trace["time_s"].is_monotonic_increasing
    assert trace.iloc[-1]["depth"] == 3
    assert {"valid_acc", "at", "kind", "lr"} <= set(trace.columns)
    panel = result.plot().axes[0]
    assert panel.get_ylabel() == "valid_acc"
    assert panel.get_xlabel() == "seconds of the search"


def test_the_record_is_that_of_every_run_and_explain_reads_it(found):
    _, out, _ = found
    (record,) = out.glob("runs/*/*/*.parquet")
    header = read_header(record)
    assert (header.run_id, header.data, header.status) == ("choices-mine/pmf_nas/s0000", "TRAINED", "ok")
    assert header.settings["metric"]["name"] == "valid_acc"
    command = [sys.executable, "-m", "harness", "explain", str(record), "--out", str(out.parent / "figures")]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert f"1. {header.recommended[0]}" in run.stdout


def test_the_same_call_returns_the_same_result_and_another_is_refused(found):
    result, out, _ = found
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file() and path.name != "lock"}

    def again(**changes):
        given = {"train": made(), "space": SPACE, "schedules": SCHEDULES, "budget": "4s", "seed": 0, **changes}
        return pmfnas.search(**given, out=out, progress=False)

    begin_s = time.monotonic()
    assert str(again().best) == str(result.best)
    assert time.monotonic() - begin_s < 1.5
    wider = pmfnas.Choices(depth=[1, 2, 3, 4, 5], kind=["a", "b"], lr=pmfnas.LogGrid(1e-3, 1e-1, 3))
    changes = {
        "budget_s 4.0, but this one has 5.0": {"budget": "5s"},
        "seed 0, but this one has 1": {"seed": 1},
        "n_workers 1, but this one has 2": {"n_workers": 2},
        "with space 'Choices": {"space": wider},
        "with functions": {"space": pmfnas.Choices(**CHOICES, cost_hint=lambda arch: 1.0)},
        "with schedules": {"schedules": {"short": 2, "long": 7}},
        "with metric": {"metric": "valid_loss"},
        "with train '": {"train": lambda arch, run: None},
    }
    for message, change in changes.items():
        with pytest.raises(InputError, match=f"holds a search .*{message}"):
            again(**change)
    assert before == {path: path.read_bytes() for path in out.rglob("*") if path.is_file() and path.name != "lock"}


def test_a_loss_is_minimised_by_another_searcher_on_two_workers(tmp_path):
    train = made("valid_loss", lambda arch: 5e4 * (1.0 - value_of(arch)))
    result = pmfnas.search(
        train,
        SPACE,
        schedules=3,
        budget="3s",
        out=tmp_path / "loss",
        metric="valid_loss",
        searcher=RandomSearch,
        n_workers=2,
        progress=False,
    )
    frame = result.to_pandas()
    ended = frame[frame["status"] == "ok"]
    assert result.best.value == pytest.approx(ended["valid_loss"].min(), rel=1e-6)
    assert ended["valid_loss"].max() == pytest.approx(5e4 * 0.75 * (1.0 - 0.4 + 0.05 + 0.18 - 0.0), rel=0.5)
    assert set(frame["worker"]) == {0, 1}
    assert result.header.searcher == "RandomSearch"
    assert result.plot().axes[0].get_ylabel() == "valid_loss"
    assert "%" not in repr(result)


def test_archs_that_fail_are_lost_and_shown_and_the_search_goes_on(tmp_path, capsys):
    def train(arch, run):
        if arch.kind == "a":
            raise ValueError(f"kind {arch.kind} cannot be built")
        for _ in run.epochs:
            run.report(train_loss=1.0, valid_acc=0.1 * arch.depth)

    result = pmfnas.search(train, SPACE, schedules=SCHEDULES, budget="4s", out=tmp_path / "out")
    assert result.best.arch.kind == "b"
    shown = capsys.readouterr().err
    assert "failed: depth=" in shown
    assert "kind=a, lr=" in shown
    assert "ValueError: kind a cannot be built (test_search.py, line" in shown
    assert "of 0:00:04" in shown
    assert "best valid_acc 0." in shown
    frame = result.to_pandas()
    assert "failed" in set(frame[frame["kind"] == "a"]["status"]) <= {"failed", "cut"}


def test_the_metric_alone_is_enough(tmp_path):
    def train(arch, run):
        for epoch in run.epochs:
            yield {"valid_acc": 0.2 * arch.depth * epoch / 6}

    result = pmfnas.search(train, SPACE, schedules=SCHEDULES, budget="3s", out=tmp_path / "out", progress=False)
    assert result.best.arch.depth == 4
    assert result.to_pandas()["train_loss"].isna().all()


def test_a_corrected_function_takes_the_place_of_one_that_always_failed(tmp_path):
    def broken(arch, run):
        raise NameError("name 'modle' is not defined")

    call = {"space": SPACE, "schedules": 1, "budget": "3s", "out": tmp_path / "out", "progress": False}
    with pytest.raises(InputError, match="the first 5 trainings all failed, the last one: NameError: name 'modle'"):
        pmfnas.search(broken, **call)
    assert "name 'modle' is not defined" in (tmp_path / "out" / "train.log").read_text()
    assert pmfnas.search(made(), **call).best.arch.depth in (1, 2, 3, 4)


def test_a_searcher_that_breaks_a_rule_and_a_budget_that_is_too_small(tmp_path):
    class Broken(RandomSearch):
        def ask(self, running, remaining_s):
            raise KeyError("lost")

    call = {"space": SPACE, "schedules": 1, "budget": "2s", "progress": False}
    with pytest.raises(ContractError, match="the searcher Broken failed: ask raised KeyError"):
        pmfnas.search(made(), **call, out=tmp_path / "a", searcher=Broken)
    with pytest.raises(InputError, match="budget is 2 s, but no training ended within it; give more"):
        pmfnas.search(made(pause_s=9.0), **call, out=tmp_path / "b")


WRONG = {
    "train is 3, but must be a function": {"train": 3},
    r"train takes \(arch\), but must take two arguments: arch and run": {"train": lambda arch: None},
    "space is .'depth'.*but must be pmfnas.Choices": {"space": {"depth": [1, 2]}},
    'schedules is {}, but must name epochs, such as {"short": 9': {"schedules": {}},
    "schedules has short: 0, but epochs are a whole number from 1": {"schedules": {"short": 0}},
    "schedules has short: 1.5, but": {"schedules": {"short": 1.5}},
    "schedules has the name 'a b', but a name is a plain word": {"schedules": {"a b": 3}},
    "but must be given with the shortest first": {"schedules": {"long": 9, "short": 3}},
    'budget is .soon., but must be a positive time such as "2h"': {"budget": "soon"},
    "budget is -3, but": {"budget": -3},
    "budget is True, but": {"budget": True},
    "timeout is 0, but must be a positive time": {"timeout": 0},
    "seed is -1, but must be a whole number from 0": {"seed": -1},
    "n_workers is 0, but must be a whole number from 1": {"n_workers": 0},
    "metric is 'rmse', of which it is not known": {"metric": "rmse"},
    "searcher is 'asha', but must be a class": {"searcher": "asha"},
    "out is 3, but must be the path": {"out": 3},
}


@pytest.mark.parametrize("message", WRONG)
def test_arguments_that_cannot_be_used_are_refused_before_anything_starts(message, tmp_path):
    given = {"train": made(), "space": SPACE, "schedules": 3, "budget": "1h", "out": tmp_path / "out", **WRONG[message]}
    with pytest.raises(InputError, match=message) as error:
        pmfnas.search(**given)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "out").exists()


def test_a_folder_with_other_files_and_a_function_that_cannot_be_sent_are_refused(tmp_path):
    (tmp_path / "thesis.tex").write_text("all of it")
    call = {"space": SPACE, "schedules": 3, "budget": "1h", "progress": False}
    with pytest.raises(InputError, match=r"which holds other files such as thesis\.tex; choose another"):
        pmfnas.search(made(), **call, out=tmp_path)
    import threading

    lock = threading.Lock()

    def train(arch, run):
        with lock:
            pass

    with pytest.raises(InputError, match=r"train cannot be sent to a worker process \(TypeError: cannot pickle"):
        pmfnas.search(train, **call, out=tmp_path / "out")
    assert not list((tmp_path / "out" / "checkpoints").iterdir())


SCRIPT = """
import sys, time
import pmfnas

space = pmfnas.Choices(depth=[1, 2, 3, 4], kind=["a", "b"])

def train(arch, run):
    for epoch in run.epochs:
        time.sleep(0.02)
        run.report(train_loss=1 / epoch, valid_acc=0.1 * arch.depth)
    run.checkpoint.save(arch.depth)

result = pmfnas.search(train, space, schedules={"short": 2, "long": 6}, budget="6s", out=sys.argv[1])
print(result)
"""


def lines(path):
    return path.read_bytes().count(b"\n") if path.exists() else 0


def ended_by(command, environment, number, after_lines):
    """Start a search, send the signal `number` once its journal has so many lines; return exit code and errors."""
    journal = Path(command[-1]) / "journal.jsonl"
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    until = time.monotonic() + 60
    while lines(journal) < after_lines and process.poll() is None and time.monotonic() < until:
        time.sleep(0.01)
    os.kill(process.pid, number)
    _, errors = process.communicate(timeout=30)
    return process.returncode, errors


@pytest.mark.skipif(os.name != "posix", reason="signals are those of POSIX")
def test_a_script_that_was_killed_and_stopped_goes_on_to_its_end(tmp_path):
    (tmp_path / "mine.py").write_text(SCRIPT)
    out = tmp_path / "out"
    command = [sys.executable, str(tmp_path / "mine.py"), str(out)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    assert ended_by(command, environment, signal.SIGKILL, 4)[0] == -signal.SIGKILL
    code, errors = ended_by(command, environment, signal.SIGINT, 9)
    assert code != 0
    assert f"stopped; the same call goes on from {out}" in errors
    before = (out / "journal.jsonl").read_bytes()
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith("depth=4, kind=")
    assert (out / "journal.jsonl").read_bytes().startswith(before[: before.rfind(b"\n") + 1])
    told = [json.loads(line) for line in (out / "journal.jsonl").read_text().splitlines()]
    assert [entry["time_s"] for entry in told] == sorted(entry["time_s"] for entry in told)
    assert told[-1]["time_s"] <= 6.0


@pytest.mark.skipif(os.name != "posix", reason="signals are those of POSIX")
def test_the_value_of_the_best_is_the_mean_of_its_longest_trainings(tmp_path):
    class Twice:
        def __init__(self, space, fidelities, budget_s, n_workers, *, rng):
            self.first = Train(space.sample(rng=rng), "3", 0, 3)
            self.left = [self.first, replace(self.first, replicate=1)]

        def ask(self, running, remaining_s):
            if self.left:
                return Submit((self.left.pop(),))
            return Wait() if running else Stop("both trainings are done")

        def tell(self, ticket, outcome):
            """Learn nothing."""

        def recommend(self):
            return [self.first.arch]

    def by_chance(arch):
        return time.perf_counter_ns() % 1000 / 1000

    found = pmfnas.search(
        made(worth=by_chance), SPACE, schedules=3, budget="20s", out=tmp_path / "x", searcher=Twice, progress=False
    )
    values = found.to_pandas()["valid_acc"]
    assert found.best.n_trainings == values.nunique() == 2
    assert found.best.value == pytest.approx(values.mean())
    assert str(found.best).endswith("after 3 epochs of 3, mean of 2 trainings")


def test_what_workers_of_a_killed_search_left_while_the_next_one_ran_is_swept(tmp_path):
    out = tmp_path / "mine"
    good = made()

    def train(arch, run):
        work = out / "checkpoints" / ".00006.pkl.writing-99999999-0a1b2c3d"  # of a process that is gone
        work.write_bytes(b"half")
        good(arch, run)

    train.__module__ = "__main__"
    pmfnas.search(train, SPACE, schedules=SCHEDULES, budget="1s", out=out, progress=False)
    assert not list(out.rglob(".*"))


def test_the_workers_end_with_a_search_that_is_killed(tmp_path):
    script = SCRIPT.replace(
        "time.sleep(0.02)", "open(sys.argv[1] + '.pid', 'w').write(str(__import__('os').getpid())); time.sleep(60)"
    )
    script = script.replace("sys.argv[1] + '.pid'", repr(str(tmp_path / "pid")))
    (tmp_path / "mine.py").write_text(script)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen([sys.executable, str(tmp_path / "mine.py"), str(tmp_path / "out")], env=environment)
    until = time.monotonic() + 30
    while not ((tmp_path / "pid").exists() and (tmp_path / "pid").read_text()) and time.monotonic() < until:
        time.sleep(0.05)
    worker = int((tmp_path / "pid").read_text())
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    until = time.monotonic() + 5
    while Path(f"/proc/{worker}").exists() and time.monotonic() < until:
        time.sleep(0.05)
    assert not Path(f"/proc/{worker}").exists()


def test_workers_share_cores_and_gpus():
    assert shared(0, 1, {"CUDA_VISIBLE_DEVICES": "0,1"}, 8) == {}
    four = [shared(slot, 4, {"CUDA_VISIBLE_DEVICES": "2, 5", "MKL_NUM_THREADS": "3"}, 8) for slot in range(4)]
    assert [one["CUDA_VISIBLE_DEVICES"] for one in four] == ["2", "5", "2", "5"]
    assert four[0] == {"OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2", "CUDA_VISIBLE_DEVICES": "2"}
    assert "CUDA_VISIBLE_DEVICES" not in shared(1, 2, {"CUDA_VISIBLE_DEVICES": "0"}, 1)


def test_the_public_names_are_few_and_loaded_when_used():
    code = (
        "import sys, pmfnas; assert not {'numpy', 'pandas', 'scipy'} & set(sys.modules); "
        "assert all(getattr(pmfnas, name) for name in dir(pmfnas)); print(*dir(pmfnas))"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    names = run.stdout.split()
    assert {"search", "Choices", "LogGrid", "Metric", "PmfNas", "__version__"} <= set(names)
    assert names == dir(pmfnas)
    with pytest.raises(AttributeError, match="has no attribute 'serach'; it has Categorical"):
        _ = pmfnas.serach
