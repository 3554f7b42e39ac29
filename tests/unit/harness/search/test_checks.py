"""Checks before the start: the arithmetic by hand, and what is refused."""

import shutil
from dataclasses import replace

import pytest

from pmfnas.core.errors import DataError, InputError

torch = pytest.importorskip("torch", reason="torch is not installed: no training here (extra train)")

from harness.search import checks as checks_module  # noqa: E402
from harness.search import measuring as measuring_module  # noqa: E402
from harness.search.checks import (  # noqa: E402
    Measured,
    check_device_memory,
    check_disk,
    check_host_memory,
    check_time,
    check_training_memory,
    free_memory,
    measure,
)
from harness.search.measuring import measured_speed  # noqa: E402
from harness.search.spec import SearchSpec  # noqa: E402
from pmfnas.training.blueprint import blueprint  # noqa: E402
from pmfnas.training.memory import pass_bytes, step_bytes  # noqa: E402
from pmfnas.training.stream import DeviceImages  # noqa: E402
from tests.support.training_runs import TINY, ticking, tiny_data  # noqa: E402

SPEC = SearchSpec("digits", schedules=(12, 200), budget_s=36_000.0, width=4)
MEASURED = Measured(epoch_s=10.0, pass_s=5.0, candidate_bytes=3_000_000_000, seconds=2.0)
PLAN = blueprint("nb201", (3, 3, 1, 3, 1, 3), TINY, n_classes=3)


def test_time_is_epochs_times_seconds_and_a_validation():
    assert check_time(SPEC, MEASURED) == (
        "time: measuring took 2 s of a budget of 10 h 0 min; an epoch of the largest network takes about 10 s, a "
        "validation 5 s; 200 epochs and a validation = 33 min: the budget buys 18 such trainings",
    )


def test_a_budget_for_fewer_than_three_whole_trainings_is_warned_of_with_what_would_do():
    assert len(check_time(replace(SPEC, budget_s=3 * 2005.0 + 2.0), MEASURED)) == 1
    line, warning = check_time(replace(SPEC, budget_s=2005.0 + 2.0), MEASURED)
    assert line.endswith("the budget buys 1.0 such trainings")
    assert warning == (
        "warning: with fewer than 3 whole trainings there is next to nothing to compare, and the search may return the "
        "first arch it tries. For a search give --budget 6h, or --schedules 1,19"  # (20,050 + 2) s; 200.5 s each
    )
    assert check_time(replace(SPEC, budget_s=2006.0), MEASURED)[0].endswith("the budget buys not one such training")


def test_what_is_proposed_is_itself_not_warned_of():
    spec = replace(SPEC, budget_s=2007.0)
    for changes in ({"budget_s": 6 * 3600.0}, {"schedules": (1, 19)}):
        (line,) = check_time(replace(spec, **changes), MEASURED)
        assert "the budget buys 1" in line


def test_where_no_shorter_schedule_would_do_only_a_longer_budget_is_proposed():
    assert check_time(replace(SPEC, schedules=(2,), budget_s=60.0), MEASURED)[1].endswith(
        "For a search give --budget 5m, or use smaller images"
    )


def test_a_budget_without_a_single_epoch_is_refused_once_measuring_is_paid():
    with pytest.raises(InputError, match=r"of a budget of 17 s; .*: too short for a single epoch"):
        check_time(replace(SPEC, budget_s=16.9), MEASURED)
    assert len(check_time(replace(SPEC, budget_s=17.0), MEASURED)) == 2


@pytest.mark.parametrize(
    ("free", "ending"),
    [
        (10**9, "disk: 100 checkpoints x 8 MB = 800 MB, 1,000 MB free; were all of 120 archs kept, 960 MB"),
        (900 * 10**6, "900 MB free; were all of 120 archs kept, 960 MB: should the disk fill up"),
    ],
)
def test_disk_is_checkpoints_of_the_largest_network(tmp_path, monkeypatch, free, ending):
    monkeypatch.setattr(checks_module.shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(2 * free, free, free))
    spec = replace(SPEC, budget_s=3600.0)
    line = check_disk(tmp_path, spec, MEASURED, 10**6, 15_625)  # 3600 x 4 / (10 x 12) = 120 archs
    if free == 10**9:
        assert line == "disk: 100 checkpoints x 8 MB = 800 MB, 1,000 MB free"
    else:
        assert ending in line
    with pytest.raises(InputError, match="too little; make room"):
        check_disk(tmp_path, spec, MEASURED, 2 * 10**6, 15_625)


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


