"""Chooses the data of a command, `--data auto|NAME|PATH` with the names of `SOURCES`, and caches the tables.

`auto` takes the best of `SOURCES` that the user has set up, and says why: the official files at the official packages'
default root; the anchored table of the folder that `PMFNAS_ANCHORS` names (of the size space: of a folder beside it);
real final values from an installed package; the surrogate shipped in the package. Cached tables do not change this
choice. There is one exception, and the command prints it: a command that continues a folder of results takes the data
of that folder. Partial data, which cover some of the archs only, need `--partial`; `auto` never takes them. Tables are
made once and kept in the user's cache, or in the folder that `PMFNAS_CACHE` names.
"""

import argparse
import hashlib
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from harness.experiment.folder import SPEC, read_claim
from harness.host.cache import cache_folder, expanded
from pmfnas.benchmarks.anchored import ANCHOR_FILE, anchored_header, build_anchored
from pmfnas.benchmarks.official import default_root, detect, import_official, part_of, preferred
from pmfnas.benchmarks.real_finals import REQUIREMENT, build_real_finals, fault_of_package, real_finals_header
from pmfnas.benchmarks.size_surrogate import (
    SIZE_FILES,
    build_size_anchored,
    build_size_surrogate,
    size_anchored_header,
    size_surrogate_header,
)
from pmfnas.benchmarks.surrogate import build_surrogate, surrogate_header
from pmfnas.benchmarks.table import HEADER, STAMPS, CurveTable
from pmfnas.core.errors import DataError, InputError, unknown_name
from pmfnas.files import writing

ANCHORS = "PMFNAS_ANCHORS"
CACHE = "PMFNAS_CACHE"
TOPOLOGY = "nb201"
SIZE = "nats-sss"


@dataclass(frozen=True, slots=True)
class Chosen:
    """A table, and the reason why it was chosen."""

    table: CurveTable
    why: str

    @property
    def described(self) -> str:
        """One line for people: stamp with completeness, fingerprint, space, reason."""
        header = self.table.header
        return f"{self.table.stamp} {header.fingerprint}, space {header.space}: {self.why}"


@dataclass(frozen=True, slots=True)
class Source:
    """A kind of data that `--data` can name and `auto` can take."""

    name: str
    """Name of the source in `--data`."""
    stamp: str
    """Stamp of the source's tables."""
    spaces: tuple[str, ...]
    """The spaces for which the source has tables."""
    holds: str
    """Describes which values of the tables are real."""
    not_offered: Callable[[str], str | None]
    """Returns the reason why `auto` cannot take the source for a space; None if it is set up and complete."""
    make: Callable[[str, int], Chosen]
    """Returns the table of a space, made with this many processes if missing; raises `InputError` with the reason."""


# ----------------------------------------------------------------------------------------------------------- choosing


def chosen_by(options: argparse.Namespace, *, space: str = TOPOLOGY, folder: Path | None = None) -> Chosen:
    """Return the data that `--data` and `--partial` of a verb name; see `choose`.

    Raises:
        InputError: see `choose`; also if a reference would be made from partial data.
    """
    chosen = choose(options.data, space=space, folder=folder, partial=getattr(options, "partial", None))
    if getattr(options, "update_reference", False) and not chosen.table.is_whole:
        raise InputError(f"--update-reference needs whole data, but these are {chosen.table.stamp}; leave it out")
    return chosen


