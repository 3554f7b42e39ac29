"""The verb `regress`: exit 0, 1 and 2, with PMF-NAS's predictor whole and damaged, in a few groups of the surrogate."""

import json
from pathlib import Path

import pytest

from harness.cli.main import main
from harness.predictors.cells import Cell
from harness.predictors.gate import asking
from harness.predictors.gate.groups import Group
from harness.predictors.gate.reference import checksum, read_reference

DAMAGED = Path(__file__).parents[3] / "support" / "damaged.py"
GROUPS = tuple(
    Group(Cell(*cell), 8)
    for cell in (("cifar100", 60, "12", 12), ("ImageNet16-120", 60, "12", 3), ("ImageNet16-120", 60, "12", 12))
)


@pytest.fixture(scope="module")
def reference(surrogate_table, tmp_path_factory):
    """A reference of the whole predictor, in few groups; the module's calls measure the same."""
    path = tmp_path_factory.mktemp("gate") / "reference.json"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asking, "plain_groups", lambda: GROUPS)
        assert regress(path, "--accept", "--reason", "as it is") == 0
        yield path


@pytest.fixture(autouse=True)
def _few_groups(monkeypatch):
    monkeypatch.setattr(asking, "plain_groups", lambda: GROUPS)


def regress(reference, *arguments):
    fixed = ("--only", "predictor", "--data", "surrogate", "--jobs", "1", "--reference", str(reference))
    return main(["regress", *fixed, *arguments])


@pytest.mark.parametrize("name", ["Unchanged", "LastDigitsOff"])
def test_the_same_predictor_passes(reference, name, capsys):
    assert regress(reference, "--predictor", f"{DAMAGED}:{name}") == 0
    assert "as good as the reference" in capsys.readouterr().out


WORSE = {
    "WrongSignOnOneDataSet": "ImageNet16-120/n60/12@12: tau went from",
    "ConstantSpread": "crps_pct went from",
    "Overconfident": "crps_pct went from",
    "NoUncertainty": "crps_pct in 3 groups: the reference has it, but the predictor gives no spread",
    "IgnoresCurves": "cifar100/n60/12@12: tau went from",
    "IgnoresArchs": "tau went from",
    "FirstEpochOnly": "cifar100/n60/12@12: tau went from",
    "ForgetsLabels": "tau went from",
    "Shuffled": "tau went from",
    "NoisyByTwoHundredths": "tau went from",
}


@pytest.mark.parametrize("name", WORSE)
def test_a_damaged_predictor_fails_and_is_told_how(reference, name, capsys):
    assert regress(reference, "--predictor", f"{DAMAGED}:{name}") == 1
    told = capsys.readouterr().out
    assert "WORSE than the reference in" in told
    assert WORSE[name] in told


def test_a_wrong_sign_on_one_data_set_is_seen_on_that_alone(reference, capsys):
    regress(reference, "--predictor", f"{DAMAGED}:WrongSignOnOneDataSet")
    told = capsys.readouterr().out
    assert "in 2 of 3 groups" in told
    assert "cifar100/n60/12@12: tau" not in told


NO_PREDICTION = {
    "Nan": "mean of a prediction has 1 values that are no finite numbers",
    "WrongShape": "mean of a prediction has shape (999,), but must be (1000,)",
    "Crashes": "ZeroDivisionError: float division by zero",
}


@pytest.mark.parametrize("name", NO_PREDICTION)
def test_a_wrong_prediction_is_bad_input(reference, name, capsys):
    assert regress(reference, "--predictor", f"{DAMAGED}:{name}") == 2
    told = capsys.readouterr().err
    assert NO_PREDICTION[name] in told
    assert "cifar100/n60/12@12, split 1000" in told


def changed(reference, out, **changes):
    """Write the reference with other data names, under a checksum that fits."""
    document = json.loads(reference.read_text())
    document["sections"]["SURROGATE"]["data"] |= changes
    out.write_text(json.dumps(document | {"checksum": checksum(document)}))
    return out


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"fingerprint": "0123456789ab"}, "figures of different data do not compare"),
        ({"splits": "from 0, 10 judged"}, "splits are from 1000"),
    ],
)
def test_other_data_are_bad_input(reference, tmp_path, changes, told, capsys):
    assert regress(changed(reference, tmp_path / "r.json", **changes)) == 2
    assert told in capsys.readouterr().err


