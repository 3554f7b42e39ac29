"""Checkpoints on disk: the state of a training at the end of a segment, one file each.

    FOLDER/12345-12-777/00003.pt      arch number, schedule, seed, and trained epochs

A file is written as a whole, before the end of its segment is reported. The checkpoints of a dropped arch are removed.
Each has a checksum behind what torch writes (`pmfnas.seal`).
"""

import io
import shutil
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path

import torch

from pmfnas.core.errors import DataError
from pmfnas.files import reading, write_bytes
from pmfnas.seal import with_seal, without_seal
from pmfnas.training.state import TrainingState

_END = b"\0\0"
"""Last bytes of what torch writes."""


def read_state(path: Path, remedy: str) -> TrainingState:
    """Return the state in a file; raise `DataError`, which ends with the remedy, if it is missing or damaged."""
    with reading(path, remedy):
        stream = io.BytesIO(without_seal(path.read_bytes(), path, remedy, end=_END))
        return TrainingState(**torch.load(stream, map_location="cpu", weights_only=True))


@dataclass(frozen=True, slots=True)
class RunKey:
    """The identity of a training run; it names the folder of its checkpoints."""

    arch_number: int
    """Number of the arch in the enumeration of its space."""
    schedule: str
    seed: int

    @property
    def name(self) -> str:
        """Name of the folder of the run's checkpoints."""
        return f"{self.arch_number}-{self.schedule}-{self.seed}"


class Checkpoints:
    """A folder of checkpoints, one subfolder per training run."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, key: RunKey, epoch: int) -> Path:
        """Return the path of the state of `key` after `epoch` epochs."""
        return self._folder / key.name / f"{epoch:05d}.pt"

    def save(self, key: RunKey, state: TrainingState) -> None:
        """Write a state. Raises `InputError` if the disk has no room; no part of the file is left then."""
        path = self.path(key, state.epoch)
        buffer = io.BytesIO()
        torch.save({field.name: getattr(state, field.name) for field in fields(state)}, buffer)
        write_bytes(path, with_seal(buffer.getbuffer()), remedy="make room and go on with --resume")

    def load(self, key: RunKey, epoch: int) -> TrainingState:
        """Return a saved state. Raises `DataError` if it is missing or damaged."""
        path = self.path(key, epoch)
        if not path.exists():
            raise DataError(f"checkpoint {path} is missing; remove the folder of results and search anew")
        return read_state(path, "remove the results and search anew")

    def epochs(self, key: RunKey) -> list[int]:
        """Return the epochs with a saved state of `key`, rising."""
        return sorted(int(path.stem) for path in (self._folder / key.name).glob("[0-9]*.pt"))

    def forget(self, arch_number: int) -> None:
        """Remove every checkpoint of an arch."""
        for folder in self._folder.glob(f"{arch_number}-*"):
            shutil.rmtree(folder, ignore_errors=True)

    def keep_only(self, arch_numbers: Collection[int]) -> None:
        """Remove the checkpoints of all other archs, and unfinished files of killed writers."""
        for folder in self._folder.glob("[0-9]*"):
            if int(folder.name.split("-")[0]) not in arch_numbers:
                shutil.rmtree(folder, ignore_errors=True)
        for work in self._folder.glob("*/.*.writing-*"):
            with suppress(OSError):
                work.unlink()
