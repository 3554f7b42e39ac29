"""A pack: candidates that train together as one fused network, each with its own data, weights and learning rate.

All weights lie in one flat tensor, and so do their gradients and momenta; the network's parameters are views into it.
So the optimiser needs four operations for any number of layers and candidates. It is torch's SGD with Nesterov momentum
and weight decay, with one learning rate per candidate:

    g <- g + decay w;   m <- momentum m + g;   w <- w - rate (g + momentum m)
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace

import torch
from torch.nn import functional

from pmfnas.training.blueprint import Blueprint
from pmfnas.training.network import Network, Part
from pmfnas.training.recipe import Recipe
from pmfnas.training.state import TrainingState


class Pack:
    """The fused network of several candidates on a device, and its optimiser."""

    def __init__(
        self,
        plans: Sequence[Blueprint],
        states: Sequence[TrainingState],
        recipe: Recipe,
        device: torch.device,
    ) -> None:
        """Build the network and load the states. Their dtype is the network's.

        Args:
            plans: the candidates' networks, which share a frame.
            states: one per plan.
            recipe: momentum and weight decay.
            device: device to train on.
        """
        dtype = states[0].weights["stem.weight"].dtype
        self.network = Network(plans).to(device, dtype)
        self._recipe, self._loaded = recipe, [_empty(state) for state in states]
        shares = list(self.network.parts())
        sizes = [tensor.numel() for tensor, _ in shares]
        self._weights, self._gradients, self._momentum = torch.zeros(3, sum(sizes), device=device, dtype=dtype)
        owners = []
        for (tensor, parts), weights, gradients in zip(
            shares, self._weights.split(sizes), self._gradients.split(sizes), strict=True
        ):
            tensor.data = weights.view(tensor.shape)
            tensor.grad = gradients.view(tensor.shape)
            owners.append(
                torch.tensor([part.candidate for part in parts]).repeat_interleave(len(weights) // len(parts))
            )
        self._owners = torch.cat(owners).to(device)
        for tensor, part, name in self._places():
            _load(tensor, part, getattr(states[part.candidate], name))

    def begin_epoch(self, seeds_epochs: Sequence[tuple[int, int]]) -> None:
        """Do nothing: the network has no random layers."""
        del seeds_epochs

    def step(
        self,
        images: torch.Tensor,
        labels: torch.Tensor,
        rates: torch.Tensor,
        weights: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Train one step. Return loss and number of correct answers before the step, (n_candidates,) each.

        Args:
            images: float, (n, n_candidates * 3, side, side); candidates may see different images.
            labels: int64, (n, n_candidates).
            rates: learning rate of each candidate, (n_candidates,).
            weights: weight of each class; see `score`.
        """
        self.network.train()
        self._gradients.zero_()
        with precision(images):
            logits = self.network(images)
        losses, correct = score(logits, labels, weights)
        losses.sum().backward()
        self._descend(rates)
        return losses.detach(), correct

    def _descend(self, rates: torch.Tensor) -> None:
        recipe, gradients = self._recipe, self._gradients
        with torch.no_grad():
            gradients.add_(self._weights, alpha=recipe.weight_decay)
            self._momentum.mul_(recipe.momentum).add_(gradients)
            gradients.add_(self._momentum, alpha=recipe.momentum)
            self._weights.addcmul_(gradients, rates[self._owners], value=-1.0)

    def predict(self, images: torch.Tensor) -> torch.Tensor:
        """Return the logits, (n, n_candidates, n_classes), of images, (n, 3, side, side), in evaluation mode."""
        self.network.eval()
        repeated = images.repeat(1, self.network.n_candidates, 1, 1)
        with torch.no_grad(), precision(images):
            return self.network(repeated)

    def states(self, epochs: int) -> list[TrainingState]:
        """Return the candidates' states, on the CPU, after `epochs` more epochs than the loaded states."""
        found = [replace(_empty(state), epoch=state.epoch + epochs) for state in self._loaded]
        for tensor, part, name in self._places():
            getattr(found[part.candidate], name)[part.name] = tensor[part.rows].detach().to("cpu", copy=True)
        return found

    def _places(self) -> Iterator[tuple[torch.Tensor, Part, str]]:
        """Yield every candidate's share of every tensor, with the name of its field in `TrainingState`."""
        start = 0
        for tensor, parts in self.network.parts():
            momentum = self._momentum[start : start + tensor.numel()].view(tensor.shape)
            start += tensor.numel()
            for part in parts:
                yield tensor, part, "weights"
                yield momentum, part, "momentum"
        for tensor, parts in self.network.statistics():
            for part in parts:
                yield tensor, part, "statistics"


def _empty(state: TrainingState) -> TrainingState:
    """Return a state with the same names in the same order, but empty tensors."""
    nothing = torch.empty(0)
    return TrainingState(
        state.epoch,
        dict.fromkeys(state.weights, nothing),
        dict.fromkeys(state.momentum, nothing),
        dict.fromkeys(state.statistics, nothing),
    )


def _load(tensor: torch.Tensor, part: Part, values: dict[str, torch.Tensor]) -> None:
    with torch.no_grad():
        tensor[part.rows].copy_(values[part.name])


def score(
    logits: torch.Tensor, labels: torch.Tensor, weights: torch.Tensor | None = None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return mean cross entropy and number of correct answers per candidate, each (n_candidates,).

    Args:
        logits: (n, n_candidates, n_classes).
        labels: (n, n_candidates).
        weights: weight of an image of each class, (n_classes,); None weighs all images alike.
    """
    logits = logits.double() if logits.dtype == torch.float64 else logits.float()
    losses = functional.cross_entropy(logits.flatten(0, 1), labels.flatten(), reduction="none").view(labels.shape)
    right = logits.argmax(dim=2) == labels
    if weights is None:
        return losses.mean(dim=0), right.sum(dim=0)
    return (losses * weights[labels]).mean(dim=0), (right * weights[labels]).sum(dim=0)


def precision(images: torch.Tensor) -> AbstractContextManager[None]:
    """Return the context of a forward pass: bfloat16 for float32 images on a GPU, else no change."""
    enabled = images.is_cuda and images.dtype == torch.float32
    context: AbstractContextManager[None] = torch.autocast(images.device.type, torch.bfloat16, enabled=enabled)
    return context
