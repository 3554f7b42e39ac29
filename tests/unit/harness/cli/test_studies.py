"""The verbs `ablation` and `sensitivity` from end to end on small runs: outputs, resuming, and what is refused."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from baselines.random_search import RandomSearch
from harness.cli import studies as study_commands
from harness.cli import table as table_commands
from harness.cli.main import main
from harness.compare.studies import Study, Variant
from harness.compare.study_outputs import run_study, write_study
from harness.experiment import folder as folders
from harness.experiment.jobs import jobs
from harness.players.ours import REFERENCE
from harness.stats.variants import compare_variants
from pmfnas.core.errors import InputError
from tests.support.verbs import refused

VARIANTS = "no_curves,no_refine"
SMALL = ["--data", "surrogate", "--variants", VARIANTS, "--datasets", "cifar10", "--seeds", "1", "--jobs", "1"]
HOURS = "0.3h,0.4h"
DERIVED = ("table.md", "table.csv", "where.csv", "runs.parquet", "oracle.csv", "test.pdf", "valid_regret.png")


pytestmark = pytest.mark.usefixtures("own_cache")


@pytest.fixture(scope="module")
def made(tmp_path_factory, surrogate_table):
    """A finished ablation, to be copied before it is changed."""
    out = tmp_path_factory.mktemp("studies") / "ablation"
    assert main(["ablation", *SMALL, "--budget", HOURS, "--out", str(out)]) == 0
    return out


@pytest.fixture
def result(made, tmp_path):
    return Path(shutil.copytree(made, tmp_path / "ablation"))


def test_outputs_are_written_and_say_what_made_them(made):
    records = sorted(path.relative_to(made).as_posix() for path in made.glob("*/runs/**/*.parquet"))
    expected = [
        f"{h}/runs/nb201-cifar10/{s}/s1000.parquet"
        for h in ("0.3h", "0.4h")
        for s in ("no_curves", "no_refine", REFERENCE)
    ]
    assert records == expected
    assert all((made / name).stat().st_size for name in DERIVED)
    table = pd.read_csv(made / "table.csv")
    assert list(table["budget_s"].unique()) == [1080, 1440]
    assert set(table["data"]) == {"SURROGATE"}
    manifest = json.loads((made / "manifest.json").read_text())
    assert manifest["experiment"] == "ablation"
    assert manifest["seeds_per_budget"] == {"0.3 h": 1, "0.4 h": 1}
    assert manifest["changes"] == {"no_refine": "left out", "no_curves": "left out"}
    assert manifest["failed"] == 0


def test_table_makes_the_same_outputs_from_the_records(result):
    before = {name: (result / name).read_bytes() for name in DERIVED}
    for name in DERIVED:
        (result / name).unlink()
    assert main(["table", str(result), "--data", "surrogate"]) == 0
    assert {name: (result / name).read_bytes() for name in DERIVED} == before


def test_only_what_is_missing_is_run_again(result, capsys):
    records = sorted(result.glob("*/runs/**/*.parquet"))
    before = [record.read_bytes() for record in records]
    records[1].unlink()
    kept = {record: record.stat().st_mtime_ns for record in records if record.exists()}
    assert main(["ablation", *SMALL, "--budget", HOURS, "--out", str(result)]) == 0
    errors = capsys.readouterr().err
    assert "2 of 3 runs were finished before" in errors
    assert "3 of 3 runs were finished before" in errors
    assert {record: record.stat().st_mtime_ns for record in kept} == kept
    assert [record.read_bytes() for record in records] == before


def test_a_folder_of_other_results_is_left_alone(result, capsys, tmp_path):
    before = (result / "table.md").read_bytes()
    assert "holds results with experiment ablation" in refused(
        capsys, ["sensitivity", "--data", "surrogate", "--seeds", "1", "--out", str(result)]
    )
    assert "holds results with workers 1" in refused(
        capsys, ["ablation", *SMALL, "--workers", "2", "--out", str(result)]
    )
    assert (result / "table.md").read_bytes() == before
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("precious")
    assert "is not a folder of results" in refused(capsys, ["ablation", *SMALL, "--out", str(tmp_path / "thesis")])


def test_runs_of_other_settings_are_not_called_by_todays(result, monkeypatch, capsys):
    changed = study_commands.STUDIES["ablation"]()
    first = changed.variants[0].factory
    swapped = [Variant(v.name, v.subject, v.kind, v.change, first) for v in changed.variants]
    study = Study(changed.name, changed.title, tuple(swapped), changed.n_seeds)
    monkeypatch.setattr(table_commands, "STUDIES", {"ablation": lambda: study})
    assert "were made with the settings" in refused(capsys, ["table", str(result), "--data", "surrogate"])


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--variants", "no_luck"], "--variants is 'no_luck', but must be one of: no_explore"),
        (["--budget", "0h"], "--budget is '0h', but must be a positive time"),
        (["--seeds", "0"], "--seeds is '0', but must be a whole number of at least 1"),
        (["--datasets", "mnist"], "data set is 'mnist'"),
        (["--jobs", "many"], "--jobs is 'many'"),
        (["--data", "/no/such/table"], "no such path exists"),
    ],
)
def test_an_argument_that_cannot_be_used(capsys, tmp_path, flags, message):
    out = tmp_path / "out"
    assert message in refused(capsys, ["ablation", "--data", "surrogate", "--out", str(out), *flags])
    assert not out.exists()


def test_a_dry_run_lists_the_variants_and_writes_nothing(capsys, tmp_path):
    out = tmp_path / "out"
    assert main(["ablation", *SMALL, "--budget", "0.3h", "--dry-run", "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "pmf_nas and 2 variants x 1 data sets x (1 seeds at 0.3 h) = 3 runs" in printed
    assert "no_refine: left out" in printed
    assert not out.exists()


def test_sensitivity_names_what_it_does_not_vary(capsys, tmp_path):
    flags = ["--variants", "round_starts_halved", "--budget", "0.3h", "--out", str(tmp_path / "out")]
    assert main(["sensitivity", *SMALL[:2], *SMALL[4:], *flags]) == 0
    text = (tmp_path / "out" / "table.md").read_text()
    assert "- without: frozenset, not a number" in text
    assert "round\\_starts\\_halved" in text


def test_a_wrong_uncertainty_is_run_and_named(capsys, tmp_path):
    flags = ["--variants", "std_doubled", "--budget", "0.3h", "--out", str(tmp_path / "out")]
    assert main(["uncertainty", *SMALL[:2], *SMALL[4:], *flags]) == 0
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["changes"] == {"std_doubled": "times 2"}
    assert "predictor" in str(
        pd.read_parquet(tmp_path / "out" / "runs.parquet").query("searcher != 'pmf_nas'")["settings"].item()
    )


def test_the_reference_is_updated_when_asked(result, monkeypatch, tmp_path):
    monkeypatch.setattr(folders, "REFERENCE_DIR", tmp_path / "reference")
    flags = ["--budget", HOURS, "--out", str(result), "--update-reference"]
    assert main(["ablation", *SMALL, *flags]) == 0
    names = {path.name for path in (tmp_path / "reference" / "ablation-surrogate").iterdir()}
    assert names >= {"table.md", "test.png", "runs.parquet", "manifest.json"}
    assert not names & {"oracle.csv", "table.csv", "test.pdf"}


def test_a_variant_that_searches_worse_loses(tmp_path, surrogate_table):
    blind = Variant("no_brain", "brain", "left out", "left out", RandomSearch)
    study = Study("toy", "Toy", (blind,), {14_400.0: 3}, datasets=("cifar100",))
    run_study(study, surrogate_table, tmp_path, n_jobs=1)
    frame, _ = write_study(study, {e.budget_s: jobs(e) for e in study.experiments()}, surrogate_table, tmp_path)
    differences = dict(zip(frame["measure"], frame["difference"], strict=True))
    assert differences["test"] > 0.5
    assert differences["valid_regret"] < -0.5
    runs = pd.read_parquet(tmp_path / "runs.parquet")
    again = compare_variants(runs, reference=REFERENCE, rng=np.random.default_rng(1))
    assert list(again["difference"]) == pytest.approx(list(frame["difference"]))


def test_variants_share_the_stream_of_the_full_searcher(tmp_path, surrogate_table):
    same = Variant(
        "no_change", "nothing", "left out", "left out", study_commands.STUDIES["ablation"]().players[REFERENCE]
    )
    study = Study("toy", "Toy", (same,), {2_400.0: 2}, datasets=("cifar100",))
    run_study(study, surrogate_table, tmp_path, n_jobs=1)
    frame, _ = write_study(study, {e.budget_s: jobs(e) for e in study.experiments()}, surrogate_table, tmp_path)
    assert list(frame["ties"]) == [2, 2]


def test_an_unfinished_run_is_named(result, surrogate_table):
    next(result.glob("0.3h/runs/*/no_curves/*.parquet")).unlink()
    study = study_commands.STUDIES["ablation"]()
    given = {1080.0: [job for job in jobs(study.experiment(1080.0, 1)) if job.dataset == "cifar10"]}
    with pytest.raises(InputError, match="is not finished"):
        write_study(study, given, surrogate_table, result)
