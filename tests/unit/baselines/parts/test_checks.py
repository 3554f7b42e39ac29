import pytest

from baselines.parts.checks import check_at_least, check_between, search_fidelity
from pmfnas.core.errors import InputError
from pmfnas.core.types import Fidelities, Fidelity, Schedule
from tests.support.fakes import FIDELITIES


def schedule(epochs: int) -> Schedule:
    return Schedule(str(epochs), epochs, frozenset({epochs}))


def test_the_default_is_the_end_of_the_last_but_one_schedule():
    assert search_fidelity(None, FIDELITIES) == Fidelity("12", 12)
    assert search_fidelity(None, Fidelities((schedule(1), schedule(12), schedule(90)))) == Fidelity("12", 12)


def test_with_one_schedule_the_default_is_its_end():
    assert search_fidelity(None, Fidelities((schedule(90),))) == Fidelity("90", 90)


def test_a_fidelity_can_be_written_out():
    assert search_fidelity("12@3", FIDELITIES) == Fidelity("12", 3)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("12", "must look like 12@6"),
        ("12@13", "ends after 12"),
        ("200@100", "only at epoch 200"),
        ("9@9", "one of: 12, 200"),
    ],
)
def test_a_fidelity_that_does_not_exist_is_refused(text: str, message: str):
    with pytest.raises(InputError, match=message):
        search_fidelity(text, FIDELITIES)


def test_the_default_is_refused_where_it_was_never_validated():
    blind = Fidelities((Schedule("12", 12, frozenset({3})), schedule(200)))
    with pytest.raises(InputError, match="clean validation only at epoch 3"):
        search_fidelity(None, blind)


def test_bounds():
    check_at_least("n", 1, 1)
    check_between("gamma", 0.5, 0.0, 1.0)
    with pytest.raises(InputError, match="n is 0, but must be at least 1"):
        check_at_least("n", 0, 1)
    with pytest.raises(InputError, match="n is nan, but must be at least 1"):
        check_at_least("n", float("nan"), 1)
    for wrong in (0.0, 1.0, float("nan")):
        with pytest.raises(InputError, match=r"gamma is .*, but must lie between 0 and 1"):
            check_between("gamma", wrong, 0.0, 1.0)
