"""The tutorial's walk, from an empty folder to the verdict on two searchers.

`.venv/bin/python -m tests.support.tutorial FOLDER` takes it in FOLDER, on the surrogate, and goes on where it stopped.
It keeps runs and verdicts in `results/reference/tutorial-surrogate` and puts the first verdict into the page.
"""

import os
import shutil
import sys
from pathlib import Path
from textwrap import indent

from tests.support.documents import ROOT, read

PAGE = ROOT / "docs" / "tutorial.md"
KEPT = ROOT / "results" / "reference" / "tutorial-surrogate"
COMPARED = ["--data", "surrogate", "--seeds", "20"]


def program(page: Path, holds: str) -> str:
    """Return the one Python block of a document that holds a text."""
    (block,) = [b for b in read(page).blocks if b.language == "python" and holds in b.text]
    return block.text


def better(text: str) -> str:
    """Return the tutorial's searcher with the change that the tutorial makes."""
    change = indent(program(PAGE, "def _promise"), "    ", lambda line: bool(line.strip()))
    return f"import numpy as np\n{text[: text.index('    def recommend')]}{change}"


def walk(folder: Path) -> None:
    """Take the walk, and keep what comes out."""
    from harness.cli.main import main

    os.chdir(folder)
    own, out, kept = Path("my_search.py"), Path("results/compare"), []
    own.unlink(missing_ok=True)
    done = [main(["new-searcher", "my_search"]), main(["compare", "--searcher", "my_search.py:MySearch", *COMPARED])]
    kept.append((out / "verdict.md").read_text())
    own.write_text(better(own.read_text()))
    done.append(main(["compare", "--searcher", "with_promise=my_search.py:MySearch", *COMPARED]))
    done.append(main(["table", str(out)]))
    kept.append((out / "verdict.md").read_text())
    if any(done):
        raise RuntimeError(f"the verbs of the walk ended with {done}; each must be 0")
    KEPT.mkdir(exist_ok=True)
    shutil.copy(out / "runs.parquet", KEPT)
    for name, text in zip(("verdict.md", "both.md"), kept, strict=True):
        (KEPT / name).write_text(text)
    page = PAGE.read_text()
    begin = page.index("# Verdict: ")
    PAGE.write_text(page[:begin] + kept[0].split("\n## cifar100")[0] + page[page.index("```", begin) :])


if __name__ == "__main__":
    walk(Path(sys.argv[1]))
