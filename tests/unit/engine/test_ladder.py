import pytest

from pmfnas.core.errors import InputError
from pmfnas.core.types import Fidelities, Fidelity, Schedule
from pmfnas.engine.ladder import make_ladder
from pmfnas.engine.settings import Settings


def schedule(epochs: int, *, ends_only: bool = False) -> Schedule:
    return Schedule(f"{epochs:02d}", epochs, frozenset({epochs} if ends_only else range(1, epochs + 1)))


def test_the_published_schedules() -> None:
    ladder = make_ladder(Fidelities((schedule(12), schedule(200, ends_only=True))), 0.25, 0.125)
    assert (ladder.low, ladder.medium, ladder.high) == (Fidelity("12", 3), Fidelity("12", 12), Fidelity("200", 200))
    assert ladder.probe == Fidelity("200", 25)
    assert ladder.low_validates
    assert not ladder.resumes_to_high


def test_of_three_schedules_the_last_two_count() -> None:
    ladder = make_ladder(Fidelities((schedule(1), schedule(12), schedule(90))), 0.25, 0.125)
    assert (ladder.low, ladder.medium, ladder.high) == (Fidelity("12", 3), Fidelity("12", 12), Fidelity("90", 90))
    assert ladder.probe == Fidelity("90", 11)


def test_within_one_schedule_each_level_resumes_the_one_before() -> None:
    ladder = make_ladder(Fidelities((schedule(80),)), 0.25, 0.125)
    assert (ladder.low, ladder.medium, ladder.high) == (Fidelity("80", 5), Fidelity("80", 20), Fidelity("80", 80))
    assert ladder.resumes_to_high
    assert ladder.probe is None


def test_a_probe_is_one_epoch_at_least_and_shorter_than_the_last_schedule() -> None:
    assert make_ladder(Fidelities((schedule(2), schedule(3))), 0.25, 0.125).probe == Fidelity("03", 1)
    short = tuple(Schedule(name, 1, frozenset({1})) for name in ("a", "b"))
    assert make_ladder(Fidelities(short), 0.25, 0.125).probe is None


def test_a_low_level_without_validation_is_trained_all_the_same() -> None:
    ladder = make_ladder(Fidelities((schedule(12, ends_only=True), schedule(200))), 0.25, 0.125)
    assert ladder.low == Fidelity("12", 3)
    assert not ladder.low_validates


def test_a_single_value_is_a_ladder_of_one_rung() -> None:
    ladder = make_ladder(Fidelities((schedule(1),)), 0.25, 0.125)
    assert (ladder.low, ladder.medium, ladder.high) == (None, Fidelity("01", 1), None)
    assert ladder.probe is None


def test_schedules_without_a_clean_end_are_refused() -> None:
    with pytest.raises(InputError, match="clean validation after its last epoch"):
        make_ladder(Fidelities((Schedule("12", 12, frozenset({3})),)), 0.25, 0.125)


def test_settings_say_what_is_wrong_with_them() -> None:
    with pytest.raises(InputError, match=r"low_share is 1\.5"):
        Settings(low_share=1.5)
    with pytest.raises(InputError, match=r"refit_growth is 1\.0"):
        Settings(refit_growth=1.0)
    with pytest.raises(InputError, match="round_starts is 0"):
        Settings(round_starts=0)
    with pytest.raises(InputError, match=r"probe_share is 0\.0"):
        Settings(probe_share=0.0)
    with pytest.raises(InputError, match=r"without names \['luck'\]"):
        Settings(without=frozenset({"luck", "curves"}))
