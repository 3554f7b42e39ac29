"""The contents of the official files: two spaces, their schedules, the strings of archs, the names that may occur."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from pmfnas.core.errors import DataError
from pmfnas.core.types import Arch

DATASETS = ("cifar10-valid", "cifar10", "cifar100", "ImageNet16-120")
SPLITS = ("x-valid", "x-test", "ori-test")

OPERATIONS = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")
"""Operations of the topology space, in the order of the official package; an arch holds indices of this tuple."""

WIDTHS = (8, 16, 24, 32, 40, 48, 56, 64)
"""Widths of the size space; an arch holds indices of this tuple."""

_CELL = re.compile(r"\|(\w+)~0\|\+\|(\w+)~0\|(\w+)~1\|\+\|(\w+)~0\|(\w+)~1\|(\w+)~2\|")
_SIZES = re.compile(r"(\d+):(\d+):(\d+):(\d+):(\d+)")

Kind = Literal["archive", "pickle", "pth"]


@dataclass(frozen=True, slots=True)
class OfficialSpace:
    """One of the two spaces with official files."""

    name: str
    tag: str
    """Name of the space in the names of NATS-Bench files: `tss` or `sss`."""
    cardinalities: tuple[int, ...]
    schedules: Mapping[str, int]
    """Epochs of each schedule."""
    parse: Callable[[str], Arch]
    """Returns the arch of an official string; raises `ValueError` for anything else."""


def _parse_cell(text: str) -> Arch:
    found = _CELL.fullmatch(text)
    if not found:
        raise ValueError(f"{text!r} is not a cell")
    return tuple(OPERATIONS.index(name) for name in found.groups())


def _parse_sizes(text: str) -> Arch:
    found = _SIZES.fullmatch(text)
    if not found:
        raise ValueError(f"{text!r} is not a list of five widths")
    return tuple(WIDTHS.index(int(width)) for width in found.groups())


TOPOLOGY = OfficialSpace("nb201", "tss", (len(OPERATIONS),) * 6, MappingProxyType({"12": 12, "200": 200}), _parse_cell)
SIZE = OfficialSpace(
    "nats-sss", "sss", (len(WIDTHS),) * 5, MappingProxyType({"01": 1, "12": 12, "90": 90}), _parse_sizes
)


def space_of(text: str) -> OfficialSpace:
    """Return the space whose archs are written like `text`; raise `DataError` if it belongs to neither space."""
    for space in (TOPOLOGY, SIZE):
        try:
            space.parse(text)
        except ValueError:
            continue
        return space
    raise DataError(f"{text!r} is an arch of neither the topology nor the size space; only these can be imported")
