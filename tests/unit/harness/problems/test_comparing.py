"""The comparison on the recordings: who searches with what, and the page in each problem's own direction."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from harness.cli.main import main
from harness.players.process import Command
from harness.problems import outputs
from harness.problems.comparing import FIRST, SEARCHERS, Job, players, recording, run_one
from harness.problems.problem import NAMES, problem
from harness.problems.recorded import RecordedProblem
from harness.problems.tables import markdown, summarised
from pmfnas.loop.finish import Finishing
from pmfnas.loop.record import read_header, read_rows

PYTHONS = {"optuna": Path("python-of-optuna"), "neps": Path("python-of-neps")}


def test_packages_are_told_of_orders_and_of_the_guess():
    playing = players(problem("digits_cnn"), PYTHONS)
    assert set(playing) == set(SEARCHERS)
    told = [factory for factory in playing.values() if isinstance(factory, Command)]
    assert [command.words[-4:] for command in told] == [("--ordered", "0,1,2,5", "--prior", "1,2,1,0,0,1")] * 2


def some_runs(**values):
    """Return the runs and steps of two searchers: 20 seeds each, at the values given."""
    rows = [
        {"problem": name, "searcher": searcher, "seed": seed, "status": "ok", "why": "", "arch": "", "budget_s": 8.0}
        | {"value": value + 0.001 * seed, "clock_s": 8.0, "evaluations": 9, "searcher_s": 0.1}
        for name in NAMES
        for searcher, value in values.items()
        for seed in range(20)
    ]
    runs = pd.DataFrame(rows)
    steps = runs[["problem", "searcher", "seed", "value"]].assign(time_s=np.where(runs["seed"] < 10, 1.0, 3.0))
    return runs, steps


def test_better_is_larger_or_smaller_as_the_metric_says():
    table = summarised(*some_runs(pmf_nas=0.9, random_search=0.8)).set_index(["problem", "searcher"])
    found = table.xs("random_search", level="searcher")
    assert found["difference"].to_dict() == pytest.approx(
        {"digits_mlp": 0.1, "diabetes_boosting": -0.1, "digits_cnn": -0.1}
    )
    assert found["verdict"].to_dict() == {"digits_mlp": "better", "diabetes_boosting": "worse", "digits_cnn": "worse"}
    assert list(found["wins"]) == [20, 0, 0]
    worst = table.xs(FIRST, level="searcher")["worst"]
    assert worst.to_dict() == pytest.approx({"digits_mlp": 0.9, "diabetes_boosting": 0.919, "digits_cnn": 0.919})
    assert table["at_25"].to_numpy() == pytest.approx([0.9045, 0.8045] * 3), "only half of the seeds have one by then"
    page = markdown(table.reset_index(), 2)
    assert "valid\\_acc, larger is better" in page
    assert "valid\\_rmse, smaller is better" in page


@pytest.mark.parametrize("searcher", [FIRST, "random_search_long"])
def test_a_run_spends_its_budget_and_ends_well_where_larger_is_worse(searcher, tmp_path):
    job = Job("diabetes_boosting", searcher, 0)
    run_one(job, {}, tmp_path)
    header, rows = read_header(job.path(tmp_path)), read_rows(job.path(tmp_path))
    assert header.status == "ok", header.why
    assert header.clock_s <= header.budget_s
    recorded = recording(job.problem)
    best_fifth = np.quantile(recorded.finals, 0.2)
    assert recorded.final(recorded.problem.space.parse(header.recommended[0])) < best_fifth
    frame = rows.to_pandas()
    stops = set(frame.loc[frame["schedule"] == "long", "stop"])
    assert stops == {27}, "no long training is judged by the training loss of its first epochs"


def test_own_searchers_are_wrapped_as_in_a_search():
    own = problem("digits_mlp")
    factory = players(own, {})["random_search"]
    benchmark = RecordedProblem(recording("digits_mlp"))
    made = factory(benchmark.space, benchmark.fidelities, 1.0, 1, rng=np.random.default_rng(0))
    assert isinstance(made, Finishing)


def test_the_page_is_written_again_from_the_frames(tmp_path, capsys):
    runs, steps = some_runs(pmf_nas=0.9, random_search=0.8)
    (tmp_path / "results.csv").write_text(runs.to_csv(index=False))
    steps.to_parquet(tmp_path / "steps.parquet")
    outputs.write_again(tmp_path)
    assert "digits_mlp" in capsys.readouterr().out
    assert (tmp_path / "table.md").read_text() == markdown(summarised(runs, steps), 2)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--record"], "--record is for --problems"),
        (["--problems", "--budget", "1h"], "--budget says nothing to --problems"),
        (["--problems", "--searchers", "asha"], "searcher is 'asha', but must be one of: pmf_nas, optuna-5-tpe"),
    ],
)
def test_what_cannot_be_used_is_refused(words, said, tmp_path, capsys):
    assert main(["peers", *words, "--out", str(tmp_path / "out")]) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
