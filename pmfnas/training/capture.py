"""Two ways to spare the host the launching of kernels: a training step as a CUDA graph, and a compiled network.

A network of this space is a few hundred small kernels per step, and a large device waits for their launches. A graph
is recorded once and replayed by a single launch. A compiled network has fewer kernels. Either costs seconds before it
saves any, which `python -m harness gpu-check` measures. The trainer uses neither.
"""

from collections.abc import Callable
from typing import TypeAlias

import torch

from pmfnas.training.pack import Pack

Batch: TypeAlias = tuple[torch.Tensor, torch.Tensor, torch.Tensor]
"""Images, labels and learning rates, as `Pack.step` takes them."""
Step: TypeAlias = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], tuple[torch.Tensor, torch.Tensor]]
"""Trains one step, as `Pack.step` does."""

_WARM_UP_STEPS = 3


def captured(pack: Pack, batch: Batch) -> Step:
    """Return the step of `pack` as a CUDA graph, for batches of the shape of `batch`.

    Recording trains a few steps on `batch`. What a step returns is overwritten by the next one.
    """
    kept = [tensor.clone() for tensor in batch]
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):  # first steps choose algorithms and take memory, which no graph may hold
        for _ in range(_WARM_UP_STEPS):
            pack.step(*kept)
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        answer = pack.step(*kept)

    def step(images: torch.Tensor, labels: torch.Tensor, rates: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        for place, value in zip(kept, (images, labels, rates), strict=True):
            place.copy_(value)
        graph.replay()
        return answer

    return step


def compiled(pack: Pack, batch: Batch) -> Step:
    """Return the step of `pack` with its network compiled; a few steps on `batch` are trained to that end."""
    pack.network.compile(dynamic=False)
    for _ in range(_WARM_UP_STEPS):
        losses, _ = pack.step(*batch)
    losses.tolist()  # waits for the device
    return pack.step
