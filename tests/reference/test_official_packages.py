"""An imported table against the official packages on the same (generated) files, value for value."""

import random  # noqa: TID251  (the official packages draw with the global generator)
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.torture import official_files
from harness.torture.official_files import DATASETS, EPOCHS, Files, make
from pmfnas.benchmarks.official import import_official
from pmfnas.benchmarks.table import CurveTable, Key
from tests.support.releases.official_queries import TableQueries

N_ARCHS = 8
RELATIVE = 1e-12  # the packages add seconds up, the table multiplies
_BUILT: dict[str, tuple[Files, Path, CurveTable]] = {}


@pytest.fixture(scope="module", params=["tss", "sss"])
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Files, Path, CurveTable]:
    """Generated files, the archive folder, and the table imported from it."""
    return _build(request.param, tmp_path_factory)


def _build(tag: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[Files, Path, CurveTable]:
    if tag not in _BUILT:
        root, files = tmp_path_factory.mktemp(tag), make(tag, N_ARCHS)
        folder = files.archive(root)
        _BUILT[tag] = files, folder, import_official(folder, root / "table")
    return _BUILT[tag]


@pytest.fixture
def global_random() -> Iterator[None]:
    """Leave the global generator as it was found."""
    state = random.getstate()
    yield
    random.setstate(state)


def _requests(files: Files) -> list[tuple[int, str, int | None, str]]:
    return [
        (index, dataset, epoch, schedule)
        for index in files.records
        for dataset in DATASETS
        for schedule, epochs in EPOCHS[files.tag].items()
        for epoch in sorted({0, epochs // 2, epochs - 1})
    ]


def _assert_same_queries(api: Any, queries: TableQueries, files: Files) -> None:
    for index, dataset, epoch, schedule in _requests(files):
        for trial in (False, queries.seeds(index, dataset, schedule)[-1]):
            expected = api.get_more_info(index, dataset, iepoch=epoch, hp=schedule, is_random=trial)
            expected.pop("comment", None)
            found = queries.get_more_info(index, dataset, epoch, schedule, trial)
            assert found == pytest.approx(expected, rel=RELATIVE, abs=0), (index, dataset, epoch, schedule)


def test_nats_bench_answers_alike(built: tuple[Files, Path, CurveTable]):
    import nats_bench

    files, folder, table = built
    api = nats_bench.create(str(folder), files.tag, fast_mode=True, verbose=False)
    queries = TableQueries(table)
    _assert_same_queries(api, queries, files)
    for index, dataset, _, schedule in _requests(files):
        expected = api.get_cost_info(index, dataset, schedule)
        assert queries.get_cost_info(index, dataset, schedule) == pytest.approx(expected, rel=RELATIVE, abs=0)
    assert [queries.arch(index) for index in range(len(api))] == files.archs == list(api)


@pytest.mark.usefixtures("global_random")
def test_nats_bench_simulates_alike_the_leak_included(built: tuple[Files, Path, CurveTable]):
    import nats_bench

    files, folder, table = built
    api = nats_bench.create(str(folder), files.tag, fast_mode=True, verbose=False)
    for seed, (index, dataset, epoch, schedule) in enumerate(_requests(files)):
        if dataset == "cifar10-valid":
            continue
        random.seed(seed)
        api.reset_time()
        expected = api.simulate_train_eval(index, dataset, iepoch=epoch, hp=schedule)
        found = TableQueries(table, random.Random(seed)).simulate_train_eval(index, dataset, epoch, schedule)
        assert found == pytest.approx(expected, rel=RELATIVE, abs=0)


def test_nats_bench_reads_the_single_file_alike(built: tuple[Files, Path, CurveTable], tmp_path: Path):
    import nats_bench

    files, _, of_archive = built
    path = files.single(tmp_path)
    api = nats_bench.create(str(path), files.tag, fast_mode=False, verbose=False)
    table = import_official(path, tmp_path / "table")
    few = Files(files.tag, files.archs, {index: files.records[index] for index in (4, 5)})
    _assert_same_queries(api, TableQueries(table), few)
    _assert_equal_columns(table, of_archive)


def test_nas_bench_201_answers_alike(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    torch = pytest.importorskip("torch", reason="torch is not installed")
    package = pytest.importorskip("nas_201_api", reason="nas-bench-201 is not installed")
    files = make("tss", N_ARCHS)
    path = tmp_path / official_files.PTH
    torch.save(files.pth_content(), path)
    table = import_official(path, tmp_path / "table")
    # The file is ours. With weights_only, the default, torch refuses the numpy scalars that the real file has too.
    api = package.NASBench201API(torch.load(path, weights_only=False), verbose=False)
    queries = TableQueries(table)
    few = Files("tss", files.archs, {index: files.records[index] for index in (0, 4, 5)})
    _assert_same_queries(_Silent(api, capsys), queries, few)
    for index, dataset, _, schedule in _requests(few):
        if index == 4:
            continue  # 2.1 refuses an arch whose trials disagree on size; 1.8 of its successor takes seed 888
        expected = api.get_cost_info(index, dataset, schedule)
        assert queries.get_cost_info(index, dataset, schedule) == pytest.approx(expected, rel=RELATIVE, abs=0)


@pytest.mark.parametrize("container", ["zip", "legacy"])
def test_torch_files_are_read_without_torch(
    container: str, tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    files, _, of_archive = _build("tss", tmp_path_factory)
    path = files.pth(tmp_path, container)
    _assert_equal_columns(import_official(path, tmp_path / "table"), of_archive)


@pytest.mark.parametrize("container", ["zip", "legacy"])
def test_torch_reads_the_hand_made_files_too(container: str, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed, so the hand-made file is not checked")
    path = make("tss", 2).pth(tmp_path, container)
    assert torch.load(path, weights_only=False) == make("tss", 2).pth_content()


def _assert_equal_columns(one: CurveTable, other: CurveTable) -> None:
    """The same values in the same places: the form of the source leaves no trace but its name."""
    assert one.keys == other.keys
    for name in one.keys:
        if "/" in name:
            key = Key(*name.split("/"))
            assert one.epochs(key) == other.epochs(key)
            assert one.values(key).tobytes() == other.values(key).tobytes(), name
    assert one.archs.tobytes() == other.archs.tobytes()


class _Silent:
    """Drops what the package prints at every query."""

    def __init__(self, api: Any, capsys: pytest.CaptureFixture[str]) -> None:
        self.api = api
        self.capsys = capsys

    def get_more_info(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        try:
            return dict(self.api.get_more_info(*args, **kwargs))
        finally:
            self.capsys.readouterr()
