"""Which data a command runs on: `--data auto|official|anchored|surrogate|PATH`, and where tables are cached.

`auto` takes the best there is and says why: the official files at the official packages' default root, then the
anchored table (buildable from the folder that `PMFNAS_ANCHORS` names, or in the cache already), then the surrogate
shipped in the package. Tables are made once and kept in the user's cache, or in the folder `PMFNAS_CACHE` names.
Of the size space there is no anchored table, and `auto` takes its surrogate: official files are named by their path.
"""

import hashlib
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from pmfnas.benchmarks.anchored import ANCHOR_FILE, anchored_header, build_anchored
from pmfnas.benchmarks.official import default_root, detect, import_official
from pmfnas.benchmarks.size_surrogate import build_size_surrogate, size_surrogate_header
from pmfnas.benchmarks.surrogate import build_surrogate, surrogate_header
from pmfnas.benchmarks.table import HEADER, CurveTable
from pmfnas.core.errors import DataError, InputError

ANCHORS = "PMFNAS_ANCHORS"
CACHE = "PMFNAS_CACHE"
TOPOLOGY = "nb201"
SIZE = "nats-sss"


@dataclass(frozen=True, slots=True)
class Chosen:
    """A table, and why it was taken."""

    table: CurveTable
    why: str

    @property
    def described(self) -> str:
        """One line for people: stamp, fingerprint, space, reason."""
        header = self.table.header
        return f"{header.stamp} {header.fingerprint}, space {header.space}: {self.why}"


def cache_root() -> Path:
    """Return the folder where tables are kept."""
    named = os.environ.get(CACHE)
    return Path(named) if named else Path(platformdirs.user_cache_dir("pmfnas", appauthor=False)) / "tables"


def choose(text: str, *, space: str = TOPOLOGY, n_jobs: int = 1) -> Chosen:
    """Return the table of `space` for `--data text`, made first where it does not exist yet."""
    if space == SIZE:
        return _of_size_space(text, n_jobs=n_jobs)
    match text:
        case "auto":
            return _best()
        case "official":
            root = default_root()
            if root is None:
                raise InputError(
                    "--data is official, but the official files are not at the packages' default root; give their path"
                )
            return Chosen(_official(root, n_jobs=n_jobs), f"the official files in {root}")
        case "anchored":
            return _anchored() or _no_anchors()
        case "surrogate":
            return _surrogate("asked for; a model fitted to real values, shipped in the package")
    return _at(Path(text).expanduser(), n_jobs=n_jobs)


def _of_size_space(text: str, *, n_jobs: int) -> Chosen:
    if text in ("official", "anchored"):
        raise InputError(
            f"--data is {text}, but of the size space that means nothing; give auto, surrogate or the path of a table"
        )
    if text in ("auto", "surrogate"):
        name = f"size-surrogate-{size_surrogate_header().fingerprint}"
        table = _made(name, lambda out: build_size_surrogate(out, progress=True))
        return Chosen(table, "a model fitted to real final accuracies, shipped in the package; its curves are modelled")
    chosen = _at(Path(text).expanduser(), n_jobs=n_jobs, preferred=SIZE)
    if chosen.table.header.space != SIZE:
        raise InputError(f"--data {text} holds the space {chosen.table.header.space}, but {SIZE} is asked for")
    return chosen


def _best() -> Chosen:
    root = default_root()
    if root is not None:
        return Chosen(_official(root, n_jobs=1), f"the official files were found in {root}")
    no_real_values = f"no official files were found and {ANCHORS} is not set; numbers are those of a fitted model"
    return _anchored() or _surrogate(no_real_values)


def _anchored() -> Chosen | None:
    """Return the anchored table, built if need be; None where neither its source nor a built one exists."""
    source = os.environ.get(ANCHORS)
    if source:
        return Chosen(_from_anchors(Path(source)), f"real values, {ANCHORS} is set")
    built = sorted(cache_root().glob(f"anchored-*/{HEADER}"))
    return Chosen(CurveTable.open(built[-1].parent), "real values, built before") if built else None


def _no_anchors() -> Chosen:
    raise InputError(f"--data is anchored, but {ANCHORS} is not set and no anchored table was built before; set it")


def _at(path: Path, *, n_jobs: int, preferred: str = TOPOLOGY) -> Chosen:
    """Return the table at, or made from, a path of the user's; of several spaces the preferred one."""
    if not path.exists():
        raise DataError(
            f"--data is {str(path)!r}, but no such path exists; give a curve table, official files, or auto"
        )
    if (path / HEADER).exists():
        return Chosen(CurveTable.open(path), f"the table {path}")
    if (path / ANCHOR_FILE).exists():
        return Chosen(_from_anchors(path), f"real values in {path}")
    return Chosen(_official(path, n_jobs=n_jobs, preferred=preferred), f"the official files in {path}")


def _from_anchors(source: Path) -> CurveTable:
    if not source.is_dir():
        raise DataError(f"{ANCHORS} is {str(source)!r}, but no such folder exists; unset it or mend it")
    header = anchored_header(source)
    return _made(f"anchored-{header.fingerprint}", lambda out: build_anchored(source, out, progress=True))


def _surrogate(why: str) -> Chosen:
    name = f"surrogate-{surrogate_header().fingerprint}"
    return Chosen(_made(name, lambda out: build_surrogate(out, progress=True)), why)


def _official(path: Path, *, n_jobs: int, preferred: str = TOPOLOGY) -> CurveTable:
    sources = detect(path)
    source = next((s for s in sources if s.space.name == preferred), sources[0])
    name = f"official-{source.space.name}-{_looks(source.path)}"
    return _made(name, lambda out: import_official(source.path, out, n_jobs=n_jobs, progress=True))


def _looks(path: Path) -> str:
    """Return twelve hex digits of names, sizes and times of the files at `path`: changed files are imported anew."""
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    seen = [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in files]
    return hashlib.sha256(repr((str(path.resolve()), seen)).encode()).hexdigest()[:12]


def _made(name: str, make: Callable[[Path], CurveTable]) -> CurveTable:
    """Return the cached table `name`, made first where it is missing."""
    path = cache_root() / name
    if not (path / HEADER).exists():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(
                f"{CACHE} is {path.parent}, which cannot be written ({error.strerror}); name another folder"
            ) from None
        print(f"making the table {path} (once) ...", file=sys.stderr)
        try:
            return make(path)
        except (InputError, OSError):
            if not (path / HEADER).exists():  # else another process made it in the meantime
                raise
    return CurveTable.open(path)
