from pathlib import Path

import pytest

from harness.torture.official_files import FOLDERS, PTH, make, write_bz2
from pmfnas.benchmarks.official import default_root, detect, part_of
from pmfnas.benchmarks.official.layout import SIZE, TOPOLOGY, OfficialSpace, space_of
from pmfnas.core.errors import DataError
from pmfnas.spaces import space_for


def kinds(path: Path) -> list[tuple[str, str, str]]:
    return [(source.path.name, source.kind, source.space.name) for source in detect(path)]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder like `$TORCH_HOME` with everything in it, and other weights beside."""
    tss, sss = make("tss", 2), make("sss", 2)
    for files in (sss, tss):
        files.archive(tmp_path)
        files.single(tmp_path)
    tss.pth(tmp_path, "zip")
    (tmp_path / "resnet50.pth").write_bytes(b"x")
    (tmp_path / "hub").mkdir()
    return tmp_path


def test_each_kind_is_told_by_its_name(home: Path):
    tss, sss = FOLDERS["tss"], FOLDERS["sss"]
    expected = [
        (tss, "archive", "nb201"),
        (tss.replace("-simple", ".pickle.pbz2"), "pickle", "nb201"),
        (PTH, "pth", "nb201"),
        (sss, "archive", "nats-sss"),
        (sss.replace("-simple", ".pickle.pbz2"), "pickle", "nats-sss"),
    ]
    assert kinds(home) == expected
    for one in expected:
        assert kinds(home / one[0]) == [one]


@pytest.mark.parametrize("tag", ["tss", "sss"])
def test_an_archive_folder_of_any_name_is_told_by_its_meta_file(tag: str, tmp_path: Path):
    folder = make(tag, 2).archive(tmp_path).rename(tmp_path / "copied")
    assert kinds(folder) == kinds(tmp_path) == [("copied", "archive", {"tss": "nb201", "sss": "nats-sss"}[tag])]


def test_a_torch_file_given_by_name_may_be_called_anything(home: Path):
    (home / PTH).rename(home / "mine.pth")
    assert kinds(home / "mine.pth") == [("mine.pth", "pth", "nb201")]
    assert "mine.pth" not in [name for name, _, _ in kinds(home)]


def test_where_nothing_is_the_error_says_what_is_expected(tmp_path: Path):
    with pytest.raises(DataError, match=r"absent does not exist; give the folder or file of NATS-Bench"):
        detect(tmp_path / "absent")
    with pytest.raises(DataError, match=r"holds no official files; expected NATS-tss-\*-simple/"):
        detect(tmp_path)
    (tmp_path / "x.pickle.pbz2").write_bytes(b"")
    with pytest.raises(DataError, match=r"x\.pickle\.pbz2 holds no official files"):
        detect(tmp_path / "x.pickle.pbz2")


def test_half_unpacked_and_unread_archives_are_explained(tmp_path: Path):
    folder = make("tss", 2).archive(tmp_path)
    (folder / "000000.pickle.pbz2").rename(folder / "000000-FULL.pth")
    with pytest.raises(DataError, match=r"holds meta.pickle.pbz2 but no file of an arch"):
        detect(folder)
    (folder / "meta.pickle.pbz2").unlink()
    for path in (folder, folder / "000000-FULL.pth"):
        with pytest.raises(DataError, match=r"is the NAS-Bench-201 archive with weights, which is not read; give NAS-"):
            detect(path)


def test_archs_of_a_third_space_are_refused(tmp_path: Path):
    folder = make("tss", 2).archive(tmp_path).rename(tmp_path / "other")
    write_bz2(folder / "meta.pickle.pbz2", {"meta_archs": ["|lstm~0|"]})
    with pytest.raises(DataError, match=r"'\|lstm~0\|' is an arch of neither the topology nor the size space"):
        detect(folder)


def test_the_default_root_is_where_the_official_packages_look(home: Path, monkeypatch: pytest.MonkeyPatch):
    single = FOLDERS["tss"].replace("-simple", ".pickle.pbz2")
    monkeypatch.setenv("TORCH_HOME", str(home))
    assert default_root() == home / single  # the archive has files of one arch, so it gives way
    (home / single).unlink()
    (home / PTH).unlink()
    assert default_root() == home / FOLDERS["tss"]
    monkeypatch.delenv("TORCH_HOME")
    monkeypatch.setenv("HOME", str(home.parent / "nobody"))
    assert default_root() is None
    (home.parent / "nobody").mkdir()
    home.rename(home.parent / "nobody" / ".torch")
    assert default_root() == home.parent / "nobody" / ".torch" / FOLDERS["tss"]


def test_a_default_root_that_may_not_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(self: Path) -> bool:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(Path, "is_dir", refuse)
    with pytest.raises(DataError, match=r"where official files are looked for, cannot be read \(Permission denied\)"):
        default_root()
    with pytest.raises(DataError, match=r"cannot be read \(Permission denied\); make it readable"):
        detect(tmp_path)


def test_without_a_home_there_is_no_default_root(monkeypatch: pytest.MonkeyPatch):
    def homeless(self: Path) -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("TORCH_HOME", raising=False)
    monkeypatch.setattr(Path, "expanduser", homeless)
    assert default_root() is None


def test_a_part_of_an_archive_is_told_by_its_files(tmp_path: Path):
    assert part_of(make("tss", 6).archive(tmp_path)) == "5 of 15,625 archs"
    assert part_of(make("sss", 3).archive(tmp_path)) == "2 of 32,768 archs"
    assert part_of(make("tss", 2).single(tmp_path)) is None


@pytest.mark.parametrize("name", ["NATS-tss-v1_0-3ffb9-simple.tar", "NATS-sss-v1_0-50262.tar.gz", "NAS-Bench-201.zip"])
def test_a_packed_download_is_to_be_unpacked(name: str, tmp_path: Path):
    (tmp_path / name).write_bytes(b"x")
    for path in (tmp_path, tmp_path / name):
        with pytest.raises(DataError, match=rf"{name} is packed; unpack it \(tar -xf\) and give the folder"):
            detect(path)


def test_the_size_space_alone_is_no_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    make("sss", 2).archive(tmp_path)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    assert default_root() is None


@pytest.mark.parametrize("official", [TOPOLOGY, SIZE], ids=lambda space: space.name)
def test_archs_are_encoded_as_the_spaces_encode_them(official: OfficialSpace):
    space = space_for(official.name, n_classes=10, image_size=32)
    assert space.cardinalities == official.cardinalities
    for text in make(official.tag, 40).archs:
        assert official.parse(text) == space.parse(text)
        assert space_of(text) is official


@pytest.mark.parametrize("text", ["", "8:8:8:8", "8:8:8:8:9", "|none~0|+|none~0|none~1|", "|lstm~0|+|none~0|none~1|"])
def test_a_wrong_arch_is_refused(text: str):
    with pytest.raises(DataError, match="is an arch of neither"):
        space_of(text)
