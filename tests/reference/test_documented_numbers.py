"""The numbers of README and docs are those of the committed reference outputs, at the precision that is printed."""

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import pandas as pd
import pytest

from harness.cli.main import main
from harness.compare.verdict import markdown, verdicts
from harness.experiment.batch import open_benchmark, run_one
from harness.experiment.jobs import Job
from harness.experiment.specs import GPU_NIGHT_S, Experiment
from harness.players.file import from_file
from harness.stats.paired import wilcoxon_p
from tests.support.documents import ROOT, read, rows
from tests.support.tutorial import PAGE, better, differences

REFERENCE = ROOT / "results" / "reference"
DATASETS = ("cifar10", "cifar100", "ImageNet16-120")


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


def ranks(runs: pd.DataFrame) -> Mapping[str, float]:
    return (-means(runs)).rank().mean(axis=1).to_dict()


def test_the_main_table():
    runs = frame("table2-anchored")
    spread = runs.groupby(["searcher", "dataset"])["test"].std()
    shown = rows("README.md", "| searcher | CIFAR-10 |")[1:]
    assert {row[0] for row in shown} == set(runs["searcher"])
    for name, *cells, rank in shown:
        expected = [(means(runs).loc[name, d], spread[name, d]) for d in DATASETS]
        assert all(agrees(cell, pair) for cell, pair in zip(cells, expected, strict=True)), (name, expected)
        assert agrees(rank, [ranks(runs)[name]]), name


def at_time(folder: str, searcher: str, seconds: float) -> list[float]:
    """Return the mean test accuracy of the incumbents at a time of the clock, per data set."""
    steps = frame(folder, "steps.parquet").query("searcher == @searcher and time_s <= @seconds")
    last = steps.sort_values("time_s").groupby(["dataset", "seed"])["test"].last()
    return [float(last[d].mean()) for d in DATASETS]


def test_what_was_reached():
    runs = frame("table2-anchored").query("searcher == 'pmf_nas'").groupby("dataset")
    shown = {row[0]: row[2] for row in rows("README.md", "| | wanted | reached |")[1:]}
    assert agrees(shown["mean test at 30,600 s"], [runs["test"].mean()[d] for d in DATASETS])
    assert agrees(shown["mean test at 10,000 s"], at_time("table2-anchored", "pmf_nas", 10_000.0))
    assert agrees(shown["worst of 500 seeds"], [runs["test"].min()[d] for d in DATASETS])
    assert agrees(shown["mean validation regret"], [runs["valid_regret"].mean()[d] for d in DATASETS])


def test_what_the_method_reaches():
    shown = {row[0]: row[1:] for row in rows("docs/method.md", "| | CIFAR-10 | CIFAR-100 | ImageNet16-120 |")[1:]}
    for prefix, searcher in (("", "pmf_nas"), ("without the belief: ", "pmf_nas_no_belief")):
        runs = frame("table2-anchored").query("searcher == @searcher").groupby("dataset")
        own = {label.removeprefix(prefix): cells for label, cells in shown.items() if label.startswith(prefix)}
        early = at_time("table2-anchored", searcher, 10_000.0)
        for at, name in enumerate(DATASETS):
            test = runs["test"].agg(["mean", "std", "min"]).loc[name]
            assert agrees(own["mean test at 10,000 s"][at], [early[at]])
            regret = own["validation regret at the end" if not prefix else "validation regret"][at]
            assert agrees(regret, [runs["valid_regret"].mean()[name]])
            if prefix:
                assert agrees(own["test (worst)"][at], [test["mean"], test["min"]])
            else:
                assert agrees(own["test at 30,600 s, mean ± std (worst)"][at], list(test))


def test_the_replay_of_published_rows():
    runs = frame("published-anchored").groupby("searcher")["test"]
    names = {
        "random search": "random_search",
        "REINFORCE": "reinforce",
        "REA": "regularized_evolution",
        "BOHB": "bohb",
    }
    for label, _, here in rows("README.md", "| method | published | here")[1:]:
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


@pytest.mark.parametrize("row", rows("README.md", "| left out | 3 h |")[1:], ids=lambda row: row[0])
def test_what_each_part_is_worth(row):
    label, *cells, _ = row
    variant = LEFT_OUT.get(label, f"no_{label}")
    for cell, hours in zip(cells, (3.0, 8.5, 34.0, 100.0), strict=True):
        assert agrees(cell, losses("ablation-anchored", variant, hours * 3600)), (hours, cell)


@pytest.mark.parametrize("row", rows("docs/studies.md", "| | 3 h | 8.5 h |")[1:], ids=lambda row: row[0])
def test_what_a_wrong_uncertainty_costs(row):
    variant, *cells = row
    for cell, hours in zip(cells, (3.0, 8.5), strict=True):
        assert agrees(cell, losses("uncertainty-anchored", variant, hours * 3600)), (hours, cell)


