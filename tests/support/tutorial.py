"""The tutorial's walk, from an empty folder to the verdict on two searchers.

`.venv/bin/python -m tests.support.tutorial FOLDER` takes it in FOLDER, on the surrogate, and goes on where it stopped.
It keeps runs and verdicts in `results/reference/tutorial-surrogate` and puts what the page shows of them into the page.
"""

import os
import shutil
import sys
from pathlib import Path
from textwrap import indent

import pandas as pd

from tests.support.documents import ROOT, read

PAGE = ROOT / "docs" / "tutorials" / "own-searcher.md"
KEPT = ROOT / "results" / "reference" / "tutorial-surrogate"
COMPARED = ["--data", "surrogate"]
HEAD = "| searcher | cifar10 | cifar100 | ImageNet16-120 |\n|---|---|---|---|\n"


def program(page: Path, holds: str) -> str:
    """Return the one Python block of a document that holds a text."""
    (block,) = [b for b in read(page).blocks if b.language == "python" and holds in b.text]
    return block.text


def better(text: str) -> str:
    """Return the tutorial's searcher with the change that the tutorial makes."""
    change = indent(program(PAGE, "def _promise"), "    ", lambda line: bool(line.strip()))
    return f"import numpy as np\n{text[: text.index('    def recommend')]}{change}"


def differences(runs: pd.DataFrame) -> str:
    """Return the table of both searchers: mean test accuracy less that of PMF-NAS."""
    mean = runs.groupby(["searcher", "dataset"])["test"].mean().unstack()[["cifar10", "cifar100", "ImageNet16-120"]]
    less = {name: mean.loc[name] - mean.loc["pmf_nas"] for name in ("MySearch", "with_promise")}
    return HEAD + "".join(f"| `{name}` | {' | '.join(f'{x:+.2f}' for x in found)} |\n" for name, found in less.items())


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
    _show(kept[0].split("\n## cifar100")[0], "# Verdict: ", "```")
    _show(differences(pd.read_parquet(KEPT / "runs.parquet")), HEAD, "\nThe second version")


def _show(text: str, first: str, after: str) -> None:
    """Put a text into the page, from where it begins with `first` up to `after`."""
    page = PAGE.read_text()
    begin = page.index(first)
    PAGE.write_text(page[:begin] + text + page[page.index(after, begin) :])


if __name__ == "__main__":
    walk(Path(sys.argv[1]))