def choose(
    text: str, *, space: str = TOPOLOGY, folder: Path | None = None, partial: bool | None = None, n_jobs: int = 1
) -> Chosen:
    """Return the table of `space` for `--data text`, made first if it does not exist yet.

    Args:
        text: `auto`, the name of a source, or a path.
        space: name of the search space.
        folder: the folder of results; if it has results, `auto` means the data that they were made with.
        partial: whether partial data are accepted; None if the verb has no `--partial`.
        n_jobs: processes for an import.

    Raises:
        InputError: there are no such data, they are of another space, or they are partial without `--partial`.
    """
    if text == "auto":
        return _of_folder(folder, space, n_jobs) or _best(space, n_jobs)
    source = next((s for s in SOURCES if s.name == text), None)
    if source is None:
        chosen = _at(expanded("--data", text), text, space, n_jobs)
    elif space in source.spaces:
        chosen = source.make(space, n_jobs)
    else:
        known = [s.name for s in SOURCES if space in s.spaces]
        raise InputError(
            f"--data is {text}, but of the space {space} that means nothing; give auto, {', '.join(known)} or a path"
        )
    table = chosen.table
    if table.is_whole or partial or table.header.own:
        return chosen
    raise InputError(
        f"--data is {text}, but these data are {table.stamp}: regret and hit would be against the best of that part; "
        f"complete them{', or add --partial' if partial is not None else ''}"
    )


def _best(space: str, n_jobs: int) -> Chosen:
    """Return the first whole table of `SOURCES` that the user has set up, and name the sources passed over."""
    passed: list[str] = []
    for source in (s for s in SOURCES if space in s.spaces):
        why_not = source.not_offered(space)
        if why_not is None:
            chosen = source.make(space, n_jobs)
            if chosen.table.is_whole:
                return replace(chosen, why="; ".join([chosen.why, *passed]))
            why_not = f"{source.name} data are {chosen.table.stamp}, a part"
        passed.append(why_not)
    raise InputError(f"--data is auto, but there are no data of the space {space}: {', '.join(passed)}; give a path")


def _of_folder(folder: Path | None, space: str, n_jobs: int) -> Chosen | None:
    """Return the data that the results in `folder` were made with; None if it has no results on a table.

    Raises:
        InputError: those data are not available.
    """
    if folder is None or not (folder / SPEC).is_file():
        return None
    claim = read_claim(folder)
    stamp, fingerprint = str(claim.get("data")), str(claim.get("fingerprint"))
    kind = stamp.split(" ")[0]
    if kind not in STAMPS:
        return None
    why = f"the data of the results in {folder}; for other data give --data and another --out"
    for header in sorted(cache_root().glob(f"*/{HEADER}")):
        table = _readable(header.parent)
        if table is not None and table.header.fingerprint == fingerprint:
            return Chosen(table, why)
    for source in (s for s in SOURCES if s.stamp == kind and space in s.spaces and s.not_offered(space) is None):
        table = source.make(space, n_jobs).table
        if table.header.fingerprint == fingerprint:
            return Chosen(table, why)
    raise InputError(
        f"{folder} holds results of {stamp} data {fingerprint}, which are not at hand now; give them with --data PATH, "
        "or name another folder"
    )


def _readable(path: Path) -> CurveTable | None:
    """Return the table in `path`; None if it is damaged or of another version."""
    try:
        return CurveTable.open(path)
    except DataError:
        return None


# ------------------------------------------------------------------------------------------------------------ sources


def _no_official(space: str) -> str | None:
    del space
    root = default_root()
    if root is None:
        return "no official files were found"
    part = part_of(root)
    return f"the official files in {root} are a part ({part}) and passed over" if part else None


def _official_table(space: str, n_jobs: int) -> Chosen:
    root = default_root()
    if root is None:
        raise InputError(
            "--data is official, but the official files are not at the packages' default root; give their path"
        )
    return Chosen(_imported(root, space, n_jobs), f"the official files in {root}")


def _no_anchors(space: str) -> str | None:
    named = os.environ.get(ANCHORS)
    if not named:
        return f"{ANCHORS} is not set"
    if space == SIZE and size_source(expanded(ANCHORS, named)) is None:
        return f"no folder beside {ANCHORS} holds {' and '.join(SIZE_FILES)}"
    return None


def size_source(anchors: Path) -> Path | None:
    """Return the folder of real values of the size space: `anchors` itself, else the first one beside it, or None."""
    beside = sorted(anchors.parent.iterdir()) if anchors.parent.is_dir() else []
    return next((folder for folder in (anchors, *beside) if _holds_size(folder)), None)


