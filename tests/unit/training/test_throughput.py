import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: no training here (extra train)")

from pmfnas.training import throughput  # noqa: E402
from pmfnas.training.blueprint import blueprint  # noqa: E402
from pmfnas.training.stream import DeviceImages  # noqa: E402
from pmfnas.training.throughput import choose_width, images_per_second  # noqa: E402
from tests.support.training_runs import TINY, ticking, tiny_data  # noqa: E402

PLANS = [blueprint("nb201", arch, TINY, n_classes=3) for arch in ((3, 3, 1, 3, 1, 3), (2, 0, 4, 1, 3, 2))]


@pytest.fixture
def images():
    return DeviceImages(tiny_data(), torch.device("cpu"))


def test_speed_counts_the_images_of_all_candidates_after_the_warm_up(images):
    # epochs of 16, 16 and 8 images: after two steps come 8, 16, 16, 8 of each candidate
    assert images_per_second(PLANS, images, TINY, n_steps=4, clock=ticking(2.0)) == 2 * (8 + 16 + 16 + 8) / 2.0


@pytest.mark.parametrize(
    ("speeds", "width"),
    [
        ({1: 100, 2: 105}, 1),
        ({1: 100, 2: 180, 4: 300, 8: 310}, 4),
        ({1: 100, 2: 180, 4: 300, 8: None}, 4),
        ({1: 100, 2: 200, 4: 400, 8: 800}, 8),
    ],
)
def test_the_width_is_doubled_while_it_is_worth_it_and_fits(images, monkeypatch, speeds, width):
    asked = []

    def measured(plans, *rest, clock):
        asked.append(len(plans))
        if speeds[len(plans)] is None:
            raise torch.OutOfMemoryError("by the test")
        return speeds[len(plans)]

    monkeypatch.setattr(throughput, "images_per_second", measured)
    clock = ticking()
    chosen = choose_width(PLANS, images, TINY, most=8, clock=clock)
    assert chosen.width == width
    assert asked == sorted(speeds)
    assert chosen.speeds == {w: s for w, s in speeds.items() if s is not None}
    assert 0.0 < chosen.seconds < clock()
