"""The end of a search: its network trained anew on all it had, and what is said of the weights that are exported."""

import json
import logging
import shlex
import shutil
import sys

import numpy as np
import pytest

from harness.cli.main import main
from pmfnas.core.errors import DataError, InputError, UnavailableError
from pmfnas.training.recipe import Recipe

torch = pytest.importorskip("torch", reason="torch is not installed: no training here (extra train)")

from harness.search import export as export_module  # noqa: E402
from harness.search import retrain as retrain_module  # noqa: E402
from harness.search.card import retrain_command  # noqa: E402
from harness.search.export import export  # noqa: E402
from harness.search.result import conclude  # noqa: E402
from harness.search.retrain import retrain  # noqa: E402
from harness.search.run import open_search, run_search  # noqa: E402
from harness.search.spec import SearchSpec, finished_search  # noqa: E402
from pmfnas.training.data import open_source  # noqa: E402
from pmfnas.training.session import Session  # noqa: E402
from tests.support.training_runs import ticking, tiny_images  # noqa: E402

RECIPE = Recipe(channels=(4, 4, 8), cells_per_stage=1, batch_size=32)


@pytest.fixture(scope="module")
def searched(tmp_path_factory):
    """Return the folder of images, and of a search on them that has ended."""
    folder = tmp_path_factory.mktemp("searched")
    images = tiny_images(90, 5)
    np.savez(folder / "mine.npz", images=images.pixels, labels=images.labels)
    spec = SearchSpec(
        "mine", folder / "mine.npz", schedules=(1, 5), budget_s=700.0, searcher="asha", device="cpu", recipe=RECIPE
    )
    conclude(run_search(open_search(spec, folder / "out", resume=False), clock=ticking(5.0)), folder / "out")
    return folder


@pytest.fixture
def mine(searched):
    return searched / "mine.npz"


@pytest.fixture
def out(searched, tmp_path):
    return shutil.copytree(searched / "out", tmp_path / "out")


def silent(line):
    del line


def test_it_is_trained_on_training_and_validation_images_and_scored_once_more(mine, out, tmp_path):
    lines = []
    found = retrain(out, mine, "cpu", say=lines.append, clock=ticking(1.0))
    assert found["trained_on"] == "the training and validation splits together, 81 images"
    assert (found["schedule"], found["epochs"], found["seed"]) == ("5", 5, finished_search(out)[1]["seed"])
    assert lines[-1].startswith("epoch 5 of 5")
    assert (out / "oracle.csv").read_text().splitlines()[1:][-1] == "retrained,1,9"
    written = export(out, tmp_path / "model.pt2", found)
    test = open_source("mine", mine).test()
    answer = torch.export.load(written.model).module()(torch.from_numpy(test.pixels))
    assert (answer.argmax(dim=1).numpy() == test.labels).mean() * 100 == pytest.approx(found["test_acc"])
    card = written.card.read_text()
    assert "retrained on the training and validation splits together, 81 images" in card
    assert "--retrain" not in card
    assert not list((out / "retrain").glob("*/*.pt"))


def test_what_was_retrained_is_not_trained_again(mine, out, monkeypatch):
    first = retrain(out, mine, "cpu", say=silent)
    monkeypatch.setattr(retrain_module, "Session", None)
    assert retrain(out, None, "cpu", say=silent) == first
    assert (out / "oracle.csv").read_text().count("retrained") == 1


def test_interrupted_it_goes_on_to_the_same_weights(mine, out, tmp_path, monkeypatch):
    real, left = Session.advance, [3]

    def advance(session):
        left[0] -= 1
        if left[0] == 0:
            raise KeyboardInterrupt
        return real(session)

    with monkeypatch.context() as patch:
        patch.setattr(Session, "advance", advance)
        with pytest.raises(KeyboardInterrupt):
            retrain(out, mine, "cpu", say=silent)
    kept = list((out / "retrain").glob("*/*.pt"))
    assert [path.name for path in kept] == ["00002.pt"]
    lines = []
    retrain(out, mine, "cpu", say=lines.append)
    assert [line.split(",")[0] for line in lines[1:]] == ["epoch 3 of 5", "epoch 4 of 5", "epoch 5 of 5"]
    parts = torch.load(out / "retrained.pt", weights_only=True)
    for name in ("retrained.json", "retrained.pt"):
        (out / name).unlink()
    retrain(out, mine, "cpu", say=silent)
    torch.testing.assert_close(torch.load(out / "retrained.pt", weights_only=True), parts, rtol=0, atol=0)


