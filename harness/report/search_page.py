"""The page of a search with real training: one run, one network that was scored, and how it was found."""

from pathlib import Path

from harness.explain.figure import explain_figure
from harness.host.units import counted, written_time
from harness.report.cells import drawing
from harness.report.content import Picture, Section
from harness.report.page import rendered
from harness.report.pictures import encoded
from harness.report.sections.provenance import STAMPS
from harness.report.sections.why import trace_section
from harness.search.overview import NOTE, Overview, best, found, lost, read_overview, spent
from harness.show.sheet import Sheet, pairs
from pmfnas.files import write_text

_PX_PER_IN = 160


def write_search_report(folder: Path, out: Path) -> Path:
    """Write the page of the search in `folder` to `out` and return that path.

    Raises:
        InputError: the search has not ended.
        DataError: a file in the folder is damaged.
    """
    write_text(out, search_page(read_overview(folder)))
    return out


def search_page(overview: Overview) -> str:
    """Return the page of a search as one HTML document; the same folder gives the same text."""
    failures = lost(overview)
    return rendered(
        title=overview.title,
        warnings=(NOTE, *_failures(failures)),
        sections=[
            Section("found", "What was found", pictures=_drawn(overview), sheets=(found(overview),)),
            Section("seconds", "Where the hours went", pictures=(_picture(overview),), sheets=(spent(overview),)),
            Section("incumbents", "The network in hand over time", sheets=(best(overview),)),
            *([Section("failures", "What went wrong", sheets=(failures,))] if failures.rows else []),
            trace_section(overview.record),
            Section(
                "provenance",
                "Settings and versions",
                facts=tuple(_facts(overview).items()),
                sheets=(_settings(overview),),
            ),
        ],
    )


def _facts(overview: Overview) -> dict[str, str]:
    header = overview.explained.header
    return {
        "data": f"{header.data} {header.fingerprint}: {STAMPS[header.data]}",
        "budget": f"{written_time(header.budget_s)} on {overview.claim['device']}",
        "run": overview.run,
        "code": f"{overview.claim['code']}, torch {overview.claim['torch']}",
    }


def _picture(overview: Overview) -> Picture:
    figure = explain_figure(overview.explained)
    width_in, height_in = figure.get_size_inches()
    alt = (
        "Archs that reached each fidelity, GPU-hours paid at each, and the validation accuracy of the network in hand "
        "over time; the numbers are in the tables."
    )
    size_px = round(width_in * _PX_PER_IN), round(height_in * _PX_PER_IN)
    return Picture(overview.run, alt, *size_px, encoded(figure), is_wide=True)


def _drawn(overview: Overview) -> tuple[Picture, ...]:
    picture = drawing(overview.claim["space"], overview.result["arch"], "The arch")
    return (picture,) if picture else ()


def _settings(overview: Overview) -> Sheet:
    return pairs("Settings of the search", overview.claim, titles=("setting", "value"))


def _failures(failures: Sheet) -> tuple[str, ...]:
    n = len(failures.rows)
    return (f"{counted(n, 'training')} failed or diverged; the reasons are below.",) if n else ()
