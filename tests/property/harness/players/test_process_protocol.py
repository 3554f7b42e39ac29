"""Whatever a process says, the harness neither hangs nor raises: the run ends, recorded, and the process is reaped."""

import json
import os
import sys
import time
from functools import partial
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from harness.players import protocol
from harness.players.process import Command, Limits, play
from harness.players.space_text import space_text
from pmfnas.core.errors import ContractError
from pmfnas.core.rng import stream
from pmfnas.core.types import Drop, Stop, Submit, Wait
from pmfnas.loop.executor import SimulatedExecutor, paired_trials
from pmfnas.loop.runner import Setting
from pmfnas.spaces import CellSpace, SizeSpace
from pmfnas.testing.grid import GridSpace
from pmfnas.testing.synthetic import SyntheticBenchmark
from tests.support.processes import children

SAYING = Path(__file__).parents[3] / "processes" / "saying.py"
BENCHMARK = SyntheticBenchmark(GridSpace((2, 3)), schedules=("4", "12"))
SPACE = BENCHMARK.space
SPACES = (CellSpace(n_classes=10, image_size=32), SizeSpace(n_classes=100, image_size=32), GridSpace((3, 2, 4)))
bounded = settings(max_examples=200, deadline=None, derandomize=True)
with_processes = settings(max_examples=25, deadline=None, derandomize=True)

archs = st.sampled_from(["0-0", "1-2", "1-1", "2-0", "", "0-0-0"])
numbers = st.integers(-1, 14) | st.just(10**9) | st.floats(allow_nan=False) | st.booleans() | st.none()
texts = st.text(max_size=5) | st.just("x" * 600) | st.just("4") | st.just("12")
plain = texts | numbers
requests = st.fixed_dictionaries(
    {},
    optional={
        "kind": st.sampled_from(["train", "measure", "guess"]),
        "arch": archs,
        "schedule": st.sampled_from(["4", "12", "13"]),
        "start": numbers,
        "stop": numbers,
        "validate_at": st.lists(numbers, max_size=3) | st.none(),
        "replicate": numbers,
        "metric": texts,
    },
)
legal = st.builds(
    lambda arch, stop: {"type": "submit", "requests": [{"arch": arch, "schedule": "4", "start": 0, "stop": stop}]},
    st.sampled_from(["0-0", "1-2", "1-1"]),
    st.integers(1, 4),
)
recommendations = st.fixed_dictionaries(
    {"type": st.just("recommend"), "archs": st.just([]) | st.lists(archs, max_size=3) | plain}
)
messages = st.one_of(
    legal,
    st.fixed_dictionaries({"type": st.just("submit"), "requests": st.lists(requests, max_size=3) | plain}),
    st.fixed_dictionaries({"type": st.just("drop"), "arch": archs | plain}),
    st.fixed_dictionaries({"type": st.sampled_from(["wait", "stop", "ready", "error", "end"])}),
    st.fixed_dictionaries({"type": st.just("stop"), "why": plain}),
    recommendations,
    st.dictionaries(texts, plain, max_size=3),
)
lines = st.one_of(
    messages.map(lambda message: json.dumps(message).encode() + b"\n"),
    st.binary(max_size=40),
    st.binary(max_size=40).map(lambda raw: raw + b"\n"),
    st.recursive(plain, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2)).map(
        lambda value: json.dumps(value).encode() + b"\n"
    ),
)
READY = json.dumps({"type": "ready", "protocol": 1}).encode() + b"\n"


def faults(read, message) -> list[str]:
    """Return what is wrong with a message, none where it can be read; any error but `ContractError` is raised."""
    try:
        read(message)
    except ContractError as error:
        return [str(error)]
    return []


@with_processes
@given(st.booleans(), st.lists(lines, max_size=6))
def test_every_conversation_ends_recorded_and_reaped(starts_well, said):
    pieces = [READY, *said] if starts_well else said
    words = (sys.executable, "-I", "-S", str(SAYING), *(piece.hex() for piece in pieces))
    executor = SimulatedExecutor(BENCHMARK, paired_trials(BENCHMARK, 0), n_workers=1, accounting="resume")
    setting = Setting(SPACE, BENCHMARK.fidelities, 200.0)
    begin, before = time.monotonic(), set(children(os.getpid()))
    finished, _ = play(Command(words, Limits(2.0, 0.15)), executor, setting, rng=stream(0, "fuzz"))
    assert time.monotonic() - begin < 10
    assert finished.status in ("ok", "failed")
    assert finished.why
    assert set(finished.recommended) <= {entry.ticket.request.arch for entry in finished.entries}
    assert "\n" not in finished.why
    assert set(children(os.getpid())) <= before


@bounded
@given(lines)
def test_a_line_is_a_message_or_a_broken_contract(line):
    wrong = faults(protocol.decode, line.rstrip(b"\n"))
    assert all(text.isprintable() for text in wrong)
    if not wrong:
        assert isinstance(protocol.decode(line.rstrip(b"\n")), dict)


@bounded
@given(messages)
def test_a_message_is_a_decision_or_a_broken_contract(message):
    readers = {
        "decision": partial(protocol.read_decision, parse=SPACE.parse),
        "recommendation": partial(protocol.read_recommend, parse=SPACE.parse),
        "ready": protocol.read_ready,
    }
    wrong = {name: faults(read, message) for name, read in readers.items()}
    assert sum(not found for found in wrong.values()) <= 1
    if not wrong["decision"]:
        assert isinstance(protocol.read_decision(message, SPACE.parse), Submit | Wait | Drop | Stop)


@bounded
@given(st.data())
def test_a_space_as_text_makes_its_official_strings(data):
    space = data.draw(st.sampled_from(SPACES))
    arch = tuple(data.draw(st.integers(0, n - 1)) for n in space.cardinalities)
    text = space_text(space)
    assert text.format(arch) == space.format(arch)
    assert space.parse(text.format(arch)) == arch
