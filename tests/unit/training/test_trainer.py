"""A whole training against a plain loop in torch: rates of every step, losses, accuracies, validation."""

import numpy as np
import pytest

from pmfnas.core.types import Train

torch = pytest.importorskip("torch", reason="torch is not installed: no training here (extra train)")

from torch.nn import functional  # noqa: E402

from pmfnas.training.data.images import ImageSet, SearchData  # noqa: E402
from pmfnas.training.pack import score  # noqa: E402
from pmfnas.training.state import initial_state  # noqa: E402
from pmfnas.training.stream import class_weights  # noqa: E402
from tests.support.plain_network import take_weights, topology_network, train_plainly  # noqa: E402
from tests.support.training_runs import TINY, tiny_benchmark, tiny_images  # noqa: E402

A = (3, 2, 1, 4, 0, 3)
EPOCHS = 2


def cosine_rates(n_steps):
    """Return the rate of every step as torch's own scheduler gives it."""
    optimiser = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], TINY.learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, n_steps)
    rates = []
    for _ in range(n_steps):
        rates.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        schedule.step()
    return rates


def test_a_training_equals_a_plain_loop(tmp_path):
    benchmark = tiny_benchmark(tmp_path, dtype=torch.float64, epochs=(EPOCHS,))
    request = Train(A, str(EPOCHS), 0, EPOCHS, validate_at=(1, 2))
    curve, _ = benchmark.train(request, 0)

    segment = benchmark.segment(0, request, 0)
    plain = topology_network(benchmark.space.format(A), TINY.channels, TINY.cells_per_stage, n_classes=3).double()
    take_weights(plain, initial_state(segment.plan, segment.key.seed, dtype=torch.float64))
    images = benchmark.session.images
    batches = [
        (pixels, labels[:, 0])
        for epoch in range(EPOCHS)
        for pixels, labels in images.epoch([(segment.key.seed, epoch)], TINY.batch_size)
    ]
    losses = train_plainly(plain, batches, rates=cosine_rates(len(batches)))

    sizes = np.array([len(labels) for _, labels in batches])
    by_epoch = (np.array(losses) * sizes).reshape(EPOCHS, -1).sum(axis=1) / sizes.reshape(EPOCHS, -1).sum(axis=1)
    np.testing.assert_allclose(curve.train_loss, by_epoch, rtol=0, atol=1e-9)
    (pixels, labels), *more = images.validation()
    assert not more
    with torch.no_grad():
        logits = plain.eval()(pixels)
    assert curve.valid_loss[-1] == pytest.approx(functional.cross_entropy(logits, labels).item(), abs=1e-9)
    assert curve.valid_acc[-1] == pytest.approx(100 * (logits.argmax(dim=1) == labels).double().mean().item())
    assert all(0 <= acc <= 100 for acc in curve.train_acc)


def test_training_accuracy_counts_the_answers_given_while_training(tmp_path):
    benchmark = tiny_benchmark(tmp_path, epochs=(EPOCHS,))
    curve, _ = benchmark.train(Train(A, str(EPOCHS), 0, 1), 0)
    n_right = curve.train_acc[0] * 40 / 100
    assert n_right == pytest.approx(round(n_right))
    assert 0 < n_right < 40


def test_a_last_image_of_four_pixels_a_side_is_trained_with_the_others(tmp_path):
    whole = tiny_images(17, 0)
    small = ImageSet(whole.pixels[..., :4, :4].copy(), whole.labels)
    half = (0.5, 0.5, 0.5)
    data = SearchData(small, small, half, half, padding=0, flip=False)
    curve, _ = tiny_benchmark(tmp_path, data=data, epochs=(1,)).train(Train(A, "1", 0, 1, validate_at=(1,)), 0)
    assert np.isfinite([curve.train_loss[0], curve.valid_loss[0]]).all()


def test_balanced_accuracy_is_the_mean_over_the_classes():
    labels = torch.tensor([0, 0, 0, 0, 0, 0, 1, 1])
    logits = torch.zeros(8, 1, 2)
    logits[:, :, 0] = 1.0  # always class 0
    logits[7, :, 1] = 2.0  # but for one image of class 1
    weights = class_weights(labels.numpy(), torch.device("cpu"))
    loss, right = score(logits, labels[:, None], weights)
    assert right.item() / 8 == pytest.approx((6 / 6 + 1 / 2) / 2)
    losses = torch.nn.functional.cross_entropy(logits[:, 0], labels, reduction="none")
    assert loss.item() == pytest.approx(((losses[:6].mean() + losses[6:].mean()) / 2).item())
    plain, _ = score(logits, labels[:, None])
    assert plain.item() == pytest.approx(losses.mean().item())
