"""The same command gives the same bytes, whatever the machine is set to.

Varied are the number of processes, the backend, the state of the global generators, locale, time zone, hash seed, and
the threads of linear algebra.
"""

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType

import pandas as pd

from harness.host.clusters import BACKENDS, LOKY
from harness.torture.children import Trial, harness, last_words
from harness.torture.goals import Goal, judged, unchecked
from harness.torture.subjects import Subject
from pmfnas.processes import THREAD_VARIABLES

_FILES = ("runs.parquet", "steps.parquet", "*.md", "*.tex", "*.csv", "figures/*", "runs/*/*/*.parquet")
_TABLE, _TIME = "table.csv", "searcher_s"
"""The one file that also holds seconds of the host, and their column."""
_RUN = ("--data", "surrogate", "--seeds", "2", "--budget", "2h", "--datasets", "cifar10")
_SEARCHERS = ("--searchers", "random_search,asha,bohb,pmf_nas")
_SCRAMBLE = """
import random, numpy
random.seed({seed})
numpy.random.seed({seed})
"""
"""A `sitecustomize` that every process of the child runs first."""


_PACKAGES: Mapping[str, str] = MappingProxyType({"dask": "distributed", "ray": "ray"})
"""Backend -> the package that it needs."""


@dataclass(frozen=True, slots=True)
class Setting:
    """How a machine is set."""

    name: str
    n_jobs: int
    variables: Mapping[str, str] = field(default_factory=dict)
    backend: str = LOKY


def goals(trial: Trial) -> list[Goal]:
    """Run the command under every setting, two at a time, and compare with the first."""
    settings = list(_settings(trial.place.scratch))[: trial.tries(99, 4)]
    made = trial.place.in_pairs(lambda setting: _made(trial, setting), settings)
    expected = made[0][0]
    faults = [fault for _, fault in made if fault]
    for setting, (content, fault) in zip(settings, made, strict=True):
        differ = sorted(file for file in {*expected, *content} if expected.get(file) != content.get(file))
        if differ and not fault:
            faults.append(f"with {setting.name}, {differ[0]} is another")
    n = len(settings)
    what, names = f"the same bytes of {len(expected)} files", ", ".join(setting.name for setting in settings)
    found = judged("determinism", what, n, len(made), faults, unit="settings", also=names)
    return [found] if trial.smoke else [found, *absent(settings)]


def absent(settings: Sequence[Setting]) -> Iterator[Goal]:
    """Yield what this machine cannot vary: backends without their package, another locale."""
    for backend in BACKENDS:
        if backend not in {setting.backend for setting in settings}:
            why = f"it is not installed; start once with PMFNAS_EXTRAS={backend}"
            yield unchecked("determinism", f"backend {backend}", "the same bytes", why)
    if "another locale" not in {setting.name for setting in settings}:
        yield unchecked("determinism", "another locale", "the same bytes", "this machine has no other locale")


def _settings(at: Path) -> Iterator[Setting]:
    yield Setting("1 job", 1)
    yield Setting("2 jobs with scrambled generators", 2, {"PYTHONPATH": _scrambled(at, 1)})
    yield Setting("another hash seed and time zone", 1, {"PYTHONHASHSEED": "12345", "TZ": "Pacific/Kiritimati"})
    yield Setting("8 jobs", 8, {"PYTHONPATH": _scrambled(at, 2), "PYTHONHASHSEED": "0"})
    yield Setting("2 threads of linear algebra", 1, dict.fromkeys(THREAD_VARIABLES, "2"))
    for backend, package in _PACKAGES.items():
        if find_spec(package):
            yield Setting(f"backend {backend}", 2, {}, backend)
    if other := _locale():
        yield Setting("another locale", 2, {"LC_ALL": other, "LANG": other})


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


def _made(trial: Trial, setting: Setting) -> tuple[dict[str, bytes], str]:
    """Return the files of a run under one setting, and what went wrong."""
    name, out = setting.name, trial.place.scratch / setting.name.replace(" ", "-") / "out"
    out.parent.mkdir()
    where = ("--jobs", str(setting.n_jobs), "--backend", setting.backend)
    command = harness("run", "table2", *_RUN, *where, *_SEARCHERS, "--out", out)
    log = out.with_suffix(".log")
    code = trial.place.run(command, log, _joined(trial, setting.variables))
    content = Subject(name, command, out, _FILES).content()
    fault = f"with {name} it ended with code {code}: {last_words(log)}" if code else ""
    if _TABLE in content:
        content[_TABLE] = pd.read_csv(out / _TABLE).drop(columns=_TIME).to_csv().encode()
    return content, fault


def _joined(trial: Trial, extra: Mapping[str, str]) -> dict[str, str]:
    """Return the variables, with the path of modules put before the checkout's."""
    before = trial.place.environment()["PYTHONPATH"]
    return {name: f"{value}:{before}" if name == "PYTHONPATH" else value for name, value in extra.items()}
