"""The study: chunks that resume, results in every cell, what is refused, and the verb from end to end."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from harness.cli.main import main
from harness.experiment import folder as folders
from harness.predictors import outputs
from harness.predictors.candidates import CANDIDATES
from harness.predictors.cells import Cell, essential, smoke_grid
from harness.predictors.figures import envelope
from harness.predictors.study import Plan, chunks, results, spread
from harness.predictors.summary import JUDGED, against, over_datasets, summarise, with_price
from harness.predictors.tables import StudyText, markdown
from pmfnas.core.errors import InputError
from pmfnas.core.predictors import reads_of
from tests.support.verbs import refused

FEW = {name: CANDIDATES[name] for name in ("flops", "last_valid", "pmf")}
SMOKE = ["predictors", "--smoke", "--data", "surrogate", "--datasets", "cifar10", "--splits", "2", "--jobs", "1"]
NAMED = [word for name in FEW for word in ("--predictor", name)]

MINE = """
import numpy as np
from pmfnas.core.predictors import Prediction, Reads


class Mine:
    reads = Reads(labels=False, curves="training")

    def __init__(self, space, target, *, rng):
        pass

    def fit(self, known, labels):
        pass

    def predict(self, queries):
        last = queries.train_loss[:, -1] if queries.n_epochs else np.zeros(len(queries))
        return Prediction(-last)
