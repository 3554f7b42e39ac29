"""Checks that an output replaces neither a file that the command reads nor another of its outputs."""

import os
from collections.abc import Collection, Mapping
from fnmatch import fnmatch
from pathlib import Path

from pmfnas.core.errors import InputError


def check_outputs(outputs: Mapping[str, Path], inputs: Mapping[str, Path], *, own: Collection[str] = ()) -> None:
    """Raise `InputError` unless every output can be written without loss.

    Links are followed. Of a folder that is read, no file that is there may be replaced but the command's `own`.

    Args:
        outputs: files that are about to be written, by the argument or the words that name each.
        inputs: files and folders that the command reads, likewise.
        own: patterns of file names that the command itself writes into a folder it reads.
    """
    before: dict[str, Path] = {}
    for name, path in outputs.items():
        if path.is_dir():
            raise InputError(f"{name} is {path}, but that is a folder; name a file in it")
        for other, taken in before.items():
            if _is_same(path, taken):
                raise InputError(f"{name} is {path}, but {other} goes there; choose another name")
        for read, source in inputs.items():
            if _is_same(path, source) or (_is_inside(path, source) and not _is_own(path, own)):
                raise InputError(
                    f"{name} is {path}, but the command reads that as {read} {source}; choose another name"
                )
        before[name] = path


def check_folder(name: str, out: Path, inputs: Mapping[str, Path]) -> None:
    """Raise `InputError` where the folder `out`, which a command fills, is or lies in a folder that it reads.

    Args:
        name: the argument that names it.
        out: the folder; it need not be there.
        inputs: files and folders that the command reads, by the arguments that name them.
    """
    for read, source in inputs.items():
        if _is_same(out, source) or source.resolve() in out.resolve().parents:
            raise InputError(
                f"{name} is {out}, but {read} {source} is read with all that it holds; choose another {name}"
            )


def check_writable(name: str, path: Path) -> None:
    """Raise `InputError` where the file `path` could not be written; its folder is made where it is missing."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{name} is {path}, whose folder cannot be made ({error.strerror}); choose another") from None
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise InputError(f"{name} is {path}, whose folder cannot be written to; choose another")


def _is_same(path: Path, other: Path) -> bool:
    if path.exists() and other.exists():
        return path.samefile(other)
    return path.resolve() == other.resolve()


def _is_inside(path: Path, folder: Path) -> bool:
    """Return whether `path` is there and lies in `folder`, by its own name or behind a link."""
    if not folder.is_dir() or not (path.exists() or path.is_symlink()):
        return False
    places = (path.parent.resolve() / path.name, path.resolve())
    return any(folder.resolve() in place.parents for place in places)


def _is_own(path: Path, own: Collection[str]) -> bool:
    return any(fnmatch(path.resolve().name, pattern) for pattern in own)
