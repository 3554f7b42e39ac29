"""A space of named choices: values, conditions, equal archs, texts, and what it refuses."""

import pickle
from itertools import product

import numpy as np
import pytest

from pmfnas.core.errors import InputError
from pmfnas.engine.searcher import PmfNas
from pmfnas.spaces.own.choices import Choices
from pmfnas.spaces.own.options import Categorical, Grid, Integers, LogGrid, Ordinal
from pmfnas.testing.driver import drive
from pmfnas.testing.searcher_checks import CHECKS, Subject, run_check
from pmfnas.testing.synthetic import SyntheticBenchmark


def every(space):
    return list(product(*(range(n) for n in space.cardinalities)))


def conditional():
    return Choices(
        optimizer=["sgd", "adam", "lion"],
        momentum=Grid(0.0, 0.9, 4, when={"optimizer": "sgd"}),
        nesterov=Categorical([True, False], when={"momentum": [0.3, 0.6, 0.9]}),
        beta=Ordinal([0.9, 0.99], when={"optimizer": ["adam", "lion"]}),
    )


def test_the_values_are_what_was_written():
    space = Choices(
        a=[3, 1, 2], b=range(2, 5), c=Integers(1, 10, 4), d=Grid(0, 1, 3), e=LogGrid(1e-4, 1e-1, 7), f=["xy"]
    )
    top, low = space.named(tuple(n - 1 for n in space.cardinalities)), space.named((0,) * 6)
    assert (low.a, low.b, low.c, low.d, low.e, low.f) == (1, 2, 1, 0.0, 1e-4, "xy")
    assert (top.a, top.b, top.c, top.d, top.e) == (3, 4, 9, 1.0, 0.1)
    assert space.n_archs == 3 * 3 * 3 * 3 * 7
    assert [space.named((0, 0, 0, 0, i, 0)).e for i in range(7)] == [1e-4, 3.162e-4, 1e-3, 3.162e-3, 0.01, 0.03162, 0.1]
    assert all(type(value) is int for value in (low.a, low.b, low.c))


def test_numbers_of_numpy_become_numbers_of_python():
    space = Choices(width=np.array([64, 32]), drop=[np.float64(0.5), 0.1])
    assert [type(v) for v in dict(space.named((0, 0))).values()] == [int, float]
    assert space.format((1, 1)) == "width=64,drop=0.5"


def test_an_arch_is_read_by_name_and_does_not_change():
    arch = Choices(depth=[2, 3], activation=["relu", "gelu"]).named((1, 0))
    assert (arch.depth, arch["activation"], dict(arch), {**arch}) == (
        3,
        "relu",
        {"depth": 3, "activation": "relu"},
        dict(arch),
    )
    assert repr(arch) == "depth=3, activation=relu"
    assert pickle.loads(pickle.dumps(arch)) == arch
    assert hash(arch) == hash(pickle.loads(pickle.dumps(arch)))
    with pytest.raises(AttributeError, match="no choice 'dept'; it has depth, activation"):
        _ = arch.dept
    with pytest.raises(AttributeError, match="does not change"):
        arch.depth = 4


def test_the_text_of_a_space_says_all_of_it():
    assert repr(conditional()) == (
        "Choices(optimizer: sgd, adam, lion; momentum: 0, 0.3, 0.6, 0.9 when optimizer=sgd; "
        "nesterov: True, False when momentum=0.3|0.6|0.9; beta: 0.9, 0.99 when optimizer=adam|lion)"
    )


def test_choices_that_do_not_exist_are_none_and_make_no_difference():
    space = conditional()
    named = space.named(space.parse("optimizer=adam,beta=0.99"))
    assert (named.momentum, named.nesterov, named.beta) == (None, None, 0.99)
    forms = {space.canonical(arch) for arch in every(space)}
    assert len(forms) == (1 + 3 * 2) + 2 + 2  # sgd: no momentum, or three with two kinds; adam and lion: beta
    by_form = {}
    for arch in every(space):
        by_form.setdefault(space.canonical(arch), []).append(arch)
    for equal in by_form.values():
        assert len(np.unique(space.features(equal), axis=0)) == 1
        assert len({space.format(arch) for arch in equal}) == 1
    assert len(np.unique(space.features([archs[0] for archs in by_form.values()]), axis=0)) == len(forms)


def test_neighbours_and_samples_hold_no_equal_archs():
    space = conditional()
    for arch in every(space):
        near = [space.canonical(other) for other in space.neighbours(arch)]
        assert space.canonical(arch) not in near
        assert len(set(near)) == len(near) > 0
    drawn = {space.sample(rng=np.random.default_rng(seed)) for seed in range(300)}
    assert {space.parse(space.format(arch)) for arch in drawn} == drawn
    assert len(drawn) == 11


def test_canonical_names_the_arch_that_stands_for_its_equals():
    def sorted_pair(arch):
        return {"first": min(arch.first, arch.second), "second": max(arch.first, arch.second)}

    space = Choices(first=[1, 2, 3], second=[1, 2, 3], canonical=sorted_pair)
    assert space.canonical((2, 0)) == space.canonical((0, 2)) == "first=1,second=3"
    assert len({space.canonical(arch) for arch in every(space)}) == 6
    np.testing.assert_array_equal(space.features([(2, 0)]), space.features([(0, 2)]))


