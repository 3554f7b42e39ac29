"""A search from the data to the model: on a few images, with a clock that only ticks when it is read."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from pmfnas.core.errors import DataError, InputError
from pmfnas.loop.record import read_header, read_rows, record_path
from pmfnas.spaces import space_for

torch = pytest.importorskip("torch", reason="torch is not installed: no training here (extra train)")

from harness.search import checks as checks_module  # noqa: E402
from harness.search import export as export_module  # noqa: E402
from harness.search import run as search_module  # noqa: E402
from harness.search.export import export  # noqa: E402
from harness.search.final_test import verify_test_images  # noqa: E402
from harness.search.folder import read_result  # noqa: E402
from harness.search.result import conclude  # noqa: E402
from harness.search.run import open_search, run_search  # noqa: E402
from pmfnas.loop.journal import Journal  # noqa: E402
from pmfnas.training.checkpoints import Checkpoints  # noqa: E402
from pmfnas.training.data import open_source  # noqa: E402
from tests.support.training_runs import (  # noqa: E402
    interrupted,
    searched,
    spec_of,
    ticking,
)
from tests.support.verbs import refused  # noqa: E402


def test_the_classes_are_in_the_folder_and_are_said_before_the_start(mine, tmp_path, capsys):
    searched(spec_of(mine), tmp_path / "out")
    assert json.loads((tmp_path / "out" / "spec.json").read_text())["class_names"] == ["0", "1", "2"]
    log = (tmp_path / "out" / "log.txt").read_text()
    assert log in capsys.readouterr().err
    before = " ".join(log[: log.index("time: measuring took")].split())
    assert "3 classes, training + validation + test images: 0 30 + 4 + 4, 1 20 + 2 + 2, 2 22 + 3 + 3" in before


@pytest.mark.parametrize(("searcher", "space"), [("pmf_nas", "nb201"), ("asha", "nats-sss")])
def test_a_search_ends_in_time_with_a_trained_network_and_its_record(mine, tmp_path, searcher, space):
    spec, out = spec_of(mine, searcher=searcher, space=space), tmp_path / "out"
    result = searched(spec, out)
    assert (result["schedule"], result["epochs"], result["dataset"]) == ("3", 3, "mine")
    assert result["gpu_hours"] * 3600 <= 600.0
    assert 0 <= result["test_acc"] <= 100
    assert result == read_result(out)
    before, after = (out / "oracle.csv").read_text().splitlines()[1:]
    assert (before, after) == ("verification before the start,0,9", f"{space}-mine/{searcher}/s0000,1,9")
    path = record_path(out, f"{space}-mine/{searcher}/s0000")
    header, rows = read_header(path), read_rows(path)
    assert (header.data, header.fingerprint, header.status) == ("TRAINED", result["data"].split()[1], "ok")
    assert header.recommended[0] == result["arch"]
    assert sum(rows["train_s"].to_pylist()) + sum(rows["valid_s"].to_pylist()) <= header.clock_s
    assert header.busy_hours <= header.gpu_hours_resume
    spaces = space_for(space, n_classes=3, image_size=8)
    kept = {spaces.format(arch) for arch in map(spaces.parse, header.recommended)}
    assert len(list((out / "checkpoints").iterdir())) >= 1
    assert result["arch"] in kept


@pytest.mark.parametrize("at", [1, 9])
def test_an_interrupted_search_goes_on_and_keeps_what_it_had(mine, tmp_path, monkeypatch, at):
    spec, out = spec_of(mine), tmp_path / "out"
    interrupted(monkeypatch, at, spec, out)
    before = (out / "journal.jsonl").read_bytes() if (out / "journal.jsonl").exists() else b""
    assert read_result(out) is None
    result = searched(spec, out, resume=True)
    assert (out / "journal.jsonl").read_bytes().startswith(before)
    assert result["epochs"] == 3
    events = Journal(out / "journal.jsonl").read()
    assert [e.time_s for e in events] == sorted(e.time_s for e in events)
    numbers = [e.ticket.number for e in events]
    assert sorted(set(numbers)) == sorted(numbers)


def test_a_search_of_two_interruptions_in_a_row_goes_on(mine, tmp_path, monkeypatch):
    spec, out = spec_of(mine), tmp_path / "out"
    for resume in (False, True):
        interrupted(monkeypatch, 4, spec, out, resume=resume)
    assert searched(spec, out, resume=True)["epochs"] == 3


def test_checkpoints_of_archs_that_the_journal_lacks_are_removed(mine, tmp_path, monkeypatch):
    spec, out = spec_of(mine, searcher="random_search", schedules=(1,)), tmp_path / "out"
    interrupted(monkeypatch, 4, spec, out)
    stray = out / "checkpoints" / "0-2-777"
    stray.mkdir()
    (stray / "00001.pt").write_bytes(b"")
    needed = {e.ticket.request.arch for e in Journal(out / "journal.jsonl").read()}
    interrupted(monkeypatch, 1, spec, out, resume=True)
    assert not stray.exists()
    assert len({p.name.split("-")[0] for p in (out / "checkpoints").iterdir()}) == len(needed) == 6


def test_of_the_archs_that_the_searcher_drops_only_the_recommended_one_keeps_its_weights(mine, tmp_path, monkeypatch):
    spec, out = spec_of(mine), tmp_path / "out"  # this searcher drops an arch whose next rung begins anew
    interrupted(monkeypatch, 4, spec, out)
    told = Journal(out / "journal.jsonl").read()
    assert len(told) == 6
    best = max(told, key=lambda event: event.outcome.curve.last_valid_acc).ticket.request.arch
    (kept,) = (out / "checkpoints").iterdir()
    number = np.ravel_multi_index(best, (5,) * 6)
    assert kept.name.startswith(f"{number}-")
    interrupted(monkeypatch, 1, spec, out, resume=True)
    assert list((out / "checkpoints").iterdir()) == [kept]


def test_a_search_cut_off_before_its_last_training_still_has_a_model(mine, tmp_path):
    now_s = [0.0]

    def slowing():  # after 150 seconds everything takes ten times as long
        now_s[0] += 5.0 if now_s[0] < 150.0 else 50.0
        return now_s[0]

    opened = open_search(spec_of(mine, budget_s=300.0), tmp_path / "out", resume=False)
    result = conclude(run_search(opened, clock=slowing), tmp_path / "out")
    assert (result["schedule"], result["epochs"]) == ("1", 1)
    assert result["arch"] == result["recommended"]


def test_the_same_search_on_the_same_clock_gives_the_same_record(mine, tmp_path):
    results = [searched(spec_of(mine), tmp_path / name) for name in ("a", "b")]
    paths = [record_path(tmp_path / name, "nb201-mine/asha/s0000") for name in ("a", "b")]
    assert results[0]["arch"] == results[1]["arch"]
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_the_model_answers_as_the_search_scored_it(mine, tmp_path, monkeypatch):
    monkeypatch.setattr(export_module, "find_spec", lambda name: None)  # no ONNX file, which takes seconds
    spec, out = spec_of(mine), tmp_path / "out"
    run = run_search(open_search(spec, out, resume=False), clock=ticking(5.0))
    result = conclude(run, out)
    written = export(out, tmp_path / "model.pt2")
    model, card = written.model, written.card.read_text()
    test = run.source.test()
    answer = torch.export.load(model).module()(torch.from_numpy(test.pixels))
    assert answer.shape == (len(test), 3)
    right = (answer.argmax(dim=1).numpy() == test.labels).mean() * 100
    assert right == pytest.approx(result["test_acc"])
    assert result["arch"] in card
    assert "trained on the training split, 72 images; not retrained on the validation images" in card
    assert "python -m harness export OUT --to model.pt2 --retrain --data-dir DIR" in card


# ----------------------------------------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ([], "--dataset is missing"),
        (["--dataset", "cifar10"], "needs --data-dir"),
        (["--dataset", "cifar10", "--data-dir", "/no/such"], "no such path exists"),
        (["--dataset", "../up"], "must be a plain name"),
        (["--dataset", "digits", "--budget", "0"], "--budget is '0'"),
        (["--dataset", "digits", "--schedules", "12,3"], "must be rising numbers"),
        (["--dataset", "digits", "--schedules", "long"], "--schedules is 'long'"),
        (["--dataset", "digits", "--searcher", "luck"], "--searcher is 'luck', but must be one of"),
        (["--dataset", "digits", "--space", "darts"], "--space is 'darts'"),
        (["--dataset", "digits", "--width", "0"], "--width is '0'"),
        (["--dataset", "digits", "--device", "tpu"], "--device is 'tpu', but must be auto, cpu, cuda"),
    ],
)
def test_an_argument_that_cannot_be_used(capsys, tmp_path, flags, message):
    assert message in refused(capsys, ["search", *flags, "--out", str(tmp_path / "out")])
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_a_gpu_is_asked_for_where_there_is_none(capsys, tmp_path):
    arguments = ["search", "--dataset", "digits", "--device", "cuda", "--out", str(tmp_path / "out")]
    assert "use --device cpu" in refused(capsys, arguments)


def test_a_budget_within_which_nothing_ends_says_so(mine, tmp_path):
    now_s = [0.0]

    def slowing():  # measuring is quick, and then nothing is
        now_s[0] += 5e-3 if now_s[0] < 0.05 else 100.0
        return now_s[0]

    opened = open_search(spec_of(mine, budget_s=3.0), tmp_path / "out", resume=False)
    with pytest.raises(InputError, match=r"--budget is 3 s, but no training ended within it"):
        conclude(run_search(opened, clock=slowing), tmp_path / "out")


def test_a_budget_shorter_than_an_epoch_is_refused_with_the_arithmetic(mine, tmp_path):
    out = tmp_path / "out"
    pattern = r"^time: measuring took 15 s of a budget of 20 s; an epoch of the largest network takes about 9 s, .*; "
    with pytest.raises(InputError, match=pattern + r"3 epochs and a validation = 28 s: too short for a single epoch"):
        searched(spec_of(mine, budget_s=20.0), out)
    assert not (out / "checkpoints").exists()
    spec = spec_of(mine, schedules=(1, 2), budget_s=200.0)  # nothing was trained: the claim gives way
    assert searched(spec, out)["epochs"] == 2


def test_where_the_longest_schedule_does_not_fit_a_shorter_one_is_trained_to_its_end(mine, tmp_path):
    out = tmp_path / "out"
    result = searched(spec_of(mine, schedules=(1, 3, 200), budget_s=600.0), out)
    assert (result["schedule"], result["epochs"]) == ("3", 3)
    said = " ".join((out / "log.txt").read_text().split())
    assert "the budget buys not one such training" in said
    assert "For a search give --budget 301m, or --schedules 1,6" not in said
    assert "For a search give --budget 6h, or --schedules 1,6" in said  # ten of 200 x 9 s, and ten within 600 s


def test_what_was_measured_is_on_the_clock_once_also_after_an_interruption(mine, tmp_path, monkeypatch):
    spec, out = spec_of(mine), tmp_path / "out"
    interrupted(monkeypatch, 3, spec, out)
    before = json.loads((out / "measured.json").read_text())
    first = Journal(out / "journal.jsonl").read()[0]
    assert first.start_s >= before["seconds"] > 0
    with monkeypatch.context() as patch:
        patch.setattr(checks_module, "measured_speed", None)  # not asked again
        result = searched(spec, out, resume=True)
    assert result["setup_hours"]["measuring"] == before["seconds"] / 3600
    assert result["setup_hours"]["building"] > 0
    said = " ".join((out / "log.txt").read_text().split())
    assert (
        said.count("measuring how fast the largest network trains, for 30 s of the budget or one step of two images")
        == 1
    )
    assert said.count("time: measuring took 15 s of a budget of 10 min; an epoch of the largest network") == 2


def test_the_width_can_be_measured_and_stays_the_same_after_an_interruption(mine, tmp_path, monkeypatch):
    spec, out = spec_of(mine, width=None), tmp_path / "out"
    interrupted(monkeypatch, 3, spec, out)
    width = json.loads((out / "spec.json").read_text())["width"]
    assert width in (1, 2, 4, 8, 16, 32)
    with monkeypatch.context() as patch:
        patch.setattr(search_module, "choose_width", None)  # not asked again
        assert searched(spec, out, resume=True)["epochs"] == 3
    assert json.loads((out / "spec.json").read_text())["width"] == width


@pytest.mark.parametrize("resume", [False, True])
def test_damaged_test_images_are_an_error_before_the_budget_is_spent(mine, tmp_path, monkeypatch, resume):
    spec, out = spec_of(mine), tmp_path / "out"
    if resume:
        interrupted(monkeypatch, 3, spec, out)
    real = search_module.open_source

    def damaged():
        raise DataError("image 50 of mine.npz is truncated or no image")

    with monkeypatch.context() as patch:
        patch.setattr(
            search_module, "open_source", lambda *args, **kwargs: replace(real(*args, **kwargs), test=damaged)
        )
        with pytest.raises(DataError, match="image 50 of"):
            open_search(spec, out, resume=resume)
    assert out.exists() == resume
    assert searched(spec, out, resume=resume)["epochs"] == 3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda test: test.take(np.arange(0)), "has no test image"),
        (lambda test: replace(test, pixels=test.pixels[..., :4, :4]), "has test images of 4 pixels a side, but"),
        (lambda test: replace(test, labels=test.labels + 1), r"has test labels 1\.\.3, but 3 classes"),
    ],
)
def test_test_images_that_cannot_be_scored_are_found_before_the_start(mine, change, message):
    source = open_source("mine", mine)
    data, test = source.search(), source.test()
    assert verify_test_images(source, data) == 9
    with pytest.raises(DataError, match=message):
        verify_test_images(replace(source, test=lambda: change(test)), data)


def test_a_start_that_was_refused_leaves_a_folder_that_another_search_may_have(mine, tmp_path, monkeypatch):
    out = tmp_path / "out"
    with monkeypatch.context() as patch:
        patch.setattr(checks_module, "free_memory", lambda: 10**6)
        with pytest.raises(
            InputError, match=r"to validate the largest network, .* 1 MB free: too little; use --width 1, smaller"
        ):
            searched(spec_of(mine), out)
    assert searched(spec_of(mine, seed=1), out)["epochs"] == 3
    assert (out / "oracle.csv").read_text().count("verification before the start,0,9") == 2


def test_too_little_disk_says_so_before_the_start(mine, tmp_path, monkeypatch):
    out = tmp_path / "out"
    with monkeypatch.context() as patch:
        patch.setattr(checks_module.shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(100, 99, 1))
        with pytest.raises(InputError, match=r"disk: 100 checkpoints x .* MB, 0 MB free: too little"):
            searched(spec_of(mine), out)
    assert searched(spec_of(mine), out, resume=True)["epochs"] == 3


def test_a_disk_that_fills_up_loses_nothing(mine, tmp_path, monkeypatch):
    spec, out = spec_of(mine), tmp_path / "out"

    real = Checkpoints.save

    def full(checkpoints, key, state):
        if state.epoch == 3:
            raise InputError("00003.pt cannot be written (No space left on device); make room")
        real(checkpoints, key, state)

    with monkeypatch.context() as patch:
        patch.setattr(Checkpoints, "save", full)
        with pytest.raises(InputError, match="No space left"):
            searched(spec, out)
        before = (out / "journal.jsonl").read_bytes()
        assert before.count(b"\n") >= 2
        with pytest.raises(InputError, match="No space left"):
            searched(spec, out, resume=True)
    assert (out / "journal.jsonl").read_bytes().startswith(before)
    assert searched(spec, out, resume=True)["epochs"] == 3
