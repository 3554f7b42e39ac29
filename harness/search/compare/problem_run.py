"""The program of one run of a comparison on the user's own problem: a search, and a new training of what it found.

It is started with a request as JSON and goes on where an earlier process stopped. The result is written last:

    OUT/             the folder of the search, as `pmfnas.search` makes it
    OUT/again/       the same of the new training
    OUT/result.json  the arch; its value in the search, and its score, the value of the new training
"""

import json
import signal
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import cloudpickle
import numpy as np

from harness.experiment.folder import write_json
from harness.players.class_file import load_module
from harness.players.file import from_file
from harness.players.problem_file import problem_in_file
from harness.search.compare.problem import player, with_rules
from harness.search.folder import RESULT
from harness.search.parent import end_with_parent
from pmfnas.core.errors import InputError, PmfnasError
from pmfnas.core.ports import SearcherFactory, Space
from pmfnas.core.types import Arch, Decision, Fidelities, Ok, Outcome, Stop, Submit, Ticket, Train, Wait
from pmfnas.problem.arguments import checked
from pmfnas.problem.problem import Problem
from pmfnas.problem.result import Result
from pmfnas.problem.search import search

AGAIN = "again"
_LATER = 1_000_000
"""The seed of the new training is that of the search, and this."""
_MOST_BUDGETS = 20.0
"""The new training may take this many budgets: it is on no budget, but must end."""


def main() -> int:
    """Do the run that the first argument asks for; return the exit code."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        end_with_parent()
        run(json.loads(sys.argv[1]))
    except KeyboardInterrupt:
        return 130
    except PmfnasError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def run(request: dict[str, Any]) -> None:
    """Search, train the best arch again, and write the result."""
    problem, found = problem_in_file(request["problem"])
    cloudpickle.register_pickle_by_value(load_module(found.path, found.source))  # workers cannot import it
    problem = with_rules(problem, budget_s=request["budget_s"], n_workers=request["n_workers"])
    out, seed = Path(request["out"]), request["seed"]
    result = search(**vars(problem), out=out, seed=seed, searcher=_searcher(request["searcher"]))
    best = result.best
    score = trained_again(problem, result.header.recommended[0], out / AGAIN, seed=seed + _LATER)
    told = {
        "arch": result.header.recommended[0],
        "schedule": best.schedule,
        "epochs": best.epochs,
        "found": best.value,
        "score": score,
        "clock_s": result.header.clock_s,
    }
    write_json(out / RESULT, told | _trained(result, problem))


def _searcher(text: str) -> SearcherFactory | None:
    return from_file(text)[1] if ":" in text else player(text)


def trained_again(problem: Problem, arch: str, out: Path, *, seed: int) -> float:
    """Return the value of a new training of an arch to the end of the longest schedule, in the metric's unit.

    Raises:
        InputError: the training failed or diverged.
    """
    known = checked(**vars(problem), out=out, seed=seed, searcher=None)
    alone = with_rules(problem, budget_s=_MOST_BUDGETS * known.budget_s, n_workers=1)
    once = partial(Once, arch=problem.space.parse(arch))
    try:
        return search(**vars(alone), out=out, seed=seed, searcher=once, progress=False).best.value
    except InputError as error:
        raise InputError(f"the new training of {arch} gave no value: {error}") from error


def _trained(result: Result, problem: Problem) -> dict[str, int]:
    """Return how many archs a search has trained, and how many of them to the end of the longest schedule."""
    frame = result.to_pandas()
    ok = frame[frame["status"] == "ok"]
    name, epochs = longest(problem)
    whole = ok[(ok["schedule"] == name) & (ok["epochs"] == epochs)]
    return {"n_archs": int(ok["arch"].nunique()), "n_whole": int(whole["arch"].nunique())}


def longest(problem: Problem) -> tuple[str, int]:
    """Return name and epochs of the longest schedule."""
    last = checked(**vars(problem), out="results", seed=0, searcher=None).fidelities.highest
    return last.schedule, last.epochs


class Once:
    """Trains one arch to the end of the longest schedule. Implements `pmfnas.core.ports.Searcher`."""

    def __init__(
        self,
        space: Space,
        fidelities: Fidelities,
        budget_s: float,
        n_workers: int,
        *,
        rng: np.random.Generator,
        arch: Arch,
    ) -> None:
        del space, budget_s, n_workers, rng
        end = fidelities.highest
        self._waiting: list[Train] = [Train(arch, end.schedule, 0, end.epochs)]
        self._found: list[Arch] = []

    def ask(self, running: Sequence[Ticket], remaining_s: float) -> Decision:
        """Return the one training."""
        del remaining_s
        if self._waiting:
            return Submit((self._waiting.pop(),))
        return Wait() if running else Stop("the arch is trained")

    def tell(self, ticket: Ticket, outcome: Outcome) -> None:
        """Take note of how it ended."""
        self._found += [ticket.request.arch] if isinstance(outcome, Ok) else []

    def recommend(self) -> Sequence[Arch]:
        """Return the arch, once it is trained."""
        return self._found
