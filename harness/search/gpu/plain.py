"""A plain PyTorch training loop for a network of the space: the baseline of `gpu-check`.

One candidate, float32, torch's optimiser, and a data loader whose processes crop and flip every image on the CPU.
"""

import time
from collections.abc import Callable, Iterator
from itertools import islice

import numpy as np
import torch
from torch.nn import functional

from pmfnas.training.blueprint import Blueprint
from pmfnas.training.data import SearchData
from pmfnas.training.pack import Pack
from pmfnas.training.recipe import Recipe
from pmfnas.training.state import initial_state

_WARM_UP_STEPS = 3


class Augmented:
    """Training images as a dataset for torch's loader; each is cropped, flipped and normalised when read."""

    def __init__(self, data: SearchData) -> None:
        padding = ((0, 0), (0, 0), (data.padding,) * 2, (data.padding,) * 2)
        self._pixels, self._labels, self._data = np.pad(data.train.pixels, padding), data.train.labels, data
        self._mean, self._std = (torch.tensor(values)[:, None, None] for values in (data.mean, data.std))

    def __len__(self) -> int:
        return len(self._labels)

    def __getitem__(self, place: int) -> tuple[torch.Tensor, int]:
        data, side = self._data, self._data.image_size
        down, right, mirrored = torch.randint(0, 2 * data.padding + 1, (3,)).tolist()
        window = torch.from_numpy(self._pixels[place][:, down : down + side, right : right + side])
        if data.flip and mirrored % 2:
            window = window.flip(2)
        return (window / 255.0 - self._mean) / self._std, int(self._labels[place])


def plain_images_per_second(
    plan: Blueprint,
    data: SearchData,
    recipe: Recipe,
    device: torch.device,
    *,
    n_steps: int,
    n_processes: int,
    clock: Callable[[], float] = time.perf_counter,
) -> float:
    """Return the images per second of a plain training loop.

    Args:
        plan: the network.
        data: images on the host.
        recipe: batch size and optimiser.
        device: the device that trains.
        n_steps: number of timed steps, after a few untimed ones.
        n_processes: processes of the data loader; 0 loads in this process.
        clock: returns increasing seconds.
    """
    network = Pack([plan], [initial_state(plan, 0)], recipe, device).network.train()
    optimiser = torch.optim.SGD(
        network.parameters(), recipe.learning_rate, recipe.momentum, weight_decay=recipe.weight_decay, nesterov=True
    )
    batches = _batches(data, recipe, device, n_processes)

    def train(n: int) -> int:
        n_images = 0
        for images, labels in islice(batches, n):
            optimiser.zero_grad(set_to_none=True)
            loss = functional.cross_entropy(network(images)[:, 0], labels)
            loss.backward()
            optimiser.step()
            n_images += len(labels)
        loss.item()  # waits for the device
        return n_images

    train(_WARM_UP_STEPS)
    begin_s = clock()
    return train(n_steps) / (clock() - begin_s)


def _batches(
    data: SearchData, recipe: Recipe, device: torch.device, n_processes: int
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Yield batches on the device, epoch after epoch."""
    loader = torch.utils.data.DataLoader(
        Augmented(data),
        recipe.batch_size,
        shuffle=True,
        num_workers=n_processes,
        pin_memory=device.type == "cuda",
        persistent_workers=n_processes > 0,
        generator=torch.Generator().manual_seed(0),
    )
    while True:
        for images, labels in loader:
            yield images.to(device, non_blocking=True), labels.to(device, non_blocking=True)
