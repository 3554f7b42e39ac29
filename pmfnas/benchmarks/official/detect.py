"""Which official files lie at a path, told by names and, for a folder of any name, by its meta file.

NATS-tss-v1_0-3ffb9-simple/         archive: meta.pickle.pbz2 and a file per arch
NATS-tss-v1_0-3ffb9.pickle.pbz2     pickle: one file, all archs
NAS-Bench-201-v1_1-096897.pth       pth: one torch file, all archs
~/.torch/                           a folder that holds any of these
"""

import math
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pmfnas.benchmarks.official.layout import SIZE, TOPOLOGY, Kind, OfficialSpace, space_of
from pmfnas.benchmarks.official.reader import META, arch_files, has_arch_files, read_meta
from pmfnas.core.errors import DataError

_NATS_NAME = re.compile(r"NATS-(tss|sss)-.*")
_PACKED = re.compile(r"(NATS|NAS-Bench).*\.(tar(\.gz|\.bz2|\.xz)?|tgz|zip)$")
_KINDS: tuple[Kind, ...] = ("archive", "pickle", "pth")


@dataclass(frozen=True, slots=True)
class Source:
    """Official files of one kind at one place."""

    path: Path
    kind: Kind
    space: OfficialSpace


def detect(path: Path) -> tuple[Source, ...]:
    """Return the official files at `path`, or inside it where it is a folder such as `$TORCH_HOME`.

    Topology space first, then archive, pickle, pth: the first is the one to prefer. No large file is opened.

    Raises:
        DataError: there are none, or `path` may not be read.
    """
    try:
        sources = _sources(path)
        if not sources:
            raise DataError(_explain(path))
    except OSError as error:
        where = error.filename or path
        raise DataError(f"{where} cannot be read ({error.strerror}); make it readable, or give another path") from None
    return tuple(sources)


def default_root() -> Path | None:
    """Return the official topology-space files where the official packages look for them, or None.

    That is the folder `$TORCH_HOME`, or `~/.torch` where the variable is not set.

    Raises:
        DataError: that folder, or a file there that says what it holds, cannot be read.
    """
    try:
        root = Path(os.environ.get("TORCH_HOME") or "~/.torch").expanduser()
    except RuntimeError:  # no home folder, so nothing there
        return None
    try:
        sources = _sources(root)
    except OSError as error:
        raise DataError(
            f"{root}, where official files are looked for, cannot be read ({error.strerror}); make it readable, or set "
            "TORCH_HOME to another folder"
        ) from None
    found = preferred(sources, TOPOLOGY.name)
    return found.path if found else None


def preferred(sources: Sequence[Source], space: str) -> Source | None:
    """Return the first of the sources of a space that is no part, else its first; None where it has none."""
    fitting = [source for source in sources if source.space.name == space]
    return next((s for s in fitting if part_of(s.path) is None), fitting[0] if fitting else None)


def part_of(path: Path) -> str | None:
    """Return how much of the space an archive folder holds, `5 of 15,625 archs`; None where nothing is missing.

    None for a single file too: it has to be read to tell.
    """
    source = detect(path)[0]
    n_archs = math.prod(source.space.cardinalities)
    n_files = len(arch_files(source.path)) if source.kind == "archive" else n_archs
    return None if n_files >= n_archs else f"{n_files:,} of {n_archs:,} archs"


def _sources(path: Path) -> list[Source]:
    """Return what `path` itself is, else what it holds."""
    found = _source(path)
    if found or not path.is_dir():
        return [found] if found else []
    # Other weights may lie there: only a path given by name may be called anything.
    children = (c for c in sorted(path.iterdir()) if c.suffix != ".pth" or c.name.startswith("NAS-Bench-201"))
    return sorted((s for child in children if (s := _source(child))), key=_preference)


def _preference(source: Source) -> tuple[bool, int, str]:
    return source.space is SIZE, _KINDS.index(source.kind), source.path.name


def _source(path: Path) -> Source | None:
    """Return what `path` itself is, or None."""
    if path.is_dir():
        if not (path / META).is_file() or not has_arch_files(path):
            return None
        return Source(path, "archive", _named_space(path) or space_of(read_meta(path)[0]))
    if not path.is_file():
        return None
    if path.name.endswith(".pickle.pbz2") and (space := _named_space(path)):
        return Source(path, "pickle", space)
    if path.suffix == ".pth" and not path.name.endswith("-FULL.pth"):
        return Source(path, "pth", TOPOLOGY)
    return None


def _named_space(path: Path) -> OfficialSpace | None:
    named = _NATS_NAME.fullmatch(path.name)
    return {"tss": TOPOLOGY, "sss": SIZE}[named[1]] if named else None


def _explain(path: Path) -> str:
    """Return why nothing was found at `path`, with the remedy."""
    if not path.exists():
        return f"{path} does not exist; give the folder or file of NATS-Bench or NAS-Bench-201"
    if path.is_dir() and (path / META).is_file():
        return f"{path} holds {META} but no file of an arch (000000.pickle.pbz2, ...); unpack the archive again"
    packed = [p for p in ([path] if path.is_file() else sorted(path.iterdir())) if _PACKED.search(p.name)]
    if packed:
        return f"{packed[0]} is packed; unpack it (tar -xf) and give the folder that comes out"
    if path.name.endswith("-FULL.pth") or (path.is_dir() and any(path.glob("*-FULL.pth"))):
        return f"{path} is the NAS-Bench-201 archive with weights, which is not read; give NAS-Bench-201-*.pth instead"
    return (
        f"{path} holds no official files; expected NATS-tss-*-simple/, NATS-sss-*-simple/, NATS-*.pickle.pbz2, "
        "NAS-Bench-201-*.pth, or a folder with one of them"
    )
