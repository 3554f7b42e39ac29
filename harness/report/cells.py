"""Archs as drawings: the cell of NAS-Bench-201 as a graph, the channel numbers of the size space as bars."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from markupsafe import Markup

from harness.report.content import Picture
from pmfnas.core.errors import InputError
from pmfnas.spaces import space_for
from pmfnas.spaces.cell import EDGES, OPS
from pmfnas.spaces.size import WIDTHS

_SHORT = dict(zip(OPS, ("none", "skip", "conv 1x1", "conv 3x3", "avg pool"), strict=True))
_STEP, _MIDDLE = 110, 112
"""Between two nodes, and where they stand, in the drawing's own units."""
_BENDS: Mapping[tuple[int, int], int] = MappingProxyType({(2, 0): -52, (3, 0): -92, (3, 1): 60})
"""How far the edge (to, from) runs above (negative) or below the line of nodes; 0 elsewhere."""
_OPENING = Markup('<svg viewBox="0 0 {} {}" role="img" aria-label="{}" class="cell">')


def drawing(space: str, arch: str, title: str) -> Picture | None:
    """Return the drawing of an arch in a space's notation; None for a space or a text that has none."""
    draw = _DRAWINGS.get(space)
    try:
        return draw(arch, title) if draw else None
    except InputError:
        return None


def _cell(arch: str, title: str) -> Picture:
    ops = [OPS[op] for op in space_for("nb201", n_classes=10, image_size=32).parse(arch)]
    told = ", ".join(f"{source} to {to} {_SHORT[op]}" for op, (to, source) in zip(ops, EDGES, strict=True))
    alt = f"Cell of four nodes, 0 is the input and 3 the output: {told}."
    edges = [_edge(op, to, source) for op, (to, source) in zip(ops, EDGES, strict=True)]
    nodes = [
        Markup('<circle cx="{x}" cy="{y}" r="13"/><text class="node" x="{x}" y="{low}">{name}</text>').format(
            x=25 + _STEP * node, y=_MIDDLE, low=_MIDDLE + 4, name=("in", "1", "2", "out")[node]
        )
        for node in range(4)
    ]
    svg = Markup("").join([_OPENING.format(380, 186, alt), *edges, *nodes, Markup("</svg>")])
    return Picture(title, alt, 380, 186, svg=svg)


def _edge(op: str, to: int, source: int) -> Markup:
    """Return the line of an operation with its name; one that passes nothing is dotted and has no name."""
    begin, end, bend = 25 + _STEP * source, 25 + _STEP * to, _BENDS.get((to, source), 0)
    peak, half = _MIDDLE + bend, (begin + end) / 2
    inset = 14 if not bend else 9 if abs(bend) < 90 else 4
    height = _MIDDLE + (0 if not bend else 11 if bend > 0 else -11)
    line = Markup('<path class="{}" d="M{} {}Q{} {} {} {}"/>').format(
        op, begin + inset, height, half, 2 * peak - height, end - inset, height
    )
    if op == OPS[0]:
        return line
    low = peak + (14 if bend > 0 else -5)
    return line + Markup('<text class="{}" x="{}" y="{}">{}</text>').format(op, half, low, _SHORT[op])


def _sizes(arch: str, title: str) -> Picture:
    """Return the five channel numbers as bars from the input to the output."""
    widths = [WIDTHS[place] for place in space_for("nats-sss", n_classes=10, image_size=32).parse(arch)]
    alt = f"Channels from the input to the output: {', '.join(map(str, widths))}."
    bars = [
        Markup('<rect x="{}" y="{}" width="44" height="{}"/><text x="{}" y="{}">{}</text>').format(
            20 + 72 * place, 140 - 1.6 * width, 1.6 * width, 42 + 72 * place, 158, width
        )
        for place, width in enumerate(widths)
    ]
    return Picture(title, alt, 380, 165, svg=Markup("").join([_OPENING.format(380, 165, alt), *bars, Markup("</svg>")]))


_DRAWINGS: Mapping[str, Callable[[str, str], Picture]] = MappingProxyType({"nats-sss": _sizes, "nb201": _cell})
