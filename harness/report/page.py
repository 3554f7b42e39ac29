"""The page: all sections of a folder through one template, with style and script inside, written whole."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from harness.report.content import Section
from harness.report.results import Results, read_results
from harness.report.sections.distributions import profile_section, rank_section, target_section
from harness.report.sections.outcome import curve_sections, few_seeds, table_section, verdict
from harness.report.sections.provenance import facts, failures, provenance_section
from harness.report.sections.spending import overhead_section, spending_section
from harness.report.sections.why import why_section
from harness.show.looks import Style, styles_of
from harness.show.tables import Table
from pmfnas.files import write_text

TEMPLATES = Path(__file__).parent / "templates"


def write_report(folder: Path, out: Path, *, run: str | None = None) -> Path:
    """Write the report of an experiment's folder to `out` and return that path.

    Args:
        folder: the folder of an experiment whose outputs are made.
        out: the HTML file; an existing one is replaced.
        run: id of the run whose trace is shown; None chooses (`sections.why`).

    Raises:
        InputError: the folder has no outputs, or does not hold the run.
        DataError: a file of the folder is damaged.
    """
    write_text(out, page(read_results(folder), run=run))
    return out


def page(results: Results, *, run: str | None = None) -> str:
    """Return the report as one HTML document; the same folder gives the same text."""
    table = results.table()
    styles = by_rank(table.summary)
    sections: list[Section] = [
        *verdict(results),
        table_section(table),
        *curve_sections(results, table.summary, styles),
        *rank_section(table.summary, styles),
        *profile_section(results, styles),
        *target_section(results, styles),
        spending_section(results, list(styles)),
        why_section(results, run),
        overhead_section(results),
        provenance_section(results),
    ]
    return rendered(
        title=_title(table),
        facts=facts(results),
        warnings=(*few_seeds(table.summary), *failures(results)),
        sections=sections,
    )


def by_rank(summary: pd.DataFrame) -> Mapping[str, Style]:
    """Return a style per searcher, the best mean rank first: the order of every legend."""
    ranks = summary.drop_duplicates("searcher").sort_values(["mean_rank", "searcher"])  # NaN, no rank, comes last
    names = [str(name) for name in ranks["searcher"]]
    styles = styles_of(names)
    return {name: styles[name] for name in names}


def _title(table: Table) -> str:
    return table.title or ", ".join(sorted(set(table.summary["experiment"].astype(str))))


def rendered(**context: Any) -> str:
    """Return a page of `title`, `facts`, `warnings` and `sections`."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    style, script = (Markup((TEMPLATES / name).read_text(encoding="utf-8")) for name in ("page.css", "page.js"))
    return environment.get_template("page.html").render(style=style, script=script, **context)
