"""Networks of a family that train side by side: one after the other on each batch, for they cannot be fused.

The optimiser is that of `pmfnas.training.pack`. Random layers such as dropout draw from a generator that is seeded at
the start of every epoch, so a training that goes on from a checkpoint equals one without a break.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager

import torch

from pmfnas.core.errors import UnavailableError
from pmfnas.training.memory import free_memory
from pmfnas.training.own.building import loaded, naming, seeded, state_of
from pmfnas.training.own.counting import step_memory
from pmfnas.training.own.plan import FamilyPlan
from pmfnas.training.pack import precision, score
from pmfnas.training.recipe import Recipe
from pmfnas.training.state import TrainingState


class FamilyPack:
    """Some networks of a family on a device, with their optimisers. Works as `pmfnas.training.pack.Pack` does."""

    def __init__(
        self,
        plans: Sequence[FamilyPlan],
        states: Sequence[TrainingState],
        recipe: Recipe,
        device: torch.device,
        *,
        trains: bool = True,
    ) -> None:
        """Build the networks and load the states.

        Args:
            plans: the networks.
            states: one per plan.
            recipe: momentum and weight decay.
            device: device to train on.
            trains: False if the networks are only to be evaluated.

        Raises:
            UnavailableError: a network cannot be built, or a step of it would not fit into the host's memory.
        """
        self.plans, self._recipe, self._device = plans, recipe, device
        if trains and device.type == "cpu":
            _check_memory(plans, recipe.batch_size)
        self.networks = [loaded(plan, state).to(device) for plan, state in zip(plans, states, strict=True)]
        self._epochs = [state.epoch for state in states]
        self._momentum = [{name: m.to(device) for name, m in state.momentum.items()} for state in states]
        self._seeds = [0] * len(plans)
        self._steps = 0

    def begin_epoch(self, seeds_epochs: Sequence[tuple[int, int]]) -> None:
        """Seed the random layers for an epoch; (seed, number of trained epochs) of each training."""
        self._seeds = [seed * 1_000_003 + epoch for seed, epoch in seeds_epochs]
        self._steps = 0

    def step(
        self,
        images: torch.Tensor,
        labels: torch.Tensor,
        rates: torch.Tensor,
        weights: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Train one step of each network. Return loss and correct answers before the step; see `Pack.step`."""
        losses, correct = [], []
        for i, own in enumerate(images.chunk(len(self.networks), dim=1)):
            with naming(self.plans[i], "a training step", passes_memory=True), self._drawing(i):
                loss, right = self._step(i, own, labels[:, i : i + 1], rates[i], weights)
            losses.append(loss)
            correct.append(right)
        self._steps += 1
        return torch.cat(losses), torch.cat(correct)

    def _step(
        self, i: int, images: torch.Tensor, labels: torch.Tensor, rate: torch.Tensor, weights: torch.Tensor | None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        network = self.networks[i].train()
        network.zero_grad(set_to_none=True)
        with precision(images):
            logits = network(images)
        losses, correct = score(logits[:, None], labels, weights)
        losses.sum().backward()
        self._descend(network, self._momentum[i], rate)
        return losses.detach(), correct

    def _descend(self, network: torch.nn.Module, momenta: dict[str, torch.Tensor], rate: torch.Tensor) -> None:
        recipe = self._recipe
        with torch.no_grad():
            for name, weight in network.named_parameters():
                if weight.grad is None:  # frozen, or not used for these images
                    continue
                gradient = weight.grad.add(weight, alpha=recipe.weight_decay)
                momentum = momenta[name].mul_(recipe.momentum).add_(gradient)
                weight.sub_(rate * gradient.add_(momentum, alpha=recipe.momentum))

    def _drawing(self, i: int) -> AbstractContextManager[None]:
        return seeded(self._seeds[i], f"training/step/{self._steps}", self._device)

    def predict(self, images: torch.Tensor) -> torch.Tensor:
        """Return the logits, (n, n_candidates, n_classes), of images, (n, 3, side, side), in evaluation mode."""
        found = []
        for plan, network in zip(self.plans, self.networks, strict=True):
            network.eval()
            with naming(plan, "a validation"), torch.no_grad(), precision(images):
                found.append(network(images.clone() if len(self.networks) > 1 else images))
        return torch.stack(found, dim=1)

    def states(self, epochs: int) -> list[TrainingState]:
        """Return the states, on the CPU, after `epochs` more epochs than the loaded states."""
        trained = zip(self.networks, self._momentum, self._epochs, strict=True)
        return [state_of(network, momentum, epoch + epochs) for network, momentum, epoch in trained]


def _check_memory(plans: Sequence[FamilyPlan], batch_size: int) -> None:
    """Raise `UnavailableError` for a network whose training step would take more than the free memory."""
    free = free_memory()
    for plan in plans:
        needed = step_memory(plan, batch_size)
        if free is not None and needed > free:
            raise UnavailableError(
                f"the network of {plan.named} does not fit: a training step of {batch_size} images takes about "
                f"{needed / 1e6:,.0f} MB, but {free / 1e6:,.0f} MB are free"
            )
