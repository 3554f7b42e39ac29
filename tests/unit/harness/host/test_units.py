import pytest

from harness.host.units import budget_s, count, counted, joined, names, written_time
from pmfnas.core.errors import InputError


@pytest.mark.parametrize(("text", "seconds"), [("8.5h", 30600), ("510m", 30600), ("30600s", 30600), (".5h", 1800)])
def test_a_budget_is_read(text, seconds):
    assert budget_s(text) == seconds


@pytest.mark.parametrize("text", ["0", "0h", "-1h", "", "h", "8,5h", "1d", "nan", "inf", "9" * 5000 + "h", "300000h"])
def test_a_budget_that_is_no_positive_time_is_refused(text):
    with pytest.raises(InputError, match="--budget is"):
        budget_s(text)


def test_a_budget_without_a_unit_asks_for_one():
    with pytest.raises(InputError, match=r"--budget is '8.5', which has no unit; write 8.5h, 8.5m or 8.5s"):
        budget_s("8.5")


@pytest.mark.parametrize(
    ("flag", "text", "most"),
    [
        ("--jobs", "1025", "1,024"),
        ("--seeds", "1000000000", "100,000"),
        ("--seed", "9" * 5000, "4,294,967,295"),
        ("--workers", "9" * 5000, "10,000"),
    ],
)
def test_a_count_too_large_is_refused_and_shown_short(flag, text, most):
    with pytest.raises(InputError, match=rf"{flag} is .* at most {most}") as refused:
        count(flag, text, least=1)
    assert len(str(refused.value)) < 250


def test_a_count_at_its_limit_is_read():
    assert count("--jobs", "1024", least=1) == 1024


def test_a_negative_value_is_joined_to_its_flag():
    assert joined(["run", "--budget", "-1h", "--smoke", "-x", "--seeds=3", "-2"]) == (
        ["run", "--budget=-1h", "--smoke", "-x", "--seeds=3", "-2"]
    )


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


def test_a_noun_is_in_the_plural_unless_it_is_one() -> None:
    assert [counted(n, "worker") for n in (0, 1, 2)] == ["0 workers", "1 worker", "2 workers"]
