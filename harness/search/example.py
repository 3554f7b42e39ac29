"""A working family of networks, as a starting point for the user's own: `new-family`."""

EXAMPLE = '''"""Networks like MobileNetV2 for small images: depth, width, kernel and expansion are chosen."""

from torch import nn

import pmfnas


class Block(nn.Module):
    """Expand the channels, filter each one alone, project back."""

    def __init__(self, c_in, c_out, kernel, expansion, stride):
        super().__init__()
        inner = c_in * expansion
        self.is_residual = stride == 1 and c_in == c_out
        self.layers = nn.Sequential(
            *layer(c_in, inner, 1),
            *layer(inner, inner, kernel, stride, groups=inner),
            *layer(inner, c_out, 1)[:2],
        )

    def forward(self, x):
        return x + self.layers(x) if self.is_residual else self.layers(x)


def layer(c_in, c_out, kernel, stride=1, groups=1):
    convolution = nn.Conv2d(c_in, c_out, kernel, stride, kernel // 2, groups=groups, bias=False)
    return convolution, nn.BatchNorm2d(c_out), nn.ReLU6()


class Family:
    choices = pmfnas.Choices(
        depth=[1, 2, 3],
        width=[8, 16, 24, 32],
        kernel=[3, 5],
        expansion=[2, 3, 4],
        lr=pmfnas.LogGrid(0.01, 0.1, 3),
    )

    def build(self, arch, n_classes, image_shape):
        channels = [arch.width, 2 * arch.width, 4 * arch.width]
        layers = [*layer(3, arch.width, 3, stride=2)]
        for c_in, c_out in zip([arch.width, *channels], channels):
            layers.append(Block(c_in, c_out, arch.kernel, arch.expansion, stride=1 if c_in == c_out else 2))
            layers += [Block(c_out, c_out, arch.kernel, arch.expansion, stride=1) for _ in range(arch.depth - 1)]
        return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(c_out, n_classes))
'''
