"""The work of `data`: inspect, import and verify tables; build tables, fit models and check them."""

import argparse
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from harness.experiment.checksums import CHECKSUMS, list_checksums, verify_references, verify_results
from harness.experiment.data import ANCHORS, SIZE, Chosen, choose, size_source
from harness.experiment.data_info import info, notes
from harness.experiment.folder import REFERENCE_DIR, SPEC
from harness.fit.real_finals import fit_real_finals
from harness.fit.real_finals_report import held_out_figures, put_figures, written_figures
from harness.fit.size_surrogate import fit_size_surrogate
from harness.fit.surrogate import fit_surrogate
from pmfnas.benchmarks.anchored import ANCHOR_FILE, build_anchored
from pmfnas.benchmarks.official import detect, import_official, preferred
from pmfnas.benchmarks.real_finals import build_real_finals, read_package, shipped_model
from pmfnas.benchmarks.size_surrogate import SIZE_FILES, build_size_anchored, build_size_surrogate
from pmfnas.benchmarks.surrogate import build_surrogate
from pmfnas.benchmarks.table import CurveTable
from pmfnas.core.errors import InputError

REFERENCES = "references"
"""What `verify` calls the committed references."""


def run(options: argparse.Namespace) -> int:
    """Run one verb of `data`, such as `info`."""
    return _KINDS[options.kind](options)


def _named(options: argparse.Namespace) -> Chosen:
    """Return the data that the command line names; a partial table is accepted."""
    if options.named and options.data and options.named != options.data:
        raise InputError(f"--data is {options.data}, but {options.named} is named as well; give one of them")
    return choose(options.named or options.data or "auto", space=options.space, partial=True)


def _info(options: argparse.Namespace) -> int:
    print("\n".join(info(_named(options), options.space)))
    return 0


def _verify(options: argparse.Namespace) -> int:
    """Compare checksums: of the committed references, of a folder of results, or of a table."""
    named = options.named or options.data or "auto"
    if options.update_reference:
        changed = list_checksums(REFERENCE_DIR)
        print(f"{CHECKSUMS} lists the references as they are; lines that changed: {', '.join(changed) or 'none'}")
        return 0
    if named == REFERENCES:
        print(f"{verify_references(REFERENCE_DIR)} files of the committed references are as {CHECKSUMS} lists them")
        return 0
    if (Path(named) / SPEC).is_file():
        n_records, n_states = verify_results(Path(named))
        print(f"{n_records} records and {n_states} checkpoints of {named} are as they were written")
        return 0
    table = _named(options).table
    print(f"{table.verify()} columns of {table.path} are as they were written ({table.header.fingerprint})")
    return 0


def _import(options: argparse.Namespace) -> int:
    sources = detect(options.path)
    found = [s for name in dict.fromkeys(s.space.name for s in sources) if (s := preferred(sources, name))]
    for source in found:
        out = options.out if len(found) == 1 else options.out / source.space.name
        _made(import_official(source.path, out, n_jobs=options.n_jobs, progress=True))
    return 0


def _import_curves(options: argparse.Namespace) -> int:
    from pmfnas.benchmarks.own.importer import import_curves  # not at the top: it needs pyarrow
    from pmfnas.benchmarks.own.options import Options

    how = Options(
        unit=options.unit,
        metric=options.metric,
        goal=options.goal,
        columns=_pairs(options.columns or ""),
        duplicates=options.duplicates,
        missing=options.missing,
        unequal_trials=options.unequal_trials,
        seconds=options.seconds,
        epoch_seconds=options.epoch_seconds,
        not_numbers=options.nan,
        dataset=options.dataset,
    )
    return _made(import_curves(options.curves, options.space, options.out, how, progress=True))


def _export_curves(options: argparse.Namespace) -> int:
    from pmfnas.benchmarks.own.exporter import export_curves

    n_rows = export_curves(CurveTable.open(options.path), options.out)
    print(f"{n_rows:,} rows written: {options.out}")
    return 0


def _pairs(text: str) -> dict[str, str]:
    """Return the pairs of `ROLE=COLUMN,ROLE=COLUMN`."""
    pairs = [part.partition("=") for part in text.split(",") if part]
    if any(not (role and column) for role, _, column in pairs):
        raise InputError(f"--columns is {text!r}, but must look like valid=val_acc,seconds=time")
    return {role.strip(): column.strip() for role, _, column in pairs}


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
    print("\n".join(written_figures(fit_real_finals(choose(options.data).table, options.out, progress=True))))
    return 0


def _check_real_finals(options: argparse.Namespace) -> int:
    """Print the figures, and write them into the page that `--page` names."""
    lines = written_figures(held_out_figures(shipped_model(), read_package(), choose(options.data).table))
    if options.page is not None:
        put_figures(options.page, lines)
    print("\n".join(lines))
    return 0


def _fit(options: argparse.Namespace) -> int:
    print("\n".join(notes(fit_surrogate(choose(options.data).table, options.out, progress=True))))
    return 0


def _fit_size(options: argparse.Namespace) -> int:
    print("\n".join(notes(fit_size_surrogate(options.source, options.official, options.out))))
    return 0


def _source(options: argparse.Namespace) -> Path:
    named = options.source or os.environ.get(ANCHORS)
    if not named:
        raise InputError(f"no folder of real values is given; name it, or set {ANCHORS}")
    return Path(named)


def _made(table: CurveTable) -> int:
    print(f"{table.stamp}: table {table.header.fingerprint} in {table.path}")
    if not table.is_whole and not table.header.own:
        print("a part of the archs: commands take it with --partial only, and auto never does")
    return 0


_KINDS: Mapping[str, Callable[[argparse.Namespace], int]] = MappingProxyType(
    {
        "info": _info,
        "verify": _verify,
        "import": _import,
        "import-curves": _import_curves,
        "export-curves": _export_curves,
        "build-anchored": _anchored,
        "build-real-finals": _real_finals,
        "build-surrogate": _surrogate,
        "fit-surrogate": _fit,
        "fit-real-finals": _fit_real_finals,
        "fit-size-surrogate": _fit_size,
        "check-real-finals": _check_real_finals,
    }
)
