"""Exit codes of runs that failed, references that are not replaced by less, and one order of the frames."""

import json

import pandas as pd
import pytest

from harness.cli.main import main
from harness.compare import outputs
from harness.experiment import folder as folders
from pmfnas.core.errors import InputError
from tests.support.frames import runs_of, some_runs

SMALL = ["run", "table2", "--data", "surrogate", "--budget", "30m", "--jobs", "1"]


def failing(searcher, datasets, n):
    """Return runs of which the first `n` seeds of a searcher failed on some data sets."""
    runs = runs_of({d: {s: [93.0, 93.5] for s in ("asha", "mine")} for d in ("cifar10", "cifar100")})
    lost = (runs["searcher"] == searcher) & runs["dataset"].isin(datasets) & (runs["seed"] < n)
    runs.loc[lost, ["status", "test"]] = ["failed", None]
    runs.loc[lost, "why"] = [f"reason {i}\nof many" for i in range(lost.sum())]
    return runs


@pytest.mark.parametrize(
    ("datasets", "n", "code", "said"),
    [
        ((), 0, 0, ""),
        (("cifar10", "cifar100"), 1, 0, ""),
        (("cifar100",), 2, 1, "mine: all 2 runs on cifar100 failed, the first with: reason 0 of many\n"),
        (
            ("cifar10", "cifar100"),
            2,
            1,
            "mine: all 4 runs on cifar10, cifar100 failed, the first with: reason 0 of many\n",
        ),
    ],
)
def test_the_exit_code_says_where_all_runs_failed(datasets, n, code, said, capsys):
    assert outputs.exit_code(failing("mine", datasets, n)) == code
    assert capsys.readouterr().err == said


def test_runs_that_end_without_an_arch_have_failed_too(capsys):
    runs = some_runs()
    runs.loc[runs["searcher"] == "asha", "test"] = None
    assert outputs.exit_code(runs) == 1
    assert (
        "asha: all 48 runs on cifar10, cifar100 failed, the first with: no arch at its end" in capsys.readouterr().err
    )


@pytest.fixture
def reference(monkeypatch, tmp_path):
    """A committed reference of two searchers on two data sets, eight runs."""
    monkeypatch.setattr(folders, "REFERENCE_DIR", tmp_path / "reference")
    folder = tmp_path / "reference" / "table2-surrogate"
    folder.mkdir(parents=True)
    made = {"searchers": {"asha": "", "pmf_nas": ""}, "datasets": ["cifar10", "cifar100"], "runs": 8}
    (folder / "manifest.json").write_text(json.dumps(made))
    return folder


@pytest.mark.parametrize(
    ("mine", "said"),
    [
        ({"searchers": ["pmf_nas"]}, "it has searchers asha; run all of it"),
        ({"datasets": ["cifar10"]}, "it has datasets cifar100; "),
        ({"runs": 7}, "it has 8 runs instead of 7; "),
    ],
)
def test_less_does_not_replace_a_reference(reference, mine, said):
    whole = {"searchers": ["pmf_nas", "asha", "bohb"], "datasets": ["cifar10", "cifar100"], "runs": 8}
    folders.refuse_less("table2-surrogate", whole)
    folders.refuse_less("another-surrogate", mine)
    with pytest.raises(InputError, match=said):
        folders.refuse_less("table2-surrogate", whole | mine)


def test_a_part_is_refused_before_it_is_run(reference, tmp_path, capsys, surrogate_table):
    out = tmp_path / "out"
    assert main([*SMALL, "--searchers", "pmf_nas", "--seeds", "9", "--update-reference", "--out", str(out)]) == 2
    assert "would replace results/reference/table2-surrogate by less: it has searchers asha" in capsys.readouterr().err
    assert not out.exists()


def test_run_and_table_write_the_same_frames_in_the_same_order(tmp_path, surrogate_table):
    out, names = tmp_path / "out", ("runs", "steps", "timings")
    flags = ["--searchers", "random_search,asha", "--datasets", "cifar100,cifar10", "--seeds", "2"]
    assert main([*SMALL, *flags, "--out", str(out)]) == 0
    before = {name: (out / f"{name}.parquet").read_bytes() for name in names}
    runs = pd.read_parquet(out / "runs.parquet")
    assert runs["seed"].tolist() == [0, 1] * 4
    assert runs["searcher"].tolist() == [name for _ in range(2) for name in runs["searcher"].unique() for _ in range(2)]
    assert runs["dataset"].tolist() == ["cifar10"] * 4 + ["cifar100"] * 4
    assert main(["table", str(out), "--data", "surrogate"]) == 0
    assert {name: (out / f"{name}.parquet").read_bytes() for name in names} == before
