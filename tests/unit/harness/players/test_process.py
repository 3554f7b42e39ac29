"""Searchers in other processes: they play like any other, and whatever they do wrong ends their run alone."""

import json
import os
import shutil
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from harness.players import protocol
from harness.players.child import Child, Kept
from harness.players.process import Command, Limits, play
from pmfnas.core.errors import ContractError, InputError
from pmfnas.core.rng import stream
from pmfnas.loop.executor import SimulatedExecutor, paired_trials
from pmfnas.loop.runner import Setting
from pmfnas.spaces import CellSpace
from pmfnas.testing.searcher_checks import CHECKS, Subject, run_check
from pmfnas.testing.synthetic import SyntheticBenchmark
from tests.support.processes import children, left_running

PROCESSES = Path(__file__).parents[3] / "processes"
BENCHMARK = SyntheticBenchmark(CellSpace(n_classes=10, image_size=32))
BUDGET_S = 20_000.0
READY = {"type": "ready", "protocol": 1}
PYTHON = (sys.executable, "-I", "-S")


def played(words, *, log=None, n_workers=1, start_s=20.0, answer_s=20.0, budget_s=BUDGET_S):
    command = Command(tuple(map(str, words)), Limits(start_s, answer_s))
    executor = SimulatedExecutor(BENCHMARK, paired_trials(BENCHMARK, 0), n_workers=n_workers, accounting="resume")
    setting = Setting(BENCHMARK.space, BENCHMARK.fidelities, budget_s, n_workers)
    return play(command, executor, setting, rng=stream(0, "test"), log=log)


def saying(*answers, **options):
    """Play against a process that answers with these bytes or messages."""
    said = [a if isinstance(a, bytes) else json.dumps(a).encode() + b"\n" for a in answers]
    return played([*PYTHON, PROCESSES / "saying.py", *(piece.hex() for piece in said)], **options)[0]


# ------------------------------------------------------------------------------------------------- who plays


def test_the_client_plays_and_what_it_says_of_itself_is_known(tmp_path):
    finished, searcher = played([sys.executable, PROCESSES / "random_search.py"], log=tmp_path / "log")
    assert (finished.status, finished.why) == ("ok", "budget")
    assert len(finished.entries) > 20
    assert finished.entries[0].reason == {"n": 0}
    assert (searcher.about.name, searcher.about.settings) == (
        "random search",
        {"epochs": 12, "eta": 0.5, "note": None},
    )
    assert (tmp_path / "log").read_text() == "what is printed goes to standard error\n"


def test_the_same_seed_gives_the_same_run():
    runs = [played([sys.executable, PROCESSES / "random_search.py"])[0] for _ in range(2)]
    assert [e.ticket for e in runs[0].entries] == [e.ticket for e in runs[1].entries]
    assert runs[0].recommended == runs[1].recommended


def test_a_shell_script_plays():
    finished, searcher = played(["sh", PROCESSES / "counting.sh"])
    assert (finished.status, finished.why) == ("ok", "counted to ten")
    assert searcher.about.version == "sh"
    best = max((e.outcome.curve.last_valid_acc, e.ticket.request.arch) for e in finished.entries if e.status == "ok")
    assert finished.recommended == (best[1],)


def test_a_nodejs_script_plays():
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node.js is not installed")
    finished, searcher = played([node, PROCESSES / "halving.js"], n_workers=2, budget_s=3_000.0)
    assert (finished.status, finished.why) == ("ok", "budget")
    assert searcher.about.settings == {"rounds_of": 4}
    resumed = [e for e in finished.entries if e.status == "ok" and e.ticket.request.start == 1]
    assert resumed
    assert all(e.outcome.curve.start == 0 and e.outcome.curve.stop == 12 for e in resumed)
    assert finished.recommended[0] in {e.ticket.request.arch for e in resumed}


@pytest.mark.parametrize("check", ["4 workers", "some archs diverge", "some segments fail", "budget below one segment"])
def test_the_contract_checks_run_over_a_command(check):
    made = []

    def factory(*arguments, rng):
        made.append(Command((sys.executable, str(PROCESSES / "random_search.py")))(*arguments, rng=rng))
        return made[-1]

    assert check in CHECKS
    try:
        result = run_check(check, Subject(factory))
    finally:
        for searcher in made:
            searcher.close()
    assert result.passed, result.explanation


