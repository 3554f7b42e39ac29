import pytest

from harness.cli.main import main
from pmfnas.benchmarks.table import CurveTable
from tests.support.tables import write_small


def test_a_folder_with_both_spaces_gives_a_table_of_each(anchors, tmp_path, capsys):
    assert (
        main(["data", "import", str(anchors / "official_3_archs"), "--out", str(tmp_path / "both"), "--jobs", "1"]) == 0
    )
    printed = capsys.readouterr().out
    assert "OFFICIAL 3 of 15,625 archs: table" in printed
    assert "OFFICIAL 3 of 32,768 archs: table" in printed
    for space, n_archs in (("nb201", 15_625), ("nats-sss", 32_768)):
        table = CurveTable.open(tmp_path / "both" / space)
        assert (table.header.stamp, table.header.space, len(table.archs)) == ("OFFICIAL", space, n_archs)


@pytest.mark.parametrize("verb", ["info", "verify"])
def test_a_table_is_described_and_verified(surrogate_table, capsys, verb):
    assert main(["data", verb, str(surrogate_table.path)]) == 0
    assert surrogate_table.header.fingerprint in capsys.readouterr().out


def test_an_altered_table_does_not_verify(tmp_path, capsys):
    write_small(tmp_path / "table", [(0,) * 6, (1,) * 6])
    assert main(["data", "verify", str(tmp_path / "table")]) == 0
    file = tmp_path / "table" / "cifar100" / "12" / "train-acc.npy"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    assert main(["data", "verify", str(tmp_path / "table")]) == 2
    assert "train-acc.npy was altered" in capsys.readouterr().err
