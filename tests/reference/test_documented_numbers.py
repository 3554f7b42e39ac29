"""The numbers of README and docs are those of the committed reference outputs, at the precision that is printed."""

import json
import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import pandas as pd
import pytest

from harness.cli.main import main
from harness.compare.verdict import markdown, verdicts
from harness.experiment.batch import open_benchmark, run_one
from harness.experiment.jobs import Job
from harness.experiment.specs import EXPERIMENTS, GPU_NIGHT_S, Experiment, smoke
from harness.players.file import from_file
from harness.report.results import read_results
from harness.report.same_order import orders
from harness.score.oracle import Oracle
from harness.stats.paired import holm, wilcoxon_p
from pmfnas.benchmarks import tabular
from tests.support.documents import ROOT, read, rows
from tests.support.tutorial import PAGE, better, differences

REFERENCE = ROOT / "results" / "reference"
DATASETS = ("cifar10", "cifar100", "ImageNet16-120")
MAIN, RESULTS = "table2-real-finals", "docs/results.md"


def frame(folder: str, name: str = "runs.parquet") -> pd.DataFrame:
    return pd.read_parquet(REFERENCE / folder / name)


def printed(text: str) -> list[float]:
    """Return the numbers of a cell, in order: `94.36 ± 0.03`, `.82 / -.01`, `(94.02)`."""
    return [float(number) for number in re.findall(r"[-+]?\d*\.?\d+", text)]


def places(text: str) -> list[int]:
    return [len(number.partition(".")[2]) for number in re.findall(r"[-+]?\d*\.?\d+", text)]


def agrees(text: str, values: Sequence[float]) -> bool:
    """Return whether the numbers of a text are these values, rounded as they are printed."""
    shown = printed(text)
    near = [
        abs(number - value) <= 0.5 * 10.0**-digits + 1e-9
        for number, digits, value in zip(shown, places(text), values, strict=True)
    ]
    return bool(near) and all(near)


def test_a_wrong_digit_is_noticed():
    assert agrees("94.36 ± 0.03", [94.3621, 0.0317])
    assert not agrees("94.37 ± 0.03", [94.3621, 0.0317])
    assert agrees(".00 / -.07", [0.004, -0.0668])
    assert not agrees(".00 / -.07", [0.004, 0.0668])


def means(runs: pd.DataFrame, column: str = "test") -> pd.DataFrame:
    """Return searchers x data sets."""
    return runs.groupby(["searcher", "dataset"])[column].mean().unstack()[list(DATASETS)]


def ranks(runs: pd.DataFrame, column: str = "test") -> Mapping[str, float]:
    return (-means(runs, column)).rank().mean(axis=1).to_dict()


def test_the_output_of_the_quick_start(real_finals_table):
    (line,) = re.findall(r"^[* ] pmf_nas +3 +(\S+±\S+)", (ROOT / "README.md").read_text(), re.MULTILINE)
    experiment, benchmark = smoke(EXPERIMENTS["table2"]), open_benchmark(real_finals_table, "cifar10")
    oracle, scores = Oracle(real_finals_table, tabular.dataset("cifar10")), []
    for seed in range(experiment.n_seeds):
        header, _ = run_one(experiment, real_finals_table, benchmark, Job("cifar10", "pmf_nas", seed))
        arch = benchmark.space.parse(header.recommended[0])
        scores += [score.test for score in oracle.score([arch], seed=seed, who="test")]
    assert agrees(line.replace("±", " ± "), [pd.Series(scores).mean(), pd.Series(scores).std()])


def in_table(row: Sequence[str], runs: pd.DataFrame, column: str = "test") -> bool:
    """Return whether a row `searcher | mean ± std per data set | mean rank` is what the runs give."""
    name, *cells, rank = row
    spread = runs.groupby(["searcher", "dataset"])[column].std()
    expected = [(means(runs, column).loc[name, d], spread[name, d]) for d in DATASETS]
    shown = all(agrees(cell, pair) for cell, pair in zip(cells, expected, strict=True))
    return shown and agrees(rank, [ranks(runs, column)[name]])


