"""Searchers on landscapes: does one rely on larger networks being better? (`compare --landscapes`)

    OUT/parts/grid-reversed-rugged/asha.json   regrets of one searcher on one landscape, written whole
    OUT/regret.parquet                         all of them, a row per landscape, searcher, budget and seed
    OUT/table.md                               means, standard errors, and a verdict

After an interruption the same command goes on: a part exists if and only if all of its runs ended.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from harness.compare.outputs import parquet
from harness.experiment import folder
from harness.experiment.batch import RUN_CODE
from harness.host.code import code_hash
from harness.host.workers import work_off
from harness.show.render import pipes
from harness.stats.decision import MIN_SEEDS, NO_CLAIM
from pmfnas.core.ports import SearcherFactory
from pmfnas.files import write_bytes, write_text
from pmfnas.testing.landscapes import NAMES, Landscape, compare_on, landscape

NAME = "landscapes"
"""The experiment in a folder's claim, and the name of its committed reference."""
OPPONENTS = ("random_search", "bohb", "tpe", "asha", "regularized_evolution")
SHAPES = ("reversed", "irrelevant", "saturating")
"""Shapes of capacity that are given to the final values of a table."""
REAL = "cifar100"
"""Data set of these values."""
TOO_FAR = 2.0
"""A searcher is behind another if its mean regret is higher by more than so many standard errors of the difference."""
FILES = ("regret.parquet", "table.md", folder.MANIFEST)
_CODE = (*RUN_CODE, "pmfnas/testing/driver.py", "pmfnas/testing/grid.py", "pmfnas/testing/landscapes/*.py")
_CRASH = "a worker process was killed or crashed; finished parts are kept and the same command goes on"


@dataclass(frozen=True)
class Plan:
    """Landscapes, searchers, budgets and seeds."""

    landscapes: tuple[str, ...]
    players: Mapping[str, SearcherFactory]
    """Those under trial first."""
    n_medium: tuple[int, ...]
    seeds: range

    def claim(self, data: str) -> dict[str, Any]:
        """Return the claim of a folder; `data` names the table of the real values."""
        seeds = [self.seeds.start, self.seeds.stop - 1]
        about = {"n_medium": list(self.n_medium), "seeds": seeds, "data": data}
        return {"experiment": NAME, **about, "code": code_hash(_CODE)}


def names(real: bool) -> tuple[str, ...]:
    """Return the landscapes that are compared on by default, the real ones last."""
    return (*NAMES, *(f"{REAL}-{shape}" for shape in SHAPES)) if real else NAMES


def run_missing(plan: Plan, made: Callable[[str], Landscape], out: Path, *, n_jobs: int) -> None:
    """Run every part of the plan that `out` lacks; `made` returns a landscape by its name."""
    missing = [
        (name, searcher)
        for name in plan.landscapes
        for searcher in plan.players
        if not _part(out, name, searcher).exists()
    ]
    found = {name: made(name) for name in dict.fromkeys(name for name, _ in missing)}
    work = [(found[name], searcher, plan, _part(out, name, searcher)) for name, searcher in missing]
    done = len(plan.landscapes) * len(plan.players) - len(missing)
    work_off(_run, work, label=NAME, unit="part", n_jobs=n_jobs, crash=_CRASH, done=done)


def by_name(real: Callable[[], Sequence[Landscape]]) -> Callable[[str], Landscape]:
    """Return a function that returns a landscape by its name: of the suite, or of `real`, which is called then only."""
    return lambda name: landscape(name) if name in NAMES else next(one for one in real() if one.name == name)


def _part(out: Path, name: str, searcher: str) -> Path:
    return out / "parts" / name / f"{searcher}.json"


def _run(one: Landscape, searcher: str, plan: Plan, path: Path) -> None:
    regret = compare_on(one, {searcher: plan.players[searcher]}, plan.n_medium, plan.seeds).regret_pct[0]
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, json.dumps({"regret_pct": np.round(regret, 4).tolist()}))


