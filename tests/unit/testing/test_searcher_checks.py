"""Every check passes for a sound searcher and fails for one that breaks what it checks."""

import os
from itertools import count

import numpy as np
import pytest

from pmfnas.core.errors import InputError
from pmfnas.core.types import Cancelled, Diverged, Failed, Wait
from pmfnas.testing.grid import GridSpace
from pmfnas.testing.process_state import process_state, scrambling
from pmfnas.testing.searcher_checks import CHECKS, Subject, applies, check_searcher, run_check
from tests.support.toys import Toy, toy


def _reseeds(seed):
    def start(self):
        self.rng = np.random.default_rng(seed())

    return start


def _raises_when(condition):
    def bend(*args):
        if condition(*args):
            raise RuntimeError("broken on purpose")

    return bend


def _waits_when(condition):
    return lambda self, running, remaining_s: Wait() if condition(self, running) else None


def _forgets_ties(self):
    scores = [outcome.curve.last_valid_acc for _, outcome in self.told]
    return self.best() if len(set(scores)) == len(scores) else ()


def _only_if_numbered_in_order(self, ticket, outcome):
    del outcome
    if ticket.number != len(self.told):
        raise RuntimeError("told out of order")


def _writes_environment(self):
    os.environ["PMFNAS_TOY"] = str(np.random.random())  # noqa: NPY002


def _repeats_for_ever(self, running, remaining_s):
    del running, remaining_s
    return self.train(self.told[-1][0].request.arch) if self.told else None


BROKEN = {
    "same seed, same moves": toy(bend_start=_reseeds(count().__next__)),
    "global generators scrambled": toy(bend_start=_reseeds(lambda: np.random.randint(2**31))),  # noqa: NPY002
    "other seeds, other archs": toy(bend_start=_reseeds(lambda: 0)),
    "process state untouched": toy(bend_start=_writes_environment),
    "1 worker": toy(bend_ask=_waits_when(lambda self, running: len(self.told) == 3 and self.n_workers == 1)),
    "4 workers": toy(bend_ask=_raises_when(lambda self, running, remaining_s: len(running) == 3)),
    "16 workers": toy(bend_ask=_raises_when(lambda self, running, remaining_s: len(running) > 8)),
    "out of order": toy(bend_tell=_only_if_numbered_in_order),
    "recommends what it saw": toy(bend_recommend=lambda self: ()),
    "constant scores": toy(bend_recommend=_forgets_ties),
    "some archs diverge": toy(
        bend_recommend=lambda self: [t.request.arch for t, o in self.told if isinstance(o, Diverged)] or None
    ),
    "all archs diverge": toy(bend_recommend=lambda self: self.told and [max(self.best())]),
    "some archs unavailable": toy(bend_tell=_raises_when(lambda self, ticket, outcome: isinstance(outcome, Failed))),
    "some segments fail": toy(
        bend_tell=_raises_when(lambda self, ticket, outcome: isinstance(outcome, Failed) and outcome.cost.total_s > 0)
    ),
    "some segments cancelled": toy(
        bend_tell=_raises_when(lambda self, ticket, outcome: isinstance(outcome, Cancelled))
    ),
    "budget below one segment": toy(bend_start=lambda self: 1 // int(self.budget_s)),
    "budget of one segment": toy(bend_recommend=lambda self: () if len(self.told) < 2 else None),
    "space exhausted": toy(bend_ask=_repeats_for_ever),
}


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch):
    monkeypatch.setenv("PMFNAS_TOY", "")


def test_a_sound_searcher_passes_all():
    results = check_searcher(Toy)
    assert [str(result) for result in results if not result.passed] == []
    assert len(results) == len(CHECKS)


def test_every_check_has_a_searcher_that_breaks_it():
    assert BROKEN.keys() == CHECKS.keys()


@pytest.mark.parametrize("name", CHECKS)
def test_a_broken_searcher_is_caught(name):
    result = run_check(name, Subject(BROKEN[name]))
    assert not result.passed
    assert result.explanation
    assert str(result) == f"FAIL  {name}: {result.explanation}"


@pytest.mark.parametrize("name", CHECKS)
def test_it_is_the_searcher_that_fails_not_the_check(name):
    assert str(run_check(name, Subject(Toy))) == f"ok    {name}"


def test_the_checks_that_do_not_apply_are_left_out():
    fixed = Subject(Toy, is_random=False, tiny=None)
    assert {name for name in CHECKS if not applies(name, fixed)} == {"other seeds, other archs", "space exhausted"}
    own = check_searcher(Toy, space=GridSpace((5, 5, 5)))
    assert "space exhausted" not in {result.name for result in own}
    assert len(own) == len(CHECKS) - 1


def test_an_unknown_check_is_refused():
    with pytest.raises(InputError, match="check is 'speed', but must be one of"):
        run_check("speed", Subject(Toy))


def test_checking_leaves_the_process_as_it_was():
    before = process_state()
    check_searcher(Toy)
    assert process_state() == before


def test_scrambling_changes_the_global_generators_and_puts_them_back():
    before = process_state()
    with scrambling(0) as scramble:
        scramble()
        changed = {name for name, value in process_state().items() if value != before[name]}
    assert changed == {"numpy's global generator", "the global generator of random"}
    assert process_state() == before
