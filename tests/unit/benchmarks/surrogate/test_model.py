"""The shipped file, and how it is evaluated."""

from importlib import resources
from io import BytesIO

import numpy as np
import pytest

from pmfnas.benchmarks.surrogate import model as module
from pmfnas.benchmarks.surrogate.layout import N_COMPONENTS, Outputs, curve_keys, scalar_names
from pmfnas.benchmarks.surrogate.model import (
    Model,
    all_archs,
    cell_space,
    cut_off,
    model_inputs,
    read_model,
    shipped_bytes,
    source_of,
)
from pmfnas.core.errors import DataError

N_ARCHS, N_GROUPS = 15_625, 6_466
MOST_ALONG_AN_AXIS = 200
"""No axis is as long as half of the classes, or a tenth of them: weights are at most width by width."""


@pytest.fixture(scope="module")
def model() -> Model:
    return read_model(shipped_bytes())


@pytest.fixture(scope="module")
def outputs(model: Model) -> Outputs:
    return model.outputs(model_inputs(cell_space(), all_archs(cell_space())))


def test_the_shipped_file_is_small():
    assert len(shipped_bytes()) <= 2_000_000


def test_the_shipped_file_holds_numbers_and_one_text_alone():
    with np.load(BytesIO(shipped_bytes()), allow_pickle=False) as data:
        kinds = {name: data[name].dtype.kind for name in data.files}
    assert {name for name, kind in kinds.items() if kind != "f"} == {"notes"}
    assert kinds["notes"] == "U"


def test_the_shipped_file_has_no_rows_of_archs_or_classes(model: Model):
    longest = {name: max(array.shape, default=0) for name, array in model.arrays.items()}
    assert {name: size for name, size in longest.items() if size > MOST_ALONG_AN_AXIS} == {}
    n_numbers = sum(array.size for name, array in model.arrays.items() if name != "notes")
    assert n_numbers < N_ARCHS * 3 * 40  # far fewer than the table has: 46 columns, most of 12 or 200 epochs


def test_a_package_without_its_file_says_so(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "SHIPPED", "absent.npz")
    with pytest.raises(DataError, match=r"absent\.npz.*install it again"):
        shipped_bytes()


def test_source_names_the_content():
    assert source_of(b"a") != source_of(b"b")
    assert source_of(shipped_bytes()) == source_of(
        (resources.files("pmfnas.benchmarks.surrogate") / "model.npz").read_bytes()
    )


def test_outputs_are_finite(outputs: Outputs):
    assert outputs.values.shape == (N_ARCHS, len(scalar_names()) + N_COMPONENTS * len(curve_keys()))
    assert np.isfinite(outputs.values).all()


def test_isomorphic_archs_have_the_same_means(outputs: Outputs):
    space = cell_space()
    keys = [space.canonical(arch) for arch in all_archs(space)]
    _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    assert len(first) == N_GROUPS
    np.testing.assert_allclose(outputs.values, outputs.values[first][inverse], rtol=0, atol=1e-9)


def test_a_network_is_three_hidden_layers_of_silu():
    """Against a small model worked out step by step."""
    rng = np.random.default_rng(0)
    sizes = (3, 4, 4, 4)
    arrays = {"input_mean": rng.normal(size=3), "input_std": np.array([1.0, 2.0, 0.5])}
    arrays |= {"output_mean": rng.normal(size=3), "output_std": np.array([3.0, 1.0, 2.0])}
    for name, n_out in (("finals", 1), ("rest", 2)):
        for layer, (before, after) in enumerate(zip(sizes, (*sizes[1:], n_out), strict=True)):
            arrays[f"{name}/weight{layer}"] = rng.normal(size=(2, after, before))
            arrays[f"{name}/bias{layer}"] = rng.normal(size=(2, after))
    x = rng.normal(size=3)
    expected = []
    for name in ("finals", "rest"):
        answers = []
        for member in range(2):
            hidden = (x - arrays["input_mean"]) / arrays["input_std"]
            for layer in range(4):
                hidden = arrays[f"{name}/weight{layer}"][member] @ hidden + arrays[f"{name}/bias{layer}"][member]
                if layer < 3:
                    hidden = hidden * (1 / (1 + np.exp(-hidden)))
            answers.append(hidden)
        expected.extend(np.mean(answers, axis=0))
    found = Model(arrays).outputs(x[None]).values
    np.testing.assert_allclose(found, [np.array(expected) * arrays["output_std"] + arrays["output_mean"]], rtol=1e-12)


def test_scatter_leaves_final_validation_alone(model: Model):
    assert model.scatter.shape[1] == len(scalar_names()) + N_COMPONENTS * len(curve_keys())
    np.testing.assert_allclose(model.scatter[:, :3], 0.0, atol=1e-20)
    assert np.abs(model.scatter[:, 3:]).max() > 0


def test_noise_levels_are_positive(model: Model):
    for key in curve_keys():
        assert (model.roughness(key) >= 0).all()
        assert np.isfinite(model.basis(key)[1]).all()


def test_networks_without_a_path_are_cut_off():
    space = cell_space()
    archs = [(0, 0, 0, 0, 0, 0), (3, 3, 0, 0, 0, 0), (0, 0, 0, 1, 0, 0), (3, 3, 3, 3, 3, 3), (3, 0, 0, 0, 3, 0)]
    assert cut_off(space, archs).tolist() == [True, True, False, False, False]
    assert cut_off(space, all_archs(space)).sum() == 341
