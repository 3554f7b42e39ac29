"""The same command gives the same bytes, whatever the machine is set to.

Varied are the number of processes, the state of the global generators, locale, time zone, hash seed, the threads of
linear algebra, and the folder that the command is called from.
"""

import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pandas as pd

from harness.torture.children import Trial, harness, last_words
from harness.torture.goals import Goal, judged, unchecked
from harness.torture.subjects import Subject
from pmfnas.processes import THREAD_VARIABLES

_FILES = ("runs.parquet", "steps.parquet", "*.md", "*.tex", "*.csv", "figures/*", "runs/*/*/*.parquet")
_TABLE, _TIME = "table.csv", "searcher_s"
"""The one file that also holds seconds of the host, and their column."""
_RUN = ("--data", "surrogate", "--seeds", "2", "--budget", "2h", "--datasets", "cifar10")
_SCRAMBLE = """
import random, numpy
random.seed({seed})
numpy.random.seed({seed})
"""
"""A `sitecustomize` that every process of the child runs first."""


def goals(trial: Trial) -> list[Goal]:
    """Run the command under every setting, two at a time, and compare with the first."""
    settings = dict(list(_settings(trial.place.scratch).items())[: trial.tries(99, 4)])
    made = trial.place.in_pairs(lambda item: _made(trial, item[0], *item[1]), settings.items())
    expected = made[0][0]
    faults = [fault for _, fault in made if fault]
    for name, (content, fault) in zip(settings, made, strict=True):
        differ = sorted(file for file in {*expected, *content} if expected.get(file) != content.get(file))
        if differ and not fault:
            faults.append(f"with {name}, {differ[0]} is another")
    n = len(settings)
    what = f"the same bytes of {len(expected)} files"
    found = [judged("determinism", what, n, len(made), faults, unit="settings", also=", ".join(settings))]
    if "another locale" not in settings and not trial.smoke:
        found.append(unchecked("determinism", "another locale", "the same bytes", "this machine has no other locale"))
    return found


def _settings(at: Path) -> Mapping[str, tuple[int, Mapping[str, str]]]:
    """Return the settings by name: number of processes, and environment variables."""
    found: dict[str, tuple[int, Mapping[str, str]]] = {
        "1 job": (1, {}),
        "2 jobs": (2, {"PYTHONPATH": _scrambled(at, 1)}),
        "another hash seed and time zone": (1, {"PYTHONHASHSEED": "12345", "TZ": "Pacific/Kiritimati"}),
        "8 jobs": (8, {"PYTHONPATH": _scrambled(at, 2), "PYTHONHASHSEED": "0"}),
        "2 threads of linear algebra": (1, dict.fromkeys(THREAD_VARIABLES, "2")),
    }
    if other := _locale():
        found["another locale"] = (2, {"LC_ALL": other, "LANG": other})
    return found


def _scrambled(at: Path, seed: int) -> str:
    """Return a path of modules by which every process begins with the global generators in another state."""
    folder = at / f"scrambled-{seed}"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(_SCRAMBLE.format(seed=seed), encoding="utf-8")
    return str(folder)


def _locale() -> str:
    """Return a locale of this machine that is neither C nor English, else any but the usual one; empty if none."""
    try:
        known = subprocess.run(["locale", "-a"], capture_output=True, text=True, check=True).stdout.split()
    except (OSError, subprocess.CalledProcessError):
        return ""
    usual = os.environ.get("LC_ALL") or os.environ.get("LANG") or "C"
    foreign = [name for name in known if not name.startswith(("C", "POSIX", "en"))]
    others = [name for name in known if name != usual]
    return next(iter([*foreign, *others]), "")


def _made(trial: Trial, name: str, n_jobs: int, extra: Mapping[str, str]) -> tuple[dict[str, bytes], str]:
    """Return the files of a run under one setting, and what went wrong."""
    out = trial.place.scratch / name.replace(" ", "-") / "out"
    out.parent.mkdir()
    command = harness("run", "table2", *_RUN, "--jobs", str(n_jobs), *_searchers(), "--out", out)
    code = trial.place.run(command, out.with_suffix(".log"), _joined(trial, extra))
    content = Subject(name, command, out, _FILES).content()
    fault = f"with {name} it ended with code {code}: {last_words(out.with_suffix('.log'))}" if code else ""
    if _TABLE in content:
        content[_TABLE] = pd.read_csv(out / _TABLE).drop(columns=_TIME).to_csv().encode()
    return content, fault


def _searchers() -> Iterator[str]:
    yield from ("--searchers", "random_search,asha,bohb,pmf_nas")


def _joined(trial: Trial, extra: Mapping[str, str]) -> dict[str, str]:
    """Return the variables, with the path of modules put before the checkout's."""
    before = trial.place.environment()["PYTHONPATH"]
    return {name: f"{value}:{before}" if name == "PYTHONPATH" else value for name, value in extra.items()}
