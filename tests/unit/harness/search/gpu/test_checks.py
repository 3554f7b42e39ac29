"""The checks for a GPU, on a CPU: tiny networks, a clock that ticks, and stand-ins for what only a GPU has."""

import json
import sys
import time
from dataclasses import replace

import pytest

from harness.cli.main import main

torch = pytest.importorskip("torch", reason="torch is not installed: no training here (extra train)")

from harness.search.gpu import checks as gpu_checks  # noqa: E402
from harness.search.gpu.checks import CHECKS, Laboratory, Machine, Sizes, search_command  # noqa: E402
from harness.search.gpu.plain import Augmented  # noqa: E402
from harness.search.gpu.report import made_up_images, markdown, passed, run_checks  # noqa: E402
from pmfnas.training import session as session_module  # noqa: E402
from pmfnas.training.capture import compiled  # noqa: E402
from pmfnas.training.pack import Pack  # noqa: E402
from pmfnas.training.stream import DeviceImages, epoch_draws  # noqa: E402
from tests.support.training_runs import TINY, ticking, tiny_data  # noqa: E402

ARCH = (3, 3, 4, 0, 3, 4)
SIZES = Sizes(
    recipe=TINY,
    widths=(1, 2, 4),
    n_steps=2,
    faster_widths=(1, 2),
    compiled_widths=(1,),
    plain_steps=2,
    plain_processes=0,
    epochs=3,
    packing_epochs=2,
    packing_seeds=(1, 2),
    published={ARCH: 50.0},
    published_within_pct=50.0,
    packing_within_pct=20.0,
)

SEARCH = """
import json, sys, time
from pathlib import Path
out = Path(sys.argv[sys.argv.index("--out") + 1])
out.mkdir(exist_ok=True)
journal = out / "journal.jsonl"
if "--resume" not in sys.argv:
    journal.write_text("{}\\n{}\\n{}\\n{ cut")
    time.sleep(60)
journal.write_text("{}\\n" * 5)
MODE
(out / "result.json").write_text("{}")
"""


def as_it_is(pack, batch):
    del batch
    return pack.step


@pytest.fixture
def lab(tmp_path):
    device, data = torch.device("cpu"), tiny_data()
    (tmp_path / "work").mkdir()
    (tmp_path / "search.py").write_text(SEARCH.replace("MODE", ""))
    machine = Machine(device, "a stand-in", as_it_is, as_it_is, clock=ticking())
    search = [sys.executable, str(tmp_path / "search.py")]
    return Laboratory(machine, SIZES, data, 3, True, "tiny", tmp_path / "work", search, DeviceImages(data, device))


def with_sizes(lab, **changes):
    return replace(lab, sizes=replace(lab.sizes, **changes))


def test_throughput_counts_the_images_of_all_candidates(lab):
    found = gpu_checks.throughput(lab)["widths"]
    assert [found[w]["images_per_s"] for w in ("1", "2", "4")] == [32.0, 64.0, 128.0]  # two steps of 16 in a tick
    assert found["1"]["setup_s"] == 1.0


def test_a_width_that_does_not_fit_ends_the_row(lab, monkeypatch):
    real = gpu_checks.Pack

    def narrow(plans, *rest):
        if len(plans) > 1:
            raise torch.OutOfMemoryError("by the test")
        return real(plans, *rest)

    monkeypatch.setattr(gpu_checks, "Pack", narrow)
    assert list(gpu_checks.throughput(lab)["widths"]) == ["1"]


