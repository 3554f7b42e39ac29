"""The engine's settings refuse values that mean nothing, NaN among them, which is neither below nor above a bound."""

from dataclasses import fields

import pytest

from pmfnas.core.errors import InputError
from pmfnas.engine.settings import Settings

NUMBERS = [field.name for field in fields(Settings) if field.type in (int, float)]


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_number_that_is_none_is_refused(name, value):
    with pytest.raises(InputError, match=f"{name} is {value}, but must be a finite number"):
        Settings(**{name: value})


@pytest.mark.parametrize(("name", "value"), [("refit_growth", 1.0), ("low_share", 1.0), ("round_starts", 0)])
def test_a_value_out_of_bounds_is_refused(name, value):
    with pytest.raises(InputError, match=f"{name} is {value}, but must"):
        Settings(**{name: value})
