"""Images on the device: stored as uint8, and cropped, mirrored and normalised there.

The order of the images and all random choices of an epoch are drawn from the stream (seed, epoch) on the CPU and sent
to the device before the epoch begins. So they do not depend on the device, on the other candidates in the pack, or on
interruptions of the training.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray

from pmfnas.core.rng import stream
from pmfnas.training.data.images import ImageSet, SearchData
from pmfnas.training.memory import pass_images


@dataclass(frozen=True, slots=True)
class EpochDraws:
    """The random choices of one epoch of one training."""

    order: np.ndarray  # (n,) indices of the images
    offsets: np.ndarray  # (n, 2) offset of the window, down and right, in 0..2 padding
    mirrored: np.ndarray  # (n,) bool


def epoch_draws(seed: int, epoch: int, n_images: int, padding: int, *, flip: bool) -> EpochDraws:
    """Return the random choices of `epoch`, counted from 0, of a training with `seed`."""
    rng = stream(seed, f"training/epoch/{epoch}")
    order = rng.permutation(n_images)
    offsets = rng.integers(0, 2 * padding + 1, size=(n_images, 2))
    return EpochDraws(order, offsets, rng.random(n_images) < (0.5 if flip else 0.0))


def batch_bounds(n_images: int, batch_size: int) -> list[slice]:
    """Return the batches of an epoch. The last batch holds the rest; a rest of one image joins the previous batch.

    Batch norm needs more than one value per channel, but one image may have a last feature map of a single pixel.
    """
    starts = list(range(0, n_images, batch_size))
    if len(starts) > 1 and n_images - starts[-1] == 1:
        starts.pop()
    return [slice(start, stop) for start, stop in pairwise([*starts, n_images])]


def class_weights(labels: NDArray[np.int64], device: torch.device) -> torch.Tensor:
    """Return the weight of an image of each class, (n_classes,), by which all classes weigh alike; the mean is 1."""
    counts = np.bincount(labels)
    weights = len(labels) / (np.count_nonzero(counts) * np.maximum(counts, 1))
    return torch.from_numpy(weights).to(device, torch.float32)


class DeviceImages:
    """The training and validation images of a search on one device."""

    def __init__(self, data: SearchData, device: torch.device, dtype: torch.dtype = torch.float32) -> None:
        """Copy the images to the device.

        Args:
            data: images on the host.
            device: device to keep the images on.
            dtype: dtype of the normalised images.
        """
        self._data, self.device, self.dtype = data, device, dtype
        self.n_train = len(data.train)
        edge = ((0, 0), (data.padding,) * 2, (data.padding,) * 2, (0, 0))
        padded = np.pad(data.train.pixels.transpose(0, 2, 3, 1), edge)  # (n, side + 2 padding, same, 3)
        self._train = torch.from_numpy(padded).to(device)
        self._labels = torch.from_numpy(data.train.labels).to(device)
        self._mean, self._std = (torch.tensor(v, device=device, dtype=dtype) * 255 for v in (data.mean, data.std))

    @cached_property
    def train_weights(self) -> torch.Tensor:
        """Class weights of the training images."""
        return class_weights(self._data.train.labels, self.device)

    @cached_property
    def valid_weights(self) -> torch.Tensor:
        """Class weights of the validation images."""
        return class_weights(self._data.valid.labels, self.device)

    @property
    def image_size(self) -> int:
        """Pixels a side."""
        return self._data.image_size

    def epoch(
        self, seeds_epochs: Sequence[tuple[int, int]], batch_size: int, *, flip: bool = True, crop: bool = True
    ) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Yield the batches of one epoch of several trainings, in the form that `Pack.step` takes.

        Args:
            seeds_epochs: (seed, number of trained epochs) of each training.
            batch_size: images of each training per step; see `batch_bounds`.
            flip: whether to mirror images at random, if the data allow it.
            crop: whether to crop images at random.

        Yields:
            images (n, n_candidates * 3, side, side) and labels (n, n_candidates).
        """
        data, device = self._data, self.device
        draws = [epoch_draws(s, e, self.n_train, data.padding, flip=data.flip and flip) for s, e in seeds_epochs]
        order, offsets, mirrored = (
            torch.from_numpy(np.stack([getattr(draw, name) for draw in draws])).to(device)
            for name in ("order", "offsets", "mirrored")
        )
        if not crop:
            offsets.fill_(data.padding)
        for part in batch_bounds(self.n_train, batch_size):
            places = order[:, part]  # (n_candidates, n)
            images = self._windows(places, offsets[:, part], mirrored[:, part])
            yield images, self._labels[places].T

    def _windows(self, places: torch.Tensor, offsets: torch.Tensor, mirrored: torch.Tensor) -> torch.Tensor:
        """Return the normalised windows of the images `places`, side by side, (n, n_candidates * 3, side, side)."""
        side, far = self._data.image_size, self._data.image_size + 2 * self._data.padding - 1
        along = torch.arange(side, device=self.device)
        rows = offsets[..., 0, None] + along  # (n_candidates, n, side)
        columns = offsets[..., 1, None] + along
        columns = torch.where(mirrored[..., None], far - columns, columns)
        cut = self._train[places[..., None, None], rows[..., :, None], columns[..., None, :]]
        scaled = (cut.to(self.dtype) - self._mean) / self._std  # (n_candidates, n, side, side, 3)
        windows = scaled.permute(1, 0, 4, 2, 3).flatten(1, 2)
        return windows.contiguous(memory_format=torch.channels_last) if windows.is_cuda else windows

    def validation(self, batch_size: int | None = None) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Yield normalised validation images, (n, 3, side, side), and labels, (n,), in order; see `in_order`."""
        return self.in_order(self._data.valid, batch_size)

    def in_order(self, images: ImageSet, batch_size: int | None = None) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Yield normalised images of the same data set, (n, 3, side, side), and their labels, (n,), in order.

        Without a batch size, `pass_images` sets it.
        """
        batch_size = pass_images(self.image_size) if batch_size is None else batch_size
        mean, std = self._mean[:, None, None], self._std[:, None, None]
        for start in range(0, len(images), batch_size):
            part = slice(start, start + batch_size)
            pixels = torch.from_numpy(images.pixels[part]).to(self.device)
            yield (pixels.to(self.dtype) - mean) / std, torch.from_numpy(images.labels[part]).to(self.device)
