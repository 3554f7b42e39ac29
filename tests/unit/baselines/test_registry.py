import pytest

from baselines import SEARCHERS
from pmfnas.core.rng import stream
from tests.support.fakes import FIDELITIES, cells


def test_names_are_alphabetical():
    assert list(SEARCHERS) == sorted(SEARCHERS)


def test_nothing_can_be_added():
    with pytest.raises(TypeError):
        SEARCHERS["mine"] = SEARCHERS["random_search"]  # type: ignore[index]


@pytest.mark.parametrize("name", SEARCHERS)
def test_each_begins_with_its_default_settings(name: str):
    searcher = SEARCHERS[name](cells(), FIDELITIES, 30_600.0, 1, rng=stream(0, "searcher"))
    assert tuple(searcher.recommend()) == ()