@pytest.mark.parametrize("row", rows("README.md", "| searcher | CIFAR-10 |")[1:], ids=lambda row: row[0])
def test_the_main_table(row):
    assert in_table(row, frame(MAIN), "held_out")


@pytest.mark.parametrize("row", rows(RESULTS, "| searcher | CIFAR-10 |")[1:], ids=lambda row: row[0])
def test_the_table_of_test_accuracy(row):
    assert in_table(row, frame("table2-anchored"))


@pytest.mark.parametrize(
    ("page", "folder", "column"), [("README.md", MAIN, "held_out"), (RESULTS, "table2-anchored", "test")]
)
def test_no_better_searcher_is_left_out_of_a_table(page, folder, column):
    shown = [row[0] for row in rows(page, "| searcher | CIFAR-10 |")[1:]]
    found = sorted(ranks(frame(folder), column).items(), key=lambda item: item[1])
    leading = 6 if page == "README.md" else len(shown)
    assert shown[:leading] == [name for name, _ in found[:leading]]


@pytest.mark.parametrize(("folder", "page"), [(MAIN, "README.md"), (MAIN, RESULTS), ("table2-anchored", RESULTS)])
def test_tables_name_their_data(folder, page):
    manifest = json.loads((REFERENCE / folder / "manifest.json").read_text())
    assert f"{manifest['data']} {manifest['fingerprint']}" in (ROOT / page).read_text()


CONTROLS = ("most_conv3x3", "most_params")
WITHOUT_THE_PRIOR = {"cifar10": 0.02, "cifar100": 0.18, "ImageNet16-120": 0.16}
"""What the declared prior gains, percent points."""


def test_what_is_said_of_the_main_table():
    found = {(v.dataset, v.opponent): v for v in against_each("held_out")}
    assert len(found) == 51
    for (dataset, name), verdict in found.items():
        if dataset == "ImageNet16-120" and name in CONTROLS:
            assert verdict.difference == pytest.approx(-0.10, abs=0.005)
            assert verdict.p_value == pytest.approx(0.16, abs=0.005)
        elif name == "pmf_nas_no_belief":
            assert verdict.difference == pytest.approx(WITHOUT_THE_PRIOR[dataset], abs=0.005)
            assert (verdict.p_value < 0.05) == (dataset == "cifar100")
        else:
            assert verdict.difference > 0, (dataset, name)
            assert verdict.p_value < 0.01, (dataset, name)
    assert found["cifar10", "most_conv3x3"].difference == pytest.approx(0.008, abs=0.0005)


class Against(NamedTuple):
    """PMF-NAS against another searcher, paired by seed; p after Holm over the whole table."""

    dataset: str
    opponent: str
    difference: float
    p_value: float


def against_each(column: str) -> list[Against]:
    runs, pairs = frame(MAIN), []
    for dataset in DATASETS:
        scores = runs.query("dataset == @dataset").pivot(index="seed", columns="searcher", values=column)
        others = [name for name in scores.columns if name != "pmf_nas"]
        pairs += [(dataset, name, (scores["pmf_nas"] - scores[name]).to_numpy()) for name in others]
    adjusted = holm([wilcoxon_p(gaps) for _, _, gaps in pairs])
    return [Against(d, n, float(gaps.mean()), float(p)) for (d, n, gaps), p in zip(pairs, adjusted, strict=True)]


def test_how_the_two_kinds_of_data_agree():
    both = [read_results(REFERENCE / name) for name in ("table2-anchored", MAIN)]
    for row, order in zip(rows(RESULTS, "| data set | Spearman |")[1:], orders(*both), strict=True):
        assert row[0] == order.dataset
        assert agrees(row[1], [order.spearman])
        assert agrees(row[2], [order.kendall])
        assert row[3] == f"{len(order.swapped)} of 153"


