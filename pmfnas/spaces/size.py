"""The size space of NATS-Bench: one fixed cell, a width out of 8, 16, ..., 64 for each of five groups of layers.

    arch = (i0, i1, i2, i3, i4)     index of each width in `WIDTHS`
    8:16:64:8:32                    is the benchmark's notation for the widths c0:c1:c2:c3:c4

The network: a stem to c0, a cell, a residual block of stride 2 from c0 to c1, a cell to c2, a block to c3, a cell
to c4, and a head. In each cell the edges 1<-0, 2<-0, 2<-1, 3<-1 and 3<-2 are 3x3 convolutions, and 3<-0 passes the
input on; a 1x1 convolution adapts it if the width changes. Source: Dong et al., arXiv 2009.00437, section 3.1.
"""

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pmfnas.core.errors import InputError
from pmfnas.core.types import Arch, FloatArray
from pmfnas.spaces.archs import check_arch, one_change_neighbours, sample_arch
from pmfnas.spaces.layers import Footprint, convolution_bn, head, reduction, stage_pixels, stem

WIDTHS = (8, 16, 24, 32, 40, 48, 56, 64)
FEATURE_NAMES = (
    *(f"log2_c{i}" for i in range(5)),
    "log2_narrowest",
    "log2_widest",
    "log10_params",
    "log10_flops",
)

_N_GROUPS = 5
_EXAMPLE: Arch = (7, 7, 7, 7, 7)


class SizeSpace:
    """The 32,768 choices of widths, in a network for a given image size and number of classes."""

    def __init__(self, *, n_classes: int, image_size: int) -> None:
        self._pixels = stage_pixels(n_classes=n_classes, image_size=image_size)
        self._n_classes = n_classes

    @property
    def name(self) -> str:
        """`nats-sss`."""
        return "nats-sss"

    @property
    def cardinalities(self) -> tuple[int, ...]:
        """Eight widths for each of five groups of layers."""
        return (len(WIDTHS),) * _N_GROUPS

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Name of each column of `features`: logarithms of the widths, then of parameters and FLOPs."""
        return FEATURE_NAMES

    def sample(self, *, rng: np.random.Generator) -> Arch:
        """Return one arch, drawn uniformly."""
        return sample_arch(self.cardinalities, rng=rng)

    def neighbours(self, arch: Arch) -> tuple[Arch, ...]:
        """Return the 35 archs that differ in one width, sorted by group, then by width."""
        self._check(arch)
        return one_change_neighbours(arch, self.cardinalities)

    def canonical(self, arch: Arch) -> str:
        """Return the official string, because no two archs are isomorphic."""
        return self.format(arch)

    def features(self, archs: Sequence[Arch]) -> FloatArray:
        """Return the encoding for models, shape (n_archs, len(feature_names))."""
        if not len(archs):
            return np.empty((0, len(FEATURE_NAMES)))
        widths = np.log2(np.take(WIDTHS, self._rows(archs)))  # (n_archs, 5)
        narrowest, widest = widths.min(axis=1), widths.max(axis=1)
        return np.column_stack([widths, narrowest, widest, np.log10(self._footprints(archs))])

    def params_m(self, arch: Arch) -> float:
        """Return the parameters, in millions."""
        return float(self._footprints([arch])[0, 0]) / 1e6

    def flops_m(self, arch: Arch) -> float:
        """Return the floating-point operations of one forward pass of one image, in millions."""
        return float(self._footprints([arch])[0, 1]) / 1e6

    def parse(self, text: str) -> Arch:
        """Return the arch of `c0:c1:c2:c3:c4`. Raises `InputError` for any other text."""
        known = {str(width): i for i, width in enumerate(WIDTHS)}
        tokens = text.split(":")
        if len(tokens) != _N_GROUPS or any(token not in known for token in tokens):
            raise InputError(
                f"arch string is {text!r}, but must look like {_print(_EXAMPLE)} with the widths "
                f"{', '.join(map(str, WIDTHS))}"
            )
        return tuple(known[token] for token in tokens)

    def format(self, arch: Arch) -> str:
        """Return the official string."""
        self._check(arch)
        return _print(arch)

    def _check(self, arch: Arch) -> None:
        check_arch(arch, self.cardinalities, _EXAMPLE)

    def _rows(self, archs: Sequence[Arch]) -> NDArray[np.int64]:
        """Return the checked archs as an array, shape (n_archs, 5)."""
        for arch in archs:
            self._check(arch)
        return np.asarray(archs, dtype=np.int64)

    def _footprints(self, archs: Sequence[Arch]) -> NDArray[np.int64]:
        """Return parameters and floating-point operations, shape (n_archs, 2)."""
        after = self._rows(archs)
        before = np.roll(after, 1, axis=1)
        sizes: NDArray[np.int64] = self._group_sizes[np.arange(_N_GROUPS), before, after].sum(axis=1)
        return sizes

    @cached_property
    def _group_sizes(self) -> NDArray[np.int64]:
        """Parameters and FLOPs of each group, by the width before it and its own width, shape (5, 8, 8, 2)."""
        groups = [
            [[self._group(place, c_in, c_out) for c_out in WIDTHS] for c_in in WIDTHS] for place in range(_N_GROUPS)
        ]
        return np.array([[[(f.params, f.flops) for f in row] for row in group] for group in groups])

    def _group(self, place: int, c_in: int, c_out: int) -> Footprint:
        large, middle, small = self._pixels
        match place:
            case 0:  # `c_in` of the first group is the last width (by `np.roll`); it is not used here
                return stem(c_out, pixels=large) + _cell(c_out, c_out, pixels=large)
            case 1:
                return reduction(c_in, c_out, pixels=middle)
            case 2:
                return _cell(c_in, c_out, pixels=middle)
            case 3:
                return reduction(c_in, c_out, pixels=small)
            case _:
                return _cell(c_in, c_out, pixels=small) + head(c_out, n_classes=self._n_classes)


def _cell(c_in: int, c_out: int, *, pixels: int) -> Footprint:
    """Return the footprint of the cell: two convolutions from the input, three between nodes, the identity edge."""
    identity = Footprint() if c_in == c_out else convolution_bn(c_in, c_out, kernel=1, pixels=pixels)
    from_input = convolution_bn(c_in, c_out, kernel=3, pixels=pixels)
    between = convolution_bn(c_out, c_out, kernel=3, pixels=pixels)
    return from_input * 2 + between * 3 + identity


def _print(arch: Arch) -> str:
    return ":".join(str(WIDTHS[i]) for i in arch)
