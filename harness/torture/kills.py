"""Commands that are killed at random moments, and started again until they end.

After every kill, no part of a file stands under the name of a whole one, and no lock is held; where only the command
itself was killed, the processes that it had started have ended too. After the last one the same command ends with the
bytes of an undisturbed run.
"""

import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from harness.torture.children import Trial, killed_after, last_words, left_of
from harness.torture.goals import Goal, judged, unchecked
from harness.torture.subjects import JOURNAL, Subject, subjects
from harness.torture.whole import held_locks, left_over, unreadable

N_KILLS = 200
_ALONE_EVERY = 5
"""Every so many kills, only the command itself is killed, not those that it has started."""


@dataclass
class _Victim:
    """A command that is killed time and again."""

    subject: Subject
    n_wanted: int
    rng: np.random.Generator
    log: Path
    n_kills: int = 0
    lasts_s: float = 0.0
    """How long the command takes undisturbed."""
    expected: dict[str, bytes] = field(default_factory=dict)
    journal: bytes = b""
    faults: list[str] = field(default_factory=list)


def goals(trial: Trial) -> list[Goal]:
    """Kill all commands, two at a time; return one goal each."""
    known = subjects(trial.place, smoke=trial.smoke)
    here = [subject for subject in known if not subject.missing]
    n_each = -(-trial.tries(N_KILLS, 4) // len(here))
    victims = [
        _Victim(subject, n_each, rng, trial.place.scratch / f"{subject.name}.log")
        for subject, rng in zip(here, trial.rng.spawn(len(here)), strict=True)
    ]
    seconds, work = trial.left_s, sum(subject.work for subject in here)
    trial.place.in_pairs(lambda one: _tormented(one, trial.part(one.subject.work / work, seconds)), victims)
    found = [_goal(victim) for victim in victims]
    return found + [unchecked("kills", f"SIGKILL: {s.name}", "no fault", s.missing) for s in known if s.missing]


def _goal(victim: _Victim) -> Goal:
    subject = victim.subject
    same = f"files as undisturbed: {len(victim.expected)}" if victim.expected else "the journal only grew"
    also = "" if victim.faults else same
    name = f"SIGKILL: {subject.name}"
    return judged("kills", name, victim.n_wanted, victim.n_kills, victim.faults, unit="kills", also=also)


def _tormented(victim: _Victim, trial: Trial) -> None:
    """Kill a command until it was killed often enough, or time is up; then let it end."""
    subject = victim.subject
    begin_s = time.monotonic()
    code = trial.place.run(subject.command, victim.log)
    victim.lasts_s, victim.expected = time.monotonic() - begin_s, subject.content()
    if code:
        victim.faults.append(f"undisturbed, it ended with code {code}: {last_words(victim.log)}")
        return
    _remove(subject)
    while victim.n_kills < victim.n_wanted and trial.left_s > 2 * victim.lasts_s and not victim.faults:
        _once(victim, trial)
    code = trial.place.run(subject.command, victim.log)
    victim.faults += _faults_of_end(victim, code)


def _once(victim: _Victim, trial: Trial) -> None:
    """Start the command and kill it at a random moment; if it ended before, compare and begin anew."""
    subject, begin_s = victim.subject, time.monotonic()
    is_new = not subject.out.exists()
    process = trial.place.start(subject.command, victim.log)
    alone = victim.n_kills % _ALONE_EVERY == _ALONE_EVERY - 1
    if killed_after(process, float(victim.rng.uniform(0, victim.lasts_s)), alone=alone):
        victim.n_kills += 1
        victim.faults += _faults_of_kill(victim, process.pid)
        if victim.expected and subject.content() == victim.expected:  # killed after its last file
            _remove(subject)
        return
    if is_new:  # the machine is less busy than before
        victim.lasts_s = time.monotonic() - begin_s
    victim.faults += _faults_of_end(victim, process.returncode)
    _remove(subject)
    victim.journal = b""


def _faults_of_kill(victim: _Victim, session: int) -> Iterator[str]:
    subject, number = victim.subject, victim.n_kills
    if left := left_of(session):
        yield f"kill {number}: {len(left)} processes went on without their parent"
    yield from (f"kill {number}: {fault}" for fault in unreadable(subject.out))
    if locks := held_locks(subject.out):
        yield f"kill {number}: {locks[0].name} is held by a process that has ended"
    yield from _faults_of_journal(victim)


def _faults_of_journal(victim: _Victim) -> Iterator[str]:
    """Yield a fault if lines of the journal were lost; keep its whole lines."""
    path = victim.subject.out / JOURNAL
    if not path.is_file():
        return
    content = path.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    if not whole.startswith(victim.journal):
        yield f"kill {victim.n_kills}: lines of the journal were lost"
    victim.journal = whole


def _faults_of_end(victim: _Victim, code: int) -> Iterator[str]:
    """Yield what is wrong with a command that went on to its end."""
    subject = victim.subject
    if code:
        yield f"after {victim.n_kills} kills it ended with code {code}: {last_words(victim.log)}"
        return
    yield from unreadable(subject.out)
    yield from _faults_of_journal(victim)
    found = subject.content()
    differ = [name for name in {*victim.expected, *found} if victim.expected.get(name) != found.get(name)]
    if differ:
        yield f"after {victim.n_kills} kills {min(differ)} differs from that of an undisturbed run"
    if rest := left_over(subject.out):
        yield f"after {victim.n_kills} kills it left {rest[0]}"


def _remove(subject: Subject) -> None:
    for path in _all_of(subject.out):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _all_of(out: Path) -> Sequence[Path]:
    return [out, *out.parent.glob(f".{out.name}.*")]