# ------------------------------------------------------------------------------------------------------------ outputs


def write(plan: Plan, out: Path, *, own: Sequence[str]) -> str:
    """Write the outputs of a finished plan, and return the page; `own` are the searchers under trial."""
    regret = pd.DataFrame(_rows(plan, out))
    page = "\n".join([*_tables(regret, folder.read_claim(out)["data"]), *verdict(regret, own), ""])
    write_bytes(out / "regret.parquet", parquet(regret))
    write_text(out / "table.md", page)
    about = {"searchers": list(plan.players), "datasets": list(plan.landscapes), "runs": len(regret)}
    about["failed"] = 0  # a run that fails ends the command
    folder.write_json(out / folder.MANIFEST, folder.manifest(out, about, ("numpy", "scipy")))
    return page


def _rows(plan: Plan, out: Path) -> Iterator[dict[str, Any]]:
    for name in plan.landscapes:
        for searcher in plan.players:
            found = folder.read_json(_part(out, name, searcher), "remove it, and the same command makes it again")
            for n, values in zip(plan.n_medium, found["regret_pct"], strict=True):
                for seed, value in zip(plan.seeds, values, strict=True):
                    yield {"landscape": name, "n_medium": n, "searcher": searcher, "seed": seed, "regret_pct": value}


def _tables(regret: pd.DataFrame, data: str) -> Iterator[str]:
    """Yield the lines of the page but for the verdict."""
    n_medium, seeds = regret["n_medium"].unique(), regret["seed"].nunique()
    searchers = list(regret["searcher"].unique())
    budgets = " / ".join(str(n) for n in n_medium)
    yield f"# Regret on landscapes at {budgets} medium trainings\n"
    yield (
        "Regret: final accuracy of the best arch less that of the recommended one, in points; mean of "
        f"{seeds} seeds (standard error), the lowest in bold. A medium training has 12 epochs. A landscape is called "
        "after its space, the effect of capacity (more FLOPs) on the quality, and how rugged the rest of the quality "
        f"is; those of {REAL} have the final values of data {data}.\n"
    )
    if seeds < MIN_SEEDS:
        yield f"{NO_CLAIM}.\n"
    for n in n_medium:
        of_n = regret[regret["n_medium"] == n].groupby(["landscape", "searcher"], sort=False)["regret_pct"]
        mean, error = of_n.mean().unstack()[searchers], of_n.sem().unstack()[searchers]
        rows = [(str(name), *_cells(mean.loc[name], error.loc[name])) for name in mean.index]
        yield "\n".join(pipes((f"{n} medium trainings", *searchers), rows)) + "\n"


def _cells(mean: "pd.Series[float]", error: "pd.Series[float]") -> list[str]:
    texts = [f"{m:.2f} ({e:.2f})" for m, e in zip(mean, error, strict=True)]
    return [f"**{text}**" if m == mean.min() else text for text, m in zip(texts, mean, strict=True)]


def verdict(regret: pd.DataFrame, own: Sequence[str]) -> Iterator[str]:
    """Yield a sentence per pair of a searcher under trial and another, with the cells where it is behind."""
    wide = regret.pivot(index=["landscape", "n_medium", "seed"], columns="searcher", values="regret_pct")
    for mine in own:
        for other in (name for name in regret["searcher"].unique() if name not in own):
            gaps = (wide[mine] - wide[other]).groupby(["landscape", "n_medium"], sort=False)
            mean, error = gaps.mean(), gaps.sem()
            behind, ahead = mean > TOO_FAR * error, mean < -TOO_FAR * error
            cells = [f"{cell[0]} at {cell[1]} by {mean[cell]:.2f} ± {error[cell]:.2f}" for cell in mean.index[behind]]
            yield (
                f"- {mine} against {other}: ahead in {int(ahead.sum())} of {len(mean)} cells, behind in {len(cells)}"
                + (f" ({'; '.join(cells)})" if cells else "")
            )
    yield f"\nAhead or behind: by more than {TOO_FAR:g} standard errors of the difference, paired by seed."