def test_other_data_are_refused(out, tmp_path):
    images = tiny_images(90, 6)
    np.savez(tmp_path / "other.npz", images=images.pixels, labels=images.labels)
    with pytest.raises(InputError, match="give the data it searched on"):
        retrain(out, tmp_path / "other.npz", "cpu", say=silent)


def test_a_training_that_diverges_says_so_and_leaves_the_search_as_it_was(mine, out, monkeypatch):
    wild = {**finished_search(out)[0], "recipe": {**json.loads((out / "spec.json").read_text())["recipe"]}}
    wild["recipe"]["learning_rate"] = 1e30
    (out / "spec.json").write_text(json.dumps(wild))
    with pytest.raises(UnavailableError, match=r"diverged in epoch 1; the search's own weights remain"):
        retrain(out, mine, "cpu", say=silent)
    assert not (out / "retrained.json").exists()


def test_a_damaged_file_is_named(mine, out):
    (out / "retrained.json").write_text("{")
    with pytest.raises(DataError, match=r"retrained\.json is damaged"):
        retrain(out, mine, "cpu", say=silent)


# ----------------------------------------------------------------------------------------------- the command line, ONNX


def test_the_command_that_the_search_prints_retrains_and_exports(mine, out, tmp_path, monkeypatch):
    monkeypatch.setattr(export_module, "find_spec", lambda name: None)  # no ONNX file, which takes seconds
    model = tmp_path / "my model.pt2"
    command = retrain_command(finished_search(out)[0], str(out), str(mine), str(model))
    assert main([*shlex.split(command)[3:], "--device", "cpu"]) == 0
    assert model.exists()
    assert "retrained on the training and validation splits" in (tmp_path / "my model.md").read_text()


def test_digits_need_no_folder():
    assert retrain_command({"dataset": "digits"}) == "python -m harness export OUT --to model.pt2 --retrain"


def test_without_the_exporter_there_is_no_onnx_file_and_it_says_what_to_install(out, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(export_module, "find_spec", lambda name: None)
    assert main(["export", str(out), "--to", str(tmp_path / "model.pt2")]) == 0
    said = capsys.readouterr().out
    install = f"`{sys.executable} -m pip install onnx onnxscript`"
    assert f"no ONNX file: onnx and onnxscript not installed; {install} and export again\n" in said
    assert not (tmp_path / "model.onnx").exists()
    assert "ONNX" not in (tmp_path / "model.md").read_text()


def test_the_onnx_file_answers_as_the_program_does_and_names_its_classes(out, tmp_path, caplog):
    pytest.importorskip("onnxscript", reason="onnxscript is not installed: no ONNX export here")
    onnx = pytest.importorskip("onnx", reason="onnx is not installed: no ONNX export here")
    from onnx.reference import ReferenceEvaluator

    written = export(out, tmp_path / "model.pt2")
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []
    assert written.onnx == tmp_path / "model.onnx"
    assert "`model.onnx`" in written.card.read_text()
    images = tiny_images(5, 1).pixels
    ours = torch.export.load(written.model).module()(torch.from_numpy(images)).numpy()
    stored = onnx.load(written.onnx)
    assert {entry.key: entry.value for entry in stored.metadata_props}["class_names"] == '["0", "1", "2"]'
    (theirs,) = ReferenceEvaluator(stored).run(None, {"images": images})
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4)


def test_an_exporter_that_fails_is_named(out, tmp_path, monkeypatch):
    def fails(*arguments, **settings):
        raise RuntimeError("no such operator\nand a long story")

    monkeypatch.setattr(export_module, "find_spec", lambda name: object())
    monkeypatch.setattr(torch.onnx, "export", fails)
    why = "the exporter failed (RuntimeError: no such operator)"
    written = export(out, tmp_path / "model.pt2")
    assert (written.onnx, written.why_no_onnx) == (None, why)
    (tmp_path / "model.onnx").write_bytes(b"old")
    again = export(out, tmp_path / "model.pt2")
    assert again.why_no_onnx == f"{why}; {tmp_path / 'model.onnx'} there is of an earlier export"
