"""A space as a JSON object: what it means, and the first place that is wrong."""

import numpy as np
import pytest

from pmfnas.core.errors import InputError
from pmfnas.spaces.own.described import choices_of


def test_every_form_of_choice():
    space = choices_of(
        {
            "choices": {
                "depth": [2, 3],
                "kernel": {"values": [[3, 3], [5, 5]]},
                "size": {"values": ["s", "m", "l"], "ordered": True},
                "width": {"integers": [16, 48, 16]},
                "dropout": {"grid": [0.0, 0.5, 3]},
                "lr": {"log_grid": [1e-3, 1e-1, 3], "when": {"size": ["m", "l"]}},
            }
        }
    )
    assert space.cardinalities == (2, 2, 3, 3, 3, 3)
    assert space.format((0, 1, 0, 2, 1, 2)) == "depth=2,kernel=5x5,size=s,width=48,dropout=0.25"
    assert space.format((0, 1, 2, 2, 1, 2)).endswith("lr=0.1")


def test_archs_that_exchange_interchangeable_choices_are_equal():
    space = choices_of({"choices": {"a": ["x", "y"], "b": ["x", "y"]}, "interchangeable": [["a", "b"]]})
    assert space.canonical((0, 1)) == space.canonical((1, 0)) != space.canonical((1, 1))
    assert np.array_equal(*space.features([(0, 1), (1, 0)]))


@pytest.mark.parametrize(
    ("description", "said"),
    [
        ([], "must be an object"),
        ({"choices": {"a": [1, 2]}, "nmae": "x"}, "key of the space is 'nmae'"),
        ({"choices": {"a": {"grid": [0, 1]}}}, "choice a has grid"),
        ({"choices": {"a": {"grid": [0, 1, 2], "values": [1]}}}, "exactly one of"),
        ({"choices": {"a": {"values": 3}}}, "choice a has values 3, but it must be a list"),
        ({"choices": {"a": [1, 2], "b": {"values": [1, 2], "when": {"c": 1}}}}, "may name earlier choices only: a"),
        ({"choices": {"a": [1, 2], "b": [1, 3]}, "interchangeable": [["a", "b"]]}, "whose values or conditions differ"),
        ({"choices": {"a": [1, 2]}, "interchangeable": [["a"]]}, "must hold lists of choices"),
        ({"choices": {"canonical": [1, 2]}}, "choice is called canonical"),
    ],
)
def test_the_first_wrong_place_is_named(description, said):
    with pytest.raises(InputError) as caught:
        choices_of(description)
    assert said in str(caught.value)
