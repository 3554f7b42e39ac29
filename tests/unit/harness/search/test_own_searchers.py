"""`search` with networks and searchers of the user's own, and with recipe and objective by flags."""

import json
import sys
from dataclasses import replace

import numpy as np
import pytest

from pmfnas.core.errors import DataError, InputError
from pmfnas.loop.record import read_header, record_path

torch = pytest.importorskip("torch", reason="torch is not installed: no training here (extra train)")

from harness.cli.main import main  # noqa: E402
from harness.players.file import from_command, from_file  # noqa: E402
from harness.players.process import Limits  # noqa: E402
from harness.search.card import model_card  # noqa: E402
from harness.search.family import family_file, kept  # noqa: E402
from harness.search.result import conclude  # noqa: E402
from harness.search.retrain import retrain  # noqa: E402
from harness.search.run import open_search, run_search  # noqa: E402
from harness.search.spec import NB201, SearchSpec, finished_search, settled  # noqa: E402
from tests.support.documents import ROOT  # noqa: E402
from tests.support.training_runs import ticking, tiny_data, tiny_images  # noqa: E402

FAMILY = """
import pmfnas
from layers import net


class Small:
    choices = pmfnas.Choices(width=[4, 8], lr=pmfnas.LogGrid(0.03, 0.1, 30))

    def build(self, arch, n_classes, image_shape):
        return net(arch.width, n_classes)
"""
LAYERS = """
from torch import nn


def net(width, n_classes):
    pool = nn.AdaptiveAvgPool2d(1)
    return nn.Sequential(nn.Conv2d(3, width, 3), nn.ReLU(), pool, nn.Flatten(), nn.Linear(width, n_classes))
"""


@pytest.fixture
def spec(tmp_path):
    """A search in a family of 60 archs on 90 images of three classes, of which one is rare."""
    images = tiny_images(90, 5)
    kept = np.flatnonzero((images.labels < 2) | (np.arange(90) % 2 == 0))
    np.savez(tmp_path / "mine.npz", images=images.pixels[kept], labels=images.labels[kept])
    (tmp_path / "small.py").write_text(FAMILY)
    (tmp_path / "layers.py").write_text(LAYERS)
    family = family_file(f"{tmp_path / 'small.py'}:Small")
    settings = {"schedules": (1, 12), "budget_s": 900.0, "device": "cpu", "objective": "balanced-accuracy"}
    return SearchSpec("mine", tmp_path / "mine.npz", space="Small", family=family, searcher="asha", **settings)


def searched(spec, out):
    return conclude(run_search(open_search(spec, out, resume=False), clock=ticking(2.0)), out)


def test_a_family_is_searched_and_stays_with_its_search(spec, tmp_path):
    result = searched(spec, tmp_path / "out")
    assert result["arch"].startswith("width=")
    assert result["objective"] == "balanced-accuracy"
    assert f"lr={result['recipe']['learning_rate']}" in result["arch"]
    assert result["recipe"]["balanced"]
    claim, result = finished_search(tmp_path / "out")
    (tmp_path / "layers.py").unlink()
    assert kept(claim, tmp_path / "out").path == tmp_path / "out" / "family" / "small.py"
    assert "| test balanced accuracy |" in model_card(claim, result, None, "model.pt2", "")
    again = retrain(tmp_path / "out", tmp_path / "mine.npz", "cpu", say=lambda line: None)
    assert (again["arch"], again["epochs"]) == (result["arch"], 12)
    (tmp_path / "out" / "family" / "layers.py").write_text("changed = True\n")
    with pytest.raises(DataError, match=r"small\.py is missing or was changed"):
        kept(claim, tmp_path / "out")


def test_a_class_in_a_file_drives_a_search(spec, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["new-searcher", "my_search"]) == 0
    name, factory = from_file("my_search.py:MySearch")
    result = searched(replace(spec, searcher=name, guest=factory), tmp_path / "out")
    header = read_header(record_path(tmp_path / "out", "Small-mine/MySearch/s0000"))
    assert header.settings["source"] == factory.identity
    assert result["tickets"]["ok"] >= 4
    assert json.loads((tmp_path / "out" / "spec.json").read_text())["source"] == factory.identity


def test_a_command_drives_a_search_and_ends_with_it(spec, tmp_path):
    script = ROOT / "tests" / "processes" / "random_search.py"
    name, factory = from_command(f"{sys.executable} {script}", Limits())
    result = searched(replace(spec, searcher=name, guest=factory), tmp_path / "out")
    assert (name, result["schedule"]) == ("random_search", "12")
    assert result["tickets"]["ok"] >= 2


def test_the_batch_fits_the_data_and_settings_by_flag_come_first():
    few, many = tiny_data(n_train=144), tiny_data(n_train=5000)
    plain = SearchSpec("mine")
    assert settled(plain, few)[0].recipe.batch_size == 8
    assert settled(plain, few)[0].recipe.learning_rate == pytest.approx(0.1 * (8 / 256) ** 0.5)
    assert settled(plain, many)[0].recipe == NB201
    asked, data = settled(replace(plain, batch_size=32, learning_rate=0.5, mirror=False, crop=0), few)
    assert (asked.recipe.batch_size, asked.recipe.learning_rate, data.flip, data.padding) == (32, 0.5, False, 0)


def test_a_setting_that_the_family_chooses_is_no_flag(spec):
    with pytest.raises(InputError, match="--lr is given, but Small has a choice lr"):
        replace(spec, learning_rate=0.1)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--space", "nothing.py:Small"], "nothing.py' is no Python file"),
        (["--space", "small.py:Other"], "small.py has no class Other; it has: Small"),
        (["--searcher", "asha", "--command", "true"], "--searcher and --command are both given"),
        (["--lr", "fast"], "--lr is 'fast', but must be a number"),
        (["--lr", "-1"], "learning_rate, weight_decay are -1.0"),
        (["--mirror", "maybe"], "--mirror is 'maybe', but must be yes or no"),
        (["--objective", "f1"], "--objective is 'f1', but must be one of: accuracy, balanced-accuracy"),
        (["--image-size", "30", "--data-dir", "mine.npz"], "--image-size is 30, but must be a positive multiple of 4"),
    ],
)
def test_flags_that_cannot_be_used(spec, tmp_path, monkeypatch, capsys, words, message):
    monkeypatch.chdir(tmp_path)
    assert main(["search", "--dataset", "mine", *words]) == 2
    assert message in capsys.readouterr().err
