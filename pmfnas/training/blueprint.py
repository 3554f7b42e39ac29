"""The blueprint of a network: its blocks, its layers, and the shapes of its weights, without any tensor.

Both spaces share one frame: stem, blocks, head. A block is a cell (four nodes, an operation on each of six edges) or
a reduction (the residual block of stride 2). The topology space varies the operations, the size space the widths.
Archs whose blueprints differ in the operations only can be packed into one network.

    unit                     weights
    stem                     3x3 convolution, batch norm
    blocks.B.edge E          convolution, batch norm, for every edge with a convolution
    blocks.B.first, second   3x3 convolution, batch norm       } of a reduction
    blocks.B.shortcut        1x1 convolution                   }
    head                     batch norm
    classifier               linear layer with bias

Source: Dong and Yang, arXiv 2001.00326, figure 1; Dong et al., arXiv 2009.00437, section 3.1.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from pmfnas.core.errors import InputError
from pmfnas.core.types import Arch
from pmfnas.spaces.archs import check_arch
from pmfnas.spaces.cell import EDGES, OPS
from pmfnas.spaces.size import WIDTHS
from pmfnas.training.recipe import Recipe

SKIP, CONV_1X1, CONV_3X3, POOL = (OPS.index(op) for op in OPS[1:])
SIZE_OPS: Arch = (CONV_3X3, CONV_3X3, CONV_3X3, SKIP, CONV_3X3, CONV_3X3)
"""The operations of the size space's fixed cell."""

_KERNELS = {CONV_1X1: 1, CONV_3X3: 3}


@dataclass(frozen=True, slots=True)
class Block:
    """A cell, or a reduction, from `c_in` to `c_out` channels."""

    kind: Literal["cell", "reduction"]
    c_in: int
    c_out: int


@dataclass(frozen=True, slots=True)
class Blueprint:
    """One arch as a network."""

    ops: Arch
    """Operation of each of the six edges of every cell, indices into `pmfnas.spaces.cell.OPS`."""
    stem: int
    """Channels after the stem."""
    blocks: tuple[Block, ...]
    n_classes: int

    @property
    def frame(self) -> tuple[object, ...]:
        """The parts that archs must share to be packed into one network."""
        return self.stem, self.blocks, self.n_classes


