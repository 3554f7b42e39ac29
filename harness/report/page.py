"""The page: renders all sections of a folder with one template, including style and scripts, and writes it."""

import base64
import hashlib
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from harness.host.console import visible
from harness.report.charts import searcher_keys
from harness.report.content import Section
from harness.report.headers import meaning
from harness.report.results import Results, read_results
from harness.report.sections.archs import archs_section
from harness.report.sections.distributions import profile_section, rank_section, target_section
from harness.report.sections.outcome import answer_section, few_seeds, regret_section, table_section, verdict
from harness.report.sections.provenance import failures, provenance_section
from harness.report.sections.spending import overhead_section, spending_section
from harness.report.sections.why import why_section
from harness.show.tables import Table
from pmfnas.files import write_text

TEMPLATES = Path(__file__).parent / "templates"
VENDOR = Path(__file__).parent / "vendor"
_STYLES = (VENDOR / "uPlot.min.css", TEMPLATES / "page.css")
_SCRIPTS = (VENDOR / "uPlot.iife.min.js", TEMPLATES / "charts.js", TEMPLATES / "tables.js")


def write_report(folder: Path, out: Path, *, run: str | None = None) -> Path:
    """Write the report of an experiment's folder to `out` and return that path.

    Args:
        folder: the folder of an experiment with its outputs.
        out: the HTML file; an existing file is replaced.
        run: id of the run whose trace is shown; for None see `sections.why`.

    Raises:
        InputError: the folder has no outputs, or does not contain the run.
        DataError: a file of the folder is damaged.
    """
    write_text(out, page(read_results(folder), run=run))
    return out


def page(results: Results, *, run: str | None = None) -> str:
    """Return the report as one HTML document; the same folder gives the same text."""
    table = results.table()
    ranked = by_rank(table.summary)
    keys = searcher_keys(ranked)
    sections: list[Section] = [
        answer_section(results, table, keys),
        *verdict(results.verdict),
        table_section(table),
        *archs_section(results, ranked),
        *regret_section(results, table.summary, keys),
        *rank_section(table.summary),
        *profile_section(results, keys),
        *target_section(results, keys),
        spending_section(results, ranked),
        why_section(results, run),
        overhead_section(results),
        provenance_section(results),
    ]
    return rendered(title=_title(table), warnings=(*few_seeds(table.summary), *failures(results)), sections=sections)


def by_rank(summary: pd.DataFrame) -> list[str]:
    """Return the searchers in the order of every legend, the best mean rank first."""
    ranks = summary.drop_duplicates("searcher").sort_values(["mean_rank", "searcher"])  # NaN (no rank) comes last
    return [str(name) for name in ranks["searcher"]]


def _title(table: Table) -> str:
    return table.title or ", ".join(sorted(set(table.summary["experiment"].astype(str))))


def rendered(**context: Any) -> str:
    """Return a page with `title`, `warnings` and `sections`. It runs only its own scripts and loads no other file."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=lambda value: visible(value) if type(value) is str else value,
    )
    environment.globals["meaning"] = meaning
    style, script = (
        Markup("\n".join(path.read_text(encoding="utf-8") for path in paths)) for paths in (_STYLES, _SCRIPTS)
    )
    digest = base64.b64encode(hashlib.sha256(f"\n{script}\n".encode()).digest()).decode()
    return environment.get_template("page.html").render(style=style, script=script, digest=digest, **context)
