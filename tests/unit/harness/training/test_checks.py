"""Checks before the start: the arithmetic by hand, and what is refused."""

import shutil
from dataclasses import replace

import pytest

from pmfnas.core.errors import DataError, InputError

torch = pytest.importorskip("torch", reason="torch is not installed: no training here (extra train)")

from harness.training import checks as checks_module  # noqa: E402
from harness.training.checks import (  # noqa: E402
    Measured,
    check_device_memory,
    check_disk,
    check_host_memory,
    check_time,
    free_memory,
    measure,
)
from harness.training.spec import SearchSpec  # noqa: E402
from pmfnas.training.blueprint import blueprint  # noqa: E402
from pmfnas.training.stream import DeviceImages  # noqa: E402
from tests.training_runs import TINY, ticking, tiny_data  # noqa: E402

SPEC = SearchSpec("digits", schedules=(12, 200), budget_s=3600.0, width=4)
MEASURED = Measured(epoch_s=10.0, pass_s=5.0, candidate_bytes=3_000_000_000, seconds=2.0)
PLAN = blueprint("nb201", (3, 3, 1, 3, 1, 3), TINY, n_classes=3)


def test_time_is_epochs_times_seconds_and_a_validation():
    line = check_time(SPEC, MEASURED)
    assert "200 epochs and a validation = 33 min of a budget of 60 s" not in line
    assert line.endswith("10 s, a validation 5 s; 200 epochs and a validation = 33 min of a budget of 60 min")


def test_a_whole_training_that_does_not_fit_is_said():
    assert "199 epochs fit; give a longer" in check_time(replace(SPEC, budget_s=2004.0), MEASURED)
    assert "too short" not in check_time(replace(SPEC, budget_s=2005.0), MEASURED)


def test_a_budget_without_a_single_epoch_is_refused():
    with pytest.raises(InputError, match="of a budget of 15 s: too short for a single epoch"):
        check_time(replace(SPEC, budget_s=14.9), MEASURED)
    assert "1 epochs fit" in check_time(replace(SPEC, budget_s=15.0), MEASURED)


@pytest.mark.parametrize(
    ("free", "ending"),
    [
        (10**9, "disk: 100 checkpoints x 8 MB = 800 MB, 1,000 MB free; were all of 120 archs kept, 960 MB"),
        (900 * 10**6, "900 MB free; were all of 120 archs kept, 960 MB: should the disk fill up"),
    ],
)
def test_disk_is_checkpoints_of_the_largest_network(tmp_path, monkeypatch, free, ending):
    monkeypatch.setattr(checks_module.shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(2 * free, free, free))
    line = check_disk(tmp_path, SPEC, MEASURED, 10**6, 15_625)  # 3600 x 4 / (10 x 12) = 120 archs
    if free == 10**9:
        assert line == "disk: 100 checkpoints x 8 MB = 800 MB, 1,000 MB free"
    else:
        assert ending in line
    with pytest.raises(InputError, match="too little; make room"):
        check_disk(tmp_path, SPEC, MEASURED, 2 * 10**6, 15_625)


def test_fewer_archs_need_fewer_checkpoints(tmp_path):
    assert check_disk(tmp_path, SPEC, MEASURED, 1000, 7).startswith("disk: 7 checkpoints x")


def test_host_memory_is_a_second_copy_with_frames(monkeypatch):
    data = tiny_data(n_train=100_000)  # 3 x 10 x 10 bytes each with its frame
    monkeypatch.setattr(checks_module, "free_memory", lambda: 31 * 10**6)
    assert "with their frames once more 30 MB, 31 MB free" in check_host_memory(data)
    monkeypatch.setattr(checks_module, "free_memory", lambda: None)
    assert check_host_memory(data).endswith("free memory is not known here")
    monkeypatch.setattr(checks_module, "free_memory", lambda: 29 * 10**6)
    with pytest.raises(InputError, match="29 MB free: too little"):
        check_host_memory(data)


def test_device_memory_is_candidates_times_what_one_took(monkeypatch):
    assert check_device_memory(torch.device("cpu"), SPEC, MEASURED) == []
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (11 * 10**9, 16 * 10**9))
    (line,) = check_device_memory(torch.device("cuda:0"), SPEC, MEASURED)
    assert line.startswith("device memory: 4 candidates x 3,000 MB = 12,000 MB, 11,000 MB of 16,000 MB free; packs")


@pytest.mark.parametrize(
    ("limit", "used", "free"), [("max", "1", 4096), ("3000", "1000", 2000), ("90000", "0", 4096), (None, None, 4096)]
)
def test_free_memory_is_the_smaller_of_machine_and_container(tmp_path, limit, used, free):
    (tmp_path / "meminfo").write_text("MemTotal:       9 kB\nMemAvailable:       4 kB\n")
    if limit:
        (tmp_path / "memory.max").write_text(f"{limit}\n")
        (tmp_path / "memory.current").write_text(f"{used}\n")
    assert free_memory(tmp_path / "meminfo", tmp_path) == free
    assert free_memory(tmp_path / "nothing", tmp_path) is None


def test_an_epoch_is_timed_on_a_few_steps_and_kept(tmp_path):
    data = tiny_data()  # 40 and 20 images; the two steps after the warm-up hold 8 and 16
    images = DeviceImages(data, torch.device("cpu"))
    found = measure(tmp_path, PLAN, data, images, TINY, before_s=100.0, clock=ticking(6.0))
    assert found == Measured(epoch_s=40 / (24 / 6.0), pass_s=20 / (24 / 6.0), candidate_bytes=0, seconds=118.0)
    assert measure(tmp_path, PLAN, data, images, TINY, before_s=0.0, clock=None) == found
    (tmp_path / "measured.json").write_text("{}")
    with pytest.raises(DataError, match=r"measured\.json is damaged"):
        measure(tmp_path, PLAN, data, images, TINY, before_s=0.0, clock=None)


def test_a_candidate_that_does_not_fit_alone_is_refused(tmp_path, monkeypatch):
    def full(*arguments, **settings):
        raise torch.OutOfMemoryError("by the test")

    monkeypatch.setattr(checks_module, "images_per_second", full)
    data = tiny_data()
    with pytest.raises(InputError, match="leave no room for a single candidate"):
        measure(tmp_path, PLAN, data, DeviceImages(data, torch.device("cpu")), TINY, before_s=0.0, clock=ticking())
