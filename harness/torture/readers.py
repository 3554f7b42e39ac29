"""The readers of foreign bytes and texts, each with valid inputs that are changed at random before it reads them."""

import ast
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.players import protocol
from harness.torture import samples
from harness.torture.mutations import Draws, changed, definition
from harness.torture.official_files import PTH
from pmfnas.benchmarks.official.layout import SIZE
from pmfnas.benchmarks.official.reader import SingleFile
from pmfnas.benchmarks.official.records import read_record
from pmfnas.benchmarks.table import HEADER
from pmfnas.core.errors import InputError
from pmfnas.loop.journal import Journal
from pmfnas.loop.record import incumbent_steps, read_header, read_rows
from pmfnas.seal import SEAL, sealed
from pmfnas.spaces import SizeSpace
from pmfnas.spaces.own.choices import Choices
from pmfnas.spaces.own.options import Categorical, Grid, Integers, LogGrid, Ordinal

_OPTIONS = (Categorical, Ordinal, Integers, Grid, LogGrid)
_GOOD: Mapping[str, Any] = {
    "depth": [2, 3, 4],
    "width": Integers(1, 64, 3),
    "act": ["relu", "gelu"],
    "lr": LogGrid(1e-4, 1e-1, 7),
}


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads what it is given; `draw` makes an input, and `text` writes one for people."""

    draw: Callable[[Draws], Any]
    read: Callable[[Any], object]
    text: Callable[[Any], str] = lambda given: repr(given)[:200]


def reader(name: str, folder: Path) -> Reader:
    """Return one of the readers; `folder` is for the files that they read."""
    return {
        "importer": _importer,
        "table reader": _table,
        "arch parser": _archs,
        "protocol": _protocol,
        "record reader": _records,
        "space definitions": _spaces,
    }[name](folder)


def _of_bytes(seeds: Sequence[bytes], read: Callable[[bytes], object]) -> Reader:
    return Reader(lambda draws: changed(seeds, draws), read)


def _importer(folder: Path) -> Reader:
    path = folder / PTH

    def read(data: bytes) -> object:
        path.write_bytes(data)
        for index, schedules in SingleFile(path):
            read_record(schedules, index, None, SIZE, "record")
        return None

    return _of_bytes([samples.official_pickle()], read)


def _table(folder: Path) -> Reader:
    """Read a table of which one file was changed; changes of the header are sealed again, so that more is read."""
    path, column = samples.damaged_table(folder)
    files = {file: file.read_bytes() for file in (path / HEADER, column, path / "archs.npy")}
    text = json.loads(files[path / HEADER])
    seeds = [json.dumps({**text, "seal": SEAL}).encode(), *list(files.values())[1:]]

    def draw(draws: Draws) -> tuple[Path, bytes]:
        place = draws.below(len(seeds))
        data = changed(seeds[place : place + 1], draws)
        return list(files)[place], sealed(data) if SEAL.encode() in data else data

    def read(given: tuple[Path, bytes]) -> None:
        file, data = given
        file.write_bytes(data)
        try:
            samples.read_all_of_table(path)
        finally:
            file.write_bytes(files[file])

    return Reader(draw, read)


def _archs(folder: Path) -> Reader:
    del folder
    spaces = (samples.SPACE, SizeSpace(n_classes=10, image_size=32), Choices(**_GOOD))
    seeds = [space.format((0,) * len(space.cardinalities)).encode() for space in spaces]

    def read(text: str) -> None:
        faults = 0
        for space in spaces:
            try:
                space.format(space.parse(text))
            except InputError:
                faults += 1
        if faults == len(spaces):
            raise InputError("no space has it")

    return Reader(lambda draws: changed(seeds, draws).decode("utf-8", "surrogateescape"), read)


def _protocol(folder: Path) -> Reader:
    del folder
    arch = samples.SPACE.format((0,) * 6)
    train = {"arch": arch, "schedule": "12", "start": 0, "stop": 12, "validate_at": [12], "replicate": 0}
    messages: list[dict[str, Any]] = [
        {"type": "ready", "protocol": 1, "name": "n", "version": "1", "settings": {"eta": 3, "a": "b"}},
        {"type": "submit", "requests": [train, {"kind": "measure", "arch": arch, "metric": "latency_ms"}]},
        {"type": "submit", "requests": [train], "reasons": [{"stage": "a", "mean": 1.5}]},
        *({"type": "wait"}, {"type": "drop", "arch": arch}, {"type": "stop", "why": "w"}),
        *({"type": "recommend", "archs": [arch]}, {"type": "error", "message": "m"}),
    ]

    def read(line: bytes) -> object:
        message = protocol.decode(line)
        kind = message.get("type")
        if kind == "ready":
            return protocol.read_ready(message)
        if kind == "recommend":
            return protocol.read_recommend(message, samples.SPACE.parse)
        return protocol.read_decision(message, samples.SPACE.parse)

    return _of_bytes([json.dumps(message).encode() for message in messages], read)


def _records(folder: Path) -> Reader:
    """Read records, of which the bytes of an uncompressed one reach further, and journals."""
    path, journal = folder / "s0000.parquet", folder / "journal.jsonl"
    samples.played(journal)
    lines = [line.partition(b", ")[2] for line in journal.read_bytes().splitlines()[:2]]  # without their seals
    seeds = [samples.record_bytes(), samples.record_bytes("none"), *(b"{" + line + b"\n" for line in lines)]

    def read(data: bytes) -> object:
        if data.startswith(b"{"):
            journal.write_bytes(data)
            return Journal(journal).read()
        path.write_bytes(data)
        return read_header(path), incumbent_steps(read_rows(path))

    return _of_bytes(seeds, read)


def _spaces(folder: Path) -> Reader:
    del folder

    def read(given: dict[str, Any]) -> None:
        made = {name: choice() if _is_made(choice) else choice for name, choice in given.items()}
        space = Choices(**made)
        arch = (0,) * len(space.cardinalities)
        space.parse(space.format(arch))
        space.features([arch])
        assert ast.literal_eval(repr(repr(space)))

    return Reader(lambda draws: definition(_OPTIONS, _GOOD, draws), read)


def _is_made(choice: Any) -> bool:
    """Whether a choice is still to be made, so that an error of its option belongs to the reading."""
    return getattr(choice, "__name__", "") == "<lambda>"