# ----------------------------------------------------------------------------------------------- what goes wrong


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        ([{"type": "ready", "protocol": 2}], "speaks protocol 2, but this harness speaks 1"),
        ([{"type": "ready"}], "ready is {'type': 'ready'}: Object missing required field `protocol`"),
        ([READY, {"type": "recommend", "archs": []}], "must answer with submit or wait or drop or stop"),
        ([READY, {"type": "wait"}], "Wait() with nothing running"),
        (
            [READY, {"type": "wait", "until": 3}],
            "wait is {'type': 'wait', 'until': 3}: Object contains unknown field `until`",
        ),
        ([READY, {"type": "drop", "arch": "8:8:8:8:8"}], "must look like |nor_conv_3x3~0|"),
        ([READY, {"type": "submit", "requests": []}], "requests is empty"),
        (
            [READY, {"type": "submit", "requests": [{"arch": 3}]}],
            "submit.requests[0].arch is 3: Expected `str`, got `int`",
        ),
        ([READY, {"type": "submit", "requests": [{"arch": "x"}]}], "Object missing required field `schedule`"),
        (
            [{**READY, "settings": {"a": [1]}}],
            "settings[...] is {'a': [1]}: Expected `bool | int | float | str | null`, got ",
        ),
        ([{**READY, "a\n": 1}], "Object contains unknown field `a\\n`"),
        ([READY, {"type": "error", "message": "no licence"}], "gave up: no licence"),
        ([READY, b"Loading model...\n"], "which is not JSON"),
        ([READY, b"\xff\xfe\n"], "which is not UTF-8"),
        ([READY, b"[1]\n"], "a message is a JSON object"),
        ([READY, b'{"type": "stop", "type": "wait"}\n'], "stands twice"),
        ([READY, b"[" * 100 + b"\n"], "nested deeper than 16 levels"),
        ([READY, b'{"type": "wait"}\n{"type": "wait"}\n'], "without being asked"),
        ([READY, b'{"type": "stop", "why": "' + b"x" * 600 + b'"}\n'], "Expected `str` of length <= 500"),
        ([READY, b'{"type": "stop", "why": "\\ud800"}\n'], "no Unicode text"),
        ([READY], "exited with code 0 instead of answering"),
    ],
)
def test_a_wrong_answer_fails_the_run_with_the_reason(answers, why):
    finished = saying(*answers)
    assert finished.status == "failed"
    assert why in finished.why


ARCH = "|none~0|+|none~0|none~1|+|none~0|none~1|nor_conv_3x3~2|"


@pytest.mark.parametrize(
    ("request_", "why"),
    [
        ({"schedule": "13", "start": 0, "stop": 3}, "schedule is '13'"),
        ({"schedule": "12", "start": 0, "stop": 13}, "ends after 12 epochs"),
        ({"schedule": "12", "start": 3, "stop": 12}, "live checkpoints exist at no epoch"),
        ({"schedule": "200", "start": 0, "stop": 100}, "clean values exist at epoch 200"),
        ({"schedule": "12", "start": 5, "stop": 3}, "0 <= start <= stop"),
        ({"schedule": "12", "start": 0, "stop": 1.5}, "submit.requests[0].stop is 1.5: Expected `int`, got `float`"),
        (
            {"schedule": "12", "start": False, "stop": 3},
            "submit.requests[0].start is False: Expected `int`, got `bool`",
        ),
        (
            {"schedule": "12", "start": 0, "stop": 3, "replicate": 10**9},
            "submit.requests[0].replicate is 1000000000: Expected `int` <= 10000",
        ),
        (
            {"schedule": "12", "start": 0, "stop": 3, "validate_at": "3"},
            "submit.requests[0].validate_at is '3': Expected `array | null`, got `str`",
        ),
        ({"kind": "guess"}, "must be train or measure"),
    ],
)
def test_an_illegal_request_fails_the_run_with_the_reason(request_, why):
    finished = saying(READY, {"type": "submit", "requests": [{"arch": ARCH, **request_}]})
    assert finished.status == "failed"
    assert why in finished.why


