"""The folder that a search owns. Needs no torch: tables and reports read it too.

OUT/spec.json         the settings; a command with others is refused, not mixed in
OUT/measured.json     what was measured before the start
OUT/journal.jsonl     what happened so far
OUT/checkpoints/      where trainings can go on
OUT/log.txt           the live lines
OUT/lock              held by the process at work; the system releases it when the process is gone
OUT/oracle.csv        every time that test images were opened
OUT/runs/, result.json, incumbent.pt      when it has ended
"""

from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from harness.experiment.folder import LOCK, SPEC, check_claim, check_free, locked, read_claim, read_json, write_json
from pmfnas.core.errors import InputError
from pmfnas.files import remove_abandoned, writing

EXPERIMENT = "search"
"""Name of the experiment in the claim of such a folder."""
RESULT = "result.json"
JOURNAL = "journal.jsonl"
LOG = "log.txt"
MEASURED = "measured.json"
ORACLE = "oracle.csv"


def claim(out: Path, mine: Mapping[str, Any], *, resume: bool) -> None:
    """Make `out` the folder of this search, or check that it is; raise `InputError` otherwise.

    A claim under which nothing has been trained, as a start that was refused leaves it, gives way to another.
    """
    is_claimed = (out / SPEC).exists()
    if is_claimed and (_has_begun(out) or read_claim(out) == mine):
        _check(out, mine, resume=resume)
        remove_abandoned(out)
        return
    remove_abandoned(out, SPEC)
    check_free(out, own={LOCK, SPEC, MEASURED, LOG, ORACLE} if is_claimed else {LOCK})
    with writing(out):
        out.mkdir(parents=True, exist_ok=True)
        (out / MEASURED).unlink(missing_ok=True)
    with nullcontext() if is_claimed else locked(out):  # of a claim the caller holds the lock
        if not is_claimed and (out / SPEC).exists():  # another process came first
            _check(out, mine, resume=False)
        write_json(out / SPEC, mine)


def _check(out: Path, mine: Mapping[str, Any], *, resume: bool) -> None:
    """Raise `InputError` where `out` holds another search, or this one and it is not to go on."""
    check_claim(out, mine)
    if not resume:
        raise InputError(f"--out {out} holds this search already; add --resume to go on, or choose another --out")


def _has_begun(out: Path) -> bool:
    """Return whether anything of the search in `out` was trained."""
    return any((out / name).exists() for name in (JOURNAL, RESULT, "checkpoints", "runs"))


def read_result(out: Path, name: str = RESULT) -> dict[str, Any] | None:
    """Return the result of the search in `out`, or of its retraining; None where it has not ended."""
    path = out / name
    return read_json(path, "search anew in another folder") if path.exists() else None
