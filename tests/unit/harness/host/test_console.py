"""Whatever is behind standard output, files are written whole, and the exit code is that of the work."""

import codecs
import io
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness.cli import main as cli
from harness.cli.main import main
from harness.host import console
from tests.support.explained import STAGED, by_hand
from tests.support.processes import children, is_running, left_running

ROOT = Path(__file__).parents[4]
RUN = ["run", "table2", "--data", "surrogate", "--seeds", "1", "--budget", "1h", "--datasets", "cifar10", "--jobs", "1"]
WRITTEN = ("manifest.json", "runs.parquet", "table.md", "table.tex")


@pytest.fixture
def environment(surrogate_table, tmp_path):
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PMFNAS_")}
    return {**clean, "PMFNAS_CACHE": str(surrogate_table.path.parent), "TORCH_HOME": str(tmp_path / "none")}


def started(words, cwd, environment, **pipes):
    return subprocess.Popen([sys.executable, ROOT / "harness", *words], cwd=cwd, env=environment, **pipes)


# ------------------------------------------------------------------------------------------------------ printing


def test_a_reader_that_goes_away_costs_no_file(tmp_path, environment):
    words = [*RUN, "--searchers", "random_search", "--out", "out"]
    with started(words, tmp_path, environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()  # before anything is printed
        errors = process.stderr.read().decode()
    assert (process.returncode, errors) == (0, "")
    assert all((tmp_path / "out" / name).stat().st_size for name in WRITTEN)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_output_that_finds_no_room_is_an_error_but_costs_no_file(tmp_path, environment):
    words = ["explain", str(by_hand(STAGED, tmp_path)), "--out", "out"]
    with (
        Path("/dev/full").open("wb") as full,
        started(words, tmp_path, environment, stdout=full, stderr=subprocess.PIPE) as process,
    ):
        errors = process.stderr.read().decode()
    assert process.returncode == 1
    assert errors == "error: standard output cannot be written (No space left on device); files are complete\n"
    assert len(list((tmp_path / "out").rglob("s0007.p*"))) == 2


def test_a_terminal_that_is_not_utf8_gets_the_nearest_letters(tmp_path, environment):
    words = [*RUN, "--searchers", "random_search,most_params", "--published", "--out", "out"]
    environment = {**environment, "PYTHONIOENCODING": "ascii:strict"}
    done = subprocess.run(
        [sys.executable, ROOT / "harness", *words], cwd=tmp_path, env=environment, capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"mean+-std over the runs" in done.stdout
    assert "\N{PLUS-MINUS SIGN}" in (tmp_path / "out" / "table.md").read_text(encoding="utf-8")


def test_output_that_was_closed_before_the_start_is_no_error(tmp_path, environment):
    shell = f'exec "{sys.executable}" "{ROOT / "harness"}" --version >&- 2>&-'
    assert subprocess.run(["sh", "-c", shell], cwd=tmp_path, env=environment, check=False).returncode == 0


def test_glyphs_are_written_in_ascii():
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors=console.PLAIN)
    codecs.register_error(console.PLAIN, console.plain)
    stream.write("1\N{PLUS-MINUS SIGN}2 caf\N{LATIN SMALL LETTER E WITH ACUTE} \N{SNOWMAN} a\N{SUPERSCRIPT TWO}")
    stream.flush()
    assert stream.buffer.getvalue() == b"1+-2 cafe ? a2"


# ------------------------------------------------------------------------------------------------- last resort


def failing(error):
    """Return a reader of arguments that raises."""

    def parsed(arguments):
        raise error

    return parsed


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (PermissionError(13, "Permission denied", "/x/y"), 2, "error: /x/y: Permission denied; mend that"),
        (OSError(28, "No space left on device"), 2, "error: No space left on device; mend that"),
        (MemoryError(), 2, "error: the memory of this host does not suffice"),
        (KeyError("a\nb"), 70, "error: KeyError: 'a\\nb'; a fault of this program: report it to "),
        (ZeroDivisionError(), 70, "error: ZeroDivisionError; a fault of this program: report it to "),
    ],
)
def test_the_last_resort_is_one_line(monkeypatch, capsys, error, code, line):
    monkeypatch.delenv(cli.DEBUG, raising=False)
    monkeypatch.setattr(cli, "parsed", failing(error))
    assert main([]) == code
    (printed,) = capsys.readouterr().err.splitlines()
    assert printed.startswith(line)
    assert "PMFNAS_DEBUG=1" in printed or isinstance(error, MemoryError)


def test_the_traceback_is_shown_where_it_is_asked_for(monkeypatch, capsys):
    monkeypatch.setenv(cli.DEBUG, "1")
    monkeypatch.setattr(cli, "parsed", failing(KeyError("x")))
    assert main([]) == cli.FAULT
    printed = capsys.readouterr().err
    assert printed.startswith("Traceback")
    assert printed.splitlines()[-1].startswith("error: KeyError: 'x'")


# ---------------------------------------------------------------------------------------------- what is typed


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["tabel2"], "verb is 'tabel2', but must be one of: .*; did you mean 'table2'"),
        (["serach"], "did you mean 'search'"),
        (["run", "pubished"], "experiment is 'pubished', .*did you mean 'published'"),
        (["run", "table2", "--searchers", "PMFNAS"], "searcher is 'PMFNAS', .*did you mean 'pmf_nas'"),
        (["table2", "--datasets", "CIFAR-10"], "data set is 'CIFAR-10', .*did you mean 'cifar10'"),
        (["table2", "--budget", "-1h"], "--budget is '-1h', but must be a positive time"),
        (["table2", "--budget", "8.5"], "which has no unit; write 8.5h, 8.5m or 8.5s"),
        (["table2", "--seeds", ""], "--seeds is empty"),
        (["table2", "--seeds="], "--seeds is empty"),
        (["table2", "--seeds"], "argument --seeds: expected one argument; see python -m harness table2 --help"),
        (["table2", "--sedes", "3"], "unrecognized arguments: --sedes 3; see python -m harness --help"),
        (["data"], "see python -m harness data --help"),
        ([], "VERB is missing"),
    ],
)
def test_a_command_that_cannot_be_read_is_one_line(capsys, words, message):
    assert main(words) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ")
    assert re.search(message, line)


# -------------------------------------------------------------------------------------------------- interruption


HANGING = """
echo $$ >> pids
read x; echo '{"type": "ready", "protocol": 1}'; read x
while :; do sleep 1; done
"""


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are looked up in /proc")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_no_process_behind(tmp_path, environment, number):
    (tmp_path / "hang.sh").write_text(HANGING)
    words = ["compare", "--data", "surrogate", "--command", "sh hang.sh", "--seeds", "6", "--datasets", "cifar10"]
    words += ["--budget", "1h", "--jobs", "2", "--out", "out"]
    process = started(words, tmp_path, environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        until_s = time.monotonic() + 120
        while len(_pids(tmp_path)) < 3 and time.monotonic() < until_s:  # the first was to try it out
            time.sleep(0.1)
        at_work = [pid for pid in _pids(tmp_path) if is_running(pid)] + children(process.pid)
        process.send_signal(number)
        errors = process.communicate(timeout=60)[1].decode()
    finally:
        process.kill()
    assert len(at_work) >= 4  # two programs, two workers
    assert process.returncode == 130
    assert "interrupted; finished runs are kept" in errors
    assert left_running(at_work, within_s=0.5) == []


def _pids(folder):
    try:
        return [int(line) for line in (folder / "pids").read_text().split()]
    except FileNotFoundError:
        return []
