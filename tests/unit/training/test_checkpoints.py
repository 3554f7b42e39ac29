import pytest

from pmfnas.core.errors import DataError, InputError

torch = pytest.importorskip("torch", reason="torch is not installed: no training here (extra train)")

from pmfnas.training.checkpoints import Checkpoints, RunKey  # noqa: E402
from pmfnas.training.state import TrainingState  # noqa: E402

KEY = RunKey(17, "12", 777)


def state(epoch):
    return TrainingState(epoch, {"w": torch.full((2,), float(epoch))}, {"w": torch.zeros(2)}, {})


def test_states_come_back_as_they_were(tmp_path):
    kept = Checkpoints(tmp_path)
    for epoch in (3, 12):
        kept.save(KEY, state(epoch))
    assert kept.epochs(KEY) == [3, 12]
    assert kept.load(KEY, 3).weights["w"].tolist() == [3.0, 3.0]


def test_one_flipped_bit_is_found_and_an_older_state_is_read(tmp_path):
    kept = Checkpoints(tmp_path)
    kept.save(KEY, state(3))
    path = kept.path(KEY, 3)
    whole = path.read_bytes()
    assert torch.load(path, weights_only=True)["weights"]["w"].tolist() == [3.0, 3.0]  # other programs read it as well
    for place in range(0, 8 * len(whole), 211):
        damaged = bytearray(whole)
        damaged[place // 8] ^= 1 << place % 8
        path.write_bytes(damaged)
        with pytest.raises(DataError, match=r"00003\.pt was altered: its checksum is another; remove"):
            kept.load(KEY, 3)
    path.write_bytes(whole.rpartition(b"\n")[0])
    assert kept.load(KEY, 3).epoch == 3


def test_dropped_archs_are_removed_and_others_stay(tmp_path):
    kept = Checkpoints(tmp_path)
    others = [RunKey(17, "200", 888), RunKey(177, "12", 777), RunKey(1, "12", 777)]
    for key in (KEY, *others):
        kept.save(key, state(1))
    kept.forget(17)
    assert [kept.epochs(key) for key in (KEY, *others)] == [[], [], [1], [1]]
    kept.keep_only({1})
    assert [kept.epochs(key) for key in others] == [[], [], [1]]


def test_what_a_killed_writer_left_is_no_checkpoint_and_is_removed(tmp_path):
    kept = Checkpoints(tmp_path)
    kept.save(KEY, state(1))
    torn = kept.path(KEY, 2).with_name(".00002.pt.writing-1-00000000")
    torn.write_bytes(b"half")
    assert kept.epochs(KEY) == [1]
    kept.keep_only({17})
    assert not torn.exists()
    assert kept.epochs(KEY) == [1]


def test_a_disk_that_takes_nothing_is_named(tmp_path):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(InputError, match=r"cannot be written .*; make room and go on with --resume"):
        Checkpoints(tmp_path / "file").save(KEY, state(1))