def at_time(folder: str, searcher: str, seconds: float) -> list[float]:
    """Return the mean test accuracy of the incumbents at a time of the clock, per data set."""
    steps = frame(folder, "steps.parquet").query("searcher == @searcher and time_s <= @seconds")
    last = steps.sort_values("time_s").groupby(["dataset", "seed"])["test"].last()
    return [float(last[d].mean()) for d in DATASETS]


def test_what_was_reached():
    shown = {row[0]: row[2] for row in rows(RESULTS, "| PMF-NAS at 8.5 h | goal |")[1:]}
    runs = frame("table2-anchored")
    own = runs.query("searcher == 'pmf_nas'").groupby("dataset")
    assert agrees(shown["mean test at 30,600 s"], list(means(runs).loc["pmf_nas"]))
    assert agrees(shown["mean test at 10,000 s"], at_time("table2-anchored", "pmf_nas", 10_000.0))
    assert agrees(shown["worst of 500 seeds"], [own["test"].min()[d] for d in DATASETS])
    assert agrees(shown["mean validation regret"], [own["valid_regret"].mean()[d] for d in DATASETS])
    without = means(runs).loc["pmf_nas_no_belief"]
    assert agrees(shown["the same without the prior: mean test at 30,600 s"], list(without))
    early = at_time("table2-anchored", "pmf_nas_no_belief", 10_000.0)
    assert agrees(shown["without the prior: mean test at 10,000 s"], early)


def test_the_replay_of_published_rows():
    runs = frame("published-anchored").groupby("searcher")["test"]
    names = {
        "random search": "random_search",
        "REINFORCE": "reinforce",
        "REA": "regularized_evolution",
        "BOHB": "bohb",
    }
    for label, _, here in rows(RESULTS, "| method | published | here")[1:]:
        assert agrees(here, [runs.mean()[names[label]], runs.std()[names[label]]]), label


LEFT_OUT = {
    "architecture features": "no_architecture",
    "regions, stage 2": "no_region",
    "refinement, stage 3": "no_refine",
    "posterior pick": "no_posterior_pick",
    "curve features": "no_curves",
    "adaptive allocation": "no_adaptive",
    "canonical forms": "no_canonical",
    "exploration, stage 1": "no_explore",
}


def losses(folder: str, variant: str, budget_s: float) -> list[float]:
    """Return the mean test accuracy of the full searcher less the variant's, per data set."""
    runs = frame(folder).query("budget_s == @budget_s")
    found = means(runs)
    return list(found.loc["pmf_nas"] - found.loc[variant])


@pytest.mark.parametrize("row", rows(RESULTS, "| left out | 3 h |")[1:], ids=lambda row: row[0])
def test_what_each_part_is_worth(row):
    label, *cells, signs = row
    variant = LEFT_OUT.get(label, f"no_{label}")
    assert signs == " / ".join(signs_of(variant))
    for cell, hours in zip(cells, (3.0, 8.5), strict=True):
        assert agrees(cell, losses("ablation-anchored", variant, hours * 3600)), (hours, cell)


def signs_of(variant: str) -> list[str]:
    """Return the signs of a variant for validation regret, a cell per budget, from the page of the study."""
    page = (REFERENCE / "ablation-anchored" / "table.md").read_text().replace("\\", "")
    (line,) = re.findall(rf"^\| {variant} \|(.*)$", page.split("validation regret")[1].split("## ")[0], re.MULTILINE)
    return [cell.strip() for cell in line.split("|")[:2]]


BESIDE = [
    (folder, row)
    for folder, header in (("no-big-cells-anchored", "| without big cells |"), ("size-surrogate", "| size space |"))
    for row in rows(RESULTS, header)[1:]
]


@pytest.mark.parametrize(("folder", "row"), BESIDE, ids=lambda value: value if isinstance(value, str) else value[0])
def test_results_beside_the_main_table(folder, row):
    name, test, rank = row
    runs = frame(folder)
    assert not test or agrees(test, list(means(runs).loc[name]))
    assert not rank or agrees(rank, [ranks(runs)[name]])


