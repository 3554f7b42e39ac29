"""The networks of both spaces as anyone would write them in torch: what the fused form must agree with."""

import torch
from torch import nn
from torch.nn import functional


def unit(c_in, c_out, kernel, stride=1, *, relu=True, norm=True):
    layers = [nn.ReLU()] if relu else []
    layers += [nn.Conv2d(c_in, c_out, kernel, stride, kernel // 2, bias=False)]
    return nn.Sequential(*layers, *([nn.BatchNorm2d(c_out)] if norm else []))


class Zero(nn.Module):
    def __init__(self, c_in, c_out):
        super().__init__()
        self.same = c_in == c_out

    def forward(self, x):
        assert self.same
        return x * 0.0


class Cell(nn.Module):
    """`text` is the official string of the cell."""

    def __init__(self, text, c_in, c_out):
        super().__init__()
        self.edges = nn.ModuleDict()
        for node, tokens in enumerate(text.split("+"), start=1):
            for token in tokens.strip("|").split("|"):
                op, source = token.split("~")
                width = c_in if source == "0" else c_out
                self.edges[f"{node}<-{source}"] = {
                    "none": lambda width=width: Zero(width, c_out),
                    "skip_connect": lambda width=width: (
                        nn.Identity() if width == c_out else unit(width, c_out, 1, relu=False)
                    ),
                    "nor_conv_1x1": lambda width=width: unit(width, c_out, 1),
                    "nor_conv_3x3": lambda width=width: unit(width, c_out, 3),
                    "avg_pool_3x3": lambda: nn.AvgPool2d(3, 1, 1, count_include_pad=False),
                }[op]()

    def forward(self, x):
        one = self.edges["1<-0"](x)
        two = self.edges["2<-0"](x) + self.edges["2<-1"](one)
        return self.edges["3<-0"](x) + self.edges["3<-1"](one) + self.edges["3<-2"](two)


class Reduction(nn.Module):
    def __init__(self, c_in, c_out):
        super().__init__()
        self.main = nn.Sequential(unit(c_in, c_out, 3, 2), unit(c_out, c_out, 3))
        self.shortcut = nn.Sequential(nn.AvgPool2d(2, 2), nn.Conv2d(c_in, c_out, 1, bias=False))

    def forward(self, x):
        return self.main(x) + self.shortcut(x)


def topology_network(text, channels=(16, 32, 64), cells=5, n_classes=10):
    first, second, third = channels
    return nn.Sequential(
        unit(3, first, 3, relu=False),
        *(Cell(text, first, first) for _ in range(cells)),
        Reduction(first, second),
        *(Cell(text, second, second) for _ in range(cells)),
        Reduction(second, third),
        *(Cell(text, third, third) for _ in range(cells)),
        *head(third, n_classes),
    )


def size_network(text, n_classes=10):
    a, b, c, d, e = map(int, text.split(":"))
    cell = "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_3x3~1|nor_conv_3x3~2|"
    return nn.Sequential(
        unit(3, a, 3, relu=False),
        Cell(cell, a, a),
        Reduction(a, b),
        Cell(cell, b, c),
        Reduction(c, d),
        Cell(cell, d, e),
        *head(e, n_classes),
    )


def head(channels, n_classes):
    return nn.BatchNorm2d(channels), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, n_classes)


def take_weights(network, state):
    """Copy the weights of one of our states into a plain network: both hold them in the order of the layers."""
    with torch.no_grad():
        for tensor, value in zip(network.parameters(), state.weights.values(), strict=True):
            tensor.copy_(value.reshape(tensor.shape))


def train_plainly(network, batches, *, rates):
    """Return the loss of each batch before the step that it makes."""
    optimiser = torch.optim.SGD(network.parameters(), 0.1, momentum=0.9, weight_decay=5e-4, nesterov=True)
    losses = []
    network.train()
    for (images, labels), rate in zip(batches, rates, strict=True):
        optimiser.param_groups[0]["lr"] = rate
        optimiser.zero_grad(set_to_none=False)
        loss = functional.cross_entropy(network(images), labels)
        loss.backward()
        for tensor in network.parameters():  # what has no way to the loss still decays
            tensor.grad = torch.zeros_like(tensor) if tensor.grad is None else tensor.grad
        optimiser.step()
        losses.append(loss.item())
    return losses
