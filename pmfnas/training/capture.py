"""Two ways to save kernel launches: a training step as a CUDA graph, and a compiled network.

A network of this space has a few hundred small kernels per step, and a large device waits for their launches. A CUDA
graph is recorded once and replayed by a single launch. A compiled network has fewer kernels. Both take seconds before
they save any; `python -m harness gpu-check` measures them. The trainer uses neither.
"""

from collections.abc import Callable
from typing import TypeAlias

import torch

from pmfnas.training.pack import Pack

Batch: TypeAlias = tuple[torch.Tensor, torch.Tensor, torch.Tensor]
"""Images, labels and learning rates: the arguments of `Pack.step`."""
Step: TypeAlias = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], tuple[torch.Tensor, torch.Tensor]]
"""A function that trains one step, like `Pack.step`."""

_WARM_UP_STEPS = 3


def captured(pack: Pack, batch: Batch) -> Step:
    """Return the step of `pack` as a CUDA graph, for batches of the shape of `batch`.

    Recording trains a few steps on `batch`. The tensors that a step returns are overwritten by the next step.
    """
    kept = [tensor.clone() for tensor in batch]
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):  # the first steps choose algorithms and allocate memory, which a graph must not do
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
    """Return the step of `pack` with its network compiled. Compiling trains a few steps on `batch`."""
    pack.network.compile(dynamic=False)
    for _ in range(_WARM_UP_STEPS):
        losses, _ = pack.step(*batch)
    losses.tolist()  # waits for the device
    return pack.step
