"""Parameters and floating-point operations of the layers of both networks.

The counts follow the benchmark's authors: a multiply-add of a convolution or a linear layer is one operation, and so
is the bias of the linear layer. Batch norm, activation, pooling and addition count as zero.

Source: NAS-Bench-201 (arXiv 2001.00326) section 2.1, NATS-Bench (arXiv 2009.00437) section 3.1.
"""

from dataclasses import dataclass

from pmfnas.core.errors import InputError


@dataclass(frozen=True, slots=True)
class Footprint:
    """Parameters and floating-point operations per image of a layer or a network."""

    params: int = 0
    flops: int = 0

    def __add__(self, other: "Footprint") -> "Footprint":
        return Footprint(self.params + other.params, self.flops + other.flops)

    def __mul__(self, times: int) -> "Footprint":
        return Footprint(self.params * times, self.flops * times)


def convolution(c_in: int, c_out: int, *, kernel: int, pixels: int) -> Footprint:
    """Return the footprint of a convolution without bias whose output has `pixels` positions."""
    weights = c_in * c_out * kernel * kernel
    return Footprint(weights, weights * pixels)


def batch_norm(channels: int) -> Footprint:
    """Return the footprint of a batch norm: a scale and a shift per channel."""
    return Footprint(params=2 * channels)


def convolution_bn(c_in: int, c_out: int, *, kernel: int, pixels: int) -> Footprint:
    """Return the footprint of a convolution with batch norm, the unit of stem, cells and blocks."""
    return convolution(c_in, c_out, kernel=kernel, pixels=pixels) + batch_norm(c_out)


def reduction(c_in: int, c_out: int, *, pixels: int) -> Footprint:
    """Return the footprint of the residual block of stride 2, whose output has `pixels` positions."""
    return (
        convolution_bn(c_in, c_out, kernel=3, pixels=pixels)
        + convolution_bn(c_out, c_out, kernel=3, pixels=pixels)
        + convolution(c_in, c_out, kernel=1, pixels=pixels)  # shortcut, after average pooling
    )


def stem(channels: int, *, pixels: int) -> Footprint:
    """Return the footprint of the first convolution with batch norm, from three colours to `channels`."""
    return convolution_bn(3, channels, kernel=3, pixels=pixels)


def head(channels: int, *, n_classes: int) -> Footprint:
    """Return the footprint of batch norm, global pooling and the linear layer."""
    linear = (channels + 1) * n_classes
    return batch_norm(channels) + Footprint(linear, linear)


def stage_pixels(*, n_classes: int, image_size: int) -> tuple[int, int, int]:
    """Return the pixels of the three stages. Raises `InputError` for sizes that no network can have."""
    if n_classes < 1:
        raise InputError(f"n_classes is {n_classes}, but must be at least 1")
    if image_size < 4 or image_size % 4:
        raise InputError(f"image_size is {image_size}, but must be a positive multiple of 4: it is halved twice")
    return image_size**2, (image_size // 2) ** 2, (image_size // 4) ** 2