def test_what_is_faster_pays_when_it_saves_more_than_it_costs(lab):
    now_s, step_s = [0.0], {"plain": 1.0, "graph": 0.25}

    def prepare(kind, cost_s):
        def made(pack, batch):
            now_s[0] += cost_s

            def step(*arguments):
                now_s[0] += step_s[kind]
                return pack.step(*arguments)

            return step

        return made

    for cost_s, pays in ((1.0, True), (100.0, False)):
        machine = replace(lab.machine, capture=prepare("graph", cost_s), clock=lambda: now_s[0])
        timed = replace(lab, machine=machine)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(gpu_checks, "_as_it_is", prepare("plain", 0.0))
            row = gpu_checks.graphs(timed)["widths"]["2"]
        assert (row["without"], row["images_per_s"], row["pays"]) == (32.0, 128.0, pays)
        # 3 epochs of 40 images of 2 candidates: 7.5 s and 1.875 s; three steps before the timed ones are set-up too
        assert row["saved_s"] == pytest.approx(7.5 - 1.875 - (cost_s + 0.75 - 3.0))


def test_published_archs_are_trained_with_both_seeds_and_compared(lab):
    found = gpu_checks.published(lab)
    (row,) = found["archs"]
    assert len(row["ours"]) == 2
    assert row["gap"] == pytest.approx(sum(row["ours"]) / 2 - 50.0)
    assert found["ok"] is True
    assert gpu_checks.published(with_sizes(lab, published_within_pct=0.0))["ok"] is (row["gap"] == 0)
    lacking = with_sizes(lab, published={ARCH: 50.0, (3, 3, 3, 3, 3, 3): float("nan")})
    assert gpu_checks.published(lacking)["ok"] is False, "a gap that is no number is not within"
    assert "needs CIFAR-10" in gpu_checks.published(replace(lab, is_cifar10=False))["skipped"]


def test_packed_and_alone_are_the_same_trainings(lab):
    found = gpu_checks.packing(with_sizes(lab, packing_within_pct=0.0))
    assert found["packed"] == pytest.approx(found["alone"], abs=5.1)  # one image of 20
    assert len(found["packed"]) == 2


def test_packing_that_changes_a_training_is_noticed(lab, monkeypatch):
    real = session_module.train_epoch

    def worse(pack, progress, images, recipe):
        return real(pack, progress, images, replace(recipe, learning_rate=1e-9) if len(progress) > 1 else recipe)

    monkeypatch.setattr(session_module, "train_epoch", worse)
    found = gpu_checks.packing(with_sizes(lab, packing_epochs=6, packing_within_pct=5.0))
    assert found["gap"] < -5.0
    assert found["ok"] is False


def test_a_training_that_fails_is_named(lab, monkeypatch):
    def full(*arguments):
        raise torch.OutOfMemoryError("by the test")

    monkeypatch.setattr(session_module, "train_epoch", full)
    report = run_checks(lab, lab.folder / "out", say=lambda line: None, checks={"resume": gpu_checks.resume})
    assert "training 0 of whole ended as Failed" in report["checks"]["resume"]["error"]
    assert not passed(report)


def test_resuming_gives_what_never_stopping_gives(lab):
    found = gpu_checks.resume(lab)
    assert found["whole"] == found["resumed"]  # bitwise on the CPU
    assert (found["gap"], found["ok"]) == (0.0, True)


def test_a_search_is_killed_and_goes_on(lab):
    begin = time.monotonic()
    assert gpu_checks.killed(lab) == {
        **{"was_running": True, "kept": 3, "in_the_end": 5, "code": 0, "said": [], "ok": True}
    }
    assert time.monotonic() - begin < 50


@pytest.mark.parametrize("mode", ["journal.write_text('')", "sys.exit('gone')"])
def test_a_search_that_loses_what_it_had_or_does_not_go_on_is_noticed(lab, tmp_path, mode):
    (tmp_path / "search.py").write_text(SEARCH.replace("MODE", mode))
    found = gpu_checks.killed(lab)
    assert found["ok"] is False
    assert found["said"] == (["gone"] if "exit" in mode else [])


def test_the_short_search_is_one_that_the_command_line_takes():
    from harness.cli.main import parsed

    arguments = [*search_command(torch.device("cpu"))[2:], "--out", "x", "--resume"]
    assert parsed(arguments).smoke


