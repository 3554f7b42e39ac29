"""A folder of results: its claim, its lock, its manifest, and its copy among the committed references.

    OUT/spec.json        the claim: the settings of the folder's command; one with other settings is refused
    OUT/lock             held by a process that must work alone; the system releases it when the process ends
    OUT/manifest.json    the origin of the outputs: the claim, their extent, code, machine and versions

The committed references are copies of outputs, under `REFERENCE_DIR`.
"""

import json
import os
import platform
import subprocess
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from importlib import metadata
from itertools import count
from pathlib import Path
from types import MappingProxyType
from typing import Any

from harness.experiment.checksums import list_checksums
from harness.experiment.overwriting import check_folder
from harness.host.code import ROOT
from pmfnas.benchmarks.table import CurveTable
from pmfnas.core.errors import InputError
from pmfnas.files import abandoned, read_small, reading, remove_abandoned, replace_folder, write_text
from pmfnas.processes import alone

SPEC, LOCK, MANIFEST = "spec.json", "lock", "manifest.json"
SOURCES = "sources"
"""Entry of a claim: name -> source of each searcher or predictor from the command line."""
_SOURCES_BEFORE = "entrants"
"""Name of this entry in older claims."""
REFERENCE_DIR = ROOT / "results" / "reference"
_KEPT = {".md", ".png", ".json", ".parquet", ".txt"}
_KEPT_LISTS = {"progress.csv", "results.csv"}
"""Endings, and names of lists, that a committed reference keeps: frames, pages and pictures."""
_PARTS = ("searchers", "predictors", "datasets", "seeds_per_budget")
_SIZES = ("runs", "cells", "splits")
"""Entries of a manifest that `refuse_less` compares; each counts the runs, cells or splits that it names."""
_NOTHING: Mapping[str, str] = MappingProxyType({})


def write_json(path: Path, entries: Mapping[str, Any]) -> None:
    """Write an object as JSON for people; see `json_text`."""
    write_text(path, json_text(entries))


def json_text(entries: Mapping[str, Any]) -> str:
    """Return an object as JSON with one line per entry, and per entry of an entry, so that diffs are readable."""
    return "{\n" + ",\n".join(f" {json.dumps(name)}: {_entry(value)}" for name, value in entries.items()) + "\n}\n"


def _entry(value: Any) -> str:
    if not isinstance(value, Mapping) or not value:
        return json.dumps(value)
    return "{\n" + ",\n".join(f"  {json.dumps(name)}: {json.dumps(inner)}" for name, inner in value.items()) + "\n }"


def read_json(path: Path, remedy: str) -> dict[str, Any]:
    """Return the object in a file of JSON; raise `DataError` with the remedy if it cannot be read."""
    with reading(path, remedy):
        return dict(json.loads(read_small(path, remedy)))


# -------------------------------------------------------------------------------------------------------------- claim


def claim(out: Path, mine: Mapping[str, Any], sources: Mapping[str, str] = _NOTHING, *, flag: str = "") -> None:
    """Claim `out` with the entries of `mine`, and add new `sources`; raise `InputError` as `check_claim` does."""
    if check_claim(out, mine, sources, flag=flag):
        remove_abandoned(out)
        claimed = read_claim(out)
        theirs = claimed.get(SOURCES, {})
        if not sources.keys() <= theirs.keys():
            write_json(out / SPEC, {**claimed, SOURCES: {**theirs, **sources}})
        return
    remove_abandoned(out, SPEC)
    write_json(out / SPEC, {**mine, SOURCES: dict(sources)} if sources else mine)


def check_claim(out: Path, mine: Mapping[str, Any], sources: Mapping[str, str] = _NOTHING, *, flag: str = "") -> bool:
    """Return True if `out` has this claim already, False if it is free to be claimed. Writes nothing.

    A folder with nothing but the files of a writer that was killed while it claimed the folder is free.

    Args:
        out: the folder; it need not exist.
        mine: entries of the claim that is wanted; the claim of the folder may have more.
        sources: name -> source, for the searchers or predictors from the command line.
        flag: the argument that gives such a name, for the error message.

    Raises:
        InputError: `out` has another claim or results of another source with the same name, or cannot be written.
    """
    if not (out / SPEC).exists():
        check_free(out)
        return False
    theirs = read_claim(out)
    for name, value in mine.items():
        if theirs.get(name) != value:
            raise InputError(
                f"--out {out} holds results with {name} {theirs.get(name)}, but this run has {name} {value}; "
                f"choose another --out, such as --out {_unused(out)}, or remove that folder"
            )
    for name, source in sources.items():
        before = theirs.get(SOURCES, {}).get(name, source)
        if before != source:
            raise InputError(
                f"--out {out} holds results of {name} from {before}, but it is {source} now; "
                f"choose another --out, or another name: {flag} NAME=..."
            )
    return True


def _unused(out: Path) -> Path:
    """Return the first of `OUT-2`, `OUT-3` and so on that does not exist."""
    return next(path for n in count(2) if not (path := out.with_name(f"{out.name}-{n}")).exists())


