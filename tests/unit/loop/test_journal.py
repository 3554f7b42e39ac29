import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmfnas.core.errors import DataError, InputError
from pmfnas.core.ports import Event
from pmfnas.core.types import Cancelled, Cost, Curve, Diverged, Failed, Measure, Measured, Ok, Ticket, Train
from pmfnas.loop.journal import Journal

A = (3, 3, 1, 3, 1, 3)
CURVE = Curve(3, np.array([1.5, 1 / 3]), np.array([40.0, 50.1]), (4, 5), np.array([1.6, 1.7]), np.array([39.0, 0.1]))
NAN = Curve(0, np.array([np.nan]), np.array([10.0]))
EVENTS = [
    Event(10.25, Ticket(0, Train(A, "12", 3, 5, (4, 5))), Ok(CURVE, Cost(9.0, 1.25)), 0, 0.0),
    Event(11.0, Ticket(1, Train(A, "12", 0, 1, ())), Diverged(NAN, Cost(0.75)), 1, 10.25),
    Event(12.0, Ticket(2, Measure(A, "latency_ms")), Measured(3.5, Cost(1.0)), 0, 11.0),
    Event(12.5, Ticket(3, Train(A, "200", 0, 200, replicate=2)), Failed("out of memory", Cost(0.5)), 0, 12.0),
    Event(13.0, Ticket(4, Train(A, "12", 0, 3)), Cancelled(Cost(0.5)), -1, 12.5),
]


def written(path, events):
    for event in events:
        Journal(path).append(event)
    return path


def assert_same(found, expected):
    assert len(found) == len(expected)
    for ours, theirs in zip(found, expected, strict=True):
        assert (ours.time_s, ours.ticket, ours.worker, ours.start_s) == (
            theirs.time_s,
            theirs.ticket,
            theirs.worker,
            theirs.start_s,
        )
        assert type(ours.outcome) is type(theirs.outcome)
        assert ours.outcome.cost == theirs.outcome.cost
        if isinstance(ours.outcome, Ok | Diverged):
            for field in ("start", "train_loss", "train_acc", "valid_epochs", "valid_loss", "valid_acc"):
                np.testing.assert_array_equal(
                    getattr(ours.outcome.curve, field), getattr(theirs.outcome.curve, field), strict=True
                )
        else:
            assert ours.outcome == theirs.outcome


def test_events_come_back_as_they_were(tmp_path):
    assert_same(Journal(written(tmp_path / "j", EVENTS)).read(), EVENTS)


def test_no_file_is_no_events(tmp_path):
    assert Journal(tmp_path / "j").read() == []


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 10_000))
def test_a_journal_cut_anywhere_keeps_its_whole_lines_and_goes_on(tmp_path_factory, cut):
    path = written(tmp_path_factory.mktemp("cut") / "j", EVENTS)
    content = path.read_bytes()
    path.write_bytes(content[: cut % len(content)])
    n_whole = path.read_bytes().count(b"\n")
    assert_same(Journal(path).read(), EVENTS[:n_whole])
    Journal(path).append(EVENTS[-1])
    assert_same(Journal(path).read(), [*EVENTS[:n_whole], EVENTS[-1]])


def test_a_line_damaged_in_the_middle_is_named(tmp_path):
    path = written(tmp_path / "j", EVENTS)
    lines = path.read_bytes().splitlines(keepends=True)
    lines[2] = lines[2].replace(b'"measured"', b'"lost"')
    path.write_bytes(b"".join(lines))
    with pytest.raises(DataError, match="is damaged in line 3"):
        Journal(path).read()


def test_one_flipped_bit_is_named_by_its_line(tmp_path):
    path = written(tmp_path / "j", EVENTS)
    whole = path.read_bytes()
    for place in range(0, 8 * (len(whole) - 1), 41):
        damaged = bytearray(whole)
        damaged[place // 8] ^= 1 << place % 8
        path.write_bytes(damaged)
        with pytest.raises(DataError, match=r"is damaged in line [1-6] "):
            Journal(path).read()


def test_a_line_without_an_end_is_refused_before_it_fills_the_memory(tmp_path, monkeypatch):
    path = written(tmp_path / "j", EVENTS)
    path.write_bytes(path.read_bytes() + b"x" * 5000)
    whole = path.read_bytes()
    monkeypatch.setattr("pmfnas.loop.journal.MOST_BYTES", 3000)
    with pytest.raises(DataError, match=f"is damaged in line {len(EVENTS) + 1} "):
        Journal(path).read()
    assert path.read_bytes() == whole


def test_a_journal_of_before_seals_is_read(tmp_path):
    path = written(tmp_path / "j", EVENTS)
    path.write_text(re.sub('"seal": "[^"]*", ', "", path.read_text()))
    assert_same(Journal(path).read(), EVENTS)


def test_a_disk_that_takes_nothing_is_named(tmp_path):
    with pytest.raises(InputError, match="make room and go on with --resume"):
        Journal(tmp_path / "no folder" / "j").append(EVENTS[0])


def test_an_event_that_does_not_reach_the_disk_is_an_error(tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pmfnas.loop.journal.os.fsync", full)
    with pytest.raises(InputError, match=r"No space left on device\); make room and go on with --resume"):
        written(tmp_path / "journal.jsonl", EVENTS[:1])
