"""The verb `table` knows a writer for every kind of folder, and says what it knows of any other."""

import contextlib
import io
import json

import pandas as pd
import pytest

from harness.cli.main import main
from harness.cli.table import WRITERS
from harness.compare.studies import STUDIES
from harness.compare.study_outputs import write_again
from harness.experiment.specs import EXPERIMENTS
from pmfnas.core.errors import InputError
from tests.support.frames import some_runs
from tests.support.reported import folder_of

BY_TRAINING = {"search", "search-compare", "problem", "problem-compare"}
ELSEWHERE = {"compare", "peers", "problems", *BY_TRAINING}


def test_every_experiment_has_a_writer():
    assert set(WRITERS) == {*EXPERIMENTS, *STUDIES, *ELSEWHERE}


@pytest.mark.parametrize("name", ["predictors", "table3", None])
def test_a_folder_of_another_kind_is_refused(name, tmp_path, capsys):
    (tmp_path / "spec.json").write_text(json.dumps({"experiment": name}))
    assert main(["table", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert f"holds the experiment {str(name)!r}, but `table` knows no-big-cells, published" in said
    assert "run the verb that made it again" in said


@pytest.mark.parametrize("name", sorted(set(WRITERS) - BY_TRAINING))
def test_a_folder_without_finished_runs_is_refused(name, tmp_path, capsys, surrogate_table):
    claim = {"experiment": name, "budget_s": 3600.0, "workers": 1, "accounting": "resume"}
    (tmp_path / "spec.json").write_text(json.dumps(claim))
    (tmp_path / "3h").mkdir()
    (tmp_path / "3h" / "spec.json").write_text(json.dumps(claim))
    assert main(["table", str(tmp_path), "--data", "surrogate"]) == 2
    assert "holds no finished run; run the" in capsys.readouterr().err
    assert {file.name for file in tmp_path.iterdir()} == {"spec.json", "3h"}


def test_a_folder_that_is_none_is_refused(tmp_path, capsys):
    assert main(["table", str(tmp_path)]) == 2
    assert "is not a folder of results: it has no spec.json" in capsys.readouterr().err


# ------------------------------------------------------------------------------------------------- from frames


FIGURES = ("accuracy", "regret", "final", "figures/ranks", "figures/profiles", "figures/iqm", "figures/improvement")


def files_of(folder) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def folder(tmp_path):
    return folder_of(tmp_path / "reference", with_record=False)


@pytest.fixture(scope="module")
def tabled(tmp_path_factory):
    """Such a folder once `table` has written into it, and what was printed."""
    folder = folder_of(tmp_path_factory.mktemp("tabled") / "reference", with_record=False)
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        assert main(["table", str(folder)]) == 0
    return folder, printed.getvalue()


def test_a_folder_of_frames_gets_every_table_and_figure(tabled):
    folder, printed = tabled
    figures = {f"{name}.{kind}" for name in (*FIGURES, "figures/against-cifar10") for kind in ("png", "pdf")}
    assert figures | {"table.md", "table.csv", "table.tex", "summary.csv"} <= files_of(folder)
    lines = printed.split("\n\n")
    assert lines[-3].lstrip().startswith("All data sets\n")
    assert " ".join(lines[-1].split()).startswith("On ANCHORED data (cifar10 and cifar100; 24 seeds, 2 GPU-hours), ")
    assert "Published" not in (folder / "table.md").read_text()


def test_without_steps_there_are_no_figures_over_time(folder):
    for name in ("steps", "timings"):
        (folder / f"{name}.parquet").unlink()
    assert main(["table", str(folder)]) == 0
    assert {"final.png", "figures/ranks.png", "table.md"} <= files_of(folder)
    assert not {"accuracy.png", "regret.png", "figures/against-cifar10.png"} & files_of(folder)


def test_rows_of_other_papers_are_there_where_asked_for(folder, capsys):
    assert main(["table", str(folder), "--published"]) == 0
    assert "| RoBoT | 94.36±0.00 |" in (folder / "table.md").read_text()
    runs = some_runs(n_seeds=2).assign(data="REAL-FINALS")
    assert main(["table", str(folder_of(folder / "held", runs, with_record=False)), "--published"]) == 0
    assert "no rows of other papers are shown" in capsys.readouterr().out
    assert "Published" not in (folder / "held" / "table.md").read_text()


def test_show_changes_the_figures_and_nothing_else(folder, tabled):
    other, folder = folder, tabled[0]
    assert main(["table", str(other), "--show", "asha"]) == 0
    same = {name for name in files_of(folder) if (folder / name).read_bytes() == (other / name).read_bytes()}
    changed = {name for name in files_of(folder) - same if name.endswith(".png")}
    assert changed == {f"{name}.png" for name in FIGURES}
    assert {"table.md", "table.csv", "summary.csv", "figures/against-cifar10.png"} <= same


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--show", "ashe"], "--show is 'ashe', but must be one of: asha, most_params, pmf_nas, random_search; did"),
        (["--show", ","], "--show is ',', but must hold names"),
    ],
)
def test_a_choice_that_cannot_be_shown_writes_nothing(folder, capsys, flags, said):
    before = files_of(folder)
    assert main(["table", str(folder), *flags]) == 2
    assert said in capsys.readouterr().err
    assert files_of(folder) == before


def test_studies_do_not_take_a_choice_of_searchers(folder, capsys):
    (folder / "spec.json").write_text(json.dumps({"experiment": "ablation", "workers": 1}))
    assert main(["table", str(folder), "--show", "pmf_nas"]) == 2
    assert "--show and --published are for results of no-big-cells, published, size, table2" in capsys.readouterr().err


def test_frames_of_a_study_with_other_settings_are_refused(folder):
    study = STUDIES["ablation"]()
    runs = some_runs().replace({"searcher": {"asha": study.variants[0].name}}).assign(settings="{}")
    runs[runs["searcher"].isin(["pmf_nas", study.variants[0].name])].to_parquet(folder / "runs.parquet")
    with pytest.raises(InputError, match=r"made with the settings \{\}, but it now has"):
        write_again(study, folder)
    assert len(pd.read_parquet(folder / "runs.parquet")) == 96