def test_training_and_validation_must_fit_into_memory(monkeypatch):
    cpu, data = torch.device("cpu"), tiny_data()  # 40 images of 8x8 to train on, batches of 16 and one more
    spec = replace(SPEC, recipe=TINY)
    train, valid = step_bytes(PLAN, 8, 17, 4), pass_bytes(PLAN, 8, 4)
    assert valid > train > 0
    monkeypatch.setattr(checks_module, "free_memory", lambda: valid)
    (line,) = check_training_memory(cpu, spec, PLAN, data)
    assert line == (
        f"memory: at most {train / 1e6:,.0f} MB to train and {valid / 1e6:,.0f} MB to validate the largest network, "
        f"4 candidates at once, batches of 16 images; {valid / 1e6:,.0f} MB free"
    )
    monkeypatch.setattr(checks_module, "free_memory", lambda: valid - 1)
    with pytest.raises(InputError, match=r"free: too little; use --width 1, smaller images, or close other programs"):
        check_training_memory(cpu, spec, PLAN, data)
    assert check_training_memory(cpu, replace(spec, width=3), PLAN, data)
    monkeypatch.setattr(checks_module, "free_memory", lambda: None)
    assert check_training_memory(cpu, spec, PLAN, data)[0].endswith("free memory is not known here")
    assert check_training_memory(torch.device("cuda:0"), spec, PLAN, data) == []


def test_device_memory_is_candidates_times_what_one_took(monkeypatch):
    assert check_device_memory(torch.device("cpu"), SPEC, MEASURED, PLAN, 8) == []
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (11 * 10**9, 16 * 10**9))
    (line,) = check_device_memory(torch.device("cuda:0"), SPEC, MEASURED, PLAN, 8)
    assert line.startswith("device memory: 4 candidates x 3,000 MB = 12,000 MB to train, ")
    assert line.endswith(" each to validate, 11,000 MB of 16,000 MB free; packs are halved where they do not fit")
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (pass_bytes(PLAN, 8) // 2 - 1, 16 * 10**9))
    with pytest.raises(InputError, match="too little for a validation pass; use smaller images"):
        check_device_memory(torch.device("cuda:0"), SPEC, MEASURED, PLAN, 8)


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
    wide = {"before_s": 100.0, "limit_s": 600.0}
    found = measure(tmp_path, PLAN, data, images, TINY, **wide, clock=ticking(6.0))
    assert found == Measured(epoch_s=40 / (24 / 6.0), pass_s=20 / (24 / 6.0), candidate_bytes=0, seconds=118.0)
    assert measure(tmp_path, PLAN, data, images, TINY, **wide, clock=None) == found
    (tmp_path / "measured.json").write_text("{}")
    with pytest.raises(DataError, match=r"measured\.json is damaged"):
        measure(tmp_path, PLAN, data, images, TINY, **wide, clock=None)


def test_a_candidate_that_does_not_fit_alone_is_refused(tmp_path, monkeypatch):
    def full(*arguments, **settings):
        raise torch.OutOfMemoryError("by the test")

    monkeypatch.setattr(checks_module, "measured_speed", full)
    data = tiny_data()
    images = DeviceImages(data, torch.device("cpu"))
    with pytest.raises(InputError, match="leave no room for a single candidate"):
        measure(tmp_path, PLAN, data, images, TINY, before_s=0.0, limit_s=60.0, clock=ticking())


def test_measuring_stops_at_its_limit_on_a_step_of_two_images(monkeypatch):
    sizes, images = [], DeviceImages(tiny_data(), torch.device("cpu"))

    def slow(plans, on, recipe, **settings):
        sizes.append(recipe.batch_size)
        return 0.5

    monkeypatch.setattr(measuring_module, "images_per_second", slow)
    found = measured_speed(PLAN, images, TINY, limit_s=5.0)  # 4 x 8 images would take 64 s
    assert (sizes, found.images_per_s, found.is_whole) == ([2, 2], 0.5, False)  # the first step was quick: once more
    found = measured_speed(PLAN, images, TINY, limit_s=100.0)  # 4 x 16 would take 128 s
    assert (sizes[2:], found.is_whole) == ([2, 2, 8], False)
    found = measured_speed(PLAN, images, TINY, limit_s=200.0)
    assert (sizes[5:], found.is_whole) == ([2, 2, 8, 16], True)


@pytest.mark.parametrize(("budget_s", "most_s"), [(8.0, 5.0), (600.0, 30.0), (30_600.0, 60.0)])
def test_measuring_takes_a_twentieth_of_the_budget_at_most(budget_s, most_s):
    assert measuring_module.limit_s(budget_s) == most_s