def _holds_size(folder: Path) -> bool:
    return all((folder / name).is_file() for name in SIZE_FILES)


def _anchored_table(space: str, n_jobs: int) -> Chosen:
    """Return the anchored table of a space, made from the folder that `PMFNAS_ANCHORS` names or found in the cache."""
    del n_jobs
    source = os.environ.get(ANCHORS)
    if space == SIZE:
        folder = size_source(expanded(ANCHORS, source)) if source else None
        if folder is None:
            remedy = f"set it, or give the path of a folder with {' and '.join(SIZE_FILES)}"
            raise InputError(f"--data is anchored, but {_no_anchors(space)}; {remedy}")
        return Chosen(_from_size_anchors(folder), f"real ends of every arch in {folder}; its curves are modelled")
    if source:
        return Chosen(_from_anchors(expanded(ANCHORS, source)), f"real values, {ANCHORS} is set")
    built = sorted(header.parent for header in cache_root().glob(f"anchored-*/{HEADER}"))
    if len(built) != 1:
        found = f"{len(built)} anchored tables were built before" if built else "no anchored table was built before"
        raise InputError(f"--data is anchored, but {ANCHORS} is not set and {found}; set it, or give the path of one")
    return Chosen(CurveTable.open(built[0]), "real values, built before")


def _surrogate_table(space: str, n_jobs: int) -> Chosen:
    del n_jobs
    if space == SIZE:
        name = f"size-surrogate-{size_surrogate_header().fingerprint}"
        table = _made(name, lambda out: build_size_surrogate(out, progress=True))
        return Chosen(table, "a model fitted to real final accuracies, shipped in the package; its curves are modelled")
    name = f"surrogate-{surrogate_header().fingerprint}"
    table = _made(name, lambda out: build_surrogate(out, progress=True))
    return Chosen(table, "a model fitted to real values, shipped in the package")


def _no_real_finals(space: str) -> str | None:
    """Return the fault of the package, or None; if its table is cached, the files are not checked again."""
    del space
    return fault_of_package(look_inside=not (_real_finals_path() / HEADER).exists())


def _real_finals_path() -> Path:
    return cache_root() / f"real-finals-{real_finals_header().fingerprint}"


def _real_finals_table(space: str, n_jobs: int) -> Chosen:
    del space, n_jobs
    table = _made(_real_finals_path().name, lambda out: build_real_finals(out, progress=True))
    return Chosen(table, f"real final values of {REQUIREMENT}; runs are scored by {table.header.score}")


def _always(space: str) -> None:
    del space


SOURCES: tuple[Source, ...] = (
    Source(
        "official",
        "OFFICIAL",
        (TOPOLOGY,),
        "everything: the published files",
        _no_official,
        _official_table,
    ),
    Source(
        "anchored",
        "ANCHORED",
        (TOPOLOGY, SIZE),
        "validation and test at the end of schedules (of nats-sss: of 90 alone), costs of nb201; the rest is modelled",
        _no_anchors,
        _anchored_table,
    ),
    Source(
        "real-finals",
        "REAL-FINALS",
        (TOPOLOGY,),
        "validation at 200@200 of every trial, seconds of training; scored by held-out trials",
        _no_real_finals,
        _real_finals_table,
    ),
    Source(
        "surrogate",
        "SURROGATE",
        (TOPOLOGY, SIZE),
        "nothing: a model fitted to real values of half of the archs",
        _always,
        _surrogate_table,
    ),
)
"""The kinds of data that `auto` can take, best first."""


# -------------------------------------------------------------------------------------------------------------- paths


