"""What every player asks for and recommends, step by step, compared with what it did when that was last accepted.

The worlds: `synthetic`, smooth curves over the whole topology space; `slice`, a curve table of 50 archs; and `night`,
for the player that moves to the long schedule by its own judgement, with a budget in which that pays.
A trace holds discrete content only and is the same on every platform: no step of it hangs on the last digits of a
value, which `test_no_step_hangs_on_rounding` checks by nudging every value.

    pytest tests/golden/test_traces.py --accept-goldens     a change is meant: write the traces anew, then commit them
"""

import difflib
import json
from pathlib import Path

import numpy as np
import pytest

from harness.players.ours import PLAYERS
from pmfnas.core.ports import Benchmark
from pmfnas.core.rng import stream
from pmfnas.core.types import Arch, Cost, Curve, Decision, Drop, Request, Stop, Submit, Train, Wait
from pmfnas.spaces import CellSpace
from pmfnas.testing.driver import Trace, drive
from pmfnas.testing.synthetic import SyntheticBenchmark
from tests.support.slices import write_slice

FOLDER = Path(__file__).parent / "traces"
BUDGETS_S = {"synthetic": {1: 2_400.0, 4: 800.0}, "slice": {1: 3_000.0, 4: 2_100.0}, "night": {1: 16_000.0}}
"""A segment of `pmf_nas_no_belief` ends at exactly 3,000 s: all of the slice's costs are whole seconds."""
NEEDS_A_NIGHT = {"pmf_nas"}
NUDGE = 1e-9
"""Relative; rounding differs between platforms by some 1e-15."""


@pytest.fixture(scope="module")
def worlds(tmp_path_factory) -> dict[str, Benchmark]:
    return {
        "synthetic": SyntheticBenchmark(CellSpace(n_classes=10, image_size=32), schedules=("12", "36")),
        "night": SyntheticBenchmark(CellSpace(n_classes=10, image_size=32), seed=5),
        "slice": write_slice(tmp_path_factory.mktemp("slice") / "table"),
    }


class Nudged:
    """A benchmark with every accuracy and loss moved by as much as rounding never does."""

    def __init__(self, benchmark: Benchmark) -> None:
        self.space = benchmark.space
        self.fidelities = benchmark.fidelities
        self.n_trials = benchmark.n_trials
        self.measure = benchmark.measure
        self._train = benchmark.train

    def train(self, request: Train, trial: int) -> tuple[Curve, Cost]:
        curve, cost = self._train(request, trial)
        rng = stream(trial, f"{request.arch}{request.schedule}{request.start}{request.stop}")

        def nudge(values: np.ndarray) -> np.ndarray:
            return values * (1 + NUDGE * rng.uniform(-1, 1, len(values)))

        losses, accs = (
            (nudge(curve.train_loss), nudge(curve.valid_loss)),
            (nudge(curve.train_acc), nudge(curve.valid_acc)),
        )
        return Curve(curve.start, losses[0], accs[0], curve.valid_epochs, losses[1], accs[1]), cost


def cases(name: str) -> list[tuple[str, int]]:
    """Return (world, number of workers) of every run of a player."""
    worlds = [world for world in BUDGETS_S if world != "night" or name in NEEDS_A_NIGHT]
    return [(world, n_workers) for world in worlds for n_workers in BUDGETS_S[world]]


def trace_of(name: str, world: str, n_workers: int, benchmark: Benchmark) -> list[str]:
    """Return the trace of one run as lines of text."""
    trace = drive(PLAYERS[name], benchmark, budget_s=BUDGETS_S[world][n_workers], n_workers=n_workers, seed=0)
    return written(trace)


def written(trace: Trace) -> list[str]:
    steps = [line for decision in trace.decisions for line in lines_of(decision)]
    return [*steps, f"ended by {trace.why}", *(f"recommends {digits(arch)}" for arch in trace.recommended[:1])]