# ------------------------------------------------------------------------------------------------------------- report


def test_every_check_runs_and_is_written(lab, tmp_path):
    lines = []
    report = run_checks(lab, tmp_path / "out", say=lines.append)
    assert list(report["checks"]) == list(CHECKS)
    assert [name for name, check in report["checks"].items() if "error" in check] == []
    assert json.loads((tmp_path / "out" / "gpu-check.json").read_text()) == report
    text = (tmp_path / "out" / "gpu-check.md").read_text()
    assert text == markdown(report)
    assert "# gpu-check: a stand-in" in text
    assert "| packed, against alone | 4 x | 4.0 x at width 4 (128 images/s) | reached |" in text
    assert "| alone, against a plain loop | 5 x |" in text
    assert lines[1].startswith("throughput: measured")


def test_a_check_that_fails_does_not_keep_the_others_from_running(lab, tmp_path):
    def fails(lab):
        raise RuntimeError("no such device\nand more")

    checks = {"first": fails, "throughput": gpu_checks.throughput, "wrong": lambda lab: {"ok": False}}
    report = run_checks(lab, tmp_path, say=lambda line: None, checks=checks)
    assert report["checks"]["first"]["error"] == "RuntimeError: no such device"
    assert "widths" in report["checks"]["throughput"]
    assert not passed(report)
    assert "| wrong | NOT right |" in markdown(report)


def test_no_check_is_begun_when_time_is_over(lab, tmp_path):
    report = run_checks(with_sizes(lab, limit_s=2.0), tmp_path, say=lambda line: None)
    skipped = [name for name, check in report["checks"].items() if "skipped" in check]
    assert skipped == list(CHECKS)[-len(skipped) :]
    assert "throughput" not in skipped
    assert passed(report)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_without_a_gpu_it_says_so(capsys, tmp_path):
    assert main(["gpu-check", "--out", str(tmp_path / "out")]) == 2
    assert "gpu-check needs a GPU, but torch" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


# -------------------------------------------------------------------------------------------------------- its material


def test_made_up_images_can_be_learnt_and_are_the_same_every_time():
    data = made_up_images(60, 30, side=8, n_classes=3)
    assert data.fingerprint == made_up_images(60, 30, side=8, n_classes=3).fingerprint
    assert data.train.pixels.shape == (60, 3, 8, 8)
    shades = data.train.pixels.mean(axis=(1, 2, 3))
    assert shades[data.train.labels == 0].max() < shades[data.train.labels == 1].min()


def test_the_plain_loop_sees_windows_of_the_images():
    data = tiny_data(flip=False)
    image, label = Augmented(data)[3]
    assert label == data.train.labels[3]
    framed = torch.nn.functional.pad(torch.from_numpy(data.train.pixels[3]).float(), (1, 1, 1, 1))
    windows = [framed[:, i : i + 8, j : j + 8] for i in range(3) for j in range(3)]
    assert any(torch.allclose(image, (window / 255 - 0.5) / 0.5) for window in windows)
    assert epoch_draws(0, 0, 4, 1, flip=False).mirrored.sum() == 0


def test_a_compiled_network_is_warmed_up_and_steps_as_the_pack_does(lab, monkeypatch):
    plan = lab.plan(ARCH)
    pack = Pack([plan], [gpu_checks.initial_state(plan, 0)], TINY, torch.device("cpu"))
    asked = []
    monkeypatch.setattr(pack.network, "compile", lambda **settings: asked.append(settings))
    images, labels = next(lab.images.epoch([(0, 0)], 16))
    step = compiled(pack, (images, labels, torch.tensor([0.1])))
    before, _ = step(images, labels, torch.tensor([0.1]))
    after, _ = step(images, labels, torch.tensor([0.1]))
    assert asked == [{"dynamic": False}]
    assert after < before
