"""The documents of the project, read: their commands, programs, tables, links and the names they use."""

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parents[2]
FRONT = "./reproduce.sh"
SHELL = "sh"
"""Language of a fenced block that holds commands to be typed."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A fenced block, a piece of code within a sentence, or a link."""

    page: Path
    line: int
    language: str
    text: str

    @property
    def place(self) -> str:
        """Where it stands, for messages."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"


@dataclass(frozen=True, slots=True)
class Page:
    """A document: blocks, codes, sentences outside tables, links, and its headings as links name them."""

    path: Path
    blocks: tuple[Piece, ...]
    codes: tuple[Piece, ...]
    sentences: tuple[Piece, ...]
    links: tuple[Piece, ...]
    anchors: frozenset[str]


@dataclass(frozen=True, slots=True)
class Typed:
    """One command: the variables set before it, and its words."""

    place: str
    variables: Mapping[str, str]
    words: tuple[str, ...]

    @property
    def is_ours(self) -> bool:
        """Whether it starts at the front door."""
        return Path(self.words[0]).name == Path(FRONT).name


def pages() -> tuple[Page, ...]:
    """Return all documents."""
    return tuple(map(read, [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]))


@cache
def read(path: Path) -> Page:
    """Return one document."""
    tokens = MarkdownIt("commonmark").enable("table").parse(path.read_text())
    inline = [(token, _line(tokens, at), child) for at, token in enumerate(tokens) for child in token.children or ()]
    return Page(
        path=path,
        blocks=tuple(Piece(path, _line(tokens, at), t.info.strip(), t.content) for at, t in _of(tokens, "fence")),
        codes=tuple(Piece(path, line, "", child.content) for _, line, child in inline if child.type == "code_inline"),
        sentences=tuple(_sentences(path, tokens)),
        links=tuple(
            Piece(path, line, "", str(child.attrs.get("href", child.attrs.get("src", ""))))
            for _, line, child in inline
            if child.type in ("link_open", "image")
        ),
        anchors=frozenset(_slug(tokens[at + 1].content) for at, _ in _of(tokens, "heading_open")),
    )


def _sentences(path: Path, tokens: Sequence[Token]) -> Iterator[Piece]:
    """Yield the sentences of paragraphs and lists; tables and blocks of code have none."""
    in_table = False
    for at, token in enumerate(tokens):
        in_table = (in_table or token.type == "table_open") and token.type != "table_close"
        if token.type == "inline" and not in_table:
            text = "".join(" " if child.type == "softbreak" else child.content for child in token.children or ())
            ends = re.split(r"(?<=[.!?])\s+(?=\W*[A-Z])", text)
            yield from (Piece(path, _line(tokens, at), "", sentence) for sentence in ends)


def _of(tokens: Sequence[Token], kind: str) -> Iterator[tuple[int, Token]]:
    return ((at, token) for at, token in enumerate(tokens) if token.type == kind)


def _line(tokens: Sequence[Token], at: int) -> int:
    """Return the line of a token, or of the nearest one before it that has a line."""
    return next((token.map[0] + 1 for token in reversed(tokens[: at + 1]) if token.map), 1)


def _slug(heading: str) -> str:
    """Return the name under which a link finds a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")


def commands(page: Page) -> tuple[Typed, ...]:
    """Return every command of a document: all lines of its shell blocks, and what stands within sentences."""
    found = [typed for block in page.blocks if block.language == SHELL for typed in typed_in(block)]
    found += [typed for block in page.blocks if block.language == "yaml" for typed in typed_in_jobs(block)]
    found += [typed for code in page.codes if _is_command(code.text) for typed in typed_in(code)]
    return tuple(found)


def _is_command(text: str) -> bool:
    """Return whether code within a sentence is a command: it starts with a program, perhaps after variables."""
    return re.match(r"([A-Z_]+=\S+ )*(\S*reproduce\.sh|\S*python -m|\S*pytest|\S*pip|git) \S", text) is not None


def typed_in(piece: Piece) -> Iterator[Typed]:
    """Yield the commands of a piece; a backslash at its end continues a line, `&&` joins two commands."""
    for line in piece.text.replace("\\\n", " ").splitlines():
        for part in " ".join(shlex.quote(word) for word in shlex.split(line, comments=True)).split(" '&&' "):
            words = shlex.split(part)
            variables = dict(word.split("=", 1) for word in _leading(words))
            if words[len(variables) :]:
                yield Typed(piece.place, variables, tuple(words[len(variables) :]))


def _leading(words: Sequence[str]) -> Iterator[str]:
    """Yield the words that set variables, which stand before the program."""
    for word in words:
        if not re.match(r"[A-Z_]+=", word):
            return
        yield word


def section(page: str, heading: str) -> str:
    """Return the text of a document below a heading, up to the next one; `heading` without its marks."""
    text = (ROOT / page).read_text()
    match = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#+ |\Z)", text, re.MULTILINE | re.DOTALL)
    assert match, f"{page} has no heading {heading!r}"
    return match[1]


def rows(page: str, header: str) -> list[list[str]]:
    """Return the cells of the table whose header begins with `header`, without marks of bold; the header first."""
    lines = (ROOT / page).read_text().splitlines()
    begins = [at for at, line in enumerate(lines) if line.startswith(header)]
    assert len(begins) == 1, f"{page} has {len(begins)} tables that begin with {header!r}, but must have one"
    table = lines[begins[0] :]
    table = table[: next((at for at, line in enumerate(table) if not line.startswith("|")), len(table))]
    cells = [[cell.strip().replace("**", "").strip("`") for cell in line.strip("|").split("|")] for line in table]
    return [cells[0], *cells[2:]]


def typed_in_jobs(piece: Piece) -> Iterator[Typed]:
    """Yield the commands of the steps of a CI job, whose lines `>-` folds into one."""
    for text in re.findall(r"run:\s*(?:>-)?\s*(.*?)(?=\n\s*- |\Z)", piece.text, flags=re.DOTALL):
        yield from typed_in(Piece(piece.page, piece.line, SHELL, " ".join(text.split())))
