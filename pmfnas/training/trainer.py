"""Trains a pack for one epoch, and validates candidates.

Losses and correct answers are summed on the device and fetched once per epoch, so the host never waits in between.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch

from pmfnas.training.pack import score
from pmfnas.training.plans import AnyPack, Plan, pack_of
from pmfnas.training.recipe import Recipe, learning_rate
from pmfnas.training.state import TrainingState
from pmfnas.training.stream import DeviceImages, batch_bounds


@dataclass(frozen=True, slots=True)
class Progress:
    """The position of one training in its schedule."""

    seed: int
    epochs_had: int
    epochs: int
    """Length of its schedule."""


@dataclass(frozen=True, slots=True)
class Scores:
    """Loss and accuracy of one candidate over one epoch or pass."""

    loss: float
    """Mean cross entropy in nats."""
    accuracy: float
    """Percent: of the images, or the mean over the classes if they weigh alike (`Recipe.balanced`)."""


def train_epoch(pack: AnyPack, progress: Sequence[Progress], images: DeviceImages, recipe: Recipe) -> list[Scores]:
    """Train every candidate of `pack` for one epoch. Return each one's mean loss and accuracy over the epoch."""
    n_steps = len(batch_bounds(images.n_train, recipe.batch_size))
    rates = _rates(progress, recipe, n_steps).to(images.device)  # (n_steps, n_candidates)
    losses = torch.zeros(len(progress), device=images.device, dtype=torch.float64)
    weights = images.train_weights if recipe.balanced else None
    correct = _no_answers(len(progress), images.device, weights)
    seeds_epochs = [(p.seed, p.epochs_had) for p in progress]
    batches = images.epoch(seeds_epochs, recipe.batch_size, flip=recipe.flip, crop=recipe.crop)
    pack.begin_epoch(seeds_epochs)
    for rate, (pixels, labels) in zip(rates, batches, strict=True):
        loss, right = pack.step(pixels, labels, rate.to(pixels.dtype), weights)
        losses += loss * len(labels)
        correct += right
    return _scores(losses, correct, images.n_train)


def _rates(progress: Sequence[Progress], recipe: Recipe, n_steps: int) -> torch.Tensor:
    """Return the learning rate of every step of the next epoch, (n_steps, n_candidates)."""
    return torch.tensor(
        [
            [learning_rate(recipe, p.epochs_had * n_steps + step, p.epochs * n_steps) for p in progress]
            for step in range(n_steps)
        ],
        dtype=torch.float64,
    )


def evaluate(
    plans: Sequence[Plan],
    states: Sequence[TrainingState],
    batches: Iterable[tuple[torch.Tensor, torch.Tensor]],
    recipe: Recipe,
    device: torch.device,
    weights: torch.Tensor | None = None,
) -> list[Scores]:
    """Return loss and accuracy of trained networks on images in order, with running statistics. Changes no state.

    Args:
        plans: the networks, which share a frame.
        states: one per plan.
        batches: images and labels.
        recipe: the recipe of the trainings.
        device: device to compute on.
        weights: weight of an image of each class, see `pmfnas.training.stream.class_weights`; None for equal images.
    """
    pack = pack_of(plans, states, recipe, device, trains=False)
    losses = torch.zeros(len(plans), device=device, dtype=torch.float64)
    correct = _no_answers(len(plans), device, weights)
    n_images = 0
    for pixels, labels in batches:
        loss, right = score(pack.predict(pixels), labels[:, None].expand(-1, len(plans)), weights)
        losses += loss * len(labels)
        correct += right
        n_images += len(labels)
    return _scores(losses, correct, n_images)


def _no_answers(n: int, device: torch.device, weights: torch.Tensor | None) -> torch.Tensor:
    """Return zeros to add correct answers to: whole numbers, or weights."""
    return torch.zeros(n, device=device, dtype=torch.int64 if weights is None else torch.float64)


def _scores(losses: torch.Tensor, correct: torch.Tensor, n_images: int) -> list[Scores]:
    return [
        Scores(loss / n_images, 100.0 * right / n_images)
        for loss, right in zip(losses.tolist(), correct.tolist(), strict=True)
    ]
