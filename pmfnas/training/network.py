"""The networks of several candidates as one network: layers of equal shape are fused into grouped convolutions.

The candidates' channels lie side by side, (n, n_candidates * channels, side, side). A grouped convolution and a batch
norm treat each candidate's channels separately, so candidates do not affect each other. A layer of a hundred candidates
costs as many kernel launches as a layer of one. Within a cell, all edges into a node with the same operation are one
layer, for all candidates and edges; candidates with another operation are left out of it. A single candidate is a pack
of one.

    candidate       0          1          2
    edge 3<-0     conv3x3    skip       conv3x3  }  one convolution in four groups: (0, edge 3<-0), (2, edge 3<-0),
    edge 3<-1     conv3x3    conv3x3    none     }  (0, edge 3<-1), (1, edge 3<-1)
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch.nn import functional

from pmfnas.core.errors import InputError
from pmfnas.core.types import Arch
from pmfnas.spaces.cell import EDGES
from pmfnas.training.blueprint import (
    POOL,
    SKIP,
    Block,
    Blueprint,
    Unit,
    block_units,
    edge_unit,
    head_units,
    stem_unit,
)

_STATISTICS_MOMENTUM = 0.1
_EPSILON = 1e-5


@dataclass(frozen=True, slots=True)
class Part:
    """The share of one candidate in a fused tensor."""

    candidate: int
    name: str
    """Name of the tensor in the candidate's own state."""
    rows: slice
    """Rows of the fused tensor."""


