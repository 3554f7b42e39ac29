"""The rules by which stages end and batches are ordered. The course of whole runs: `test_searcher`."""

from pmfnas.core.types import Train
from pmfnas.engine.ablations import at_its_number, fixed_batches
from pmfnas.engine.choices import Batch
from pmfnas.engine.stages.explore import regions_promise_more, times
from pmfnas.engine.stages.refine import Review, worth_more

REQUESTS = tuple(Train((i,), "200", 0, 25, ()) for i in range(12))
POOR, RICH = (Batch("probe", REQUESTS[:2], gain, 10.0) for gain in (0.1, 0.3))


def test_exploring_ends_only_when_the_regions_promise_more() -> None:
    assert regions_promise_more(lambda: (2.0, 1.0), 1.5) == "a second within the regions is worth 2.0 anywhere"
    assert regions_promise_more(lambda: (1.0, 1.0), 1.5) == ""
    assert regions_promise_more(lambda: (0.0, 0.0), 1.5) == ""


def test_a_ratio_without_measure_is_not_spelt_out() -> None:
    assert times(1.0, 0.0) == times(5.0, 1e-9) == "over 1000"


def test_the_batch_of_the_largest_gain_per_second_is_ordered_where_searching_on_gains_less() -> None:
    assert worth_more(Review([POOR, RICH], 0.02, 0.5, True)) is RICH
    assert worth_more(Review([POOR, RICH], 0.03, 0.5, True)) is None
    assert worth_more(Review([], 0.0, 0.5, True)) is None


def test_a_fixed_allocation_asks_for_no_rates() -> None:
    def rates() -> tuple[float, float]:
        raise AssertionError

    assert at_its_number(rates, 1.5) == "its fixed number of archs has been trained"


def test_fixed_batches_begin_with_eight_probes_once_their_share_is_left() -> None:
    batches = [Batch("probe", REQUESTS[:n], 0.1, 1.0) for n in (1, 6, 8, 12)] + [Batch("replicate", REQUESTS[:1])]
    assert fixed_batches(Review(batches, 0.0, 0.31, True)) is None
    assert fixed_batches(Review(batches, 0.0, 0.29, True)) == batches[2]
    finish = [Batch("finish", REQUESTS[:n], 0.1, 1.0) for n in (2, 1)]
    assert fixed_batches(Review([*batches, *finish], 0.0, 0.2, False)) == finish[1]
    assert fixed_batches(Review(batches, 0.0, 0.2, False)) is None
