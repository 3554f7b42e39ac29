import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from baselines.parts.brackets import BARRIER, DONE, Bracket, Enter, Promote, Shape, halving, hyperband_shapes, resources
from pmfnas.core.errors import InputError
from pmfnas.core.rungs import rungs
from pmfnas.core.types import Fidelity

LADDER = tuple(Fidelity.parse(text) for text in ("12@1", "12@3", "12@12", "200@200"))


def sizes(counts, rounding="up"):
    return [shape.sizes for shape in hyperband_shapes(counts, rounding)]


# ---------------------------------------------------------------------------------------------------- shapes


def test_hyperband_at_81_3():
    """Algorithm 1 of Hyperband, lines 2 and 5, worked out by hand."""
    assert sizes((1, 3, 9, 27, 81)) == [(81, 27, 9, 3, 1), (34, 11, 3, 1), (15, 5, 1), (8, 2), (5,)]


def test_hyperband_at_81_3_rounded_down():
    """The table that HpBandSter and DEHB follow, 81 / 27 / 9 / 6 / 5 archs."""
    assert sizes((1, 3, 9, 27, 81), "down") == [(81, 27, 9, 3, 1), (27, 9, 3, 1), (9, 3, 1), (6, 2), (5,)]


@pytest.mark.parametrize(
    ("highest", "eta", "entrants"), [(243, 3, [243, 98, 41, 18, 9, 6]), (1000, 10, [1000, 134, 20, 4])]
)
def test_no_rung_is_lost_to_rounding(highest, eta, entrants):
    shapes = hyperband_shapes(rungs(1, highest, eta))
    assert [shape.sizes[0] for shape in shapes] == entrants
    assert [len(shape.sizes) for shape in shapes] == list(range(len(entrants), 0, -1))
    assert shapes[0].sizes == tuple(eta**k for k in reversed(range(len(entrants))))


def test_rungs_count_by_their_epochs_or_by_eta():
    assert resources(LADDER) == (1, 3, 12, 200)
    assert resources(LADDER, eta=3) == (1, 3, 9, 27)
    assert sizes((1, 3, 12)) == [(12, 4, 1), (6, 1), (3,)]
    assert halving(81, 0, (1, 3, 12)) == Shape(0, (81, 27, 6))
    assert halving(200, 0, (1, 3, 12, 200)) == Shape(0, (200, 66, 16, 1))


@given(st.lists(st.integers(1, 300), min_size=1, max_size=6, unique=True).map(sorted), st.sampled_from(["up", "down"]))
@settings(max_examples=60, deadline=None)
def test_no_rung_costs_more_than_the_first(counts, rounding):
    for shape in hyperband_shapes(counts, rounding):
        spent = [n * r for n, r in zip(shape.sizes, counts[shape.first :], strict=True)]
        assert all(s <= spent[0] or n == 1 for s, n in zip(spent, shape.sizes, strict=True))


def test_every_bracket_costs_about_the_same():
    for shape in hyperband_shapes(rungs(1, 729, 3)):
        cost = sum(n * r for n, r in zip(shape.sizes, rungs(1, 729, 3)[shape.first :], strict=True))
        assert 0.7 * 7 * 729 < cost < 1.3 * 7 * 729  # B = (s_max + 1) R


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Shape(0, (3, 9)), "must not rise"),
        (lambda: Shape(0, ()), "impossible"),
        (lambda: Shape(-1, (3,)), "impossible"),
        (lambda: Shape(0, (3, 0)), "impossible"),
        (lambda: halving(0, 0, (1, 3)), "n_archs is 0"),
        (lambda: resources(LADDER, eta=1), "eta is 1"),
        (lambda: resources((LADDER[2], LADDER[2])), "give an eta"),
    ],
)
def test_impossible_shapes(make, message):
    with pytest.raises(InputError, match=message):
        make()


# --------------------------------------------------------------------------------------------------- a race


def arch(i):
    return (i, 0)


def fill(bracket):
    """Start all that the bracket wants now."""
    started = []
    while not isinstance(action := bracket.next(), str):
        started.append(arch(len(started)) if isinstance(action, Enter) else action.arch)
        bracket.start(started[-1])
    return started


def test_a_race_by_hand():
    bracket = Bracket(Shape(1, (4, 2, 1)))
    assert bracket.next() == Enter(1)
    entered = fill(bracket)
    assert bracket.next() == BARRIER
    for one, value in zip(entered, (50.0, 70.0, 60.0), strict=False):
        assert bracket.finish(one, value) == ()
        assert bracket.next() == BARRIER
    assert bracket.finish(entered[3], 40.0) == (entered[0], entered[3])
    assert bracket.next() == Promote(entered[1], 2)
    bracket.start(entered[1])
    assert bracket.next() == Promote(entered[2], 2)
    bracket.start(entered[2])
    bracket.finish(entered[1], 71.0)
    assert bracket.finish(entered[2], 72.0) == (entered[1],)
    assert bracket.next() == Promote(entered[2], 3)
    bracket.start(entered[2])
    assert bracket.finish(entered[2], 73.0) == (entered[2],)
    assert bracket.next() == DONE


def test_asking_changes_nothing():
    bracket = Bracket(Shape(0, (2, 1)))
    assert bracket.next() == bracket.next() == Enter(0)
    assert bracket.archs == []


@given(st.permutations(range(9)), st.lists(st.integers(0, 3), min_size=9, max_size=9))
@settings(max_examples=60, deadline=None)
def test_exactly_the_best_go_on_whatever_the_order(order, values):
    """Values of four kinds, so ties abound: of equals, the one that entered first goes on."""
    bracket = Bracket(Shape(0, (9, 3)))
    entered = fill(bracket)
    for i in order:
        bracket.finish(entered[i], float(values[i]))
    expected = sorted(range(9), key=lambda i: (-values[i], i))[:3]
    assert bracket.archs == [entered[i] for i in expected]


def test_who_failed_never_goes_on():
    bracket = Bracket(Shape(0, (3, 2, 1)))
    for one in fill(bracket):
        out = bracket.finish(one, 10.0 if one == arch(1) else -math.inf)
    assert out == (arch(0), arch(2))
    assert fill(bracket) == [arch(1)]
    assert bracket.finish(arch(1), -math.inf) == (arch(1),)
    assert bracket.next() == DONE


def test_a_bracket_closed_early_goes_on_with_those_that_entered():
    bracket = Bracket(Shape(0, (9, 3, 1)))
    for i in range(2):
        bracket.start(arch(i))
    assert bracket.close() == ()
    bracket.finish(arch(0), 1.0)
    bracket.finish(arch(1), 2.0)
    assert fill(bracket) == [arch(1), arch(0)]


def test_a_bracket_closed_empty_is_done():
    bracket = Bracket(Shape(0, (9, 3, 1)))
    assert bracket.close() == ()
    assert bracket.next() == DONE


def test_a_substitute_runs_in_the_place_of_the_promoted():
    bracket = Bracket(Shape(0, (2, 1)))
    for one, value in zip(fill(bracket), (1.0, 2.0), strict=True):
        bracket.finish(one, value)
    assert bracket.next() == Promote(arch(1), 1)
    bracket.start(arch(7))
    assert bracket.archs == [arch(7)]
    assert bracket.finish(arch(7), 5.0) == (arch(7),)