@dataclass(frozen=True, slots=True)
class Unit:
    """A layer with weights and its batch norm."""

    name: str
    c_in: int
    c_out: int
    kernel: int
    """Side of the convolution; 0 for a unit without convolution."""
    normed: bool = True
    biased: bool = False
    pre_activated: bool = False
    """True if a ReLU precedes the convolution."""
    stride: int = 1

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the shape of each trained tensor by name, in the order of initialisation and storage."""
        shapes: dict[str, tuple[int, ...]] = {}
        if self.kernel:
            shapes[f"{self.name}.weight"] = (self.c_out, self.c_in, self.kernel, self.kernel)
        if self.biased:
            shapes[f"{self.name}.bias"] = (self.c_out,)
        if self.normed:
            shapes[f"{self.name}.scale"] = shapes[f"{self.name}.shift"] = (self.c_out,)
        return shapes

    def params(self) -> int:
        """Return the number of trained parameters."""
        return self.c_out * (self.c_in * self.kernel**2 + self.biased + 2 * self.normed)

    def flops(self, pixels: int) -> int:
        """Return the multiply-adds for one image whose output has `pixels` positions. Batch norm counts as zero."""
        return self.c_out * (self.c_in * self.kernel**2 + self.biased) * pixels


def blueprint(space: str, arch: Arch, recipe: Recipe, *, n_classes: int) -> Blueprint:
    """Return the network of an arch of the space `space`. Raises `InputError` for another space or an illegal arch."""
    if space == "nb201":
        check_arch(arch, (len(OPS),) * len(EDGES), (3, 3, 1, 3, 1, 3))
        return Blueprint(arch, recipe.channels[0], _stages(recipe), n_classes)
    if space == "nats-sss":
        check_arch(arch, (len(WIDTHS),) * 5, (7, 7, 7, 7, 7))
        widths = [WIDTHS[i] for i in arch]
        kinds: list[Literal["cell", "reduction"]] = ["cell", "reduction", "cell", "reduction", "cell"]
        ways = zip(kinds, [widths[0], *widths], widths, strict=False)
        return Blueprint(SIZE_OPS, widths[0], tuple(Block(*way) for way in ways), n_classes)
    raise InputError(f"space is {space!r}, but networks exist for nb201 and nats-sss")


def _stages(recipe: Recipe) -> tuple[Block, ...]:
    blocks: list[Block] = []
    for c_in, c_out in zip((0, *recipe.channels), recipe.channels, strict=False):
        blocks += [Block("reduction", c_in, c_out)] if c_in else []
        blocks += [Block("cell", c_out, c_out)] * recipe.cells_per_stage
    return tuple(blocks)


def stem_unit(plan: Blueprint) -> Unit:
    """Return the first convolution, from three colours."""
    return Unit("stem", 3, plan.stem, 3)


def head_units(plan: Blueprint) -> tuple[Unit, Unit]:
    """Return the last batch norm and the linear layer, which is a 1x1 convolution of one pixel."""
    c_last = plan.blocks[-1].c_out
    return Unit("head", c_last, c_last, 0), Unit("classifier", c_last, plan.n_classes, 1, normed=False, biased=True)


def block_units(place: int, block: Block, ops: Arch) -> Iterator[Unit]:
    """Yield the units of the block with index `place`, in order."""
    name = f"blocks.{place}"
    if block.kind == "reduction":
        yield Unit(f"{name}.first", block.c_in, block.c_out, 3, pre_activated=True, stride=2)
        yield Unit(f"{name}.second", block.c_out, block.c_out, 3, pre_activated=True)
        yield Unit(f"{name}.shortcut", block.c_in, block.c_out, 1, normed=False)
        return
    for edge in range(len(EDGES)):
        unit = edge_unit(name, edge, block, ops[edge])
        if unit:
            yield unit


def edge_unit(block_name: str, edge: int, block: Block, op: int) -> Unit | None:
    """Return the unit on an edge of a cell; None if its operation has no weights.

    An identity from the input that changes the width is a 1x1 convolution and batch norm, without ReLU.
    """
    c_in = block.c_in if EDGES[edge][1] == 0 else block.c_out
    name = f"{block_name}.edge{edge}"
    if op in _KERNELS:
        return Unit(name, c_in, block.c_out, _KERNELS[op], pre_activated=True)
    return Unit(name, c_in, block.c_out, 1) if op == SKIP and c_in != block.c_out else None


def units(plan: Blueprint) -> Iterator[Unit]:
    """Yield every unit of the network, from the images to the classes."""
    yield stem_unit(plan)
    for place, block in enumerate(plan.blocks):
        yield from block_units(place, block, plan.ops)
    yield from head_units(plan)


def footprint(plan: Blueprint, image_size: int) -> tuple[int, int]:
    """Return the number of parameters, and of operations for one image of `image_size` pixels a side.

    Equal blocks are counted once and multiplied. One multiply-add is one operation, as in the benchmark.
    """
    side, params, flops = image_size, stem_unit(plan).params(), stem_unit(plan).flops(image_size**2)
    sides: Counter[tuple[Block, int]] = Counter()
    for block in plan.blocks:
        side = side // 2 if block.kind == "reduction" else side
        sides[block, side] += 1
    for (block, at), times in sides.items():
        for unit in block_units(0, block, plan.ops):
            params, flops = params + times * unit.params(), flops + times * unit.flops(at**2)
    norm, classifier = head_units(plan)
    return params + norm.params() + classifier.params(), flops + classifier.flops(1)