@pytest.mark.parametrize("row", rows(RESULTS, "| player | test |")[1:], ids=lambda row: row[0])
def test_the_packages_of_the_field(row):
    runs = frame("peers-anchored").query("searcher == @row[0]")
    assert runs["seed"].nunique() == 20
    assert agrees(row[1], list(means(runs).loc[row[0]]))


def test_the_mean_ranks_on_the_surrogate():
    (said,) = re.findall(r"mean rank, ([\d.]+) against ([\d.]+) for\s+PMF-NAS", (ROOT / RESULTS).read_text())
    found = ranks(frame("table2-surrogate"))
    assert agrees(said[0], [found["most_params"]])
    assert agrees(said[1], [found["pmf_nas"]])


def calibration(name: str, dataset: str, level: str, group: str, column: str) -> float:
    """Return a figure of a group of predictions at a level."""
    page = (REFERENCE / "calibration-anchored.md").read_text()
    lines = page.split(f"## {dataset}, {name}\n")[1].split("## ")[0].splitlines()
    head, found = (
        next(line.split("|") for line in lines if word in line) for word in ("in 90 %", f"| {level} | {group} |")
    )
    return float(found[[cell.strip() for cell in head].index(column)].split("±")[0])


HOLDING = list(zip(rows(RESULTS, "| predictions | with the prior |")[1:], ("12@12", "200@200"), strict=True))


@pytest.mark.parametrize(("row", "level"), HOLDING, ids=["12@12", "200@200"])
def test_how_often_predictions_hold(row, level):
    datasets = DATASETS if level == "12@12" else DATASETS[:2]
    for cell, name in zip(row[1:], ("pmf_nas", "pmf_nas_no_belief"), strict=True):
        assert agrees(
            cell.removesuffix(" %"), [calibration(name, dataset, level, "all", "in 90 %") for dataset in datasets]
        )


@pytest.mark.parametrize("row", rows(RESULTS, "| level | decision |")[1:], ids=lambda row: " ".join(row[:2]))
def test_how_often_predictions_of_a_decision_hold(row):
    level, group, *cells = row
    for cell, column in zip(cells, ("in 90 %", "offset"), strict=True):
        datasets = DATASETS if level == "12@12" else DATASETS[:2]
        found = [calibration("pmf_nas", dataset, level, group, column) for dataset in datasets]
        assert agrees(cell.removesuffix(" %"), found), column


@pytest.mark.parametrize("row", rows(RESULTS, "| searcher | digits_mlp")[1:], ids=lambda row: row[0])
def test_problems_of_ones_own(row):
    found = pd.read_csv(REFERENCE / "problems" / "results.csv").query("searcher == @row[0]")
    values = found.groupby("problem")["value"].mean()
    for cell, name in zip(row[1:], ("digits_mlp", "diabetes_boosting", "digits_cnn"), strict=True):
        assert agrees(cell, [values[name]]), name


@pytest.mark.parametrize("folder", ["digits", "cifar10-jpeg-small"])
def test_searches_by_real_training(folder):
    runs = pd.read_csv(REFERENCE / f"search-compare-{folder}" / "results.csv")
    by_name = runs.groupby("searcher")["test_acc"].agg(["mean", "std"])
    (row,) = [r for r in rows(RESULTS, "| data | budget | pmf_nas, test")[1:] if folder in r[-1]]
    assert agrees(row[2], list(by_name.loc["pmf_nas"]))
    assert agrees(row[3], list(by_name.loc["random_search"]))
    pairs = runs.pivot(index="seed", columns="searcher", values="test_acc")
    difference = pairs["pmf_nas"] - pairs["random_search"]
    assert agrees(row[4].split(",")[0], [difference.mean()])
    assert row[5] == f"{(difference > 0).sum()}/{(difference == 0).sum()}/{(difference < 0).sum()}"