class FusedUnit(torch.nn.Module):  # type: ignore[misc]
    """One layer of several owners: ReLU, grouped convolution and batch norm, as far as the unit has them."""

    def __init__(self, unit: Unit, owners: Sequence[tuple[int, str]]) -> None:
        """Make the layer.

        Args:
            unit: shape of the layer of one owner.
            owners: (candidate, name of its unit) of each group, in the order of the input's channels.
        """
        super().__init__()
        self.unit = unit
        self.owners = tuple(owners)
        for name, (rows, *rest) in unit.shapes().items():
            tensor = torch.nn.Parameter(torch.empty(rows * len(self.owners), *rest))
            self.register_parameter(name.rpartition(".")[2], tensor)
        if unit.normed:
            self.register_buffer("mean", torch.empty(unit.c_out * len(self.owners)))
            self.register_buffer("variance", torch.empty(unit.c_out * len(self.owners)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the layer's output, (n, n_owners * c_out, side, side), of x (n, n_owners * c_in, side, side)."""
        unit = self.unit
        if unit.pre_activated:
            x = functional.relu(x)
        if unit.kernel:
            bias = self.bias if unit.biased else None
            x = functional.conv2d(x, self.weight, bias, unit.stride, unit.kernel // 2, groups=len(self.owners))
        if unit.normed:
            x = functional.batch_norm(
                x, self.mean, self.variance, self.scale, self.shift, self.training, _STATISTICS_MOMENTUM, _EPSILON
            )
        return x

    def parts_of(self, tensor_name: str) -> list[Part]:
        """Return the owners' shares in the parameter or buffer `tensor_name`."""
        size = self.unit.c_out
        return [
            Part(candidate, f"{name}.{tensor_name}", slice(i * size, (i + 1) * size))
            for i, (candidate, name) in enumerate(self.owners)
        ]


@dataclass(frozen=True, slots=True)
class _Piece:
    """The candidates with the same operation from one node to another."""

    source: int
    candidates: tuple[int, ...]


class FusedCell(torch.nn.Module):  # type: ignore[misc]
    """The cell at one place in the network, of all candidates."""

    def __init__(self, place: int, block: Block, ops: Sequence[Arch]) -> None:
        super().__init__()
        self._n = len(ops)
        self._nodes: list[list[tuple[int, list[_Piece]]]] = []
        self.fused = torch.nn.ModuleDict()
        for node in (1, 2, 3):
            lines = _lines(node, place, block, ops)
            self._nodes.append([(op, pieces) for op, pieces, _ in lines])
            for i, (_, pieces, units) in enumerate(lines):
                if units:
                    owners = [(c, u.name) for p, u in zip(pieces, units, strict=True) for c in p.candidates]
                    self.fused[f"{node}-{i}"] = FusedUnit(units[0], owners)
        for piece in {p for lines in self._nodes for _, pieces in lines for p in pieces}:
            if len(piece.candidates) < self._n:
                self.register_buffer(_index_name(piece), _channels(piece, block.c_out), persistent=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the output node of every candidate."""
        nodes = [x]
        for number, lines in enumerate(self._nodes, start=1):
            arrived: list[tuple[_Piece, torch.Tensor]] = []
            for i, (op, pieces) in enumerate(lines):
                arrived += self._line(nodes, op, pieces, f"{number}-{i}")
            nodes.append(self._sum(arrived, x))
        return nodes[-1]

    def _line(
        self, nodes: list[torch.Tensor], op: int, pieces: list[_Piece], name: str
    ) -> list[tuple[_Piece, torch.Tensor]]:
        """Return the outputs of one operation for each piece, as (piece, output)."""
        if op == SKIP and name not in self.fused:
            return [(piece, self._take(nodes[piece.source], piece)) for piece in pieces]
        taken = [self._take(nodes[piece.source], piece) for piece in pieces]
        x = taken[0] if len(taken) == 1 else torch.cat(taken, dim=1)
        if op == POOL:
            y = functional.avg_pool2d(x, 3, stride=1, padding=1, count_include_pad=False)
        else:
            y = self.fused[name](x)
        shares = [y.shape[1] // sum(len(p.candidates) for p in pieces) * len(p.candidates) for p in pieces]
        return list(zip(pieces, y.split(shares, dim=1), strict=True))

    def _take(self, node: torch.Tensor, piece: _Piece) -> torch.Tensor:
        if len(piece.candidates) == self._n:
            return node
        return node.index_select(1, self.get_buffer(_index_name(piece)))

    def _sum(self, arrived: list[tuple[_Piece, torch.Tensor]], x: torch.Tensor) -> torch.Tensor:
        """Return the sum of a node's inputs; zeros for candidates without an input."""
        whole = [part for piece, part in arrived if len(piece.candidates) == self._n]
        total: torch.Tensor | None = None
        if len(whole) < len(arrived) or not arrived:
            total = torch.zeros_like(x)
            for piece, part in arrived:
                if len(piece.candidates) < self._n:
                    total.index_add_(1, self.get_buffer(_index_name(piece)), part)
        for part in whole:
            total = part if total is None else total + part
        return total


def _lines(node: int, place: int, block: Block, ops: Sequence[Arch]) -> list[tuple[int, list[_Piece], list[Unit]]]:
    """Return (operation, pieces, the units of the pieces) of each fused layer that ends at `node`."""
    lines: dict[tuple[int, int], tuple[list[_Piece], list[Unit]]] = {}
    for edge, (to, source) in enumerate(EDGES):
        if to != node:
            continue
        for op in sorted({arch[edge] for arch in ops} - {0}):
            unit = edge_unit(f"blocks.{place}", edge, block, op)
            pieces, units = lines.setdefault((op, unit.c_in if unit else 0), ([], []))
            pieces.append(_Piece(source, tuple(c for c, arch in enumerate(ops) if arch[edge] == op)))
            units += [unit] if unit else []
    return [(op, pieces, units) for (op, _), (pieces, units) in lines.items()]


def _index_name(piece: _Piece) -> str:
    return "of_" + "_".join(map(str, piece.candidates))


def _channels(piece: _Piece, width: int) -> torch.Tensor:
    """Return the channel indices of a piece's candidates, shape (n_candidates * width,)."""
    return (torch.tensor(piece.candidates)[:, None] * width + torch.arange(width)).flatten()


class FusedReduction(torch.nn.Module):  # type: ignore[misc]
    """The residual block of stride 2 at one place in the network, of all candidates."""

    def __init__(self, place: int, block: Block, n_candidates: int) -> None:
        super().__init__()
        for unit in block_units(place, block, ()):
            owners = [(c, unit.name) for c in range(n_candidates)]
            self.add_module(unit.name.rpartition(".")[2], FusedUnit(unit, owners))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the block's output, of half the width and height."""
        return self.second(self.first(x)) + self.shortcut(functional.avg_pool2d(x, 2))


class Network(torch.nn.Module):  # type: ignore[misc]
    """The network of one or more candidates with the same frame. Its tensors are not initialised."""

    def __init__(self, plans: Sequence[Blueprint]) -> None:
        super().__init__()
        if not plans or any(plan.frame != plans[0].frame for plan in plans):
            raise InputError(f"plans holds {len(plans)} blueprints, but must hold one or more that share a frame")
        first, everyone = plans[0], range(len(plans))
        self.n_candidates, self.n_classes = len(plans), first.n_classes
        self.stem = FusedUnit(stem_unit(first), [(c, "stem") for c in everyone])
        ops = [plan.ops for plan in plans]
        self.blocks = torch.nn.ModuleList(
            FusedCell(place, block, ops) if block.kind == "cell" else FusedReduction(place, block, len(plans))
            for place, block in enumerate(first.blocks)
        )
        norm, classifier = head_units(first)
        self.head = FusedUnit(norm, [(c, norm.name) for c in everyone])
        self.classifier = FusedUnit(classifier, [(c, classifier.name) for c in everyone])

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return logits, (n, n_candidates, n_classes), of images, (n, n_candidates * 3, side, side)."""
        x = self.stem(images)
        for block in self.blocks:
            x = block(x)
        x = functional.relu(self.head(x)).mean(dim=(2, 3), keepdim=True)
        return self.classifier(x).view(-1, self.n_candidates, self.n_classes)

    def parts(self) -> Iterator[tuple[torch.Tensor, list[Part]]]:
        """Yield every parameter, in the order of `parameters()`, with its candidates' shares."""
        for module in self.modules():
            if isinstance(module, FusedUnit):
                for name, tensor in module.named_parameters(recurse=False):
                    yield tensor, module.parts_of(name)

    def statistics(self) -> Iterator[tuple[torch.Tensor, list[Part]]]:
        """Yield the running mean and variance of every batch norm, with its candidates' shares."""
        for module in self.modules():
            if isinstance(module, FusedUnit) and module.unit.normed:
                for name in ("mean", "variance"):
                    yield module.get_buffer(name), module.parts_of(name)
