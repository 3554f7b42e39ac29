"""Names that would break a page, a table, a line or a path: of searchers, data sets, classes and files.

Where a name is free text it is shown escaped; where it becomes part of a path it is refused, or stays in its folder.
"""

import contextlib
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from harness.players.class_file import NAME
from harness.players.file import from_file, guests
from harness.players.process import Limits
from harness.report.page import page
from harness.report.results import read_results
from harness.search.spec import SearchSpec
from harness.show.render import plain
from harness.torture import samples
from harness.torture.children import Trial, harness, last_words
from harness.torture.goals import Goal, judged
from pmfnas.core.errors import PmfnasError
from pmfnas.loop.record import write_record

NAMES = (
    *(
        "<script>alert(1)</script>",
        "</script><img src=x onerror=alert(1)>",
        "\"'><svg/onload=alert(1)>",
        "a|b",
        "**a**",
    ),
    *("../../up", "..", ".", "/etc/passwd", "a/b", "a\\b", "C:up", "a\nb", "a\r\nb", "a\tb", "a\0b", "x" * 10_000, ""),
    *(
        "\u202egnp.exe",
        "\u2066a\u2069",
        "\u200fa",
        "\x1b[31mred\x1b[0m",
        "\x07",
        "{{ 7 * 7 }}",
        "{% raw %}",
        "$(touch up)",
    ),
    *(
        "$(touch up)",
        "`touch up`",
        "a;touch up",
        "%s%n",
        "a=b",
        "a,b",
        "--out",
        "\ufeffa",
        "\ud800",
        "é" * 200,
        "&lt;b&gt;",
    ),
)
_ARGUMENTS = """
import contextlib, io, json
from harness.cli.main import main
from harness.torture.names import NAMES

answers = []
for name in NAMES:
    for words in (["table2", f"--searchers={name}"], ["report", f"./{name}"], ["search", f"--dataset={name}"]):
        said = io.StringIO()
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
            code = main(words)
        answers.append((words[0], name, code, said.getvalue()))
print(json.dumps(answers))
"""
"""A program that gives every name to verbs, and prints what they answer."""
_HIDDEN = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\x1b\x07\0"


def goals(trial: Trial) -> list[Goal]:
    """Return what became of every name in every place."""
    at = trial.place.scratch
    folder = _results(trial)
    benign = _elements(page(read_results(_renamed(folder, at / "benign", "plain"))))
    faults: dict[str, list[str]] = {"tables": [], "report": [], "paths": [], "command line": []}
    for number, name in enumerate(NAMES):
        faults["tables"] += of_tables(name)
        faults["report"] += _of_report(folder, at / f"odd-{number}", name, benign)
        faults["paths"] += of_paths(at / f"paths-{number}", name)
        faults["command line"] += of_files(name)
    faults["command line"] += _of_arguments(trial)
    n = len(NAMES)
    return [judged("names", f"hostile names: {place}", n, n, found, unit="names") for place, found in faults.items()]


def _elements(text: str) -> Counter[str]:
    """Return how often a page opens each kind of element, and has attributes that call scripts."""
    return Counter(re.findall(r"<[A-Za-z!][\w-]*|<[^>]*\son\w+ *=", text))


def _results(trial: Trial) -> Path:
    """Return a folder of finished results."""
    out = trial.place.scratch / "results"
    run = ("--data", "surrogate", "--seeds", "2", "--budget", "1h", "--datasets", "cifar10", "--jobs", "1")
    words = ("run", "table2", *run, "--searchers", "random_search,asha", "--out", out)
    trial.place.run(harness(*words), out.with_suffix(".log"))
    return out


def _renamed(folder: Path, to: Path, name: str) -> Path:
    """Return a copy of the frames of results in which a searcher has another name."""
    to.mkdir()
    for frame in ("runs", "steps", "timings"):
        rows = pd.read_parquet(folder / f"{frame}.parquet")
        rows["searcher"] = rows["searcher"].astype(str).replace("asha", name)
        rows.to_parquet(to / f"{frame}.parquet", index=False)
    for file in ("spec.json", "manifest.json", "progress.csv"):
        text = (folder / file).read_text(encoding="utf-8")
        written = json.dumps(name)[1:-1] if file.endswith(".json") else f'"{name.replace(chr(34), chr(34) * 2)}"'
        (to / file).write_text(text.replace("asha", written), encoding="utf-8")
    return to


def _of_report(folder: Path, to: Path, name: str, benign: Counter[str]) -> Iterator[str]:
    if "\ud800" in name:
        return  # half a character cannot be stored in Parquet
    try:
        text = page(read_results(_renamed(folder, to, name)))
    except PmfnasError:
        return
    if _elements(text) != benign:
        yield f"{name[:40]!r} changes the elements of the report"
    if found := set(text) & set(_HIDDEN):
        yield f"{name[:40]!r} brings {min(found)!r} into the report"


def of_tables(name: str) -> Iterator[str]:
    """Yield what is wrong where a name stands in a table."""
    cell = plain(name)
    bare = cell.replace("\\\\", "").replace("\\|", "").replace("\\<", "").replace("\\`", "")
    if set(bare) & {"|", "<", "`", "\n", *_HIDDEN}:
        yield f"{name[:40]!r} leaves its cell"


def of_paths(at: Path, name: str) -> Iterator[str]:
    """Yield what is wrong where a name becomes part of a path."""
    (at / "inside" / "deep").mkdir(parents=True)
    for changed in ({"searcher": name}, {"dataset": name}):
        with contextlib.suppress(PmfnasError, UnicodeEncodeError):
            write_record(at / "inside" / "deep", samples.header_of(**changed), samples.played(), samples.SPACE)
    outside = [path for path in at.rglob("*") if path.is_file() and at / "inside" / "deep" not in path.parents]
    if outside:
        yield f"{name[:40]!r} leads to {outside[0].relative_to(at)}"
    with contextlib.suppress(PmfnasError):
        SearchSpec(name)
        yield f"{name[:40]!r} is taken as the name of a data set"


def of_files(name: str) -> Iterator[str]:
    """Yield what is wrong where a name is that of a searcher's file or command."""
    with contextlib.suppress(PmfnasError):
        given, _ = from_file(f"{name}=mine.py:Mine")
        yield from [] if NAME.fullmatch(given) else [f"{name[:40]!r} is taken as the name of a searcher"]
    with contextlib.suppress(PmfnasError):
        made = guests([], [f"{name} sh -c true"], Limits(), taken=())
        yield from [f"{name[:40]!r} is taken as a command" for each in made if not NAME.fullmatch(each)]


def _of_arguments(trial: Trial) -> list[str]:
    """Return what is wrong where a name is given to a verb: it is refused in one line of plain text."""
    log = trial.place.scratch / "arguments.log"
    code = trial.place.run([sys.executable, "-c", _ARGUMENTS], log)
    if code:
        return [f"the command line ended with code {code}: {last_words(log)}"]
    faults = []
    for verb, name, code, text in json.loads(last_words(log)):
        if code != 2 or not text.startswith("error: "):
            faults.append(f"{verb} with {name[:40]!r} ends with code {code}: {text[:80]!r}")
        if set(text.rstrip("\n")) & {"\n", *_HIDDEN}:
            faults.append(f"{verb} with {name[:40]!r} says more than one plain line")
    return faults
