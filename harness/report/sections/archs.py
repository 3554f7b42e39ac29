"""Drawings of the archs that a searcher returned most often."""

import pandas as pd

from harness.host.units import counted
from harness.report.cells import drawing, legend
from harness.report.content import Picture, Section
from harness.report.results import Results
from harness.show.cells import number
from harness.show.looks import ROLES

SHOWN = 2
"""Number of archs per data set."""


def archs_section(results: Results, ranked: list[str]) -> list[Section]:
    """Return the archs that PMF-NAS, or without it the best searcher, returned most often.

    Args:
        results: the folder.
        ranked: all searchers, best first.
    """
    name = ROLES.reference if ROLES.reference in ranked else ranked[0]
    ok = results.runs[results.runs["ok"] & (results.runs["searcher"] == name)]
    pictures = [picture for dataset in results.datasets for picture in _most(results, ok[ok["dataset"] == dataset])]
    if not pictures:
        return []
    words = f"The archs that {name} returned most often on each data set. {legend(str(results.manifest['space']))}"
    return [Section("archs", "Architectures found", (words,), pictures=tuple(pictures))]


def _most(results: Results, runs: pd.DataFrame) -> list[Picture]:
    """Return drawings of the archs that most runs on a data set returned; ties are ordered by mean score."""
    by_arch = runs.groupby("arch")["test"].agg(["size", "mean"]).sort_values(["size", "mean"], ascending=False)
    titles = {
        str(arch): f"{runs['dataset'].iloc[0]}: {int(row['size'])} of {counted(len(runs), 'run')}, "
        f"{results.words.name} {number(row['mean'], results.words.form)}"
        for arch, row in by_arch.head(SHOWN).iterrows()
    }
    drawn = [drawing(str(results.manifest.get("space", "")), arch, title) for arch, title in titles.items()]
    return [picture for picture in drawn if picture]
