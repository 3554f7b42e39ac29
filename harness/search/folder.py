"""The folder that a search owns, and its lock. Needs no torch: tables and reports read it too.

OUT/spec.json         the settings; a command with others is refused, not mixed in
OUT/measured.json     what was measured before the start
OUT/journal.jsonl     what happened so far
OUT/checkpoints/      where trainings can go on
OUT/log.txt           the live lines
OUT/lock              held by the process at work; the system releases it when the process is gone
OUT/oracle.csv        every time that test images were opened
OUT/runs/, result.json, incumbent.pt      when it has ended
"""

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from pmfnas.core.errors import DataError, InputError
from pmfnas.files import remove_abandoned, write_text

EXPERIMENT = "search"
"""What such a folder says that it holds."""
SPEC = "spec.json"
RESULT = "result.json"
LOCK = "lock"
JOURNAL = "journal.jsonl"
LOG = "log.txt"
MEASURED = "measured.json"
ORACLE = "oracle.csv"


def claim(out: Path, mine: Mapping[str, Any], *, resume: bool) -> None:
    """Make `out` the folder of this search, or check that it is; raise `InputError` otherwise.

    A claim under which nothing has been trained, as a start that was refused leaves it, gives way to another.
    """
    path = out / SPEC
    if path.exists() and (_has_begun(out) or read_claim(out) == mine):
        _check_claim(out, mine)
        if not resume:
            raise InputError(f"--out {out} holds this search already; add --resume to go on, or choose another --out")
        remove_abandoned(out)
        return
    remove_abandoned(out, SPEC)
    own = {LOCK, SPEC, MEASURED, LOG, ORACLE} if path.exists() else {LOCK}
    if out.exists() and (not out.is_dir() or any(file.name not in own for file in out.iterdir())):
        raise InputError(f"--out {out} exists and is not a folder of a search; choose another --out")
    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / MEASURED).unlink(missing_ok=True)
    except OSError as error:
        raise InputError(f"--out {out} cannot be written ({error.strerror}); choose another --out") from None
    if path.exists():  # whoever calls holds the lock
        write_text(path, json.dumps(mine, indent=1) + "\n")
        return
    with locked(out):
        if path.exists():  # another process came first
            _check_claim(out, mine)
            raise InputError(f"--out {out} holds this search already; add --resume to go on, or choose another --out")
        write_text(path, json.dumps(mine, indent=1) + "\n")


def _has_begun(out: Path) -> bool:
    """Return whether anything of the search in `out` was trained."""
    return any((out / name).exists() for name in (JOURNAL, RESULT, "checkpoints", "runs"))


def _check_claim(out: Path, mine: Mapping[str, Any]) -> None:
    theirs = read_claim(out)
    for name, value in mine.items():
        if theirs.get(name) != value:
            raise InputError(
                f"--out {out} holds a search with {name} {theirs.get(name)}, but this one has {name} {value}; "
                "choose another --out or remove that folder"
            )


def read_claim(out: Path) -> dict[str, Any]:
    """Return what the folder of a search says of itself."""
    path = out / SPEC
    try:
        return dict(json.loads(path.read_text()))
    except FileNotFoundError:
        raise InputError(f"{out} is not a folder of a search: it has no {SPEC}") from None
    except (OSError, ValueError, TypeError) as error:
        raise InputError(f"{path} is damaged ({error}); remove the folder or choose another") from None


def read_result(out: Path, name: str = RESULT) -> dict[str, Any] | None:
    """Return the result of the search in `out`, or of its retraining; None where it has not ended."""
    try:
        return dict(json.loads((out / name).read_text()))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        raise DataError(f"{out / name} is damaged ({error}); search anew in another folder") from None


@contextmanager
def locked(out: Path) -> Iterator[None]:
    """Hold the folder of a search while the body runs; raise `InputError` where another process holds it.

    The lock is the operating system's: it is gone with its process, however that ends.
    """
    path = out / LOCK
    try:
        opened = path.open("a+", encoding="utf-8")
    except OSError as error:
        raise InputError(f"--out {out} cannot be written ({error.strerror}); choose another --out") from None
    with opened as stream:
        stream.seek(0)
        if not _take(stream):
            holder = stream.read().strip() or "unknown"
            raise InputError(
                f"--out {out} is in use by a search at work (process {holder}); wait for it, stop it, or choose "
                "another --out"
            )
        stream.truncate(0)
        stream.write(f"{os.getpid()}\n")
        stream.flush()
        yield


def _take(stream: IO[str]) -> bool:
    """Lock an open file; return whether that succeeded. It is released when the file is closed."""
    try:
        if sys.platform == "win32":
            import msvcrt

            stream.seek(_LOCKED_BYTE)
            msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)
            stream.seek(0)
        else:
            import fcntl

            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


_LOCKED_BYTE = 1 << 20
"""Where a system that locks bytes, and forbids reading them, locks one: far behind the process number."""
