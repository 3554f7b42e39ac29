"""The topology space of NAS-Bench-201: a cell of four nodes, with an operation on each of its six edges.

    node 0 (input)      arch = (op of 1<-0,  op of 2<-0, op of 2<-1,  op of 3<-0, op of 3<-1, op of 3<-2)
    node 1              a node is the sum of its incoming edges
    node 2              |op~0|+|op~0|op~1|+|op~0|op~1|op~2|   is the benchmark's notation
    node 3 (output)

The network is a stem, three stages of five cells with 16, 32 and 64 channels, a residual block of stride 2
between stages, and a head. Source: Dong and Yang, arXiv 2001.00326, figure 1.
"""

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pmfnas.core.errors import InputError
from pmfnas.core.types import Arch, FloatArray, arch_numbers
from pmfnas.spaces.archs import check_arch, one_change_neighbours, sample_arch
from pmfnas.spaces.cell_features import CONV_1X1, CONV_3X3, FEATURE_NAMES, NONE, SKIP, cell_features, live_counts
from pmfnas.spaces.layers import Footprint, convolution_bn, head, reduction, stage_pixels, stem

OPS = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")
EDGES = ((1, 0), (2, 0), (2, 1), (3, 0), (3, 1), (3, 2))
"""(to, from) of each edge, in the order of an arch."""

_CHANNELS = (16, 32, 64)
_CELLS_PER_STAGE = 5
_EXAMPLE: Arch = (3, 3, 1, 3, 1, 3)


