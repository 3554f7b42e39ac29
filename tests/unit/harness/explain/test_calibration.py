"""Coverage of predicted intervals: outcomes that stand at known distances, and records made by hand."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from harness.cli.main import main
from harness.explain.calibration import GROUPS, Coverage, Judged, coverages, frame, judged, markdown
from harness.explain.reading import read_run
from pmfnas.core.errors import InputError
from pmfnas.core.types import Train
from tests.support.explained import HEADER, STAGED, D, asked, by_hand, kept
from tests.support.fakes import A, B, ByHand, C, Scripted, play

ONE = Judged("cifar100", "mine", 0, "12@12", (12.0, "12", 12), "region continue", 70.0, 2.0, 70.0, True, False)
HIGH = replace(ONE, level="200@200", height=(200.0, "200", 200), step="refine finish")


def at(*distances: float, one: Judged = ONE, seed: int = 0) -> list[Judged]:
    """Predictions whose outcomes stand so many stds above the mean."""
    return [replace(one, told=one.mean + one.std * z, seed=seed) for z in distances]


def only(found: list[Judged], group: str = "all", *, noise_pct: float = 0.0) -> Coverage:
    (row,) = [row for row in coverages(found, noise_pct=noise_pct) if row.group == group]
    return row


# ------------------------------------------------------------------------------------------- shares


def test_an_outcome_is_inside_where_its_distance_is_below_the_quantile() -> None:
    row = only(at(0.0, 0.67, -0.68, 1.28, -1.29, 1.64, 1.65, -1.95, 1.97, -5.0))
    assert row.inside == pytest.approx((20.0, 40.0, 60.0, 80.0))
    assert row.above == pytest.approx(20.0)  # 1.65 and 1.97
    assert (row.n, row.n_runs) == (10, 1)
    assert np.isnan(row.error).all()


def test_normal_outcomes_are_covered_as_promised() -> None:
    z = np.random.default_rng(0).standard_normal(20_000)
    row = only([one for seed in range(20) for one in at(*z[seed::20], seed=seed)])
    assert row.inside == pytest.approx((50, 80, 90, 95), abs=1.0)
    assert row.error == pytest.approx(
        tuple(100 * np.sqrt(p * (1 - p) / 20_000) for p in (0.5, 0.8, 0.9, 0.95)), rel=0.5
    )
    assert (row.factor, row.above) == (pytest.approx(1.0, abs=0.03), pytest.approx(5.0, abs=0.6))


def test_stds_half_as_large_as_they_should_be_need_a_factor_of_two() -> None:
    z = np.random.default_rng(0).standard_normal(5_000)
    assert only(at(*(2.0 * z))).factor == pytest.approx(2.0, abs=0.1)


def test_the_error_is_over_runs_and_not_over_requests() -> None:
    row = only([*at(0.0, 0.0, 0.0, seed=1), *at(9.0, 9.0, 9.0, seed=2)])
    assert row.inside == (50.0,) * 4
    assert row.error == pytest.approx((50.0,) * 4)  # two runs, 100 % and 0 %


def test_the_noise_of_a_trial_is_added_in_squares() -> None:
    row = only(at(2.0, one=replace(ONE, std=3.0)), noise_pct=4.0)
    assert row.std_pct == pytest.approx(5.0)
    assert row.inside == (0.0, 100.0, 100.0, 100.0)  # 6 points are 1.2 of 5, and 2 of 3


def test_points_are_percent_points_of_accuracy() -> None:
    row = only(at(1.0, -2.0))
    assert (row.offset_pct, row.std_pct) == (pytest.approx(-1.0), pytest.approx(2.0))
    assert row.rms_pct == pytest.approx(np.sqrt((2.0**2 + 4.0**2) / 2))


def test_every_level_is_judged_by_what_was_told_there() -> None:
    low, high = (row for row in coverages([*at(0.0), *at(5.0, 5.5, 4.5, one=HIGH)]) if row.group == "all")
    assert (low.offset_pct, high.offset_pct) == (0.0, pytest.approx(10.0))
    assert (low.inside, high.inside) == ((100.0,) * 4, (0.0,) * 4)
    assert high.rms_pct == pytest.approx(np.sqrt(100.0 + 2.0 / 3.0))


def test_groups_are_selected_pick_and_every_step() -> None:
    start = replace(ONE, step="explore start", selected=False)
    found = [*at(0.0, one=start), *at(1.0, 9.0), *at(9.0, one=replace(ONE, pick=True))]
    rows = {row.group: row for row in coverages(found)}
    assert list(rows) == [*GROUPS, "explore start", "region continue"]
    assert {name: row.n for name, row in rows.items()} == {
        "all": 4,
        "selected": 3,
        "pick": 1,
        "explore start": 1,
        "region continue": 3,
    }
    assert (rows["pick"].inside[3], rows["selected"].inside[3]) == (0.0, pytest.approx(100.0 / 3.0))


def test_nothing_to_judge_is_said() -> None:
    with pytest.raises(InputError, match="hold no request with mean and std"):
        coverages([])


# ------------------------------------------------------------------------------------------ records


def test_a_start_is_judged_by_where_its_arch_went_on_to(tmp_path) -> None:
    found = judged([read_run(by_hand(STAGED, tmp_path))])
    told = {name: float(ByHand.valid_acc(arch, np.array([12.0]), 0)[0]) for name, arch in (("B", B), ("C", C))}
    assert [(j.step, j.mean, j.std, j.told) for j in found] == [
        ("explore start", 71.0, 2.0, told["B"]),
        ("explore start", 72.0, 1.5, told["C"]),
        ("region continue", 72.5, 0.5, told["C"]),
        ("region continue", 71.5, 0.5, told["B"]),
    ]  # A and D never went on, the full training was cut
    assert {j.level for j in found} == {"12@12"}
    assert [j.selected for j in found] == [False, False, True, True]


def test_a_probe_is_judged_by_its_finish_and_the_pick_is_marked(tmp_path) -> None:
    script = (
        asked(Train(A, "12", 0, 12), "region", "start", mean=50.0, std=1.0),
        asked(Train(D, "12", 0, 12), "region", "start", mean=40.0, std=1.0),
        asked(Train(D, "200", 0, 25, ()), "refine", "probe", mean=41.0, std=1.5),
        asked(Train(D, "200", 25, 200), "refine", "finish", mean=41.5, std=0.5),
        asked(Train(A, "12", 0, 12, None, 0), "refine", "replicate", mean=float("nan"), std=1.0),
    )
    finished = play(Scripted(script), budget_s=10_000.0)
    found = judged([read_run(kept(finished, tmp_path, HEADER))])
    final = float(ByHand.valid_acc(D, np.array([200.0]), 0)[0])
    assert [(j.step, j.level, j.selected) for j in found] == [
        ("region start", "12@12", False),
        ("region start", "12@12", False),
        ("refine probe", "200@200", True),
        ("refine finish", "200@200", True),
    ]  # where no arch goes on, a start is judged by itself; a mean that is no number is none
    assert [j.told for j in found[2:]] == [final, final]
    assert {j.mean for j in found if j.pick} == {40.0, 41.0, 41.5}


def test_requests_without_reasons_are_not_judged(tmp_path) -> None:
    script = [replace(decision, reasons=()) for decision in STAGED]
    assert judged([read_run(by_hand(script, tmp_path))]) == ()


# --------------------------------------------------------------------------------------------- verb


@pytest.fixture
def folder(tmp_path):
    by_hand(STAGED, tmp_path)
    return tmp_path


def test_the_verb_prints_and_writes_a_table(capsys, folder) -> None:
    out = folder / "calibration.md"
    assert main(["calibration", str(folder), "--searchers", "scripted", "--out", str(out)]) == 0
    text = capsys.readouterr().out
    assert text == out.read_text()
    assert "table2, SYNTHETIC data 0123456789ab, 400 s, 1 worker, 1 runs." in text
    assert "## cifar100, scripted" in text
    assert "| 12@12 | all | 4 | 1 |" in text
    assert "percent points of accuracy" in text


def test_csv_has_the_same_rows(capsys, folder) -> None:
    assert main(["calibration", str(folder), "--csv"]) == 0
    printed = capsys.readouterr().out.splitlines()
    rows = coverages(judged([read_run(next(folder.glob("runs/*/*/*.parquet")))]))
    assert printed[0].split(",") == list(frame(rows).columns)
    assert len(printed) == 1 + len(rows)
    assert isinstance(frame(rows), pd.DataFrame)
    assert markdown(rows).count("| 12@12 |") == len(rows)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--searchers", "asha"], "--searchers is 'asha', but must be one of: scripted"),
        (["--datasets", "mnist"], "--datasets is 'mnist', but must be one of: cifar100"),
        (["--seeds", "0"], "--seeds is '0', but must be a whole number of at least 1"),
        (["--noise", "-1"], "--noise is '-1', but must be percent points from 0 to 100"),
    ],
)
def test_bad_input_is_one_line(capsys, folder, flags, message) -> None:
    assert main(["calibration", str(folder), *flags]) == 2
    assert message in capsys.readouterr().err


def test_a_folder_without_runs_is_refused(capsys, tmp_path) -> None:
    assert main(["calibration", str(tmp_path)]) == 2
    assert "holds no run; give the folder of an experiment" in capsys.readouterr().err