def lines_of(decision: Decision) -> list[str]:
    match decision:
        case Submit(requests):
            return [line_of(request) for request in requests]
        case Drop(arch):
            return [f"drop {digits(arch)}"]
        case Wait():
            return ["wait"]
        case Stop():
            return ["stop"]


def line_of(request: Request) -> str:
    """Return `12@3 from 1 of ARCH r0`, with the validations where they are not the usual one."""
    arch = digits(request.arch)
    if not isinstance(request, Train):
        return f"{request.metric} of {arch}"
    usual = request.validations == (request.stop,)
    at = "" if usual else f" validated at {','.join(map(str, request.validations)) or 'none'}"
    return f"{request.fidelity} from {request.start} of {arch} r{request.replicate}{at}"


def digits(arch: Arch) -> str:
    """Return the choices of an arch, one digit each."""
    return "".join(map(str, arch))


def differences(name: str, golden: dict[str, list[str]], found: dict[str, list[str]]) -> str:
    """Return what to read where a trace changed: the first steps that differ, and how to accept them."""
    parts = [f"{name} no longer does what tests/golden/traces/{name}.json holds."]
    for case in sorted(golden.keys() | found.keys()):
        diff = difflib.unified_diff(golden.get(case, []), found.get(case, []), "accepted", "now", lineterm="", n=1)
        parts += [f"-- {case}", *list(diff)[:12]]
    test = f"tests/golden/test_traces.py::test_the_player_does_what_it_did[{name}]"
    parts.append(f"If this is meant: pytest '{test}' --accept-goldens, and commit the file.")
    return "\n".join(parts)


@pytest.mark.parametrize("name", PLAYERS)
def test_the_player_does_what_it_did(name, worlds, request):
    found = {f"{world}, {n} workers": trace_of(name, world, n, worlds[world]) for world, n in cases(name)}
    path = FOLDER / f"{name}.json"
    if request.config.getoption("--accept-goldens"):
        path.write_text(json.dumps(found, indent=0) + "\n")
    golden = json.loads(path.read_text()) if path.exists() else {}
    if found != golden:
        pytest.fail(differences(name, golden, found), pytrace=False)


@pytest.mark.parametrize("name", PLAYERS)
def test_no_step_hangs_on_rounding(name, worlds):
    golden = json.loads((FOLDER / f"{name}.json").read_text())
    for world, n_workers in cases(name):
        nudged = trace_of(name, world, n_workers, Nudged(worlds[world]))
        assert nudged == golden[f"{world}, {n_workers} workers"], f"{world}, {n_workers}: choose another seed or budget"


@pytest.mark.parametrize("name", [*sorted(NEEDS_A_NIGHT), "asha_200", "bohb_200", "hyperband_200"])
def test_the_goldens_reach_the_long_schedule(name):
    golden = json.loads((FOLDER / f"{name}.json").read_text())
    assert any(line.startswith(("36@36", "200@200")) for lines in golden.values() for line in lines)


def test_every_player_has_a_golden_and_every_golden_a_player():
    goldens = {file.stem for file in FOLDER.iterdir()}
    assert goldens - set(PLAYERS) == set(), "remove the files of players that are gone"
    assert set(PLAYERS) - goldens == set(), "make the missing ones with --accept-goldens"


def test_a_changed_trace_is_shown_with_the_way_to_accept_it():
    shown = differences("asha", {"a": ["one", "two"]}, {"a": ["one", "three"]})
    assert "-two\n+three" in shown
    assert "--accept-goldens" in shown


def test_a_line_names_all_that_is_asked():
    arch: Arch = (3, 3, 1, 3, 1, 3)
    assert line_of(Train(arch, "12", 1, 3, replicate=2)) == "12@3 from 1 of 331313 r2"
    assert line_of(Train(arch, "12", 0, 3, (1, 3))) == "12@3 from 0 of 331313 r0 validated at 1,3"
    assert line_of(Train(arch, "200", 0, 9, ())) == "200@9 from 0 of 331313 r0 validated at none"