class CellSpace:
    """The 15,625 cells, in a network for a given image size and number of classes."""

    def __init__(self, *, n_classes: int, image_size: int) -> None:
        pixels = stage_pixels(n_classes=n_classes, image_size=image_size)
        self._frame = (
            stem(_CHANNELS[0], pixels=pixels[0])
            + reduction(_CHANNELS[0], _CHANNELS[1], pixels=pixels[1])
            + reduction(_CHANNELS[1], _CHANNELS[2], pixels=pixels[2])
            + head(_CHANNELS[2], n_classes=n_classes)
        )
        self._conv_1x1 = _convolutions(1, pixels)
        self._conv_3x3 = _convolutions(3, pixels)

    @property
    def name(self) -> str:
        """`nb201`."""
        return "nb201"

    @property
    def cardinalities(self) -> tuple[int, ...]:
        """Five operations on each of six edges."""
        return (len(OPS),) * len(EDGES)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Name of each column of `features`; the module `cell_features` explains them."""
        return FEATURE_NAMES

    def sample(self, *, rng: np.random.Generator) -> Arch:
        """Return one arch, drawn uniformly from the 15,625; isomorphic archs count separately."""
        return sample_arch(self.cardinalities, rng=rng)

    def neighbours(self, arch: Arch) -> tuple[Arch, ...]:
        """Return the 24 archs that differ in one edge: by edge, then by operation."""
        self._check(arch)
        return one_change_neighbours(arch, self.cardinalities)

    def canonical(self, arch: Arch) -> str:
        """Return the key of the isomorphism class; there are 6,466.

        The classes are those of the benchmark's unique string with zeros considered, so that figures per class
        compare with published ones. Archs of different classes may compute the same function: the string keeps a
        zero in a sum and does not regroup a sum behind an identity.
        """
        self._check(arch)
        return _key(arch)

    def features(self, archs: Sequence[Arch]) -> FloatArray:
        """Return the encoding for models, shape (n_archs, len(feature_names)). Isomorphic archs have equal features.

        The benchmark's classes also merge one convolution that is used twice with two equal ones. So the members of 430
        classes differ in size. Their features are those of the largest member, as most members are of that size.
        """
        if not len(archs):
            return np.empty((0, len(FEATURE_NAMES)))
        for arch in archs:
            self._check(arch)
        rows, table = self._feature_table
        return np.asarray(table[rows[arch_numbers(archs, self.cardinalities)]])

    def params_m(self, arch: Arch) -> float:
        """Return the parameters, in millions. Convolutions that cannot reach the output count, too."""
        return self._footprint(arch).params / 1e6

    def flops_m(self, arch: Arch) -> float:
        """Return the floating-point operations of one forward pass of one image, in millions."""
        return self._footprint(arch).flops / 1e6

    def parse(self, text: str) -> Arch:
        """Return the arch of `|op~0|+|op~0|op~1|+|op~0|op~1|op~2|`. Raises `InputError` for any other text."""
        nodes = [node.strip("|").split("|") for node in text.split("+")]
        tokens = [token.rpartition("~")[0] for node in nodes for token in node]
        arch = tuple(OPS.index(token) for token in tokens if token in OPS)
        if len(arch) != len(EDGES) or _print(arch) != text:
            raise InputError(
                f"arch string is {text!r}, but must look like {_print(_EXAMPLE)} with the operations {', '.join(OPS)}"
            )
        return arch

    def format(self, arch: Arch) -> str:
        """Return the official string."""
        self._check(arch)
        return _print(arch)

    def _check(self, arch: Arch) -> None:
        check_arch(arch, self.cardinalities, _EXAMPLE)

    def _footprint(self, arch: Arch) -> Footprint:
        self._check(arch)
        n_1x1, n_3x3 = arch.count(CONV_1X1), arch.count(CONV_3X3)
        return self._frame + self._conv_1x1 * n_1x1 + self._conv_3x3 * n_3x3

    @cached_property
    def _feature_table(self) -> tuple[NDArray[np.int64], FloatArray]:
        """The row of each arch number, shape (15625,), and the features of each class, shape (6466, n_features)."""
        ops = np.indices(self.cardinalities, dtype=np.uint8).reshape(len(EDGES), -1).T  # (15625, 6), by number
        _, rows = np.unique([_key(arch) for arch in map(tuple, ops.tolist())], return_inverse=True)
        live = live_counts(ops)
        params, flops = self._sizes(live[:, CONV_1X1], live[:, CONV_3X3])
        order = np.lexsort((-params, rows))  # by class, then size; stable, so then by number
        member = order[np.r_[True, np.diff(rows[order]) > 0]]  # (6466,)
        table = cell_features(ops[member], params[member], flops[member])
        return rows.astype(np.int64), table

    def _sizes(self, n_1x1: NDArray[np.int64], n_3x3: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return parameters and FLOPs of networks with this many convolutions per cell, each shape (n_archs,)."""
        frame, one, three = self._frame, self._conv_1x1, self._conv_3x3
        params = frame.params + one.params * n_1x1 + three.params * n_3x3
        return params, frame.flops + one.flops * n_1x1 + three.flops * n_3x3


def _convolutions(kernel: int, pixels: tuple[int, int, int]) -> Footprint:
    """Return the footprint of a convolution on one edge of every cell in every stage."""
    return sum(
        (
            convolution_bn(channels, channels, kernel=kernel, pixels=p) * _CELLS_PER_STAGE
            for channels, p in zip(_CHANNELS, pixels, strict=True)
        ),
        Footprint(),
    )


def _print(arch: Arch) -> str:
    tokens = [f"{OPS[op]}~{source}|" for op, (_, source) in zip(arch, EDGES, strict=True)]
    return f"|{tokens[0]}+|{''.join(tokens[1:3])}+|{''.join(tokens[3:])}"


def _key(arch: Arch) -> str:
    """Return the output of `arch` as an expression of the input `0`; `#` is zero.

    Terms of a sum are sorted as text, and a sum passes an identity without brackets. Both affect the classes, so they
    follow the benchmark's notation.
    """
    expressions = ["0"]
    for first, n_edges in ((0, 1), (1, 2), (3, 3)):
        terms = [_term(arch[first + source], expressions[source]) for source in range(n_edges)]
        expressions.append("+".join(sorted(terms)))
    return expressions[-1]


def _term(op: int, source: str) -> str:
    if op == NONE or source == "#":
        return "#"
    return source if op == SKIP else f"({source})@{OPS[op]}"
