from baselines.random_search import RandomSearch
from pmfnas.core.types import Failed, Stop, Submit, Train, Wait
from pmfnas.testing.grid import GridSpace
from tests.support.evaluating import asked, make, ok, ticket, walk


def test_every_arch_once_and_then_the_end():
    space = GridSpace((3, 4))
    searcher = make(RandomSearch, space)
    archs = walk(searcher, sum, 100)
    assert len(archs) == 12
    assert set(archs) == {(i, j) for i in range(3) for j in range(4)}
    assert searcher.ask([ticket((0, 0))], 1.0) == Wait()
    assert isinstance(searcher.ask([], 1.0), Stop)


def test_the_best_by_validation_is_recommended():
    searcher = make(RandomSearch, GridSpace((3, 4)))
    assert searcher.recommend() == ()
    walk(searcher, sum, 100)
    assert searcher.recommend()[0] == (2, 3)


def test_a_failed_arch_is_not_asked_for_again():
    searcher = make(RandomSearch, GridSpace((2, 2)))
    first = asked(searcher)
    searcher.tell(ticket(first), Failed("out of memory"))
    assert first not in walk(searcher, sum, 10)
    assert first not in searcher.recommend()


def test_the_fidelity_is_a_setting():
    decision = make(RandomSearch, GridSpace(), fidelity="12@3").ask([], 1.0)
    assert isinstance(decision, Submit)
    request = decision.requests[0]
    assert request == Train(request.arch, "12", 0, 3)


def test_first_result_first_on_ties():
    searcher = make(RandomSearch, GridSpace((2, 2)))
    for number, arch in enumerate([(1, 0), (0, 1)]):
        searcher.tell(ticket(arch, number), ok(50.0))
    assert searcher.recommend() == ((1, 0), (0, 1))
