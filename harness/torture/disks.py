"""Folders that cannot be written, two writers, clocks that jump, and SIGTERM.

A fault is put into a child by a hook on the events of Python (`sys.addaudithook`): the n-th time that something is
opened for writing, made, renamed or removed below `OUT`, the system answers with an error. Every n is tried until a
command needs no further access. A limit on the size of files makes writes fail in the middle.
"""

import shutil
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from harness.torture.children import Trial, harness, last_words, left_of, limited
from harness.torture.goals import Goal, judged
from harness.torture.subjects import Subject
from harness.torture.whole import held_locks, unreadable

_RUN = ("--data", "surrogate", "--seeds", "1", "--budget", "1h", "--datasets", "cifar10", "--jobs", "1")
_MENDED_EVERY = 6
"""After every so many full disks, the same command is run again without a fault."""
_SHARE_OF_FEW = 0.4
"""Of the time, for all tries but those of a full disk at every write."""
_FAULTY = """
import errno, os, runpy, sys, time

out, number, kind, *words = sys.argv[1:]
number, seen = int(number), [0]
code = {"full": errno.ENOSPC, "read-only": errno.EROFS}.get(kind)

def writes(event, given):
    if event == "open":
        return isinstance(given[1], str) and any(letter in given[1] for letter in "wax+") or (
            given[1] is None and given[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
    return event in ("os.mkdir", "os.rename", "os.truncate")

def fail(event, given):
    if given and writes(event, given) and os.path.abspath(str(given[0])).startswith(out):
        seen[0] += 1
        if code and seen[0] == number or kind == "read-only" and seen[0] >= number:
            raise OSError(code, os.strerror(code), str(given[0]))

sys.addaudithook(fail)
if kind == "clock":
    real, turn = time.time, [0]
    def jumping():
        turn[0] += 1
        return real() + (-1) ** turn[0] * 86_400 * (turn[0] % 400)
    time.time = jumping
sys.argv = words
try:
    runpy.run_path(words[0], run_name="__main__")
except SystemExit as end:
    print(f"\\n{seen[0]} accesses", file=sys.stderr)
    raise
"""
"""A program that runs another one with a fault: OUT, the number of the access that fails, the kind, the command."""


def goals(trial: Trial) -> list[Goal]:
    """Return what was measured of every fault."""
    at = trial.place.scratch
    (at / "faulty.py").write_text(_FAULTY, encoding="utf-8")
    parts = (_terminated, _two_writers, _short, _read_only, _clock)
    few = trial.part(_SHARE_OF_FEW / 2, trial.left_s)
    found = trial.place.in_pairs(lambda part: part(few, _subject(trial, part.__name__)), parts)
    return [*found, _full(trial, _subject(trial, "full"))]


def _subject(trial: Trial, name: str) -> Subject:
    """Return a small experiment that writes everything an experiment writes."""
    out = trial.place.scratch / name.strip("_")
    command = harness("run", "table2", *_RUN, "--searchers", "random_search,asha", "--out", out)
    return Subject(name, command, out, ("runs.parquet", "steps.parquet", "*.md", "runs/*/*/*.parquet"))


def _faulty(trial: Trial, subject: Subject, number: int, kind: str) -> tuple[int, str]:
    """Run the command with a fault; return its exit code and the last line that it said."""
    log = subject.out.with_suffix(".log")
    log.unlink(missing_ok=True)
    program: list[str | Path] = [sys.executable, trial.place.scratch / "faulty.py", subject.out, str(number), kind]
    code = trial.place.run([*program, *subject.command[1:]], log)
    said = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    return code, said[-1] if said else ""


def _refused(subject: Subject, code: int, where: str) -> Iterator[str]:
    """Yield what is wrong with how a command took a fault: it must refuse in one line, and leave no part of a file."""
    log = subject.out.with_suffix(".log")
    text = log.read_text(encoding="utf-8", errors="replace")
    if code not in (0, 2) or "Traceback" in text:
        yield f"{where}: code {code}: {last_words(log)}"
    yield from (f"{where}: {fault}" for fault in unreadable(subject.out))


def _mended(trial: Trial, subject: Subject, expected: dict[str, bytes]) -> Iterator[str]:
    """Yield what is wrong after the fault is gone and the same command was run again."""
    log = subject.out.with_suffix(".log")
    code = trial.place.run(subject.command, log)
    if code:
        yield f"afterwards it ended with code {code}: {last_words(log)}"
    elif subject.content() != expected:
        yield "afterwards its files differ from those of an undisturbed run"


def _undisturbed(trial: Trial, name: str) -> dict[str, bytes]:
    subject = _subject(trial, f"{name}-undisturbed")
    trial.place.run(subject.command, subject.out.with_suffix(".log"))
    return subject.content()


