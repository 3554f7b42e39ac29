"""Our spaces against the published benchmarks: names, classes, parameters and operations of every arch."""

import bz2
import os
import pickle
from pathlib import Path

import numpy as np
import pytest

from pmfnas.spaces import CellSpace, SizeSpace
from pmfnas.spaces.cell import EDGES, OPS

ANCHORS = Path(os.environ.get("PMFNAS_ANCHORS", "absent"))

pytestmark = pytest.mark.skipif(
    "PMFNAS_ANCHORS" not in os.environ, reason="PMFNAS_ANCHORS is not set: the real values are not here"
)
each_data_set = pytest.mark.parametrize(
    ("name", "n_classes", "image_size"), [("cifar10", 10, 32), ("cifar100", 100, 32), ("ImageNet16-120", 120, 16)]
)


@pytest.fixture(scope="module")
def anchors():
    with np.load(ANCHORS / "nb201_anchors.npz", allow_pickle=False) as file:
        return {key: file[key] for key in ("arch_ops", "op_names", "edge_names", "datasets", "isomorph_class")} | {
            "params": file["params_M"],
            "flops": file["flops_M"],
        }


@pytest.fixture(scope="module")
def cells(anchors):
    return [tuple(ops) for ops in anchors["arch_ops"].tolist()]


@pytest.fixture(scope="module")
def sizes():
    with np.load(ANCHORS.parent / "nats_sss" / "nats_sss.npz", allow_pickle=False) as file:
        return {key: file[key] for key in ("channels", "datasets", "params")}


def official(space, index):
    """Return the records of an arch of the official files, by (data set, seed); they are trusted test data."""
    folder = next((ANCHORS / "official_3_archs").glob(f"NATS-{space}-*"))
    records = pickle.loads(bz2.decompress((folder / f"{index:06d}.pickle.pbz2").read_bytes()))
    return records["12"]["all_results"]


def test_operations_and_edges_stand_in_the_same_order(anchors):
    assert tuple(anchors["op_names"]) == OPS
    assert tuple(anchors["edge_names"]) == tuple(f"{to}<-{source}" for to, source in EDGES)


def test_there_are_6466_classes_and_they_are_the_published_ones(anchors, cells):
    space = CellSpace(n_classes=10, image_size=32)
    keys = [space.canonical(arch) for arch in cells]
    pairs = set(zip(keys, anchors["isomorph_class"].tolist(), strict=True))
    assert len(set(cells)) == 15_625
    assert len(pairs) == len(set(keys)) == len(set(anchors["isomorph_class"].tolist())) == 6_466


def test_features_are_the_same_within_every_class(anchors, cells):
    features = CellSpace(n_classes=10, image_size=32).features(cells)
    order = np.argsort(anchors["isomorph_class"], kind="stable")
    same_class = np.diff(anchors["isomorph_class"][order]) == 0
    assert same_class.sum() == 15_625 - 6_466
    assert (np.diff(features[order], axis=0)[same_class] == 0).all()


@each_data_set
def test_every_cell_has_the_published_parameters_and_operations(anchors, cells, name, n_classes, image_size):
    space = CellSpace(n_classes=n_classes, image_size=image_size)
    column = anchors["datasets"].tolist().index(name)
    np.testing.assert_array_equal([space.params_m(arch) for arch in cells], anchors["params"][:, column])
    np.testing.assert_array_equal(np.float32([space.flops_m(arch) for arch in cells]), anchors["flops"][:, column])


@each_data_set
def test_every_size_has_the_published_parameters(sizes, name, n_classes, image_size):
    space = SizeSpace(n_classes=n_classes, image_size=image_size)
    column = sizes["datasets"].tolist().index(name)
    archs = [space.parse(":".join(map(str, widths))) for widths in sizes["channels"].tolist()]
    assert len(set(archs)) == 32_768
    params = np.rint(10 ** space.features(archs)[:, space.feature_names.index("log10_params")]).astype(int)
    np.testing.assert_array_equal(params, sizes["params"][:, column])
    few = range(0, 32_768, 97)
    assert [round(space.params_m(archs[i]) * 1e6) for i in few] == sizes["params"][few, column].tolist()


@each_data_set
@pytest.mark.parametrize("index", [0, 11, 284])
@pytest.mark.parametrize(("prefix", "make"), [("tss", CellSpace), ("sss", SizeSpace)])
def test_official_records_of_three_archs_agree(prefix, make, index, name, n_classes, image_size):
    space = make(n_classes=n_classes, image_size=image_size)
    search = "cifar10-valid" if name == "cifar10" else name
    results = [r for (data_set, _), r in official(prefix, index).items() if data_set == search]
    assert results
    for result in results:
        arch = space.parse(result["arch_config"]["arch_str"])
        assert space.params_m(arch) == pytest.approx(float(result["params"]), rel=1e-12)
        assert space.flops_m(arch) == pytest.approx(result["flop"], rel=1e-9)
