import pytest

from harness.units import budget_s, count, names, written_time
from pmfnas.core.errors import InputError


@pytest.mark.parametrize(
    ("text", "seconds"), [("8.5h", 30600), ("510m", 30600), ("30600s", 30600), ("30600", 30600), (".5h", 1800)]
)
def test_a_budget_is_read(text, seconds):
    assert budget_s(text) == seconds


@pytest.mark.parametrize("text", ["0", "-1h", "", "h", "8,5h", "1d", "nan", "inf"])
def test_a_budget_that_is_no_positive_time_is_refused(text):
    with pytest.raises(InputError, match="--budget is"):
        budget_s(text)


@pytest.mark.parametrize("text", ["0", "-3", "1.5", "x", ""])
def test_a_count_below_the_least_is_refused(text):
    with pytest.raises(InputError, match=r"--seeds is .* at least 1"):
        count("--seeds", text, least=1)


def test_names_are_split_and_nothing_is_refused():
    assert names("--datasets", " a, b,") == ("a", "b")
    with pytest.raises(InputError, match="--datasets"):
        names("--datasets", ", ")


def test_times_are_written_for_people():
    assert [written_time(s) for s in (3, 600, 6_000, 36_000)] == ["3 s", "10 min", "1 h 40 min", "10 h 0 min"]
    assert [written_time(s) for s in (0.4, 90, 119.6, 120)] == ["0 s", "90 s", "2 min", "2 min"]
    assert [written_time(s) for s in (150, 599.6, 659, 5399)] == ["2 min 30 s", "10 min", "11 min", "1 h 30 min"]
