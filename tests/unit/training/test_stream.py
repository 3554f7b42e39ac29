from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: no training here (extra train)")

from pmfnas.training.data.images import ImageSet  # noqa: E402
from pmfnas.training.stream import DeviceImages, batch_bounds, epoch_draws  # noqa: E402
from tests.support.training_runs import SIDE, tiny_data  # noqa: E402

CPU = torch.device("cpu")


def by_hand(data, draws, place):
    """Return one training image as the recipe says: mirrored, framed by zeros, cut, normalised."""
    number = draws.order[place]
    image = data.train.pixels[number].astype(float)
    image = image[:, :, ::-1] if draws.mirrored[place] else image
    framed = np.pad(image, ((0, 0), (data.padding,) * 2, (data.padding,) * 2))
    down, right = draws.offsets[place]
    cut = framed[:, down : down + SIDE, right : right + SIDE]
    return (cut / 255 - np.array(data.mean)[:, None, None]) / np.array(data.std)[:, None, None]


def test_every_image_comes_once_per_epoch_cut_and_mirrored_as_drawn():
    data = tiny_data()
    images = DeviceImages(data, CPU, torch.float64)
    draws = epoch_draws(777, 3, 40, data.padding, flip=True)
    batches = list(images.epoch([(777, 3)], batch_size=16))
    assert [len(labels) for _, labels in batches] == [16, 16, 8]
    pixels = torch.cat([p for p, _ in batches]).numpy()
    labels = torch.cat([y for _, y in batches]).numpy()
    np.testing.assert_array_equal(labels[:, 0], data.train.labels[draws.order])
    for place in range(40):
        np.testing.assert_allclose(pixels[place], by_hand(data, draws, place), atol=1e-12)
    assert 0 < draws.mirrored.sum() < 40
    assert set(draws.offsets.flatten().tolist()) == {0, 1, 2}


def test_packed_trainings_see_their_own_images():
    images = DeviceImages(tiny_data(), CPU)
    alone = [next(images.epoch([key], 16)) for key in ((111, 0), (777, 5))]
    pixels, labels = next(images.epoch([(111, 0), (777, 5)], 16))
    assert pixels.shape == (16, 6, SIDE, SIDE)
    for i, (own_pixels, own_labels) in enumerate(alone):
        assert torch.equal(pixels[:, 3 * i : 3 * i + 3], own_pixels)
        assert torch.equal(labels[:, [i]], own_labels)


def test_draws_depend_on_seed_and_epoch_alone():
    first, again = (epoch_draws(777, 0, 40, 1, flip=True) for _ in range(2))
    others = [epoch_draws(777, 1, 40, 1, flip=True), epoch_draws(888, 0, 40, 1, flip=True)]
    np.testing.assert_array_equal(first.order, again.order)
    assert all((first.order != other.order).any() for other in others)
    np.testing.assert_array_equal(epoch_draws(777, 0, 40, 1, flip=False).order, first.order)
    assert not epoch_draws(777, 0, 40, 1, flip=False).mirrored.any()


def test_validation_images_come_in_order_and_whole():
    data = tiny_data()
    pixels, labels = zip(*DeviceImages(data, CPU).validation(batch_size=8), strict=True)
    assert torch.cat(labels).tolist() == data.valid.labels.tolist()
    expected = (data.valid.pixels / 255 - 0.5) / 0.5
    np.testing.assert_allclose(torch.cat(pixels).numpy(), expected, atol=1e-6)


def test_large_validation_images_come_in_smaller_batches():
    data = tiny_data(n_valid=5)
    large = replace(data, **{part: scaled(getattr(data, part), 64) for part in ("train", "valid")})
    assert [len(labels) for _, labels in DeviceImages(large, CPU).validation()] == [3, 2]  # of 512x512


def scaled(images, times):
    return ImageSet(images.pixels.repeat(times, axis=2).repeat(times, axis=3), images.labels)


@pytest.mark.parametrize(
    ("n_images", "sizes"), [(32, [16, 16]), (33, [16, 17]), (34, [16, 16, 2]), (17, [17]), (1, [1]), (5, [5])]
)
def test_a_single_image_joins_the_batch_before_it(n_images, sizes):
    bounds = batch_bounds(n_images, 16)
    assert [part.stop - part.start for part in bounds] == sizes
    assert [i for part in bounds for i in range(part.start, part.stop)] == list(range(n_images))


def test_a_training_without_mirroring_and_crops_sees_whole_images():
    data = tiny_data()
    images = DeviceImages(data, torch.device("cpu"))
    ((pixels, labels),) = images.epoch([(0, 0)], len(data.train), flip=False, crop=False)
    order = epoch_draws(0, 0, len(data.train), data.padding, flip=True).order
    whole = torch.cat([pixels for pixels, _ in images.in_order(data.train)])
    assert torch.equal(pixels, whole[order])
    assert labels[:, 0].tolist() == data.train.labels[order].tolist()