def quality(measure: str, **cell: object) -> float:
    """Return a measure of a predictor in the cells that the fields name, mean of the data sets."""
    found = frame("predictors/anchored", "summary.parquet")
    for field, value in cell.items():
        found = found[found[field] == value]
    return float(found.groupby("dataset")[measure].mean().mean())


@pytest.mark.parametrize("row", rows(RESULTS, "| archs | 0 | 1 |")[1:], ids=lambda row: row[0])
def test_the_predictor_by_labels_and_epochs(row):
    for cell, epochs in zip(row[1:], (0, 1, 2, 3, 6, 9, 12), strict=True):
        where = {"kind": "uniform", "schedule": 12, "epochs": epochs, "n_known": int(row[0])}
        assert agrees(cell, [quality("tau", predictor="pmf", **where)]), epochs


@pytest.mark.parametrize(("labels", "epochs"), [(20, 12), (100, 3), (100, 12)])
def test_the_short_table_of_the_predictor(labels, epochs):
    (row,) = [r for r in rows(RESULTS, "| labels, epochs seen |")[1:] if r[0] == f"{labels}, {epochs}"]
    where = {"kind": "uniform", "schedule": 12, "epochs": epochs, "n_known": labels}
    assert agrees(row[1].split()[0], [quality("tau", predictor="pmf", **where)])
    assert agrees(row[2].split()[0], [quality("tau_top", predictor="pmf", **where)])
    assert agrees(row[3].split()[0], [quality("precision_1", predictor="pmf", **where)])
    others = set(frame("predictors/anchored", "summary.parquet")["predictor"]) - {"pmf"}
    assert agrees(row[4], [max(quality("tau", predictor=name, **where) for name in others)])


def test_the_verdicts_of_the_tutorial_are_those_of_its_runs():
    runs = frame("tutorial-surrogate")
    for name, own in (("verdict.md", ["MySearch"]), ("both.md", ["MySearch", "with_promise"])):
        found = verdicts(runs, own, ["pmf_nas"])
        assert len(found) == 3 * len(own)
        title = f"Verdict: {', '.join(own)} against PMF-NAS"
        text = markdown(found, runs, where=dict.fromkeys(own, "in process"), title=title)
        assert text == (REFERENCE / "tutorial-surrogate" / name).read_text()
    (shown,) = [block.text for block in read(PAGE).blocks if "# Verdict" in block.text]
    assert (REFERENCE / "tutorial-surrogate" / "verdict.md").read_text().startswith(shown)


def test_the_second_searcher_of_the_tutorial_is_better_on_every_data_set():
    runs = frame("tutorial-surrogate")
    assert differences(runs) in PAGE.read_text()
    for name in DATASETS:
        pairs = runs.query("dataset == @name").pivot(index="seed", columns="searcher", values="test")
        gained = (pairs["with_promise"] - pairs["MySearch"]).to_numpy()
        assert gained.mean() > 0, name
        assert wilcoxon_p(gained) < 0.05, name
        assert pairs["pmf_nas"].mean() > pairs["with_promise"].mean(), name


def test_runs_of_the_tutorial_end_again_as_they_did(surrogate_table, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["new-searcher", "my_search"]) == 0
    (tmp_path / "changed.py").write_text(better((tmp_path / "my_search.py").read_text()))
    files = {"MySearch": "my_search.py:MySearch", "with_promise": "changed.py:MySearch"}
    players = MappingProxyType({name: from_file(text)[1] for name, text in files.items()})
    experiment = Experiment("compare", "", players, tuple(files), DATASETS, GPU_NIGHT_S, n_seeds=1)
    benchmark = open_benchmark(surrogate_table, "cifar100")
    runs = frame("tutorial-surrogate").set_index(["dataset", "searcher", "seed"])
    for name in files:
        header, _ = run_one(experiment, surrogate_table, benchmark, Job("cifar100", name, 1))
        assert header.recommended[0] == runs.loc[("cifar100", name, 1), "arch"]
