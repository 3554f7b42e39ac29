"""Where each searcher spent its seconds: by fidelity, by stage where it names stages, and its own thinking."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import seaborn as sns

from harness.report.content import Bars, Folded, Key, Section
from harness.report.results import Results
from harness.show.cells import number
from harness.show.sheet import Sheet
from pmfnas.loop.ledger import paid_s
from pmfnas.loop.record import read_rows, run_id

IDLE = "idle"
UNUSED = "not used"
_REST = {IDLE: "#9a9a9a", UNUSED: "#d8d8d8"}

_READ = ("kind", "schedule", "stop", "status", "worker", "train_s", "valid_s", "setup_s", "before_s", "reason")
_SPENT = ["dataset", "searcher", "stage", "fidelity", "hours", "requests"]


def spending_section(results: Results, order: Sequence[str]) -> Section:
    """Return GPU-hours by fidelity and stage, means over ok runs; without records it says what is missing.

    Args:
        results: the folder.
        order: all searchers, in the order of their bars.
    """
    spent = spent_hours(results)
    key, title = "seconds", "Where the seconds went"
    if spent.empty:
        absent = (
            "This folder holds no record of a run that is ok, so the hours of each searcher are unknown. Reference "
            "outputs are kept without records; the folder of the run has them."
        )
        return Section(key, title, words=(absent,))
    fidelities = sorted(spent["fidelity"].unique(), key=_height)
    colours = _colours(fidelities)
    wide = {
        dataset: _by_fidelity(results, spent, dataset, fidelities).reindex(_present(spent, dataset, order))
        for dataset in results.datasets
        if (spent["dataset"] == dataset).any()
    }
    lacking = int(results.runs["ok"].sum()) - len(results.records)
    return Section(
        key,
        title,
        words=(
            "Mean GPU-hours per run that each searcher paid for, by the fidelity at which a segment ends, lowest on "
            f"the left. The last two parts: workers {IDLE}, and budget {UNUSED} when the searcher stopped.",
        ),
        warnings=(f"{lacking} runs have no record here and are left out of this section.",) if lacking > 0 else (),
        pictures=tuple(_bars(dataset, hours, colours) for dataset, hours in wide.items()),
        keys=tuple(Key(name, colour, colour) for name, colour in colours.items()),
        sheets=_by_stage(spent),
        folded=(Folded("By fidelity, in numbers", tuple(_sheet(dataset, hours) for dataset, hours in wide.items())),),
    )


def spent_hours(results: Results) -> pd.DataFrame:
    """Return mean GPU-hours and requests per ok run: dataset, searcher, stage, fidelity, hours, requests.

    `stage` is empty where the searcher names none. Under restart accounting repeated epochs are paid again.
    """
    hours: defaultdict[tuple[str, str, str, str], float] = defaultdict(float)
    requests: Counter[tuple[str, str, str, str]] = Counter()
    n_runs: Counter[tuple[str, str]] = Counter()
    for row in results.runs[results.runs["ok"]].to_dict("records"):
        dataset, searcher = str(row["dataset"]), str(row["searcher"])
        path = results.records.get(run_id(str(results.manifest.get("space", "")), dataset, searcher, int(row["seed"])))
        if path is None:
            continue
        n_runs[dataset, searcher] += 1
        for stage, fidelity, seconds in _of_record(path, row["accounting"]):
            hours[dataset, searcher, stage, fidelity] += seconds / 3600
            requests[dataset, searcher, stage, fidelity] += 1
    means = [(*key, hours[key] / n_runs[key[:2]], requests[key] / n_runs[key[:2]]) for key in sorted(hours)]
    return pd.DataFrame(means, columns=_SPENT)


def _of_record(path: Path, accounting: str) -> Iterator[tuple[str, str, float]]:
    """Yield (stage, fidelity, seconds paid) of every request of a run."""
    for row in read_rows(path, _READ).to_pylist():
        stage = str(json.loads(row["reason"]).get("stage", "")) if row["reason"] else ""
        fidelity = f"{row['schedule']}@{row['stop']}" if row["kind"] == "train" else str(row["schedule"])
        yield stage, fidelity, paid_s(row, accounting)


def _height(fidelity: str) -> tuple[float, str, float]:
    """Sort fidelities from the lowest to the highest; metrics and schedules that are no number come first."""
    schedule, _, epochs = fidelity.partition("@")
    return float(schedule) if schedule.isdecimal() else -1.0, schedule, float(epochs or 0)


def _colours(fidelities: list[str]) -> dict[str, str]:
    return dict(zip(fidelities, sns.color_palette("viridis_r", len(fidelities)).as_hex(), strict=True)) | _REST


def _present(spent: pd.DataFrame, dataset: str, order: Sequence[str]) -> list[str]:
    there = set(spent.loc[spent["dataset"] == dataset, "searcher"])
    return [name for name in order if name in there]


def _by_fidelity(results: Results, spent: pd.DataFrame, dataset: str, fidelities: list[str]) -> pd.DataFrame:
    """Return mean hours, one row per searcher, one column per fidelity, then the idle and the unused."""
    here = spent[spent["dataset"] == dataset]
    hours = here.pivot_table(index="searcher", columns="fidelity", values="hours", aggfunc="sum", fill_value=0.0)
    hours = hours.reindex(columns=fidelities, fill_value=0.0)
    runs = results.runs[results.runs["ok"] & (results.runs["dataset"] == dataset)]
    clocked = runs["gpu_hours_resume"].where(runs["accounting"] == "resume", runs["gpu_hours_restart"])
    unused = runs["budget_s"] * runs["n_workers"] / 3600 - clocked
    rest = pd.DataFrame({"searcher": runs["searcher"], IDLE: clocked - runs["busy_hours"], UNUSED: unused})
    means = rest.groupby("searcher").mean().clip(lower=0.0)
    return hours.join(means, how="left")


def _bars(dataset: str, hours: pd.DataFrame, colours: Mapping[str, str]) -> Bars:
    rows = tuple((str(name), tuple(map(float, row))) for name, row in zip(hours.index, hours.to_numpy(), strict=True))
    return Bars(dataset, "GPU-hours per run", rows, tuple((str(name), colours[str(name)]) for name in hours))


def _sheet(dataset: str, hours: pd.DataFrame) -> Sheet:
    rows = tuple(
        (str(name), *(number(float(value)) for value in values))
        for name, values in zip(hours.index, hours.to_numpy(), strict=True)
    )
    return Sheet(f"Mean GPU-hours per run by fidelity, {dataset}", ("searcher", *map(str, hours.columns)), rows)


def _by_stage(spent: pd.DataFrame) -> tuple[Sheet, ...]:
    """Return hours by stage and fidelity of the searchers that name stages, one table each."""
    staged = spent[spent["stage"] != ""]
    sheets = []
    for searcher in sorted(staged["searcher"].unique()):
        own = spent[spent["searcher"] == searcher]
        wide = own.pivot_table(index=["stage", "fidelity"], columns="dataset", values="hours", fill_value=0.0)
        wide = wide[sorted(wide.columns, key=str.lower)]
        sums = wide.sum().to_numpy()
        order = sorted(wide.index, key=lambda row: (_place(own, row[0]), _height(row[1])))
        rows = tuple(
            (f"{stage or 'no stage'} {fidelity}", *map(_with_share, wide.loc[[(stage, fidelity)]].to_numpy()[0], sums))
            for stage, fidelity in order
        )
        sheets.append(Sheet(f"{searcher}: GPU-hours per run (share of those paid) by stage", ("stage", *wide), rows))
    return tuple(sheets)


def _place(own: pd.DataFrame, stage: str) -> float:
    """Order stages by the mean height of what they train: early stages train low."""
    here = own[own["stage"] == stage]
    heights = [_height(str(name))[0] * 1000 + _height(str(name))[2] for name in here["fidelity"]]
    return float(np.average(heights, weights=here["requests"]))


def _with_share(hours: float, of: float) -> str:
    return f"{hours:.2f} ({100 * hours / of:.0f} %)" if of else number(hours)


# ------------------------------------------------------------------------------------------------- overhead


def overhead_section(results: Results) -> Section:
    """Return the searchers' own seconds: of this host, not on the simulated clock."""
    ok = results.runs[results.runs["ok"]].merge(results.timings, on=["dataset", "searcher", "seed"], how="inner")
    titles = ("searcher", "runs", "mean s", "longest s", "ms per evaluation", "% of the budget")
    sheet = Sheet(
        "Seconds inside the searcher per run, all data sets",
        titles,
        tuple(_overhead(str(name), rows) for name, rows in ok.groupby("searcher")),
    )
    return Section(
        "overhead",
        "Overhead",
        words=(
            "What the searchers themselves took to decide, measured on the host that ran them. It is not added to the "
            "simulated clock, because a trace must not depend on the host; in real training it is on the clock.",
        ),
        sheets=(sheet,),
    )


def _overhead(name: str, rows: pd.DataFrame) -> tuple[str, ...]:
    seconds, n_evaluations = rows["searcher_s"], float(rows["evaluations"].sum())
    budget_s = float(rows["budget_s"].sum())
    each_ms = 1000 * float(seconds.sum()) / n_evaluations if n_evaluations else None
    return (
        name,
        str(len(rows)),
        number(float(seconds.mean()), ".3g"),
        number(float(seconds.max()), ".3g"),
        number(each_ms, ".3g"),
        number(100 * float(seconds.sum()) / budget_s, ".4f"),
    )
