"""The page of a folder that holds its tables as Markdown and its figures as images.

Studies, comparisons of searches by real training, predictors, and reference outputs without curves are such folders.
Their texts are shown as they were written, with tables that can be sorted, copied and downloaded.
"""

from dataclasses import replace
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from harness.report.content import Section
from harness.report.page import rendered
from harness.report.pictures import png
from harness.report.sections.outcome import verdict
from harness.show.sheet import Sheet
from pmfnas.files import reading, write_text

CURVES = ("runs.parquet", "steps.parquet", "timings.parquet", "progress.csv")
"""The files from which `harness.report.page` makes its page."""
_TABLE, _VERDICT = "table.md", "verdict.md"
_MARKS = {"strong": "best", "em": "level"}


def has_tables_only(folder: Path) -> bool:
    """Return whether the folder has tables as Markdown, and not all files of an experiment with curves."""
    has_text = any((folder / name).is_file() for name in (_TABLE, _VERDICT))
    return has_text and not all((folder / name).is_file() for name in CURVES)


def write_tables_page(folder: Path, out: Path) -> None:
    """Write the page of the folder to `out`; raise `DataError` where a file is damaged."""
    write_text(out, tables_page(folder))


def tables_page(folder: Path) -> str:
    """Return the page: the verdict, the first table, the figures, and the other tables."""
    names = sorted((path.name for path in folder.glob("*.md")), key=lambda name: (name != _TABLE, name))
    texts = {name: _read(folder / name) for name in names}
    told = texts.pop(_VERDICT, "")
    parsed = [_parsed(text) for text in texts.values()]
    numbered = [replace(part, key=f"part-{n}") for n, part in enumerate(part for _, parts in parsed for part in parts)]
    figures = tuple(png(path) for path in sorted(folder.glob("*.png")))
    drawn = [Section("figures", "Figures", pictures=figures)] if figures else []
    title = sections_of(told)[0] or next((title for title, _ in parsed), "") or folder.name
    return rendered(title=title, warnings=(), sections=[*verdict(told), *numbered[:1], *drawn, *numbered[1:]])


def _read(path: Path) -> str:
    with reading(path, "make the outputs of the folder again"):
        return path.read_text(encoding="utf-8")


def _parsed(text: str) -> tuple[str, list[Section]]:
    """Return the title and the sections of a text; one without tables is one section."""
    title, sections = sections_of(text)
    is_prose = not any(section.sheets for section in sections)
    return title, [replace(section, title=title) for section in verdict(text)] if is_prose else sections


def sections_of(text: str) -> tuple[str, list[Section]]:
    """Return the title of a page of Markdown, and a section per heading below it; keys are not set yet.

    Paragraphs before a section's first table are words, later ones and lists are notes.
    """
    title, (lead, *rest) = "", [Section("", "")]
    for node in SyntaxTreeNode(MarkdownIt("commonmark").enable("table").parse(text)).children:
        if node.tag == "h1":
            title = _text(node)
        elif node.type == "heading":
            rest.append(Section("", _text(node)))
        elif rest:
            rest[-1] = _added(rest[-1], node, rest[-1].title)
        else:
            lead = _added(lead, node, title)
    if lead.sheets or not rest:
        return title, [replace(lead, title=title), *rest]
    return title, [
        replace(rest[0], words=(*lead.words, *rest[0].words), notes=(*rest[0].notes, *lead.notes)),
        *rest[1:],
    ]


def _added(section: Section, node: SyntaxTreeNode, caption: str) -> Section:
    """Return the section with a table, a list or a paragraph more."""
    match node.type:
        case "table":
            return replace(section, sheets=(*section.sheets, _sheet(node, caption)))
        case "bullet_list":
            return replace(section, notes=(*section.notes, *map(_text, node.children)))
        case "paragraph" if section.sheets:
            return replace(section, notes=(*section.notes, _text(node)))
        case "paragraph":
            return replace(section, words=(*section.words, _text(node)))
    return section


def _text(node: SyntaxTreeNode) -> str:
    """Return the text of a node without its marks."""
    if node.type in ("softbreak", "hardbreak"):
        return " "
    return "".join(map(_text, node.children)) if node.children else node.content


def _sheet(table: SyntaxTreeNode, caption: str) -> Sheet:
    """Return a table; a row whose first cell is bold is marked as the best, in italics as level with it."""
    head, *body = (row for part in table.children for row in part.children)
    firsts = [[mark for inner in row.walk() if (mark := _MARKS.get(inner.type))] for row in body]
    marks = tuple(found[0] if found else "" for found in firsts)
    rows = tuple(tuple(map(_text, row.children)) for row in body)
    return Sheet(caption, tuple(map(_text, head.children)), rows, marks if any(marks) else ())
