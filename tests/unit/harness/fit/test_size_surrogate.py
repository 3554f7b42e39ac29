"""The fit of the size space's surrogate: its refusals, its split, and that it finds what it was given."""

from pathlib import Path

import numpy as np
import pytest

from harness.fit.size_surrogate import fit_size_surrogate, used_half
from harness.torture.official_files import EVAL_IMAGES, TRAIN_IMAGES, Files, make
from pmfnas.benchmarks.size_surrogate.model import all_archs, polynomial_terms, read_model
from pmfnas.benchmarks.size_surrogate.source import read_values
from pmfnas.benchmarks.surrogate.layout import transform
from pmfnas.benchmarks.tabular import DATASETS, dataset
from pmfnas.core.errors import DataError, InputError
from pmfnas.core.types import arch_numbers

NOISE_STD = 0.02


@pytest.fixture(scope="module")
def truth() -> np.ndarray:
    """Logits of final test accuracy in the order of arch numbers, (n_archs, 3): a polynomial."""
    terms = polynomial_terms(2)
    return terms @ np.random.default_rng(3).normal(scale=0.05, size=(terms.shape[1], 3)) + 1.0


def write_source(folder: Path, logits: np.ndarray, **changes: np.ndarray) -> Path:
    """Write final accuracies in an order that is not that of arch numbers."""
    folder.mkdir()
    order = np.random.default_rng(1).permutation(len(logits))
    fields = {
        "channels": ((all_archs()[order] + 1) * 8).astype(np.uint8),
        "test_acc_90": 100 / (1 + np.exp(-logits[order])),
        "datasets": np.array(list(DATASETS)),
    }
    np.savez(folder / "nats_sss.npz", **{**fields, **changes})
    return folder


@pytest.fixture(scope="module")
def official(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive folder with invented records of four archs, whose seconds rise with FLOPs."""
    files = make("sss", 5)
    set_seconds(files, per_mflop_s=0.01)
    return files.archive(tmp_path_factory.mktemp("official"))


def set_seconds(files: Files, *, per_mflop_s: float) -> None:
    """Let a thousand images take a second, and `per_mflop_s` more for every million FLOPs."""
    for record in files.records.values():
        for schedule in record.values():
            for (name, _), trial in schedule["all_results"].items():
                each_s = (1 + per_mflop_s * trial["flop"]) / 1000
                trial["train_times"] = dict.fromkeys(trial["train_times"], TRAIN_IMAGES[name] * each_s)
                images = EVAL_IMAGES[name]
                trial["eval_times"] = {at: images[at.split("@")[0]] * each_s for at in trial["eval_times"]}


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory, truth: np.ndarray, official: Path):
    folder = tmp_path_factory.mktemp("fit")
    noise = NOISE_STD * np.random.default_rng(2).normal(size=truth.shape)
    out = folder / "model.npz"
    notes = fit_size_surrogate(write_source(folder / "source", truth + noise), official, out)
    return read_model(out.read_bytes()), notes


def test_it_finds_the_seconds(fitted):
    model, _ = fitted
    constant, slope = model.arrays["seconds/constant"], model.arrays["seconds/slope"]
    np.testing.assert_allclose(constant[:, 0], 1.0, atol=1e-6)
    assert slope[0] == pytest.approx(0.01, abs=1e-6)


def test_seconds_that_fall_with_flops_are_refused(tmp_path: Path, truth: np.ndarray):
    files = make("sss", 5)
    set_seconds(files, per_mflop_s=-0.005)
    source, official = write_source(tmp_path / "source", truth), files.archive(tmp_path)
    with pytest.raises(DataError, match="fall with FLOPs"):
        fit_size_surrogate(source, official, tmp_path / "model.npz")
    assert not (tmp_path / "model.npz").exists()


def test_at_most_half_of_the_archs_is_used():
    used = used_half(32_768)
    assert used.sum() == 16_384
    np.testing.assert_array_equal(used, used_half(32_768))
    assert abs(np.corrcoef(used, np.arange(32_768))[0, 1]) < 0.02


def test_it_finds_the_polynomial_and_the_noise(fitted, truth: np.ndarray):
    model, notes = fitted
    for place, name in enumerate(DATASETS):
        np.testing.assert_allclose(model.final_test(dataset(name)), truth[:, place], atol=0.02)
        assert model.final_std(dataset(name)) == pytest.approx(NOISE_STD, rel=0.05)
    assert notes["archs held out"] == 16_384
    assert notes == model.notes


def test_values_are_read_by_arch_whatever_their_order(tmp_path: Path, truth: np.ndarray):
    values, digest = read_values(write_source(tmp_path / "source", truth))
    np.testing.assert_allclose(transform("-acc", values), truth, atol=1e-9)
    assert len(digest) == 64
    assert arch_numbers(all_archs()[:3], (8,) * 5).tolist() == [0, 1, 2]


def test_an_existing_file_is_not_overwritten(tmp_path: Path, official: Path):
    out = tmp_path / "model.npz"
    out.write_bytes(b"mine")
    with pytest.raises(InputError, match=r"exists already.*--out"):
        fit_size_surrogate(tmp_path, official, out)
    assert out.read_bytes() == b"mine"


def test_a_missing_or_foreign_source_is_named(tmp_path: Path, truth: np.ndarray, official: Path):
    with pytest.raises(DataError, match=r"nats_sss\.npz cannot be read"):
        fit_size_surrogate(tmp_path, official, tmp_path / "model.npz")
    foreign = write_source(tmp_path / "foreign", truth, datasets=np.array(["a", "b", "c"]))
    with pytest.raises(DataError, match="use another"):
        fit_size_surrogate(foreign, official, tmp_path / "model.npz")
    assert not (tmp_path / "model.npz").exists()


def test_too_few_records_are_refused(tmp_path: Path, truth: np.ndarray, official: Path):
    few = tmp_path / "few"
    few.mkdir()
    for file in sorted(official.glob("0*.pbz2"))[:2]:
        (few / file.name).write_bytes(file.read_bytes())
    source = write_source(tmp_path / "source", truth)
    with pytest.raises(InputError, match="2 records, but the fit needs at least 3"):
        fit_size_surrogate(source, few, tmp_path / "model.npz")
    with pytest.raises(DataError, match="--official"):
        fit_size_surrogate(source, tmp_path / "none", tmp_path / "model.npz")