"""


pytestmark = pytest.mark.usefixtures("own_cache")


@pytest.fixture(scope="module")
def made(tmp_path_factory, surrogate_table):
    """A finished study, to be copied before it is changed."""
    out = tmp_path_factory.mktemp("studies") / "predictors"
    assert main([*SMOKE, *NAMED, "--out", str(out)]) == 0
    return out


@pytest.fixture
def result(made, tmp_path):
    return shutil.copytree(made, tmp_path / "predictors")


def plan():
    return Plan(FEW, smoke_grid(("cifar10",)), "smoke", 2, 500, 1)


# ------------------------------------------------------------------------------------------------------- end to end


def test_outputs_are_written_and_say_what_made_them(made):
    frame = pd.read_parquet(made / "results.parquet")
    assert len(frame) == len(FEW) * len(plan().cells) * 2
    assert not frame.drop(columns=[c for c in frame if frame[c].isna().any()]).isna().any().any()
    manifest = json.loads((made / "manifest.json").read_text())
    assert manifest["data"] == "SURROGATE"
    assert manifest["predictors"] == list(FEW)
    reference = json.loads((made / "predictors.json").read_text())
    mean, half = reference["pmf"]["cifar10/50/12/12/uniform"]["tau"]
    assert 0.5 < mean < 1.0
    assert half > 0
    assert "fit_host_s" not in (made / "predictors.json").read_text()
    assert "SURROGATE" in (made / "table.md").read_text()
    assert (made / "quality.png").stat().st_size


def test_ours_beats_the_controls_where_it_has_labels_and_curves(made):
    summary = summarise(pd.read_parquet(made / "results.parquet"))
    taus = summary.query("n_known == 50 and epochs == 12 and kind == 'uniform'").set_index("predictor")["tau"]
    assert taus["pmf"] > max(taus["flops"], taus["last_valid"]) + 0.05


def test_it_goes_on_where_it_stopped_and_ends_the_same(result, capsys):
    before = (result / "predictors.json").read_bytes()
    (missing,) = result.glob("chunks/cifar10/pmf/*.parquet")
    kept = {path: path.stat().st_mtime_ns for path in result.glob("chunks/**/*.parquet") if path != missing}
    missing.unlink()
    assert main([*SMOKE, *NAMED, "--out", str(result)]) == 0
    assert "2 of 3 chunks were finished before" in capsys.readouterr().err
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    assert (result / "predictors.json").read_bytes() == before


def test_another_grid_or_other_code_is_not_mixed_in(result, capsys, monkeypatch):
    whole = [word for word in SMOKE if word != "--smoke"]
    assert "grid smoke, but this run has grid whole" in refused(capsys, [*whole, *NAMED, "--out", str(result)])
    monkeypatch.setattr("harness.predictors.study.study_hash", lambda: "other")
    assert "but this run has code other" in refused(capsys, [*SMOKE, *NAMED, "--out", str(result)])


def test_a_damaged_chunk_is_named(result):
    (chunk,) = result.glob("chunks/cifar10/flops/*.parquet")
    chunk.write_bytes(b"no parquet")
    with pytest.raises(Exception, match=r"is damaged .* remove it and run the study again"):
        results(plan(), result)


def test_update_reference_copies_what_is_derived(result, tmp_path, monkeypatch, surrogate_table):
    monkeypatch.setattr(folders, "REFERENCE_DIR", tmp_path / "reference")
    target = outputs.update_reference(surrogate_table, result)
    assert target == tmp_path / "reference" / "predictors" / "surrogate"
    kept = {path.name for path in target.iterdir()}
    assert kept == {"manifest.json", "noise.csv", "summary.parquet", "table.md", "quality.png"}
    manifest = target / "manifest.json"
    whole = manifest.read_text()
    manifest.write_text(json.dumps({**json.loads(whole), "splits": 30, "predictors": ["flops", "gp", "pmf"]}))
    with pytest.raises(InputError, match="it has predictors gp; 30 splits instead of"):
        outputs.update_reference(surrogate_table, result)
    assert (target / "table.md").exists()


def test_a_dry_run_writes_nothing(tmp_path, capsys):
    assert main([*SMOKE, *NAMED, "--dry-run", "--out", str(tmp_path / "none")]) == 0
    assert "0 of 3 chunks finished" in capsys.readouterr().out
    assert not (tmp_path / "none").exists()


# ---------------------------------------------------------------------------------------------- a user's predictor


def test_a_predictor_from_a_file_is_compared(result, tmp_path, capsys):
    file = tmp_path / "my.py"
    file.write_text(MINE)
    asked = [*SMOKE, "--predictor", f"mine={file}:Mine", "--against", "flops"]
    assert main([*asked, "--out", str(result)]) == 0
    assert "Against flops" in capsys.readouterr().out
    frame = pd.read_parquet(result / "results.parquet")
    assert set(frame["predictor"]) == {"mine", "flops"}
    file.write_text(MINE.replace("-last", "last"))
    assert "choose another --out, or another name" in refused(capsys, [*asked, "--out", str(result)])


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("nobody", "predictor is 'nobody', but must be a file or one of:"),
        ("no.py:Mine", "is no Python file"),
        ("{file}:Other", "has no class Other"),
        ("{file}:np", "my.py has no class np"),
        ("pmf={file}:Mine", "two predictors are called 'pmf'"),
    ],
)
def test_a_predictor_that_is_none_is_refused(tmp_path, capsys, given, said):
    file = tmp_path / "my.py"
    file.write_text(MINE)
    assert said in refused(capsys, [*SMOKE, "--predictor", given.format(file=file), "--out", str(tmp_path / "out")])


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("def predict", "def foretell", "lacks predict"),
        ("space, target, *, rng", "space", "its constructor must take (space, target, *, rng)"),
        ("-last", "np.full(len(queries), np.nan)", "no finite numbers"),
        ("-last", "last[:-1]", "one per query"),
    ],
)
def test_a_broken_predictor_ends_the_study_with_a_reason(tmp_path, capsys, old, new, said):
    file = tmp_path / "my.py"
    file.write_text(MINE.replace(old, new))
    assert said in refused(capsys, [*SMOKE, "--predictor", f"{file}:Mine", "--out", str(tmp_path / "out")])


# ----------------------------------------------------------------------------------------------- frames and figures


def test_every_cell_gets_the_result_of_its_essential_one():
    asked = plan()
    computed = pd.DataFrame(
        [
            {"predictor": name, **{k: getattr(cell, k) for k in ("dataset", "n_known", "schedule", "epochs", "kind")}}
            | {"split": 0, "tau": float(i)}
            for name in FEW
            for i, cell in enumerate(asked.own_cells(name, "cifar10"))
        ]
    )
    found = spread(asked, computed)
    assert len(found) == len(FEW) * len(asked.cells)
    own = {name: list(asked.own_cells(name, "cifar10")) for name in FEW}
    for row in found.to_dict("records"):
        cell = Cell(row["dataset"], row["n_known"], row["schedule"], row["epochs"], row["kind"])
        place = own[row["predictor"]].index(essential(cell, reads_of(FEW[row["predictor"]])))
        assert row["tau"] == place


def made_up(differences=(0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1)):
    rows = []
    for dataset in ("cifar10", "cifar100"):
        for split, gap in enumerate(differences):
            for name, tau in (("pmf", 0.8 + 0.01 * split), ("other", 0.8 + 0.01 * split - gap)):
                numbers = dict.fromkeys(plan_measures(), 1.0) | {"tau": tau}
                prices = {"labels_s": 100.0, "query_s": 2.0, "fit_host_s": 0.1, "query_host_s": 0.1}
                cell = {"dataset": dataset, "n_known": 100, "schedule": "12", "epochs": 12, "kind": "uniform"}
                rows.append({"predictor": name, **cell, "split": split, **numbers, **prices})
    return pd.DataFrame(rows)


def plan_measures():
    from harness.predictors.measures import MEASURES

    return list(MEASURES)


def test_means_intervals_and_prices_by_hand():
    frame = made_up()
    assert with_price(frame)["total_s"].iloc[0] == 100.0 + 2.0 * JUDGED
    summary = summarise(frame).set_index(["predictor", "dataset"])
    assert summary.loc[("pmf", "cifar10"), "tau"] == pytest.approx(0.83)
    half = 2.446912 * np.std(0.01 * np.arange(7), ddof=1) / np.sqrt(7)
    assert summary.loc[("pmf", "cifar10"), "tau_half"] == pytest.approx(half, rel=1e-4)
    mean = over_datasets(summary.reset_index()).set_index("predictor")
    assert mean.loc["pmf", "tau"] == pytest.approx(0.83)
    assert mean.loc["pmf", "tau_half"] == pytest.approx(half / np.sqrt(2), rel=1e-4)


def test_a_paired_difference_is_found_where_it_is_and_only_there():
    rows = against(made_up(), "pmf").query("measure == 'tau'")
    assert set(rows["verdict"]) == {"worse"}
    assert rows["difference"].to_numpy() == pytest.approx(-0.1)
    none = against(made_up((0.1, -0.1, 0.1, -0.1, 0.05, -0.05, 0.0)), "pmf").query("measure == 'tau'")
    assert set(none["verdict"]) == {"none"}


def test_mean_and_ranks_that_disagree_are_neither_better_nor_worse():
    rows = against(made_up((0.1,) * 26 + (-0.9,) * 4), "pmf").query("measure == 'tau'")
    assert (rows["p_value"] < 0.05).all()
    assert (rows["difference"] > 0).all()
    assert set(rows["verdict"]) == {"mixed"}


@pytest.mark.parametrize(
    ("own", "reference", "verdict"),
    [(np.nan, 1.0, "worse"), (np.inf, 1.0, "worse"), (1.0, np.inf, "better"), (np.inf, np.inf, "none")],
)
def test_a_measure_that_is_no_number_is_the_worst_there_is(own, reference, verdict):
    frame = made_up()
    frame["crps_pct"] += 0.01 * frame["split"]  # so that neither lacks it everywhere
    first_six = frame["split"] < 6
    frame.loc[first_six & (frame["predictor"] == "other"), "crps_pct"] = own
    frame.loc[first_six & (frame["predictor"] == "pmf"), "crps_pct"] = reference
    rows = against(frame, "pmf").query("measure == 'crps_pct'")
    assert rows["n_pairs"].tolist() == [7, 7]
    assert set(rows["verdict"]) == {verdict}


def test_a_measure_that_a_predictor_never_has_is_not_compared():
    frame = made_up()
    frame.loc[frame["predictor"] == "other", "crps_pct"] = np.nan
    assert "crps_pct" not in set(against(frame, "pmf")["measure"])
    assert "tau" in set(against(frame, "pmf")["measure"])


def test_a_mean_leaves_no_split_out():
    frame = made_up()
    frame.loc[(frame["predictor"] == "other") & (frame["split"] == 2), "crps_pct"] = np.nan
    frame.loc[(frame["predictor"] == "other") & (frame["split"] == 2), "rmse_pct"] = np.inf
    summary = summarise(frame).set_index("predictor")
    assert summary.loc["other", ["crps_pct", "crps_pct_half"]].isna().all(axis=None)
    assert np.isinf(summary.loc["other", "rmse_pct"]).all()
    assert (summary.loc["pmf", "crps_pct"] == 1.0).all()
    kept = json.loads(folders.json_text(outputs.as_json(summarise(frame))), parse_constant=pytest.fail)
    (cell, *_) = kept["other"].values()
    assert cell["rmse_pct"] == [None, None]
    assert "crps_pct" not in cell


def test_the_envelope_keeps_what_no_cheaper_one_equals():
    x, y = envelope(np.array([3.0, 1.0, 2.0, 4.0]), np.array([0.5, 0.4, 0.3, 0.5]))
    assert x.tolist() == [1.0, 3.0]
    assert y.tolist() == [0.4, 0.5]


def test_the_table_says_what_a_predictor_does_not_state():
    frame = made_up()
    frame.loc[frame["predictor"] == "other", "coverage_90"] = np.nan
    ceiling = pd.DataFrame([{"dataset": "cifar10", "of": "truth, test"} | dict.fromkeys(plan_measures(), 0.5)])
    text = markdown(StudyText(summarise(frame), ceiling, against(frame, "pmf"), "SYNTHETIC"))
    (line,) = [line for line in text.splitlines() if line.startswith("| other | 0.730 ±")]
    assert " - " in line
    assert text.index("| pmf | 0.830 ±") < text.index("| other | 0.730 ±")


def test_chunks_cover_every_split_once():
    asked = Plan(FEW, smoke_grid(), "smoke", 7)
    of_one = [c for c in chunks(asked) if (c.predictor, c.dataset) == ("pmf", "cifar100")]
    assert [s for c in of_one for s in range(c.start, c.stop)] == list(range(7))


def test_the_predictor_of_the_docs_can_enter(tmp_path):
    page = (Path(__file__).parents[4] / "docs" / "how-to" / "own-predictor.md").read_text()
    file = tmp_path / "my.py"
    file.write_text(page.split("```python\n")[1].split("```")[0])
    asked = [*SMOKE, "--predictor", f"{file}:MyPredictor", "--against", "flops", "--out", str(tmp_path / "out")]
    assert main(asked) == 0
    summary = summarise(pd.read_parquet(tmp_path / "out" / "results.parquet"))
    assert summary.query("predictor == 'MyPredictor' and epochs == 12")["tau"].min() > 0.4