def _full(trial: Trial, subject: Subject) -> Goal:
    """Let every access in turn, in any order, find a full disk; each time in a folder of its own."""
    expected = _undisturbed(trial, "full")
    _, said = _faulty(trial, subject, 0, "none")
    n_accesses = int(said.partition(" ")[0])
    numbers = trial.rng.permutation(np.arange(1, n_accesses + 1))[: trial.tries(n_accesses, 4)].tolist()
    tried = trial.place.in_pairs(lambda number: _full_at(trial, number, expected), numbers)
    faults = [fault for found in tried for fault in found or ()]
    done = sum(found is not None for found in tried)
    return judged("disks", "the disk full at a write", len(numbers), done, faults, unit="writes")


def _full_at(trial: Trial, number: int, expected: dict[str, bytes]) -> list[str] | None:
    """Return the faults where one access finds a full disk; None if the time is up."""
    if trial.left_s < 0:
        return None
    subject = _subject(trial, f"full-{number}")
    code, _ = _faulty(trial, subject, number, "full")
    faults = [*_refused(subject, code, f"access {number}")]
    if number % _MENDED_EVERY == 0:
        faults += _mended(trial, subject, expected)
    shutil.rmtree(subject.out, ignore_errors=True)
    return faults


def _short(trial: Trial, subject: Subject) -> Goal:
    """Let writes end in the middle: a limit on the size of each file."""
    sizes = trial.tries(6, 1)
    faults: list[str] = []
    done = 0
    expected = _undisturbed(trial, "short")
    for size in [1 << (9 + 2 * i) for i in range(sizes)]:
        if trial.left_s < 0:
            break
        log = subject.out.with_suffix(".log")
        log.unlink(missing_ok=True)
        code = trial.place.run(limited(subject.command, file_bytes=size), log)
        faults += _refused(subject, code, f"files of at most {size:,} bytes")
        done += 1
    faults += _mended(trial, subject, expected)
    return judged("disks", "writes that end in the middle", sizes, done, faults, unit="sizes")


def _read_only(trial: Trial, subject: Subject) -> Goal:
    """Let the folder be read-only from the start, and from the middle of the run."""
    moments = (1, 4)[: trial.tries(2, 1)]
    faults: list[str] = []
    for number in moments:
        code, _ = _faulty(trial, subject, number, "read-only")
        faults += _refused(subject, code, f"read-only from access {number}")
        if code != 2:
            faults.append(f"read-only from access {number}: code {code} instead of 2")
    return judged("disks", "a read-only folder", len(moments), len(moments), faults, unit="moments")


def _clock(trial: Trial, subject: Subject) -> Goal:
    """Let the clock of the wall jump by up to a year at every look."""
    expected = _undisturbed(trial, "clock")
    code, said = _faulty(trial, subject, 0, "clock")
    faults = [f"code {code}: {said}"] if code else []
    if subject.content() != expected:
        faults.append("its files depend on the clock of the wall")
    return judged("disks", "a clock that jumps", 1, 1, faults, unit="runs")


def _two_writers(trial: Trial, subject: Subject) -> Goal:
    """Start the same command twice at the same time: both end, or one refuses; the results are those of one."""
    expected, faults = _undisturbed(trial, "two"), []
    n, done = trial.tries(4, 1), 0
    while done < n and trial.left_s > 0:
        pair = Subject(subject.name, [*subject.command[:-1], str(subject.out) + str(done)], Path(), subject.lasting)
        out = Path(pair.command[-1])
        logs = [out.with_suffix(f".{i}.log") for i in range(2)]
        processes = [trial.place.start(pair.command, log) for log in logs]
        codes = [process.wait() for process in processes]
        if not set(codes) <= {0, 2} or any("Traceback" in log.read_text() for log in logs):
            faults.append(f"codes {codes}: {last_words(logs[codes.index(max(codes))])}")
        again = Subject(subject.name, pair.command, out, subject.lasting)
        faults += [*unreadable(out), *_mended(trial, again, expected)]
        done += 1
    return judged("disks", "two processes on the same --out", n, done, faults, unit="pairs")


def _terminated(trial: Trial, subject: Subject) -> Goal:
    """Send SIGTERM at random moments of a run with two workers."""
    command, log = _with_jobs(subject.command, 2), subject.out.with_suffix(".log")
    n, done = trial.tries(8, 2), 0
    faults: list[str] = []
    while done < n and trial.left_s > 0:
        moment_s = float(trial.rng.uniform(1.0, 6.0))
        process = trial.place.start(command, log)
        time.sleep(moment_s)
        process.send_signal(signal.SIGTERM)
        code = process.wait()
        if code not in (0, 130, -signal.SIGTERM):
            faults.append(f"code {code}: {last_words(log)}")
        if left := left_of(process.pid):
            faults.append(f"{len(left)} processes were left after {moment_s:.1f} s")
        faults += [*unreadable(subject.out), *(f"{lock} is held" for lock in held_locks(subject.out))]
        done += 1
    return judged("disks", "SIGTERM leaves no worker", n, done, faults, unit="signals")


def _with_jobs(command: Sequence[str], n_jobs: int) -> list[str]:
    place = list(command).index("--jobs") + 1
    return [*command[:place], str(n_jobs), *command[place + 1 :]]
