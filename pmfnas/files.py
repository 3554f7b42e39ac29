"""Writes files completely or not at all, and reports a fault of the disk as one error that names the file.

A file is written to a hidden sibling, flushed to the disk and renamed last: a reader sees the old file or the new one,
never a part. `writing` and `reading` wrap every access to the disk. They turn every error there into one line with the
file, the cause and the remedy, and on a full disk the bytes needed and the bytes free. `reserve` allocates the bytes of
a file before it is filled through a memory map, because a full disk would end the process later. `read_small` bounds
the memory of a reader.
"""

import errno
import os
import re
import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from pmfnas.core.errors import DataError, InputError, PmfnasError

_FULL = (errno.ENOSPC, errno.EDQUOT)
_CANNOT_RESERVE = (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP)
_ZEROS = bytes(1 << 20)
MOST_BYTES = 1 << 26
"""More than any text of the project needs: a longer one is refused before it fills the memory."""
_WORK = re.compile(r"\..+\.writing-(\d{1,18})-[0-9a-f]{8}")


def write_text(path: Path, text: str) -> None:
    """Write `text` (UTF-8, line ends as given) to `path`; see `write_bytes`."""
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: Path, content: bytes | memoryview, *, remedy: str = "") -> None:
    """Write `content` to `path`, making its folder; a reader sees the old file or the new one, never a part.

    An existing file is replaced. The name survives a power cut too: the folder is flushed after the rename.

    Args:
        path: the file.
        content: all of its bytes.
        remedy: end of the error message; by default it asks for another path.

    Raises:
        InputError: the path cannot be written; nothing is left behind.
    """
    work = path.with_name(f".{path.name}.writing-{os.getpid()}-{secrets.token_hex(4)}")
    try:
        with writing(path, len(content), remedy=remedy):
            path.parent.mkdir(parents=True, exist_ok=True)
            with work.open("xb") as stream:
                stream.write(content)
                flush(stream)
            work.replace(path)
            _flush_folder(path.parent)
    finally:
        with suppress(OSError):  # missing after the rename, or if it could not be made
            work.unlink()


def replace_folder(target: Path, files: Sequence[Path]) -> None:
    """Replace the folder `target` by a folder with copies of `files`; raise `InputError` if that fails.

    The copies are complete before the old folder is removed.
    """
    work = target.with_name(f".{target.name}.writing-{os.getpid()}-{secrets.token_hex(4)}")
    try:
        with writing(target, sum(file.stat().st_size for file in files)):
            work.mkdir(parents=True)
            for file in files:
                shutil.copyfile(file, work / file.name)
            shutil.rmtree(target, ignore_errors=True)
            work.rename(target)
    finally:
        shutil.rmtree(work, ignore_errors=True)


@contextmanager
def writing(path: Path, n_bytes: int | None = None, *, remedy: str = "") -> Iterator[None]:
    """Turn an `OSError` inside the block, which writes `n_bytes` to `path`, into one `InputError`.

    Raises:
        InputError: an `OSError` occurred; names path, cause and remedy, and on a full disk the bytes needed and free.
    """
    try:
        yield
    except OSError as error:
        cause = error.strerror or str(error)
        if error.errno in _FULL:
            needed = "" if n_bytes is None else f"{n_bytes:,} bytes are needed, "
            cause = f"{cause}: {needed}{free_bytes(path):,} are free"
            remedy = remedy or "make room, or choose another disk"
        raise InputError(f"{path} cannot be written ({cause}); {remedy or 'choose a path that can'}") from None


@contextmanager
def reading(path: Path, remedy: str) -> Iterator[None]:
    """Turn every error inside the block, which reads `path`, into one `DataError` that names the file.

    A file from outside can provoke any error in the code that reads it, so all of them are caught. A `PmfnasError`
    passes unchanged.
    """
    try:
        yield
    except PmfnasError:
        raise
    except MemoryError:
        raise DataError(f"{path} asks for more memory than there is; {remedy}") from None
    except Exception as error:
        if isinstance(error, OSError) and error.strerror:
            raise DataError(f"{path} cannot be read ({error.strerror}); {remedy}") from None
        cause = f"{type(error).__name__}: {error}".splitlines()[0][:200]
        raise DataError(f"{path} is damaged or of another kind ({cause}); {remedy}") from None


def read_small(path: Path, remedy: str) -> bytes:
    """Return the bytes of a file of texts or numbers; raise `DataError` with the remedy for an endless one."""
    with reading(path, remedy), path.open("rb") as stream:
        content = stream.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise DataError(f"{path} must have at most {MOST_BYTES:,} bytes, but has more; {remedy}")
    return content


def reserve(stream: BinaryIO, n_bytes: int, start: int = 0) -> None:
    """Allocate the bytes `start .. start + n_bytes` of an open file on the disk; their old content may be overwritten.

    Raises:
        OSError: the disk is full, or a quota is used up.
    """
    if hasattr(os, "posix_fallocate"):
        try:
            os.posix_fallocate(stream.fileno(), start, n_bytes)
            return
        except OSError as error:
            if error.errno not in _CANNOT_RESERVE:
                raise
    place = stream.tell()  # if the system cannot allocate, write zeros
    stream.seek(start)
    for done in range(0, n_bytes, len(_ZEROS)):
        stream.write(_ZEROS[: n_bytes - done])
    stream.flush()
    stream.seek(place)


def check_room(path: Path, n_bytes: int) -> None:
    """Raise `InputError` if the disk for the new file `path` has less than `n_bytes` free."""
    if free_bytes(path) < n_bytes:
        with writing(path, n_bytes):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def free_bytes(path: Path) -> int:
    """Return the bytes that are free on the disk of `path`, which need not exist yet."""
    there = next(folder for folder in (path.absolute(), *path.absolute().parents) if folder.exists())
    return shutil.disk_usage(there).free


def flush(stream: BinaryIO) -> None:
    """Flush the buffers of a file to the disk."""
    stream.flush()
    os.fsync(stream.fileno())


def abandoned(folder: Path, name: str = "*") -> list[Path]:
    """Return the hidden files that killed writers left anywhere under `folder`; `name` is a pattern of target names."""
    works = [(work, _WORK.fullmatch(work.name)) for work in folder.rglob(f".{name}.writing-*")]
    return [work for work, owner in works if owner and not is_running(int(owner[1]))]


def remove_abandoned(folder: Path, name: str = "*") -> None:
    """Remove the files that `abandoned` returns."""
    for work in abandoned(folder, name):
        with suppress(OSError):
            work.unlink()


def is_running(pid: int) -> bool:
    """Return whether a process with this id exists; True on systems that cannot tell without harm."""
    if os.name != "posix":
        return True  # signal 0 would end the process there
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def _flush_folder(folder: Path) -> None:
    if os.name != "posix":  # other systems cannot open folders, and journal renames
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
