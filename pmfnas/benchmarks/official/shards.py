"""A shard: the columns of some dozens of archs. An import works shard by shard and resumes at the next one.

Every trial of a (data set, schedule) must have every metric at the same epochs. That is checked inside a shard
when it is packed and between shards when they are joined, so that a hole in one file raises an error that names the
file and never becomes a value. A completely missing trial is not a hole.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np

from pmfnas.benchmarks.official.records import Group, Series, Trials
from pmfnas.core.errors import DataError
from pmfnas.core.types import FloatArray, describe_epochs
from pmfnas.files import reading, write_bytes


@dataclass(frozen=True, slots=True)
class GroupLayout:
    """The trials and metrics of a (data set, schedule) in one shard, or in all shards."""

    seeds: tuple[int, ...]
    epochs: Mapping[str, tuple[int, ...]]
    """Metric -> epochs; () if it does not depend on the epoch, as also constant seconds."""
    file: str
    """A file that has this layout, for error messages."""


@dataclass(frozen=True, slots=True)
class PackedArch:
    """One arch, converted for a shard."""

    index: int
    text: str
    file: str
    groups: Mapping[Group, Trials]


@dataclass(frozen=True, slots=True)
class ShardInfo:
    """The description of a shard, without its values."""

    indices: tuple[int, ...]
    texts: tuple[str, ...]
    groups: Mapping[Group, GroupLayout]


def write_shard(path: Path, archs: Iterable[PackedArch]) -> None:
    """Pack `archs` into the file `path`, which exists only when it is complete.

    Raises:
        DataError: a trial lacks an epoch of a metric that another one has.
    """
    archs = tuple(archs)
    layouts = {group: _layout(archs, group) for group in sorted({g for arch in archs for g in arch.groups})}
    arrays: dict[str, FloatArray] = {}
    final: dict[Group, GroupLayout] = {}
    for group, layout in layouts.items():
        columns = {metric: _pack(archs, group, layout, metric) for metric in layout.epochs}
        arrays |= {_member(group, metric): values for metric, values in columns.items()}
        epochs = {m: layout.epochs[m] if columns[m].shape[2] > 1 else () for m in columns if m.endswith("-s")}
        final[group] = GroupLayout(layout.seeds, {**layout.epochs, **epochs}, layout.file)
    info = ShardInfo(tuple(a.index for a in archs), tuple(a.text for a in archs), final)
    sink = BytesIO()
    np.savez(sink, info=np.array(_to_json(info)), **arrays)  # type: ignore[arg-type]
    write_bytes(path, sink.getbuffer())


def read_info(path: Path) -> ShardInfo:
    """Return the description of the shard `path`."""
    with reading(path, _remedy(path)), np.load(path, allow_pickle=False) as shard:
        return _from_json(str(shard["info"]))


def read_columns(path: Path, groups: Mapping[Group, GroupLayout]) -> dict[tuple[Group, str], FloatArray]:
    """Return the values of every column, shape (n_archs, n_seeds, n_epochs), as the shard's own layout has them."""
    with reading(path, _remedy(path)), np.load(path, allow_pickle=False) as shard:
        return {(g, metric): shard[_member(g, metric)] for g in groups for metric in groups[g].epochs}


def _remedy(path: Path) -> str:
    return f"remove {path.parent} and import again"


def join_layouts(infos: Iterable[ShardInfo]) -> dict[Group, GroupLayout]:
    """Return the layout of all shards together: all seeds, and epochs of seconds where any shard needs them."""
    joined: dict[Group, GroupLayout] = {}
    for info in infos:
        for group, layout in info.groups.items():
            known = joined.setdefault(group, layout)
            _check_same(group, known, layout)
            longest = {m: max(known.epochs[m], layout.epochs[m], key=len) for m in known.epochs}
            joined[group] = GroupLayout(tuple(sorted({*known.seeds, *layout.seeds})), longest, known.file)
    return joined


def _layout(archs: tuple[PackedArch, ...], group: Group) -> GroupLayout:
    """Return the layout that all trials of `group` share."""
    seeds: set[int] = set()
    known: GroupLayout | None = None
    for arch in archs:
        for seed, metrics in arch.groups.get(group, {}).items():
            seeds.add(seed)
            found = GroupLayout((seed,), {m: series.epochs for m, series in sorted(metrics.items())}, arch.file)
            known = known or found
            _check_same(group, known, found)
    assert known is not None
    return GroupLayout(tuple(sorted(seeds)), known.epochs, known.file)


def _check_same(group: Group, one: GroupLayout, other: GroupLayout) -> None:
    """Raise `DataError` if one of two layouts lacks an epoch of a metric that the other one has."""
    if one.epochs == other.epochs:
        return
    for metric in sorted({*one.epochs, *other.epochs}):
        of_one, of_other = one.epochs.get(metric), other.epochs.get(metric)
        if of_one == of_other or (metric.endswith("-s") and of_one is not None and of_other is not None):
            continue
        missing = set(of_other or ()) - set(of_one or ())
        here, there = (one, other) if missing else (other, one)
        missing = missing or set(of_one or ()) - set(of_other or ())
        raise DataError(
            f"{here.file} lacks {metric} of {group[0]}, schedule {group[1]}, at {describe_epochs(frozenset(missing))}, "
            f"which {there.file} has; fetch it again"
        )


def _pack(archs: tuple[PackedArch, ...], group: Group, layout: GroupLayout, metric: str) -> FloatArray:
    """Return one column, shape (n_archs, n_seeds, n_epochs); seconds that never change have a last axis of 1."""
    n_epochs = max(1, len(layout.epochs[metric]))
    column = np.full((len(archs), len(layout.seeds), n_epochs), np.nan)
    for row, arch in enumerate(archs):
        for seed, metrics in arch.groups.get(group, {}).items():
            series: Series = metrics[metric]
            column[row, layout.seeds.index(seed)] = series.values
    if metric.endswith("-s") and np.array_equal(column, np.broadcast_to(column[..., :1], column.shape), equal_nan=True):
        return column[..., :1]
    return column


def _member(group: Group, metric: str) -> str:
    return f"{group[0]}/{group[1]}/{metric}"


def _to_json(info: ShardInfo) -> str:
    groups = [[*group, layout.seeds, layout.epochs, layout.file] for group, layout in info.groups.items()]
    return json.dumps({"indices": info.indices, "texts": info.texts, "groups": groups})


def _from_json(text: str) -> ShardInfo:
    raw = json.loads(text)
    groups = {
        (dataset, schedule): GroupLayout(tuple(seeds), {m: tuple(e) for m, e in epochs.items()}, file)
        for dataset, schedule, seeds, epochs, file in raw["groups"]
    }
    return ShardInfo(tuple(raw["indices"]), tuple(raw["texts"]), groups)
