"""What the numbers rest on: the data stamp, the rules of the runs, versions, and the settings of every searcher."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from harness.host.units import counted, written_hours
from harness.report.content import Section, listed
from harness.report.results import Results
from harness.show.sheet import pairs

STAMPS: Mapping[str, str] = MappingProxyType(
    {
        "OFFICIAL": "the published benchmark files",
        "ANCHORED": "real values at the end of both schedules and real costs; the curves between them are modelled",
        "REAL-FINALS": "real final validation and real seconds of training; the rest is modelled, and runs are scored "
        "by the trials that they could not see",
        "SURROGATE": "a model throughout: no value of any arch is a measured one",
        "TRAINED": "networks trained for real on this machine",
        "SYNTHETIC": "made-up values for tests: nothing here says anything about architectures",
    }
)
"""What each data stamp means."""
_PART = "; a part of the archs, and regret and hit are against the best of that part"


def facts(results: Results) -> dict[str, str]:
    """Return what every number of the page names: data, rules, runs."""
    first, manifest = results.runs.iloc[0], results.manifest
    n_failed = int((~results.runs["ok"]).sum())
    seeds = sorted({int(seed) for seed in results.runs["seed"]})
    stamp, commit = str(first["data"]), str(manifest.get("commit", ""))[:12] or "no commit known"
    meaning = STAMPS.get(stamp.split(" ")[0], "a stamp not known here")
    return {
        "data": f"{stamp} {str(first['fingerprint'])[:12]}: {meaning}{_PART if ' ' in stamp else ''}",
        "budget": f"{written_hours(float(first['budget_s']))} per run, {counted(first['n_workers'], 'worker')}, "
        f"{first['accounting']} accounting",
        "data sets": listed(results.datasets),
        "searchers": str(results.runs["searcher"].nunique()),
        "runs": f"{len(results.runs)}, of which {n_failed} failed" if n_failed else f"{len(results.runs)}, none failed",
        "seeds": f"{len(seeds)}, from {seeds[0]} to {seeds[-1]}",
        "code": f"{commit} with changes" if manifest.get("modified") else commit,
    }


def failures(results: Results) -> tuple[str, ...]:
    """Return a warning per searcher and data set with failed runs, with the first reason."""
    failed = results.runs[~results.runs["ok"]]
    return tuple(
        f"{searcher} on {dataset}: {counted(len(rows), 'failed run')}, left out everywhere; "
        f"for instance: {' '.join(str(rows['why'].iloc[0]).split())}"
        for (dataset, searcher), rows in failed.groupby(["dataset", "searcher"])
    )


def provenance_section(results: Results) -> Section:
    """Return the manifest in full."""
    flat = {name: _text(value) for name, value in results.manifest.items() if not isinstance(value, dict)}
    nested = {name: value for name, value in results.manifest.items() if isinstance(value, dict)}
    sheets = [pairs("Manifest", flat, titles=("entry", "value"))] + [
        pairs(f"Manifest: {name}", {str(key): _text(value) for key, value in values.items()}, titles=(name, "value"))
        for name, values in nested.items()
    ]
    return Section(
        "provenance",
        "Data and manifest",
        words=(
            f"Every searcher saw validation only; {results.words.accuracy} was added after each run, and every "
            "access to it was logged. p-values compare paired seeds. docs/reference/statistics.md of the project "
            "has every formula.",
        ),
        facts=tuple(facts(results).items()),
        sheets=tuple(sheets),
    )


def _text(value: Any) -> str:
    """Return a value of the manifest as one text."""
    if isinstance(value, dict):
        return ", ".join(f"{name} {_text(inner)}" for name, inner in value.items()) or "none"
    if isinstance(value, list):
        return ", ".join(map(_text, value)) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
