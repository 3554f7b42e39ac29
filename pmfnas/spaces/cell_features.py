"""Features of cells for models: counts of operations along the paths from input to output.

Only *live* edges count: edges on a path from node 0 to node 3 without `none`. A cell has four routes, 0-3, 0-1-3, 0-2-3
and 0-1-2-3. An open route is a *path*, and its operations without identities are its *sequence*. The counts of the 40
possible sequences encode the computed function, independent of the nodes on the way (path encoding: White, Neiswanger
and Savani, arXiv 1910.11858, section 3.1).

Columns, in the order of `FEATURE_NAMES`:

    live:OP             live edges with OP: skip_connect, nor_conv_1x1, nor_conv_3x3, avg_pool_3x3
    paths               paths, 0 to 4
    paths:pooled        paths with at least one pooling
    convs:min, mean, max    convolutions per path, over the paths
    window:max          largest number of 3x3 operations on a path: half the growth of the receptive field
    log10_params        logarithm of the parameters of the network with its live edges only
    log10_flops         logarithm of its floating-point operations
    path:A-B            paths with the sequence A, B; `path:identity` is the plain identity

A cell without any path has zeros everywhere but in the two logarithms. The columns up to `path:identity` are dense. The
other sequences are rare, so a kernel on columns of unit variance gives them too much weight.
"""

from itertools import product

import numpy as np
from numpy.typing import NDArray

from pmfnas.core.types import FloatArray

NONE, SKIP, CONV_1X1, CONV_3X3, POOL = range(5)
ROUTES = ((3,), (0, 4), (1, 5), (0, 2, 5))
"""Edges of the four routes, as positions in an arch; edges are 1<-0, 2<-0, 2<-1, 3<-0, 3<-1, 3<-2."""

_SHORT = {CONV_1X1: "1x1", CONV_3X3: "3x3", POOL: "pool"}
_SEQUENCES = tuple(s for length in range(4) for s in product(_SHORT, repeat=length))

FEATURE_NAMES = (
    "live:skip_connect",
    "live:nor_conv_1x1",
    "live:nor_conv_3x3",
    "live:avg_pool_3x3",
    "paths",
    "paths:pooled",
    "convs:min",
    "convs:mean",
    "convs:max",
    "window:max",
    "log10_params",
    "log10_flops",
    *(f"path:{'-'.join(_SHORT[op] for op in s) or 'identity'}" for s in _SEQUENCES),
)


def open_routes(ops: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return which of `ROUTES` are open, shape (n_archs, 4), for `ops` of shape (n_archs, 6)."""
    return np.stack([(ops[:, edges] != NONE).all(axis=1) for edges in ROUTES], axis=1)


def live_counts(ops: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return the number of live edges with each operation, shape (n_archs, 5); column 0 (`none`) is zero."""
    live = np.zeros(ops.shape, dtype=np.bool_)
    for is_open, edges in zip(open_routes(ops).T, ROUTES, strict=True):
        live[:, edges] |= is_open[:, None]
    return np.stack([((ops == op) & live).sum(axis=1) for op in range(5)], axis=1)


def cell_features(ops: NDArray[np.uint8], params: NDArray[np.int64], flops: NDArray[np.int64]) -> FloatArray:
    """Return the features of cells, shape (n_archs, len(FEATURE_NAMES)).

    Args:
        ops: operation per edge, shape (n_archs, 6).
        params: parameters of the network with the live edges only, shape (n_archs,).
        flops: floating-point operations of the same network, shape (n_archs,).
    """
    is_open = open_routes(ops)
    columns = [
        live_counts(ops)[:, 1:],
        _path_statistics(ops, is_open),
        np.log10(np.stack([params, flops], axis=1)),
        _sequence_counts(ops, is_open),
    ]
    return np.concatenate(columns, axis=1, dtype=np.float64)


def _path_statistics(ops: NDArray[np.uint8], is_open: NDArray[np.bool_]) -> FloatArray:
    """Return `paths` to `window:max`, shape (n_archs, 6)."""
    convs = _on_routes(np.isin(ops, (CONV_1X1, CONV_3X3)))  # (n_archs, 4)
    windows = _on_routes(np.isin(ops, (CONV_3X3, POOL)))
    pooled = (_on_routes(ops == POOL) > 0) & is_open
    n_paths = is_open.sum(axis=1)
    fewest = np.where(is_open, convs, len(ROUTES)).min(axis=1)
    return np.stack(
        [
            n_paths,
            pooled.sum(axis=1),
            np.where(n_paths > 0, fewest, 0),
            (convs * is_open).sum(axis=1) / np.maximum(n_paths, 1),
            (convs * is_open).max(axis=1),
            (windows * is_open).max(axis=1),
        ],
        axis=1,
    )


def _on_routes(edges_with: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the number of edges with the property on each route, shape (n_archs, 4)."""
    return np.stack([edges_with[:, edges].sum(axis=1) for edges in ROUTES], axis=1)


def _sequence_counts(ops: NDArray[np.uint8], is_open: NDArray[np.bool_]) -> FloatArray:
    """Return the number of paths with each of the 40 sequences, shape (n_archs, 40)."""
    place = {s: i for i, s in enumerate(_SEQUENCES)}
    counts = np.zeros((len(ops), len(_SEQUENCES)))
    for route_open, edges in zip(is_open.T, ROUTES, strict=True):
        for choice in product((SKIP, CONV_1X1, CONV_3X3, POOL), repeat=len(edges)):
            sequence = tuple(op for op in choice if op != SKIP)
            counts[:, place[sequence]] += route_open & (ops[:, edges] == choice).all(axis=1)
    return counts