def said(page: str, pattern: str) -> str:
    """Return what follows a text in a document; line breaks count as spaces."""
    text = " ".join((ROOT / page).read_text().replace("`", "").split())
    match = re.search(pattern, text)
    assert match, f"{page} does not say {pattern}"
    return match[1]


TRIPLE = r"([\d.]+ / [\d.]+ / [\d.]+)"


@pytest.mark.parametrize(
    ("folder", "searcher", "before"),
    [
        ("no-big-cells-anchored", "pmf_nas", r"no-big-cells-anchored/table.md\)\): "),
        ("no-big-cells-anchored", "pmf_nas_no_belief", "without the belief "),
        ("no-big-cells-anchored", "most_params", r"each control 4.0 \(most_params "),
        ("no-big-cells-anchored", "most_conv3x3", "most_conv3x3 "),
        ("size-surrogate", "pmf_nas", r"size-surrogate/table.md\)\): "),
        ("size-surrogate", "most_params", "with most_params at "),
        ("size-surrogate", "regularized_evolution", "regularised evolution "),
        ("size-surrogate", "asha", "; regularised evolution [^,]*, ASHA "),
        ("size-surrogate", "random_search", "random search (?=92)"),
    ],
)
def test_results_beside_the_main_table(folder, searcher, before):
    assert agrees(said("docs/results.md", before + TRIPLE), list(means(frame(folder)).loc[searcher]))


@pytest.mark.parametrize(
    ("before", "folder", "searcher"),
    [
        ("mean rank (?=1.3; without)", "no-big-cells-anchored", "pmf_nas"),
        (r"94.33 / 73.11 / 46.28, ", "no-big-cells-anchored", "pmf_nas_no_belief"),
        ("each control ", "no-big-cells-anchored", "most_params"),
        ("45.61\\), BOHB ", "no-big-cells-anchored", "bohb"),
        (r"ahead in the mean rank \(", "table2-surrogate", "most_params"),
        (r"mean rank \(1.8 against ", "table2-surrogate", "pmf_nas"),
        (r"\) and a mean rank of ", "size-surrogate", "most_params"),
        (r"mean rank of 1.3 against ", "size-surrogate", "pmf_nas"),
    ],
)
def test_mean_ranks_beside_the_main_table(before, folder, searcher):
    assert agrees(said("docs/results.md", before + r"([\d.]+?\d)(?=\D|$)"), [ranks(frame(folder))[searcher]])


@pytest.mark.parametrize(
    ("row", "folder"),
    [("without the 25 biggest cells", "no-big-cells-anchored"), ("surrogate of another space", "size-surrogate")],
)
def test_the_short_table_of_other_results(row, folder):
    shown = next(r for r in rows("README.md", "| | test, CIFAR-10 /")[1:] if r[0].startswith(row))
    runs = frame(folder)
    assert agrees(shown[1], list(means(runs).loc["pmf_nas"]))
    assert agrees(shown[2], [ranks(runs)["pmf_nas"]])
    assert agrees(
        printed_last(shown[3]), [min(rank for name, rank in ranks(runs).items() if not name.startswith("pmf"))]
    )


def printed_last(text: str) -> str:
    return text.rsplit(" ", 1)[-1]


@pytest.mark.parametrize("folder", ["digits", "cifar10-jpeg-small"])
def test_searches_by_real_training(folder):
    runs = pd.read_csv(REFERENCE / f"search-compare-{folder}" / "results.csv")
    by_name = runs.groupby("searcher")["test_acc"].agg(["mean", "std"])
    (row,) = [r for r in rows("docs/training.md", "| data | budget | pmf_nas, test")[1:] if folder in r[-1]]
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


@pytest.mark.parametrize("row", rows("docs/predictors.md", "| archs | 0 | 1 |")[1:], ids=lambda row: row[0])
def test_the_predictor_by_labels_and_epochs(row):
    for cell, epochs in zip(row[1:], (0, 1, 2, 3, 6, 9, 12), strict=True):
        where = {"kind": "uniform", "schedule": 12, "epochs": epochs, "n_known": int(row[0])}
        assert agrees(cell, [quality("tau", predictor="pmf", **where)]), epochs


@pytest.mark.parametrize(("labels", "epochs"), [(20, 12), (100, 3), (100, 12)])
def test_the_short_table_of_the_predictor(labels, epochs):
    (row,) = [r for r in rows("README.md", "| labels, epochs seen |")[1:] if r[0] == f"{labels}, {epochs}"]
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
