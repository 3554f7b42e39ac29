"""The page of a search on the user's own problem: the found arch and the trace of the search."""

from pathlib import Path

from harness.explain.figure import explain_figure
from harness.host.units import counted, written_time
from harness.report.content import Picture, Section
from harness.report.page import rendered
from harness.report.pictures import encoded
from harness.report.sections.provenance import STAMPS
from harness.report.sections.why import trace_section
from harness.search.own import NOTE, OwnSearch, read_own, sheets
from harness.show.sheet import pairs
from pmfnas.files import write_text

_PX_PER_IN = 160


def write_own_report(folder: Path, out: Path) -> Path:
    """Write the page of the search in `folder` to `out` and return that path.

    Raises:
        InputError: the search has not ended.
        DataError: the record is damaged.
    """
    write_text(out, own_page(read_own(folder)))
    return out


def own_page(own: OwnSearch) -> str:
    """Return the page of a search as one HTML document; the same folder gives the same text."""
    found, spent, over_time, *failures = sheets(own)
    n_lost = sum(len(sheet.rows) for sheet in failures)
    header = own.explained.header
    facts = {
        "data": f"{header.data} {header.fingerprint}: {STAMPS[header.data]}",
        "budget": f"{written_time(header.budget_s)}, {counted(header.n_workers, 'worker')}",
        "run": header.run_id,
    }
    return rendered(
        title=own.title,
        warnings=(NOTE, *([f"{counted(n_lost, 'training')} failed or diverged; see below."] if n_lost else [])),
        sections=[
            Section("found", "What was found", sheets=(found,)),
            Section("seconds", "Where the hours went", pictures=(_picture(own),), sheets=(spent,)),
            Section("incumbents", "The best arch over time", sheets=(over_time,)),
            *([Section("failures", "What went wrong", sheets=tuple(failures))] if failures else []),
            trace_section(own.record),
            Section(
                "provenance",
                "Settings",
                facts=tuple(facts.items()),
                sheets=(pairs("Settings of the search", own.claim, titles=("setting", "value")),),
            ),
        ],
    )


def _picture(own: OwnSearch) -> Picture:
    figure = explain_figure(own.explained)
    width_in, height_in = figure.get_size_inches()
    alt = (
        f"Archs that reached each fidelity, hours paid at each, and the {own.metric.name} of the best arch over time; "
        "the numbers are in the tables."
    )
    size_px = round(width_in * _PX_PER_IN), round(height_in * _PX_PER_IN)
    return Picture(own.explained.header.run_id, alt, *size_px, encoded(figure), is_wide=True)