def _at(path: Path, text: str, space: str, n_jobs: int) -> Chosen:
    """Return the table at, or made from, a path of the user's, for the given space."""
    try:
        if not path.exists():
            if path.name == text:
                raise unknown_name("--data", text, ("auto", *(s.name for s in SOURCES), "or an existing path"))
            raise DataError(f"--data is {text!r}, but no such path exists; give a curve table, official files, or auto")
        opened = _opened(path, space)
    except OSError as error:
        raise DataError(f"--data {path} cannot be read ({error.strerror}); make it readable, or give another") from None
    chosen = opened or Chosen(_imported(path, space, n_jobs), f"the official files in {path}")
    found = chosen.table.header.space
    if found != space and not chosen.table.header.own:
        raise InputError(f"--data {text} holds the space {found}, but {space} is asked for; give another path")
    return chosen


def _opened(path: Path, space: str) -> Chosen | None:
    """Return the table in the folder `path`, or made from real values in it; None if it holds neither."""
    if (path / HEADER).exists():
        return Chosen(CurveTable.open(path), f"the table {path}")
    if (path / ANCHOR_FILE).exists() and space != SIZE:
        return Chosen(_from_anchors(path), f"real values in {path}")
    if _holds_size(path):
        return Chosen(_from_size_anchors(path), f"real ends in {path}; its curves are modelled")
    headers = sorted(path.glob(f"*/{HEADER}")) if path.is_dir() else []
    tables = {header.parent.name: CurveTable.open(header.parent) for header in headers}
    fitting = [name for name, table in tables.items() if table.header.space == space]
    if not tables:
        return None
    if len(fitting) != 1:
        found = ", ".join(f"{name} ({table.stamp}, {table.header.space})" for name, table in tables.items())
        raise InputError(f"{path} holds {len(tables)} tables, {found}; give the path of the one that is meant")
    others = f", one of {len(tables)} there: {', '.join(tables)}" if len(tables) > 1 else ""
    return Chosen(tables[fitting[0]], f"the table {path / fitting[0]}{others}")


def _from_anchors(source: Path) -> CurveTable:
    if not source.is_dir():
        raise DataError(f"{ANCHORS} is {str(source)!r}, but no such folder exists; unset it or mend it")
    header = anchored_header(source)
    return _made(f"anchored-{header.fingerprint}", lambda out: build_anchored(source, out, progress=True))


def _from_size_anchors(source: Path) -> CurveTable:
    header = size_anchored_header(source)
    return _made(f"size-anchored-{header.fingerprint}", lambda out: build_size_anchored(source, out, progress=True))


def _imported(path: Path, space: str, n_jobs: int) -> CurveTable:
    sources = detect(path)
    source = preferred(sources, space) or sources[0]
    name = f"official-{source.space.name}-{_looks(source.path)}"
    return _made(name, lambda out: import_official(source.path, out, n_jobs=n_jobs, progress=True))


def _looks(path: Path) -> str:
    """Return a hash, twelve hex digits, of names, sizes and times of the files at `path`, to notice changed files."""
    if path.is_dir():
        with os.scandir(path) as entries:
            seen = sorted(_look(entry.name, entry) for entry in entries)
    else:
        seen = [_look(path.name, path)]
    return hashlib.sha256(repr((str(path.resolve()), seen)).encode()).hexdigest()[:12]


def _look(name: str, file: Path | os.DirEntry[str]) -> tuple[str, int, int]:
    try:
        state = file.stat()
    except FileNotFoundError:  # a link to nothing
        state = file.stat(follow_symlinks=False)
    return name, state.st_size, state.st_mtime_ns


# -------------------------------------------------------------------------------------------------------------- cache


def cache_root() -> Path:
    """Return the folder where tables are kept."""
    return cache_folder(CACHE, "tables")


def _made(name: str, make: Callable[[Path], CurveTable]) -> CurveTable:
    """Return the cached table `name`, made first if it is missing."""
    path = cache_root() / name
    if not (path / HEADER).exists():
        with writing(path.parent, remedy=f"set {CACHE} to another folder"):
            path.parent.mkdir(parents=True, exist_ok=True)
        print(f"making the table {path} (once) ...", file=sys.stderr)
        try:
            return make(path)
        except InputError:
            if not (path / HEADER).exists():  # otherwise another process has made it in the meantime
                raise
    return CurveTable.open(path)