def test_a_cost_hint_is_a_feature_and_stands_for_the_size():
    space = Choices(depth=[1, 2, 4], act=["a", "b"], cost_hint=lambda arch: 10.0 * arch.depth)
    assert space.flops_m((2, 0)) == space.params_m((2, 0)) == 40.0
    assert space.feature_names == ("depth", "act=a", "act=b", "log10_flops")
    np.testing.assert_allclose(space.features([(2, 1)]), [[1.0, 0.0, 1.0, np.log10(40.0)]])


@pytest.mark.parametrize("space", [Choices(a=range(10)), Choices(**{f"c{i}": range(10) for i in range(12)})])
def test_spaces_of_ten_and_of_a_trillion_archs_are_searched(space):
    trace = drive(PmfNas, SyntheticBenchmark(space), budget_s=2_000.0)
    assert trace.recommended
    assert space.n_archs in (10, 10**12)


@pytest.mark.parametrize("check", CHECKS)
def test_the_searcher_keeps_its_rules_on_conditional_choices(check):
    tiny = Choices(a=["x", "y"], b=Categorical([1, 2], when={"a": "x"}))
    result = run_check(check, Subject(PmfNas, space=conditional(), tiny=tiny))
    assert result.passed, result.explanation


BAD = {
    "choice depth is empty; give it": lambda: Choices(depth=[]),
    "one arch at most": lambda: Choices(depth=[3]),
    r"has one arch at most": Choices,
    r"choice depth has the values \(2, 3, 3\), but 3 twice": lambda: Choices(depth=[3, 2, 3]),
    r"choice depth mixes None and numbers in \[1, None\]; if that is meant, write depth=Categorical": lambda: Choices(
        depth=[1, None]
    ),
    "mixes numbers and texts": lambda: Choices(depth=[1, "2"]),
    r"choice k holds \[3, 3\], which cannot be hashed; write a list as a tuple": lambda: Choices(k=[[3, 3], [5, 5]]),
    "choice lr holds nan, but numbers must be finite": lambda: Choices(lr=[0.1, float("nan")]),
    r"choice a is 'relu', but must be a list of values": lambda: Choices(a="relu"),
    r"choice a is \{.*\}, but must be a list": lambda: Choices(a={1, 2}),
    "choice a is 5, but must be a list": lambda: Choices(a=5),
    "choice is called 'keys'": lambda: Choices(keys=[1, 2]),
    "is called '_a'": lambda: Choices(_a=[1, 2]),
    "two are written alike, None, None": lambda: Choices(a=Categorical(["None", None])),
    "holds one of , = or": lambda: Choices(a=["x,y", "z"]),
    "may name earlier choices only: none so far": lambda: Choices(a=Categorical([1, 2], when={"b": 1}), b=[1, 2]),
    "but b is one of 1, 2": lambda: Choices(b=[1, 2], a=Categorical([1, 2], when={"b": 3})),
    "must be a dict": lambda: Choices(b=[1, 2], a=Categorical([1, 2], when="b")),
    r"LogGrid\(low=0, .*need low > 0; use Grid": lambda: Choices(lr=LogGrid(0, 1, 3)),
    "n = 1, but needs at least 2": lambda: Choices(lr=Grid(0, 1, 1)),
    "from a finite number low to a larger one": lambda: Choices(lr=Grid(1, 0, 3)),
    "must hold whole numbers; for others use Grid": lambda: Choices(n=Integers(0.5, 3)),
    "it needs low <= high": lambda: Choices(n=Integers(5, 3)),
    "a choice has at most 10,000": lambda: Choices(n=Integers(1, 1_000_000)),
    "choice a has 300 values without an order, but may have 200; group them": lambda: Choices(
        a=[f"v{i}" for i in range(300)]
    ),
    r"space has 1e\+20 archs, but may have at most 1e\+18": lambda: Choices(**{f"c{i}": range(10) for i in range(20)}),
    "cost_hint is -1 for the arch a=1, but must be a positive number": lambda: Choices(
        a=[1, 2], cost_hint=lambda _: -1
    ),
    "canonical returns 3 for a=1, but must return a dict": lambda: Choices(a=[1, 2], canonical=lambda _: 3),
    "canonical returns a choice that is 'b', but must be one of: a": lambda: Choices(
        a=[1, 2], canonical=lambda _: {"b": 1}
    ),
    "canonical returns a=7, but a is one of 1, 2": lambda: Choices(a=[1, 2], canonical=lambda _: {"a": 7}),
    "must leave the arch that it returns as it is": lambda: Choices(a=[1, 2], canonical=lambda arch: {"a": 3 - arch.a}),
}


@pytest.mark.parametrize("message", BAD)
def test_what_cannot_be_searched_is_refused_in_one_line(message):
    with pytest.raises(InputError, match=message) as error:
        BAD[message]()
    assert "\n" not in str(error.value)
