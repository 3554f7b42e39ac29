"""The folder of a search. Needs no torch, since tables and reports read it too.

OUT/spec.json         the settings; a command with other settings is refused
OUT/measured.json     measurements before the start
OUT/journal.jsonl     the events so far
OUT/checkpoints/      states from which trainings go on
OUT/log.txt           the live lines
OUT/lock              held by the running process; the system releases it when the process ends
OUT/family/           the file of a family of the user's own networks
OUT/oracle.csv        every access to the test images
OUT/runs/, result.json, incumbent.pt      written at the end
"""

from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from harness.experiment.folder import LOCK, SPEC, check_claim, check_free, locked, read_claim, read_json, write_json
from pmfnas.core.errors import InputError
from pmfnas.files import remove_abandoned, writing

EXPERIMENT = "search"
"""Name of the experiment in the claim of a search's folder."""
RESULT = "result.json"
JOURNAL = "journal.jsonl"
LOG = "log.txt"
MEASURED = "measured.json"
FAMILY = "family"
ORACLE = "oracle.csv"


def claim(out: Path, mine: Mapping[str, Any], *, resume: bool) -> None:
    """Make `out` the folder of this search, or check that it belongs to this search; raise `InputError` otherwise.

    A new claim replaces an old one if nothing was trained under the old one, for instance after a refused start.
    """
    is_claimed = (out / SPEC).exists()
    if is_claimed and (_has_begun(out) or read_claim(out) == mine):
        _check(out, mine, resume=resume)
        remove_abandoned(out)
        return
    remove_abandoned(out, SPEC)
    check_free(out, own={LOCK, SPEC, MEASURED, LOG, ORACLE, FAMILY} if is_claimed else {LOCK})
    with writing(out):
        out.mkdir(parents=True, exist_ok=True)
        (out / MEASURED).unlink(missing_ok=True)
    with nullcontext() if is_claimed else locked(out):  # the caller holds the lock of a claimed folder
        if not is_claimed and (out / SPEC).exists():  # another process came first
            _check(out, mine, resume=False)
        write_json(out / SPEC, mine)


def _check(out: Path, mine: Mapping[str, Any], *, resume: bool) -> None:
    """Raise `InputError` if `out` holds another search, or holds this one and `resume` is false."""
    check_claim(out, mine)
    if not resume:
        raise InputError(f"--out {out} holds this search already; add --resume to go on, or choose another --out")


def _has_begun(out: Path) -> bool:
    """Return whether the search in `out` has started training."""
    return any((out / name).exists() for name in (JOURNAL, RESULT, "checkpoints", "runs"))


def read_result(out: Path, name: str = RESULT) -> dict[str, Any] | None:
    """Return the result of the search in `out`, or of its retraining; None if it has not ended."""
    path = out / name
    return read_json(path, "search anew in another folder") if path.exists() else None
