"""Which official files lie at a path, told by names and, for a folder of any name, by its meta file.

NATS-tss-v1_0-3ffb9-simple/         archive: meta.pickle.pbz2 and a file per arch
NATS-tss-v1_0-3ffb9.pickle.pbz2     pickle: one file, all archs
NAS-Bench-201-v1_1-096897.pth       pth: one torch file, all archs
~/.torch/                           a folder that holds any of these
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from pmfnas.benchmarks.official.layout import SIZE, TOPOLOGY, Kind, OfficialSpace, space_of
from pmfnas.benchmarks.official.reader import META, arch_files, read_meta
from pmfnas.core.errors import DataError

_NATS_NAME = re.compile(r"NATS-(tss|sss)-.*")
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
        DataError: there are none.
    """
    found = _source(path)
    sources = [found] if found else []
    if not sources and path.is_dir():
        # Other weights may lie there: only a path given by name may be called anything.
        children = (c for c in sorted(path.iterdir()) if c.suffix != ".pth" or c.name.startswith("NAS-Bench-201"))
        sources = [source for child in children if (source := _source(child))]
    if not sources:
        raise DataError(_explain(path))
    return tuple(sorted(sources, key=lambda s: (s.space is SIZE, _KINDS.index(s.kind), s.path.name)))


def default_root() -> Path | None:
    """Return the official topology-space files where the official packages look for them, or None.

    That is the folder `$TORCH_HOME`, or `~/.torch` where the variable is not set.
    """
    root = Path(os.environ.get("TORCH_HOME") or Path.home() / ".torch")
    try:
        sources = detect(root)
    except DataError:
        return None
    return next((source.path for source in sources if source.space is TOPOLOGY), None)


def _source(path: Path) -> Source | None:
    """Return what `path` itself is, or None."""
    if path.is_dir():
        if not (path / META).is_file() or not arch_files(path):
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
    if path.name.endswith("-FULL.pth") or (path.is_dir() and any(path.glob("*-FULL.pth"))):
        return f"{path} is the NAS-Bench-201 archive with weights, which is not read; give NAS-Bench-201-*.pth instead"
    return (
        f"{path} holds no official files; expected NATS-tss-*-simple/, NATS-sss-*-simple/, NATS-*.pickle.pbz2, "
        "NAS-Bench-201-*.pth, or a folder with one of them"
    )