def test_what_was_recorded_before_a_crash_is_kept():
    request = {"arch": ARCH, "schedule": "12", "start": 0, "stop": 3}
    recommend = {"type": "recommend", "archs": [ARCH]}
    finished = saying(READY, {"type": "submit", "requests": [request]}, recommend)
    assert finished.status == "failed"
    assert "to ask: the process exited with code 0" in finished.why
    assert [e.status for e in finished.entries] == ["ok"]
    assert finished.recommended == (BENCHMARK.space.parse(ARCH),)


def test_a_program_that_is_not_there_fails_the_run():
    finished, searcher = played(["no-such-program"])
    assert (finished.status, searcher) == ("failed", None)
    assert "'no-such-program' cannot be started" in finished.why


def test_the_last_words_of_a_crash_stand_in_the_reason():
    finished, _ = played(["sh", "-c", "echo trying >&2; echo no such module >&2; exit 3"])
    assert "exited with code 3 instead of answering; it said: no such module" in finished.why


@pytest.mark.parametrize(
    ("stderr", "told"),
    [
        (
            "/x/a.js:1\nthrow new Error('boom');\n^\n\nError: boom\n    at Object (/x/a.js:1:7)\n\nNode.js v20.20.2",
            "Error: boom",
        ),
        (
            "node:x:1\n  throw err;\n\nError: Cannot find module 'y'\n  code: 'Z'\n}\n\nNode.js v20",
            "Error: Cannot find module 'y'",
        ),
        (
            'Traceback (most recent call last):\n  File "a.py", line 1\n    raise ValueError("no")\nValueError: no',
            "ValueError: no",
        ),
        (
            "Traceback\nnumpy.linalg.LinAlgError: Singular matrix\n\nDuring handling\n\nKeyError: 3\nbye",
            "numpy.linalg.LinAlgError: Singular matrix",
        ),
        (
            "thread 'main' panicked at src/main.rs:2:5:\nboom\nnote: run with RUST_BACKTRACE=1",
            "thread 'main' panicked at src/main.rs:2:5:",
        ),
        ("panic: boom\n\ngoroutine 1 [running]:\nexit status 2", "panic: boom"),
        (
            'Exception in thread "main" java.lang.IllegalStateException: boom\n\tat A.main(A.java:3)',
            'Exception in thread "main" java.lang.IllegalStateException: boom',
        ),
        ("ERROR: LoadError: boom\nStacktrace:\n [1] error(s)\nin expression", "ERROR: LoadError: boom"),
        ("a.sh: line 3: jq: command not found\nbye", "a.sh: line 3: jq: command not found"),
        ("loading\nstarting\n\x1b[31mgone", "?[31mgone"),
        ("", ""),
    ],
)
def test_the_line_that_names_the_error_is_told(stderr, told):
    kept = Kept()
    kept.add(stderr.encode())
    assert kept.telling_line() == told


def test_a_process_ended_by_a_signal_is_told_apart():
    assert "was ended by signal 9" in played(["sh", "-c", "kill -9 $$"])[0].why


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("sleep 60", "did not answer within 0.3 s"),
        ("read x; while :; do printf x; sleep 0.05; done", "did not answer within 0.3 s"),
        ("yes >&2", "did not answer within 0.3 s"),
        ("read x; cat /dev/zero", "wrote a line of more than 1048576 bytes"),
        ("yes", "without being asked"),
        ("exec >&-; sleep 60", "closed its standard output"),
    ],
)
def test_silence_and_noise_end_at_their_limit(tmp_path, script, why):
    begin = time.monotonic()
    finished, _ = played(["sh", "-c", script], start_s=0.3, log=tmp_path / "log")
    assert time.monotonic() - begin < 5
    assert finished.status == "failed"
    assert why in finished.why
    assert not (tmp_path / "log").exists() or (tmp_path / "log").stat().st_size < 70_000


