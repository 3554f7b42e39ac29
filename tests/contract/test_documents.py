"""README and docs are short, and show what exists: commands parse, links resolve, programs compile."""

import re
from itertools import pairwise
from textwrap import dedent

import pytest

from tests.support.commands import fault, options_of_all_verbs, variables
from tests.support.documents import ROOT, SHELL, Page, commands, pages, read
from tests.support.named import missing_names, missing_tests

LANGUAGES = (SHELL, "python", "json", "yaml", "")
PAGES = pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.path.relative_to(ROOT)))


@pytest.fixture(scope="module")
def made() -> frozenset[str]:
    """Folders that the commands of the documents make with `--out`."""
    words = [typed.words for page in pages() for typed in commands(page)]
    return frozenset(after for line in words for flag, after in pairwise(line) if flag == "--out")


@PAGES
def test_every_command_parses_and_its_names_exist(page: Page, made: frozenset[str]) -> None:
    faults = [(typed.place, " ".join(typed.words), fault(typed, made=made)) for typed in commands(page)]
    assert [found for found in faults if found[2]] == []


@PAGES
def test_blocks_say_their_language_and_commands_stand_in_shell_blocks(page: Page) -> None:
    assert {block.language for block in page.blocks} <= set(LANGUAGES)
    plain = [block for block in page.blocks if not block.language]
    assert [b.place for b in plain if re.search(r"^\S*(reproduce\.sh|python -m) ", b.text, re.MULTILINE)] == []


@PAGES
def test_options_within_sentences_exist(page: Page) -> None:
    known = options_of_all_verbs()
    named = [(code.place, flag) for code in page.codes for flag in re.findall(r"(?:^|(?<= ))--[a-z-]+", code.text)]
    assert [found for found in named if found[1] not in known] == []


@PAGES
def test_variables_exist(page: Page) -> None:
    named = set(re.findall(r"PMFNAS_[A-Z_]*[A-Z]", page.path.read_text()))
    assert named <= variables()


@PAGES
def test_links_lead_to_files_and_headings(page: Page) -> None:
    broken = []
    for link in page.links:
        file, _, anchor = link.text.partition("#")
        target = (page.path.parent / file).resolve() if file else page.path
        found = target.exists() and (not anchor or anchor in read(target).anchors)
        broken += [] if found or "://" in link.text else [(link.place, link.text)]
    assert broken == []


@PAGES
def test_files_modules_and_names_in_code_exist(page: Page) -> None:
    assert [(code.place, found) for code in page.codes for found in missing_names(code.text)] == []


@PAGES
def test_tests_that_are_named_exist(page: Page) -> None:
    assert [(code.place, name) for code in page.codes for name in missing_tests(code.text)] == []


@PAGES
def test_programs_compile(page: Page) -> None:
    for block in page.blocks:
        if block.language == "python":
            compile(dedent(block.text), block.place, "exec")


def words(page: Page) -> int:
    """Return how many words a document has; a mark between blanks counts as one."""
    return len(page.path.read_text().split())


def test_the_readme_is_one_page() -> None:
    readme = read(ROOT / "README.md")
    assert len(readme.path.read_text().splitlines()) <= 140
    assert words(readme) <= 1200


def test_the_documents_are_short() -> None:
    assert sum(map(words, pages()[1:])) <= 22_000


@PAGES
def test_sentences_are_short(page: Page) -> None:
    long = [(found.place, found.text) for found in page.sentences if len(found.text.split()) > 40]
    assert long == []


def test_every_package_has_a_page_of_its_interfaces() -> None:
    packages = {path.parent.name for path in (ROOT / "pmfnas").glob("*/__init__.py")} - {"training"}
    assert {path.stem for path in (ROOT / "docs" / "reference" / "api").glob("*.md")} == packages
