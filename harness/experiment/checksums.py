"""Checksums of what lies on the disk: of the committed references in a list, of a folder of results in its files.

    results/reference/checksums.txt     one line per file, as `sha256sum --check` reads them

`data verify` compares them. `--update-reference` and `regress --accept` list what they write.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from pmfnas.core.errors import DataError
from pmfnas.files import reading, write_text
from pmfnas.loop.record import read_header, read_rows
from pmfnas.seal import without_seal

CHECKSUMS = "checksums.txt"
_ENDS = {".pkl": b".", ".pt": b"\0\0"}
"""Ending of a checkpoint's name -> last bytes of one without a seal."""
_DIGITS = 64


def list_checksums(references: Path, under: str = "") -> list[str]:
    """Write the list of the references anew, and return the names of the files whose lines changed.

    Args:
        references: the folder of references.
        under: a file or folder in it; only its lines change. All of them if empty.
    """
    before, now = _listed(references), _found(references)
    kept = {name: line for name, line in before.items() if not _lies(name, under)}
    listed = {**kept, **{name: line for name, line in now.items() if _lies(name, under)}}
    write_text(references / CHECKSUMS, "".join(f"{listed[name]}  {name}\n" for name in sorted(listed)))
    return sorted(name for name in {*before, *listed} if before.get(name) != listed.get(name))


def verify_references(references: Path) -> int:
    """Return the number of files of the references; raise `DataError` for those that are not as they are listed."""
    listed, found = _listed(references), _found(references)
    changed = sorted(name for name in {*listed, *found} if listed.get(name) != found.get(name))
    if changed:
        raise DataError(
            f"{', '.join(str(references / name) for name in changed)}: not as {CHECKSUMS} lists; restore them from "
            "version control, or accept them with data verify references --update-reference"
        )
    return len(found)


def verify_results(out: Path) -> tuple[int, int]:
    """Return the number of records and of checkpoints in a folder of results; raise `DataError` for an altered one."""
    records = sorted(out.glob("**/runs/*/*/s*.parquet"))
    for record in records:
        read_header(record)
        read_rows(record)
    states = sorted(path for path in out.rglob("*") if path.suffix in _ENDS and not path.name.startswith("."))
    for state in states:
        with reading(state, "remove it"):
            without_seal(state.read_bytes(), state, "remove it", end=_ENDS[state.suffix])
    return len(records), len(states)


def _lies(name: str, under: str) -> bool:
    return not under or name == under or name.startswith(f"{under}/")


def _found(references: Path) -> dict[str, str]:
    """Return the checksum of every file of the references by its name."""
    files = [path for path in references.rglob("*") if path.is_file() and path != references / CHECKSUMS]
    return {path.relative_to(references).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def _listed(references: Path) -> Mapping[str, str]:
    """Return the checksums of the list by name; none if there is no list."""
    path = references / CHECKSUMS
    if not path.exists():
        return {}
    with reading(path, "restore it from version control"):
        return {line[_DIGITS + 2 :]: line[:_DIGITS] for line in path.read_text(encoding="utf-8").splitlines()}