def test_a_missing_reference_is_bad_input(reference, tmp_path, capsys):
    assert regress(tmp_path / "none.json") == 2
    assert "is missing" in capsys.readouterr().err


def test_an_edited_reference_is_bad_input_and_cannot_be_accepted_over(reference, tmp_path, capsys):
    edited = tmp_path / "r.json"
    edited.write_text(reference.read_text().replace('"reason": "as it is"', '"reason": "better"'))
    assert regress(edited) == 2
    assert regress(edited, "--accept", "--reason", "over it") == 2
    assert capsys.readouterr().err.count("was edited") == 2


def test_data_that_the_reference_has_not_are_bad_input(reference, tmp_path, capsys):
    document = json.loads(reference.read_text()) | {"sections": {}}
    other = tmp_path / "r.json"
    other.write_text(json.dumps(document | {"checksum": checksum(document)}))
    assert regress(other) == 2
    assert "has nothing of SURROGATE data" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--accept"], "--accept and --reason belong together"),
        (["--accept", "--reason", " "], "--accept and --reason belong together"),
        (["--reason", "none"], "--accept and --reason belong together"),
        (["--accept", "--reason", "x", "--splits", "5"], "a reference needs all splits"),
        (["--accept", "--reason", "x", "--simulate", "100"], "--simulate compares nothing"),
        (["--splits", "1"], "--splits"),
        (["--predictor", "nobody"], "must be a known name or look like"),
        (["--predictor", "flops", "--only", "in-run"], "--only in-run guards the engine's own predictor"),
    ],
)
def test_arguments_that_make_no_sense(reference, arguments, told, capsys):
    before = reference.read_bytes()
    assert regress(reference, *arguments) == 2
    assert told in capsys.readouterr().err
    assert reference.read_bytes() == before


def test_the_reference_of_ours_is_not_replaced_by_another_predictor(capsys):
    wanted = ["regress", "--predictor", f"{DAMAGED}:Shuffled", "--accept", "--reason", "x", "--data", "surrogate"]
    assert main(wanted) == 2
    assert "name a file of its own with --reference" in capsys.readouterr().err


def test_accepting_says_what_changed_and_keeps_the_history(reference, tmp_path, capsys):
    own = tmp_path / "own.json"
    own.write_bytes(reference.read_bytes())
    given = ["--predictor", f"Bad={DAMAGED}:Overconfident", "--accept", "--reason", "we accept it"]
    assert regress(own, *given) == 0
    assert "WORSE than the reference" in capsys.readouterr().out
    section = read_reference(own)["SURROGATE"]
    assert [entry.reason for entry in section.history] == ["as it is", "we accept it"]
    assert section.predictor.name == "Bad"
    assert regress(own, "--predictor", f"{DAMAGED}:Overconfident", "--splits", "6") == 0


def test_a_first_reference_shows_its_figures(reference, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(asking, "plain_groups", lambda: GROUPS[:1])
    assert regress(tmp_path / "new.json", "--accept", "--reason", "first") == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    (row,) = [cells for cells in lines if cells[:1] == ["cifar100/n60/12@12"]]
    values = read_reference(tmp_path / "new.json")["SURROGATE"].values["cifar100/n60/12@12"]
    assert row[1:] == ["8", *(f"{values[name].mean():.3f}" for name in ("tau", "tau_top", "crps_pct"))]


def test_a_spread_that_blew_up_is_worse_and_no_reference(reference, tmp_path, capsys):
    wild = f"{DAMAGED}:HugeSpread"
    assert regress(reference, "--predictor", wild) == 1
    assert "crps_pct is infinite or missing in 8 of 8 splits" in capsys.readouterr().out
    assert regress(tmp_path / "new.json", "--predictor", wild, "--accept", "--reason", "first") == 2
    assert "8 values of crps_pct that are infinite or missing, of 8" in capsys.readouterr().err
    assert not (tmp_path / "new.json").exists()


def test_splits_too_few_to_see_a_great_loss_compare_nothing(reference, capsys):
    assert regress(reference, "--predictor", f"{DAMAGED}:Dice", "--splits", "2") == 2
    assert "NOTHING WAS COMPARED" in capsys.readouterr().out


def test_simulating_prints_rates(reference, monkeypatch, capsys):
    monkeypatch.setattr(asking, "plain_groups", lambda: GROUPS[:1])
    assert regress(reference, "--simulate", "100") == 0
    told = capsys.readouterr().out
    assert "false alarms per run" in told
    assert "cifar100/n60/12@12" in told
