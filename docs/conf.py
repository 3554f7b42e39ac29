"""How the documentation site is built; `./reproduce.sh docs` runs it.

The sources are README, `docs/` and the tables in `results/reference`, as they stand. Two things are added while they
are read: the contents of the site below the first page, and the interfaces below the title of a page of the API.
"""

import sys
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from sphinx.application import Sphinx

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # the code of this checkout, and none that is installed

project = "PMF-NAS"
author = "The PMF-NAS developers"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
root_doc = "docs/index"
include_patterns = ["README.md", "CHANGELOG.md", "docs/**", "results/reference/*.md", "results/reference/**/*.md"]
exclude_patterns = [".*", "baselines", "harness", "pmfnas", "tests"]
html_theme = "furo"
html_title = "PMF-NAS"
html_additional_pages = {"index": "start.html"}
templates_path = [str(ROOT / "docs" / "templates")]
html_copy_source = False
html_show_copyright = False
highlight_language = "none"
html_show_sourcelink = False

myst_heading_anchors = 4
myst_links_external_new_tab = True
suppress_warnings = ["myst.header"]

default_role = "code"
autodoc_default_options = {"members": True, "undoc-members": False, "member-order": "bysource"}
autodoc_typehints = "none"
autodoc_preserve_defaults = True

KINDS = (
    ("Tutorials", "tutorials/*"),
    ("How-to", "how-to/*"),
    ("Reference", "reference/*"),
    ("API", "reference/api/*"),
    ("Explanation", "explanation/*"),
)
API = "docs/reference/api/"
OUTPUTS = ROOT / "results" / "reference"


def contents() -> str:
    """Return the contents of the site, in the order of the bar at its side."""
    first = tree("", "README </README>", "results")
    parts = [tree(caption, pattern, glob=True) for caption, pattern in KINDS]
    return "\n".join([first, *parts, tree("Outputs", *outputs(), "/CHANGELOG")])


def outputs() -> list[str]:
    """Return the committed outputs, each with the name of its folder as title."""
    pages = [path.relative_to(ROOT).with_suffix("") for path in sorted(OUTPUTS.rglob("*.md"))]
    return [f"{' '.join(page.parts[2:]).removesuffix(' table')} </{page.as_posix()}>" for page in pages]


def tree(caption: str, *pages: str, glob: bool = False) -> str:
    """Return a directive that puts pages into the bar at the side."""
    options = [":hidden:", *([f":caption: {caption}"] if caption else []), *([":glob:"] if glob else [])]
    return "\n".join(["", "```{toctree}", *options, "", *pages, "```", ""])


def interfaces(package: str) -> str:
    """Return directives that show the modules of a package with their docstrings."""
    found = import_module(package)
    names = [f"{package}.{module.name}" for module in iter_modules(found.__path__) if not module.ispkg]
    shown = [name for name in names if not name.rpartition(".")[2].startswith("_")]
    return interface(package) + "".join(f"\n## {name}\n{interface(name)}" for name in shown)


def interface(module: str) -> str:
    """Return a directive that shows a module with its docstrings."""
    return f"\n```{{eval-rst}}\n.. automodule:: {module}\n```\n"


def add_to_page(app: Sphinx, name: str, source: list[str]) -> None:
    """Add what a page lacks in the repository: contents to the first one, interfaces to those of the API."""
    del app
    if name == root_doc:
        source[0] += contents()
    if name.startswith(API):
        source[0] += interfaces(source[0].splitlines()[0].removeprefix("# "))
    if not source[0].startswith("# "):
        source[0] = f"# {Path(name).name}\n\n{source[0]}"


def keep_formulas(app: Sphinx, what: str, name: str, thing: object, options: object, lines: list[str]) -> None:
    """Keep formulas and drawings in the docstring of a module as they are; a page has its own words on its package."""
    del app, thing, options
    if what == "module" and name.count(".") == 1:
        lines.clear()
    for at in range(len(lines) - 1, 1, -1):
        begins = lines[at].startswith("    ") and not lines[at - 1] and not lines[at - 2].startswith(" ")
        if what == "module" and begins:
            lines[at:at] = ["::", ""]


def setup(app: Sphinx) -> None:
    """Let pages and docstrings be changed as they are read."""
    app.connect("source-read", add_to_page)
    app.connect("autodoc-process-docstring", keep_formulas, priority=100)