def check_free(out: Path, own: Collection[str] = ()) -> None:
    """Raise `InputError` unless `out` can become a folder of results: it is missing, or has no files except `own`."""
    killed = {file.name for file in abandoned(out, SPEC)}
    if out.exists() and (not out.is_dir() or any(file.name not in {*own, *killed} for file in out.iterdir())):
        raise InputError(f"--out {out} exists and is not a folder of results; choose another --out")
    there = next(folder for folder in (out.absolute(), *out.absolute().parents) if folder.exists())
    if not there.is_dir() or not os.access(there, os.W_OK):
        raise InputError(f"--out {out} cannot be written, for {there} cannot; choose another --out")


def read_claim(out: Path) -> dict[str, Any]:
    """Return the claim of the folder `out`.

    Raises:
        InputError: it is not a folder of results.
        DataError: its claim is damaged.
    """
    path = out / SPEC
    if not path.exists():
        raise InputError(f"{out} is not a folder of results: it has no {SPEC}")
    claimed = read_json(path, "remove the folder or choose another")
    return {SOURCES if name == _SOURCES_BEFORE else name: value for name, value in claimed.items()}


# --------------------------------------------------------------------------------------------------------------- lock


@contextmanager
def locked(out: Path) -> Iterator[None]:
    """Lock a folder while the body runs; raise `InputError` if another process has the lock or it cannot be written."""
    with ExitStack() as held:
        try:
            held.enter_context(alone(out / LOCK, busy=f"--out {out} is in use by a search at work"))
        except OSError as error:
            raise InputError(f"--out {out} cannot be written ({error.strerror}); choose another --out") from None
        yield


# ----------------------------------------------------------------------------------------------------------- manifest


def manifest(out: Path, about: Mapping[str, Any], packages: Sequence[str]) -> dict[str, Any]:
    """Return the origin of the outputs of a folder, without host name, user or absolute path.

    Args:
        out: the folder; its claim comes first.
        about: entries on the extent of the outputs.
        packages: distributions whose versions affect the outputs.
    """
    return {
        **read_claim(out),
        **about,
        "commit": git("rev-parse", "HEAD"),
        "modified": bool(git("status", "--porcelain", "--untracked-files=no")),
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        "packages": {name: _version(name) for name in packages},
    }


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


def git(*arguments: str) -> str:
    """Return the output of a git command in this checkout; empty without git or a repository."""
    try:
        answer = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return answer.stdout.strip()


# ---------------------------------------------------------------------------------------------------------- reference


def reference_name(experiment: str, table: CurveTable) -> str:
    """Return the name of the committed reference of an experiment on these data."""
    return f"{experiment}-{table.header.stamp.lower()}"


def refuse_less(name: str, mine: Mapping[str, Any]) -> None:
    """Raise `InputError` if the committed reference `name` is more complete than the outputs that would replace it.

    Args:
        name: name of the reference, under `REFERENCE_DIR`.
        mine: entries as in a manifest; missing entries are not compared.
    """
    path = REFERENCE_DIR / name / MANIFEST
    if not path.is_file():
        return
    theirs = read_json(path, "restore it, or remove that folder first")
    lacking = {
        part: [one for one in theirs[part] if one not in mine[part]]
        for part in _PARTS
        if {part} <= theirs.keys() & mine
    }
    said = [f"{part} {', '.join(names)}" for part, names in lacking.items() if names]
    said += [
        f"{theirs[size]} {size} instead of {mine[size]}"
        for size in _SIZES
        if {size} <= theirs.keys() & mine and theirs[size] > mine[size]
    ]
    if said:
        raise InputError(
            f"--update-reference would replace results/reference/{name} by less: it has {'; '.join(said)}; run all of "
            "it, leave --update-reference out, or remove that folder first"
        )


def copy_to_reference(name: str, out: Path, *, only: Collection[str] = ()) -> Path:
    """Replace the committed reference called `name` by the outputs of `out`; return its folder.

    Args:
        name: name of the reference, under `REFERENCE_DIR`.
        out: the folder of results.
        only: names of the files to copy; by default frames, pages, pictures and two lists.

    Raises:
        InputError: the reference is more complete (see `refuse_less`), or `out` is that reference or lies in it.
    """
    check_folder("--out", out, {"the reference": REFERENCE_DIR / name})
    refuse_less(name, read_json(out / MANIFEST, "make the outputs again"))
    target = REFERENCE_DIR / name
    replace_folder(target, [file for file in sorted(out.iterdir()) if _is_kept(file, only)])
    list_checksums(REFERENCE_DIR, name)
    return target


def accept_files(reference: Path, out: Path, names: Collection[str]) -> None:
    """Copy the files called `names` from `out` to a folder among the references, and list their checksums."""
    for name in names:
        write_text(reference / name, (out / name).read_text(encoding="utf-8"))
    list_checksums(reference.parent, reference.name)


def _is_kept(file: Path, only: Collection[str]) -> bool:
    return file.name in only if only else file.suffix in _KEPT or file.name in _KEPT_LISTS
