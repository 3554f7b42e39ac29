"""The verbs of `data`: import, info and verify; build-, fit- and check- of the kinds of tables."""

import argparse
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from harness.experiment.data import ANCHORS, HELP, SIZE, SOURCES, TOPOLOGY, Chosen, choose, size_source
from harness.fit.real_finals import fit_real_finals
from harness.fit.real_finals_report import held_out_figures, written_figures
from harness.fit.size_surrogate import fit_size_surrogate
from harness.fit.surrogate import fit_surrogate
from harness.host.units import count
from pmfnas.benchmarks.anchored import ANCHOR_FILE, build_anchored
from pmfnas.benchmarks.official import detect, import_official, preferred
from pmfnas.benchmarks.real_finals import REQUIREMENT, build_real_finals, read_package, shipped_model
from pmfnas.benchmarks.size_surrogate import SIZE_FILES, build_size_anchored, build_size_surrogate
from pmfnas.benchmarks.surrogate import build_surrogate
from pmfnas.benchmarks.table import CurveTable, Key
from pmfnas.core.errors import InputError
from pmfnas.core.types import describe_epochs
from pmfnas.files import reading, write_text

BEGIN, END = "<!-- figures: data check-real-finals -->", "<!-- end of figures -->"


def add(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb `data` and its own verbs to the parser."""
    data = verbs.add_parser("data", help="import, inspect, verify or build curve tables")
    kinds = data.add_subparsers(title="verbs of data", metavar="VERB", required=True)

    info = kinds.add_parser("info", help="what a table is, what it holds, how good its fit is")
    _add_named(info)
    _add_space(info)
    info.set_defaults(run=_info)

    verify = kinds.add_parser("verify", help="compare every column of a table with its checksum")
    _add_named(verify)
    _add_space(verify)
    verify.set_defaults(run=_verify)

    imported = kinds.add_parser("import", help="import official NATS-Bench or NAS-Bench-201 files")
    imported.add_argument("path", type=Path, help="archive folder, single .pickle.pbz2 or .pth file, or their parent")
    imported.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="the new table (of each space, if several)"
    )
    imported.add_argument("--jobs", metavar="N", help="processes to use (default: all cores)")
    imported.set_defaults(run=_import)

    anchored = kinds.add_parser("build-anchored", help="build the anchored table from a folder of real values")
    anchored.add_argument("source", nargs="?", type=Path, help=f"folder of real values (default: {ANCHORS})")
    anchored.add_argument("--out", type=Path, metavar="DIR", help="the new table (default: the cache)")
    _add_space(anchored)
    anchored.set_defaults(run=_anchored)

    _add_real_finals(kinds)

    surrogate = kinds.add_parser("build-surrogate", help="materialise the shipped surrogate as a table")
    surrogate.add_argument("--out", type=Path, metavar="DIR", help="the new table (default: the cache)")
    _add_space(surrogate)
    surrogate.set_defaults(run=_surrogate)

    fit = kinds.add_parser("fit-surrogate", help="fit the surrogate anew (needs the extra `fit`)")
    fit.add_argument("data", nargs="?", default="anchored", help="an anchored table (default: anchored)")
    fit.add_argument("--out", type=Path, required=True, metavar="FILE", help="the new model, e.g. model.npz")
    fit.set_defaults(run=_fit)

    size = kinds.add_parser("fit-size-surrogate", help="fit the surrogate of the size space anew")
    size.add_argument("source", type=Path, help="folder of real final accuracies, with nats_sss.npz")
    size.add_argument("--official", type=Path, required=True, metavar="DIR", help="archive folder, three archs or more")
    size.add_argument("--out", type=Path, required=True, metavar="FILE", help="the new model, e.g. model.npz")
    size.set_defaults(run=_fit_size)


def _add_real_finals(kinds: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add what is done with the table of real final values."""
    build = kinds.add_parser("build-real-finals", help=f"build the table of real final values ({REQUIREMENT})")
    build.add_argument("--out", type=Path, metavar="DIR", help="the new table (default: the cache)")
    build.set_defaults(run=_real_finals)

    fit = kinds.add_parser("fit-real-finals", help="fit its model of early epochs anew (needs the extra `fit`)")
    fit.add_argument("data", nargs="?", default="anchored", help="an anchored table (default: anchored)")
    fit.add_argument("--out", type=Path, required=True, metavar="FILE", help="the new model, e.g. model.npz")
    fit.set_defaults(run=_fit_real_finals)

    check = kinds.add_parser("check-real-finals", help="measure its model on classes that the fit did not use")
    check.add_argument("data", nargs="?", default="anchored", help="an anchored table (default: anchored)")
    check.add_argument("--page", type=Path, metavar="FILE", help="also put the figures into this page of the docs")
    check.set_defaults(run=_check_real_finals)


def _add_space(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--space", choices=(TOPOLOGY, SIZE), default=TOPOLOGY, help=f"search space (default {TOPOLOGY})")


def _add_named(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("named", nargs="?", metavar="DATA", help=HELP)
    verb.add_argument("--data", metavar="DATA", help="the same, as other verbs have it")


def _named(options: argparse.Namespace) -> Chosen:
    """Return the data to look at; a part is looked at like a whole."""
    if options.named and options.data and options.named != options.data:
        raise InputError(f"--data is {options.data}, but {options.named} is named as well; give one of them")
    return choose(options.named or options.data or "auto", space=options.space, partial=True)


def _info(options: argparse.Namespace) -> int:
    chosen = _named(options)
    table = chosen.table
    print(f"data         {chosen.described}")
    print(f"folder       {table.path}")
    print(f"archs        {table.n_known:,} of {table.header.n_archs:,} known")
    for name in table.datasets:
        for schedule in sorted({key.split("/")[1] for key in table.keys if key.startswith(f"{name}/")}, key=int):
            print(f"{name}, schedule {schedule}")
            for line in _columns(table, name, schedule):
                print(f"  {line}")
    for line in _notes(table.notes):
        print(line)
    print("\n".join(_sources(options.space)))
    return 0


def _sources(space: str) -> Iterator[str]:
    """Yield the kinds of data of a space, best first, and which of them are at hand."""
    yield f"\nkinds of data of {space}, best first; `auto` takes the first that is at hand"
    for source in (s for s in SOURCES if space in s.spaces):
        yield f"  {source.stamp:<12} --data {source.name:<12} real: {source.holds}"
        yield f"  {'':<12} {source.not_offered(space) or 'at hand'}"


def _columns(table: CurveTable, name: str, schedule: str) -> Iterator[str]:
    present = table.present(name, schedule)
    yield f"{'trials':<16}{present.sum()} of {present.shape[0]} archs, at most {present.sum(axis=1).max()} each"
    for key in (Key(*column.split("/")) for column in table.keys if column.count("/") == 2):
        if (key.dataset, key.schedule) == (name, schedule) and key.metric != "present":
            epochs = table.epochs(key)
            yield f"{key.metric:<16}{describe_epochs(frozenset(epochs)) if epochs else 'one value'}"


def _notes(notes: Mapping[str, Any], depth: int = 0) -> Iterator[str]:
    for name, value in notes.items():
        if isinstance(value, Mapping):
            yield f"{'  ' * depth}{name}"
            yield from _notes(value, depth + 1)
        else:
            yield f"{'  ' * depth}{name}: {value}"


def _verify(options: argparse.Namespace) -> int:
    table = _named(options).table
    print(f"{table.verify()} columns of {table.path} are as they were written ({table.header.fingerprint})")
    return 0


def _import(options: argparse.Namespace) -> int:
    n_jobs = count("--jobs", options.jobs, least=1) if options.jobs else os.cpu_count() or 1
    sources = detect(options.path)
    found = [s for name in dict.fromkeys(s.space.name for s in sources) if (s := preferred(sources, name))]
    for source in found:
        out = options.out if len(found) == 1 else options.out / source.space.name
        _made(import_official(source.path, out, n_jobs=n_jobs, progress=True))
    return 0


def _anchored(options: argparse.Namespace) -> int:
    source = _source(options)
    holds_size = all((source / name).is_file() for name in SIZE_FILES)
    space = SIZE if holds_size and not (source / ANCHOR_FILE).is_file() else options.space
    if options.source is None and space == SIZE:
        source = size_source(source) or source
    if options.out is None:
        return _made(choose(str(source), space=space).table)
    build = build_size_anchored if space == SIZE else build_anchored
    return _made(build(source, options.out, progress=True))


def _surrogate(options: argparse.Namespace) -> int:
    if options.out is None:
        return _made(choose("surrogate", space=options.space).table)
    build = build_size_surrogate if options.space == SIZE else build_surrogate
    return _made(build(options.out, progress=True))


def _real_finals(options: argparse.Namespace) -> int:
    if options.out is None:
        return _made(choose("real-finals").table)
    return _made(build_real_finals(options.out, progress=True))


def _fit_real_finals(options: argparse.Namespace) -> int:
    notes = fit_real_finals(choose(options.data).table, options.out, progress=True)
    print("\n".join(written_figures(notes)))
    return 0


def _check_real_finals(options: argparse.Namespace) -> int:
    """Print the figures, and replace those between the marks of a page."""
    lines = written_figures(held_out_figures(shipped_model(), read_package(), choose(options.data).table))
    if options.page is not None:
        with reading(options.page, "give a page of the docs"):
            text = options.page.read_text(encoding="utf-8")
        before, mark, rest = text.partition(f"{BEGIN}\n")
        _, end, after = rest.partition(f"{END}\n")
        if not (mark and end):
            raise InputError(f"--page {options.page} lacks the lines {BEGIN} and {END}, between which figures stand")
        write_text(options.page, "".join([before, mark, *(f"{line}\n" for line in lines), end, after]))
    print("\n".join(lines))
    return 0


def _fit(options: argparse.Namespace) -> int:
    for line in _notes(fit_surrogate(choose(options.data).table, options.out, progress=True)):
        print(line)
    return 0


def _fit_size(options: argparse.Namespace) -> int:
    for line in _notes(fit_size_surrogate(options.source, options.official, options.out)):
        print(line)
    return 0


def _source(options: argparse.Namespace) -> Path:
    named = options.source or os.environ.get(ANCHORS)
    if not named:
        raise InputError(f"no folder of real values is given; name it, or set {ANCHORS}")
    return Path(named)


def _made(table: CurveTable) -> int:
    print(f"{table.stamp}: table {table.header.fingerprint} in {table.path}")
    if not table.is_whole:
        print("a part of the archs: commands take it with --partial only, and auto never does")
    return 0
