"""The values that nats_bench 1.8 returns for the three official archs, from the imported table."""

import json
import os
import random  # noqa: TID251  (cases were recorded with the global generator; a seeded one of its own draws alike)
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.torture.official_files import FOLDERS, write_bz2
from pmfnas.benchmarks.official import import_official
from pmfnas.benchmarks.official.layout import TOPOLOGY
from pmfnas.benchmarks.official.reader import META, read_meta
from pmfnas.benchmarks.table import CurveTable, Key
from tests.support.releases.official_queries import TableQueries

RELATIVE = 1e-9
N_ARCHS = 285  # of the meta list: enough for archs 0, 11, 284; all 15,625 rows would be 1.2 GB of mostly nothing


def _root() -> Path | None:
    return Path(os.environ["PMFNAS_ANCHORS"]) / "official_3_archs" if "PMFNAS_ANCHORS" in os.environ else None


def _cases() -> list[dict[str, Any]]:
    root = _root()
    return json.loads((root / "expected.json").read_text())["cases"] if root else []


CASES = _cases()

pytestmark = [
    pytest.mark.skipif(not CASES, reason="PMFNAS_ANCHORS is not set: the real values are not here"),
    pytest.mark.xdist_group("official-values"),
]


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, CurveTable]]:
    root, work = _root(), tmp_path_factory.mktemp("official")
    assert root
    found = {}
    for tag, name in FOLDERS.items():
        folder = work / name
        folder.mkdir()
        for file in (root / name).glob("0*.pickle.pbz2"):
            (folder / file.name).symlink_to(file)
        archs = read_meta(root / name)[:N_ARCHS]
        write_bz2(folder / META, {"meta_archs": archs, "total_archs": N_ARCHS})
        found[tag] = import_official(folder, work / tag)
    yield found
    shutil.rmtree(work)


def _queries(tables: dict[str, CurveTable], case: dict[str, Any]) -> TableQueries:
    return TableQueries(tables[case["space"]], random.Random(case.get("global_random_seed", 0)))


def _select(*calls: str, error: bool = False) -> list[dict[str, Any]]:
    return [case for case in CASES if case["call"] in calls and ("error" in case) == error]


def _name(case: dict[str, Any]) -> str:
    return f"{case['space']}-{case['call']}-" + "-".join(str(value) for value in case["args"].values())


def test_the_cases_are_all_there():
    covered = [*VALUES, *TEXTS, *ERRORS]
    assert len(CASES) == 212
    assert sorted(map(_name, covered)) == sorted(map(_name, CASES))


VALUES = _select("get_more_info", "get_cost_info", "simulate_train_eval")
TEXTS = _select("arch", "query_index_by_arch", "get_unique_str", "get_net_config")
ERRORS = _select("get_more_info", "simulate_train_eval", error=True)


@pytest.mark.parametrize("case", VALUES, ids=_name)
def test_values_are_reproduced(case: dict[str, Any], tables: dict[str, CurveTable]):
    found = getattr(_queries(tables, case), case["call"])(**case["args"])
    if case["call"] == "simulate_train_eval":
        assert found == pytest.approx(case["value"], rel=RELATIVE, abs=0)
        return
    expected = {key: value for key, value in case["value"].items() if key != "comment"}
    assert found == pytest.approx(expected, rel=RELATIVE, abs=0)
    if comment := case["value"].get(
        "comment"
    ):  # prose, not a value: it says what the data set is and how long was trained
        assert ("train+valid" in comment) == (case["args"]["dataset"] == "cifar10")
        assert f"by {case['args']['hp']} epochs" in comment


@pytest.mark.parametrize("case", ERRORS, ids=_name)
def test_errors_are_reproduced(case: dict[str, Any], tables: dict[str, CurveTable]):
    kind = {"KeyError": KeyError, "ValueError": ValueError}[case["error"]]
    with pytest.raises(kind):
        getattr(_queries(tables, case), case["call"])(**case["args"])


@pytest.mark.parametrize("case", TEXTS, ids=_name)
def test_archs_are_reproduced(case: dict[str, Any], tables: dict[str, CurveTable]):
    queries, args = _queries(tables, case), case["args"]
    match case["call"]:
        case "arch":
            found: object = queries.arch(args["index"])
        case "query_index_by_arch":
            found = queries.query_index_by_arch(args["arch"])
        case "get_unique_str":
            from nats_bench.genotype_utils import topology_str2structure

            found = topology_str2structure(queries.arch(args["arch"])).to_unique_str(consider_zero=True)
        case "get_net_config":  # width and depth are constants of the space, not of a table
            n_classes = {"cifar10": 10, "cifar100": 100}[args["dataset"]]
            shape = {"name": "infer.tiny", "C": 16, "N": 5, "num_classes": n_classes}
            found = {**shape, "arch_str": queries.arch(args["index"])}
    assert found == case["value"]


def test_every_row_is_the_official_arch_of_its_index():
    root = _root()
    assert root
    expected = np.load(root.parent / "nb201_anchors.npz", allow_pickle=False)["arch_ops"]
    found = np.array([TOPOLOGY.parse(text) for text in read_meta(root / FOLDERS["tss"])])
    np.testing.assert_array_equal(found, expected)


def test_archs_without_a_file_are_rows_without_trials(tables: dict[str, CurveTable]):
    for tag, schedule in (("tss", "200"), ("sss", "90")):
        present = tables[tag].present("cifar100", schedule)
        assert np.flatnonzero(present.any(axis=1)).tolist() == [0, 11, 284]
        assert np.isnan(tables[tag].values(Key("cifar100", schedule, "train-acc"))[1]).all()
        assert tables[tag].verify() == len(tables[tag].keys)


@pytest.mark.parametrize("tag", ["tss", "sss"])
def test_seconds_of_the_real_files_do_not_depend_on_the_epoch(tag: str, tables: dict[str, CurveTable]):
    seconds = [key for key in tables[tag].keys if key.endswith("-s")]
    assert len(seconds) > 20
    assert {tables[tag].epochs(Key(*key.split("/"))) for key in seconds} == {()}
