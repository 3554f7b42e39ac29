"""Progress: a line every so often where there is no terminal, a bar where there is one."""

import io
import threading
import time

import pytest

from pmfnas.progress import LINE_EVERY_S, Progress, heartbeat, tracked


class Terminal(io.StringIO):
    def isatty(self):
        return True


def until(condition):
    deadline_s = time.monotonic() + 10
    while not condition() and time.monotonic() < deadline_s:
        time.sleep(0.01)


def test_without_a_terminal_lines_come_by_the_clock_also_without_steps():
    stream = io.StringIO()
    with Progress("table2", 54, unit="run", done=4, stream=stream, every_s=0.05):
        until(lambda: stream.getvalue().count("\n") >= 2)
    lines = stream.getvalue().splitlines()
    assert len(lines) >= 2
    assert lines[0] == "table2: 4 of 54 runs after 0 s"


def test_a_line_says_how_much_is_done_and_what_is_left(monkeypatch):
    now = [100.0]
    monkeypatch.setattr("pmfnas.progress.time.monotonic", lambda: now[0])
    progress = Progress("gate", 40, unit="split", done=10, stream=io.StringIO())
    progress.step(10)
    now[0] += 120.0
    assert progress.line() == "gate: 20 of 40 splits after 2 min, about 4 min left"  # 20 more at 12 s


def test_short_work_without_a_terminal_says_nothing():
    stream = io.StringIO()
    with Progress("scoring", 3, unit="run", stream=stream) as progress:
        progress.step(3)
    assert stream.getvalue() == ""
    assert LINE_EVERY_S == 30.0


def test_the_first_line_comes_sooner_than_the_second(monkeypatch):
    monkeypatch.setattr("pmfnas.progress.FIRST_LINE_S", 0.02)
    stream = io.StringIO()
    with Progress("table2", 54, unit="run", stream=stream):
        until(stream.getvalue)
        time.sleep(0.1)
    assert stream.getvalue() == "table2: 0 of 54 runs after 0 s\n"


def test_a_terminal_gets_a_bar_that_moves():
    stream = Terminal()
    with Progress("table2", 4, unit="run", stream=stream, leave=True) as progress:
        for _ in range(4):
            progress.step()
        progress.say("a line")
    assert "4/4" in stream.getvalue()
    assert "a line\n" in stream.getvalue()


def test_hidden_progress_is_silent_on_a_terminal_too():
    stream = Terminal()
    with Progress("fit", 2, unit="network", stream=stream, shown=False, every_s=0.01) as progress:
        progress.step()
        time.sleep(0.05)
    assert stream.getvalue() == ""


def test_items_are_tracked_and_the_thread_ends_with_an_error():
    assert list(tracked("abc", "reading", total=3, unit="run")) == ["a", "b", "c"]
    before = threading.active_count()
    with pytest.raises(ZeroDivisionError), Progress("x", 1, unit="run", stream=io.StringIO(), every_s=60):
        raise ZeroDivisionError
    assert threading.active_count() == before


def test_work_that_is_silent_for_long_is_heard_and_work_that_speaks_is_left_alone():
    spoke_s, heard = [time.monotonic()], []

    def speak():
        spoke_s[0] = time.monotonic()
        heard.append("still")

    with heartbeat(lambda: time.monotonic() - spoke_s[0], speak, every_s=0.05):
        until(lambda: len(heard) >= 2)
    assert len(heard) >= 2
    with heartbeat(lambda: 0.0, speak, every_s=0.05):
        n = len(heard)
        time.sleep(0.2)
    assert len(heard) == n
