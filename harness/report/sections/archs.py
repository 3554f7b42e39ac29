"""Which archs a searcher returned most often, drawn."""

import pandas as pd

from harness.host.units import counted
from harness.report.cells import drawing
from harness.report.content import Picture, Section
from harness.report.results import Results
from harness.show.cells import number
from harness.show.looks import ROLES

SHOWN = 2
"""Archs per data set."""


def archs_section(results: Results, ranked: list[str]) -> list[Section]:
    """Return the archs that PMF-NAS returned most often; without it, those of the best searcher.

    Args:
        results: the folder.
        ranked: all searchers, best first.
    """
    name = ROLES.reference if ROLES.reference in ranked else ranked[0]
    ok = results.runs[results.runs["ok"] & (results.runs["searcher"] == name)]
    pictures = [picture for dataset in results.datasets for picture in _most(results, ok[ok["dataset"] == dataset])]
    if not pictures:
        return []
    words = (
        f"The archs that {name} returned most often on each data set. A node is the sum of what its edges bring; a "
        "dotted edge passes nothing. In the size space a bar is the number of channels of a layer group."
    )
    return [Section("archs", "Architectures found", (words,), pictures=tuple(pictures))]


def _most(results: Results, runs: pd.DataFrame) -> list[Picture]:
    """Return drawings of the archs that most runs on one data set returned; of equally many, the better first."""
    by_arch = runs.groupby("arch")["test"].agg(["size", "mean"]).sort_values(["size", "mean"], ascending=False)
    titles = {
        str(arch): f"{runs['dataset'].iloc[0]}: {int(row['size'])} of {counted(len(runs), 'run')}, "
        f"{results.words.name} {number(row['mean'])}"
        for arch, row in by_arch.head(SHOWN).iterrows()
    }
    drawn = [drawing(str(results.manifest.get("space", "")), arch, title) for arch, title in titles.items()]
    return [picture for picture in drawn if picture]