def test_silence_after_a_good_start_ends_too():
    script = 'read x; echo \'{"type": "ready", "protocol": 1}\'; sleep 60'
    assert "to ask: did not answer within 0.2 s" in played(["sh", "-c", script], answer_s=0.2)[0].why


def test_the_whole_group_is_ended(tmp_path):
    before = set(children(os.getpid()))
    played(["sh", "-c", f"sleep 60 & echo $! > {tmp_path}/pid; sleep 60"], start_s=0.3)
    assert left_running([int((tmp_path / "pid").read_text())], within_s=5) == []
    assert set(children(os.getpid())) <= before  # the first process was waited for


def test_a_process_that_will_not_go_is_ended_after_the_grace():
    child = Child(["sh", "-c", "trap '' TERM; read x; echo ready; sleep 60"], os.environ, max_line_bytes=100)
    assert child.exchange(b"hello\n", limit_s=5) == b"ready"
    begin = time.monotonic()
    child.close(b"end\n", grace_s=0.2)
    assert time.monotonic() - begin < 2


def test_a_process_that_reads_nothing_does_not_block_a_long_question():
    child = Child(["sleep", "60"], os.environ, max_line_bytes=100)
    try:
        with pytest.raises(ContractError, match="did not answer within"):
            child.exchange(b"x" * 2**20 + b"\n", limit_s=0.3)
    finally:
        child.close()


def test_a_searcher_whose_conversation_broke_off_repeats_why():
    space, fidelities = BENCHMARK.space, BENCHMARK.fidelities
    searcher = Command(("sh", "-c", "exit 4"))(space, fidelities, BUDGET_S, 1, rng=stream(0, "test"))
    assert "code 4" in searcher.broken
    for _ in range(2):
        with pytest.raises(ContractError, match="code 4"):
            searcher.ask((), 1.0)
    searcher.close()


def test_variables_that_name_the_data_are_not_passed_on(monkeypatch):
    monkeypatch.setenv("PMFNAS_ANCHORS", "/the/real/values")
    monkeypatch.setenv("TORCH_HOME", "/the/official/files")
    finished, _ = played(["sh", "-c", 'echo "[$PMFNAS_ANCHORS$TORCH_HOME$HOME]" >&2; exit 1'])
    assert f"it said: [{os.environ.get('HOME', '')}]" in finished.why


def test_limits_are_checked():
    with pytest.raises(InputError, match="--answer-limit is 0 s, but must be positive"):
        Limits(answer_s=0)


# -------------------------------------------------------------------------------------------------- what is kept


def test_the_beginning_and_the_end_of_standard_error_are_kept():
    kept = Kept(size=10)
    for piece in (b"0123", b"456789ab", b"c" * 1000, b"the end"):
        kept.add(piece)
    assert kept.content() == b"0123456789\n... 999 bytes left out ...\n" + b"ccc" + b"the end"


@pytest.mark.parametrize("sizes", [(1,) * 30, (30,), (5, 25), (10, 10, 10)])
def test_what_fits_is_kept_whole(sizes):
    rng = np.random.default_rng(0)
    pieces = [rng.bytes(size) for size in sizes]
    kept = Kept(size=15)
    for piece in pieces:
        kept.add(piece)
    assert kept.content() == b"".join(pieces)


def test_the_limits_of_the_document_are_those_of_the_code():
    text = (Path(__file__).parents[4] / "docs" / "reference" / "protocol.md").read_text(encoding="utf-8")
    assert f"| {Limits().start_s:g} s (`--start-limit`) |" in text
    assert f"| {Limits().answer_s:g} s (`--answer-limit`), " in text


def test_the_hello_of_the_document_is_the_one_that_is_sent():
    text = (Path(__file__).parents[4] / "docs" / "reference" / "protocol.md").read_text(encoding="utf-8")
    sent = protocol.hello(BENCHMARK.space, BENCHMARK.fidelities, 30600.0, 1, seed=0)
    assert json.dumps(sent["space"]["choices"][0]) in text
    assert json.dumps(sent["space"]["template"]) in text
    assert len(sent["space"]["choices"]) == 6
    assert all(f'"{field}": ' in text for field in sent)
    assert all(f'"{field}": ' in text for field in sent["fidelities"][0])
